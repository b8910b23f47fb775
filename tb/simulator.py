"""The simulators that a testbench runs in: how each compiles Verilog, starts cocotb and records waves."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tb.verilator import VerilatorError, find

__all__ = [
    "COVERAGE", "PERIOD_NS", "SIMULATORS", "Recording", "SettingError", "check_simulator", "prepared", "simulator",
]

SIMULATORS = ("icarus", "verilator")

# Clock period of every testbench.
PERIOD_NS = 10

# Without rules of style and width, which `make lint` checks; without the warning of vectors in which one bit leads to
# the next; without delays, which only models of FPGA vendors have.
VERILATOR = ["-Wno-lint", "-Wno-style", "-Wno-UNOPTFLAT", "--no-timing", "-O3"]
# C++ that compiles soon: a testbench spends its time in Python. For the option see `_copy`. The package's makefile
# expects a `python` on the PATH.
MAKE = ["--old-file=Vtop.mk", "OPT_FAST=-O0", "OPT_SLOW=-O0", f"PYTHON3={sys.executable}"]
# Directory for what tests reach, in the environment of `make coverage`.
COVERAGE = "MACAW_CODE_COVERAGE"
# Verilator's own library, compiled once for all designs: ten seconds of twelve.
RUNTIME = Path(__file__).resolve().parent.parent / "build" / "runtime"
# What the package's makefile include calls a precompiled header; this one every compiler has.
HEADER = "CFG_CXXFLAGS_PCH_I=-include"


class SettingError(ValueError):
    """SEED, SIM or PATH in the environment is no good; the message is one line."""


@dataclass(frozen=True)
class Recording:
    """Waves of the first `cycles` clock cycles (None: of all) in `path`, an .fst or a .vcd file; Icarus writes them."""

    path: Path
    cycles: int | None = None

    @property
    def is_fst(self) -> bool:
        """Whether the compressed format is wanted."""
        return self.path.suffix == ".fst"

    def verilog(self, top: str) -> str:
        """A second top module that records `top`."""
        stop = f"    #{self.cycles * PERIOD_NS} $dumpoff;\n" if self.cycles else ""
        return (f'module record;\n  initial begin\n    $dumpfile("{self.path}");\n'
                f"    $dumpvars(0, {top});\n{stop}  end\nendmodule\n")


def simulator() -> str:
    """The simulator of the run: SIM, or Icarus."""
    name = os.environ.get("SIM") or SIMULATORS[0]
    if name not in SIMULATORS:
        raise SettingError(f"SIM must be {' or '.join(SIMULATORS)}, not {name!r}")
    return name


def check_simulator() -> None:
    """Refuse a SIM that is none, or that is not installed."""
    if shutil.which("iverilog") is None:
        raise SettingError("iverilog must be on the PATH, type: make setup")
    if simulator() == "verilator":
        try:
            find()
        except VerilatorError as error:
            raise SettingError(str(error)) from None


@contextmanager
def prepared(top: str, verilog: Path, directory: Path, record: Recording | None, beside: dict[str, str],
             ) -> Iterator[dict[str, Any]]:
    """What cocotb-test is told of the simulator: its name, sources, arguments, and where to build.

    Parameters
    ----------
    top, verilog
        Top module, and the file with it.
    directory
        Where the simulator's own directory is made. That of Icarus is new each time; Verilator's takes long to fill
        and is used again, as Verilator compiles anew whatever has changed.
    record
        Waves to write. Apart from that, WAVES=1 records everything.
    beside
        Further top modules by name, with their Verilog. What they and recordings need, only Icarus has: it is taken
        then, whatever SIM says.
    """
    if record or beside or simulator() == "icarus":
        yield _icarus(top, verilog, directory / "simulation", record, beside)
        return
    waves = bool(int(os.environ.get("WAVES") or 0))
    counts = os.environ.get(COVERAGE)
    kind = "verilator_coverage" if counts else "verilator_waves" if waves else "verilator"
    build, runtime = directory / kind, RUNTIME / kind
    build.mkdir(parents=True, exist_ok=True)
    _copy(runtime, build)
    options = _verilator(top, verilog, build, waves)
    if counts:
        # A test may simulate the same block several times.
        stem = f"{directory.name}.{len(list(Path(counts).glob(f'{directory.name}.*.dat')))}"
        shutil.copy2(verilog, Path(counts) / f"{stem}.v")
        (Path(counts) / f"{stem}.json").write_text(json.dumps({"top": top}))
        options["compile_args"] += ["--coverage-line", "--coverage-toggle", "--coverage-expr"]
        options["plus_args"] += [f"+verilator+coverage+file+{counts}/{stem}.dat"]
    yield options
    if not runtime.exists():
        _keep(build, runtime)


def _icarus(top: str, verilog: Path, build: Path, record: Recording | None, beside: dict[str, str]) -> dict[str, Any]:
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir(parents=True)
    if record:
        beside = {**beside, "record": record.verilog(top)}
    for name, text in beside.items():
        (build / f"{name}.v").write_text(text)
    tops, sources = [top, *beside], [str(verilog), *(str(build / f"{name}.v") for name in beside)]
    return {"simulator": "icarus", "toplevel": tops, "verilog_sources": sources, "sim_build": str(build),
            "compile_args": ["-Wall", "-g2005"], "plus_args": ["-fst"] if record and record.is_fst else []}


def _verilator(top: str, verilog: Path, build: Path, waves: bool) -> dict[str, Any]:
    environment, program = find()
    os.environ.update(VERILATOR_ROOT=environment["VERILATOR_ROOT"], MAKEFLAGS=HEADER,
                      PATH=f"{Path(program).parent}{os.pathsep}{os.environ['PATH']}")
    # Not the compressed format: it wants a library that not every machine has.
    return {"simulator": "verilator", "toplevel": [top], "verilog_sources": [str(verilog)], "sim_build": str(build),
            "compile_args": [*VERILATOR, *(["--trace-vcd"] if waves else [])],
            "make_args": MAKE, "plus_args": ["--trace"] if waves else [], "waves": False}


def _copy(runtime: Path, build: Path) -> None:
    """Objects that are the same for every design, with their times: make finds them up to date.

    But for the makefile of the design, on which it has them depend: hence its option --old-file.
    """
    for path in runtime.glob("*"):
        shutil.copy2(path, build)


def _keep(build: Path, runtime: Path) -> None:
    """Keep those objects; whoever is first wins."""
    mine = runtime.with_name(f"{runtime.name}.{os.getpid()}")
    mine.mkdir(parents=True, exist_ok=True)
    for path in build.glob("verilated*.[od]"):
        shutil.copy2(path, mine)
    try:
        mine.rename(runtime)
    except OSError:
        shutil.rmtree(mine)
