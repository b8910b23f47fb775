# Macaw: every job, one word each. `make` alone lists them; each does all of its own set-up.

.DEFAULT_GOAL := help
.SILENT:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/sh

PY := .venv/bin/python

# What the shell happens to hold must not change a result: foreign modules, warning filters that hide or raise, and
# what an earlier simulator run left behind. The MAKE variables would reach the make that Verilator starts.
unexport PYTHONPATH PYTHONHOME PYTHONWARNINGS MAKEFLAGS MAKEOVERRIDES MFLAGS MAKELEVEL
unexport TOPLEVEL MODULE TESTCASE RANDOM_SEED PLUSARGS PYTEST_ADDOPTS PYTEST_PLUGINS
unexport $(filter COCOTB_% GPI_% PYGPI_%,$(.VARIABLES))

# --------------------------------------------------------------------------------------------------- configuration
# `make verilog ROWS=32 COLS=32` becomes `python -m gen --rows 32 --cols 32`. What is not set is left to the
# generator, which has the defaults and the checks: a bad value is refused there, in one line.
SETTINGS := PRESET FRAMEWORK ROWS COLS DEPTH ACT_WIDTH WEIGHT_WIDTH ACC_WIDTH K_MAX ZERO_POINTS MODES REQUANT_LANES \
            MULTIPLIER FANOUT
ENGINE_SETTINGS := N_MAX WEIGHT_BEATS ACT_BYTES WEIGHT_BYTES OUT_BYTES
option = $(if $($(1)),--$(2) '$($(1))')
CONFIG = $(strip \
  $(if $(MODE),$(error MODES decides the modes of the hardware, MODE is for replay)) \
  $(if $(filter-out 0 1,$(RAW_OUTPUT)),$(error RAW_OUTPUT must be 0 or 1, not $(RAW_OUTPUT))) \
  $(call option,PRESET,preset) \
  $(call option,FRAMEWORK,framework) \
  $(call option,ROWS,rows) \
  $(call option,COLS,cols) \
  $(call option,DEPTH,depth) \
  $(call option,ACT_WIDTH,act-width) \
  $(call option,WEIGHT_WIDTH,weight-width) \
  $(call option,ACC_WIDTH,acc-width) \
  $(call option,K_MAX,k-max) \
  $(call option,ZERO_POINTS,zero-points) \
  $(call option,MODES,modes) \
  $(call option,REQUANT_LANES,requant-lanes) \
  $(call option,MULTIPLIER,multiplier) \
  $(call option,FANOUT,fanout) \
  $(call option,N_MAX,n-max) \
  $(call option,WEIGHT_BEATS,weight-beats) \
  $(call option,ACT_BYTES,act-bytes) \
  $(call option,WEIGHT_BYTES,weight-bytes) \
  $(call option,OUT_BYTES,out-bytes) \
  $(if $(filter-out 0,$(RAW_OUTPUT)),--raw-output))

OUT ?= build/verilog
# SEED=1 and WAVES=1 reach the testbench as they are: make passes what is set on to every command.

# ------------------------------------------------------------------------------------------------------------ jobs
.PHONY: help setup sim test formal mutate coverage fuzz soak report verilog synth board waves replay gemm bench oracles \
        readme lint lock train clean distclean

help: ## list the jobs
	awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	echo
	echo 'Configuration, for sim and verilog: $(SETTINGS) RAW_OUTPUT'
	echo 'For verilog alone: BLOCK NAME OUT; with BLOCK=engine: $(ENGINE_SETTINGS)'
	echo 'For synth also: TARGET SEEDS. For board: BOARD BAUD. For formal: QUICK. For mutate: BLOCK COUNT. Others: SEED WAVES ARGS ONLY, and PYTHON for making .venv. Example: make verilog ROWS=32 COLS=32 OUT=out'

setup: .venv/.ready ## install what is missing: Icarus Verilog, .venv with the pinned packages

sim: .venv/.ready ## recognize digits on the emitted hardware, in simulation, and print the table
	$(PY) -m tb sim $(CONFIG)

test: .venv/.ready-test-oracles .venv/.ready-synth .venv/.ready-lint ## the whole regression; ARGS="-k requant" for a part of it
	$(PY) -m pytest -n auto --maxprocesses 8 --dist worksteal --junitxml build/reports/test.xml $(ARGS)

formal: .venv/.ready-synth ## prove the emitted Verilog, for all inputs; QUICK=1 for a part of it
	$(PY) -m tb.formal $(if $(filter-out 0,$(QUICK)),--quick) $(call option,ONLY,only)

mutate: .venv/.ready-synth ## change the hardware in thousands of ways: the tests must notice; BLOCK=requant COUNT=200 SEED=2
	$(PY) -m tb.mutation $(call option,BLOCK,block) $(call option,COUNT,count)

verilog: .venv/.ready ## write the Verilog of a configuration to OUT (build/verilog)
	$(PY) -m gen $(CONFIG) $(call option,BLOCK,block) $(call option,NAME,name) --out '$(or $(OUT),build/verilog)'

synth: .venv/.ready-synth ## area and clock rate on FPGAs: TARGET=ecp5, ice40, gowin or xilinx (all); no configuration: a set
	$(PY) -m gen.synth $(CONFIG) $(call option,TARGET,target) $(call option,BLOCK,block) $(call option,SEEDS,seeds)

board: .venv/.ready-synth ## a bitstream with an engine behind a UART: BOARD=ulx3s, ulx3s_25f, icebreaker or tang_nano_9k
	$(PY) -m gen.boards $(if $(BOARD),'$(BOARD)') $(call option,BAUD,baud)

waves: .venv/.ready ## a tiny example with a saved view for GTKWave and Surfer
	$(PY) -m tb waves

replay: .venv/.ready ## your own vectors through model and hardware: VECTORS=x.npz and MODE=... or FRAMEWORK=...
	$(PY) -m tb replay $(if $(VECTORS),'$(VECTORS)') $(call option,MODE,mode) $(call option,FRAMEWORK,framework)

gemm: .venv/.ready ## random products on emitted engines, against the model: GEMMS=20000, two processes, a new seed
	$(PY) -m tb gemm $(call option,GEMMS,gemms) $(call option,ONLY,only)

fuzz: .venv/.ready-test-oracles ## random and hostile inputs to generator, golden model and files: EXAMPLES=500, a new seed
	$(PY) -m tb fuzz $(call option,EXAMPLES,examples) $(call option,ONLY,only)

soak: .venv/.ready ## random configurations of every block in simulation: MINUTES=60, PROCESSES=2, a new seed
	$(PY) -m tb soak $(call option,MINUTES,minutes) $(call option,PROCESSES,processes) $(call option,ONLY,only)

oracles: .venv/.ready-test-oracles .venv/.ready-oracles .venv-tosa/.ready ## golden and hardware against inference stacks
	rm -rf build/oracles
	$(PY) -m golden.oracles --save build/oracles $(ARGS)
	$(PY) -m tb replay --report oracles-hardware build/oracles/*.npz

coverage: .venv/.ready-lint ## lines, branches, expressions and bits that the hardware tests reach, counted by Verilator
	$(PY) -m tb coverage

report: .venv/.ready ## one page of what was verified, HTML and Markdown, from the reports of all jobs
	$(PY) -m tb report

readme: .venv/.ready ## take the figures in README.md from build/reports; ONLY=verification for one block
	$(PY) -m tb readme $(call option,ONLY,only)

bench: .venv/.ready-lint ## cycles of networks on emitted engines, against the model; with a roofline plot
	$(PY) -m tb bench

lint: .venv/.ready-lint ## style, import contracts, types, and the emitted Verilog
	$(PY) -m ruff check
	for f in tb/sim_*.py; do m=tb.$$(basename $$f .py); grep -q "\"$$m\"" pyproject.toml || \
	  { echo "pyproject.toml: $$m must be in the import contract of the simulator side" >&2; exit 1; }; done
	$(PY) .venv/bin/lint-imports --no-logo --cache-dir build/.import_linter_cache
	$(PY) -m mypy
	$(PY) -m tb lint

lock: ## pin anew every package that pyproject.toml leads to (constraints.txt)
	sh tb/setup.sh --lock

train: .venv/.ready-train ## train the digits networks anew (golden/data)
	$(PY) -m golden.train_digits
	$(PY) -m golden.train_quantized_digits

clean: ## remove everything that was made, but for .venv
	rm -rf build
	find . -name '.venv*' -prune -o -name __pycache__ -type d -exec rm -rf {} +

distclean: clean ## remove .venv too
	rm -rf .venv .venv-tosa

# --------------------------------------------------------------------------------------------------------- set-up
# Done once: the stamp is newer than all it depends on. It is done again if the Python it was made with or the
# simulator has gone, as after an upgrade of the system.
ready := $(shell .venv/bin/python -c '' 2>/dev/null && command -v iverilog >/dev/null && echo yes)

.venv/.ready: pyproject.toml constraints.txt tb/setup.sh $(if $(ready),,again)
	sh tb/setup.sh
	touch $@

.venv/.ready-%: .venv/.ready
	sh tb/setup.sh $*
	touch $@

.venv-tosa/.ready: .venv/.ready
	sh tb/setup.sh --tosa
	touch $@

.PHONY: again
