"""The test framework itself: what must fail does, and says why."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from tb.conftest import REQUIRED
from tb.coverage import BINS, Bins, empty, merge
from tb.run import ROOT, Generated, SimulationError, generate, simulate

# Simulations ------------------------------------------------------------------------------------------------------

# Modules that must fail a run, each in its own way; the skipped test is here to be refused, and is never run.
SCRATCH = {
    "passes": """
        import cocotb
        from tb.sim_bench import case, seed

        @cocotb.test()
        async def the_case_arrives(dut):
            assert (case("limit"), seed()) == ("12", 7)
            print("progress 1 2", flush=True)

        @cocotb.test()
        async def the_block_is_the_cell(dut):
            assert dut._name == "mac_cell" and len(dut.drain) == 32
    """,
    "fails": """
        import cocotb
        from tb.sim_bench import check

        @cocotb.test()
        async def one_is_one(dut):
            assert True

        @cocotb.test()
        async def one_is_two(dut):
            check([[0, 0], [0, 1]], [[0, 0], [0, 2]], "one", beat=3)
    """,
    "crashes": """
        import os
        import cocotb

        @cocotb.test()
        async def the_simulator_dies(dut):
            os._exit(0)
    """,
    "skips": """
        import cocotb

        @cocotb.test(skip=True)
        async def nothing_is_claimed(dut):
            assert False
    """,
    "has_no_test": "CLAIMS = []",
    "cannot_be_imported": "import a_module_that_is_not_there",
}


@pytest.fixture(scope="module")
def cell(tmp_path_factory):
    return generate("cell", tmp_path_factory.mktemp("cell"), rows=1, cols=1)


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """Simulator-side modules in a package of their own, `scratch`."""
    package = tmp_path / "scratch"
    package.mkdir()
    for name, text in SCRATCH.items():
        (package / f"{name}.py").write_text("\n".join(line[8:] if line[:8].isspace() else line
                                                      for line in text.splitlines()) + "\n")
    monkeypatch.syspath_prepend(tmp_path)
    return "scratch"


def test_simulate_returns_the_tests_that_passed(cell, scratch, monkeypatch):
    monkeypatch.setenv("SEED", "7")
    before, steps = dict(os.environ), []
    passed = simulate(cell, "passes", package=scratch, limit=12, progress=lambda *step: steps.append(step))
    assert passed == ["the_case_arrives", "the_block_is_the_cell"]
    assert steps == [(1, 2)]
    assert dict(os.environ) == before


def test_simulate_fails_with_the_facts_the_seed_and_the_way_to_run_again(cell, scratch, monkeypatch):
    monkeypatch.setenv("SEED", "7")
    with pytest.raises(SimulationError) as caught:
        simulate(cell, "fails", package=scratch)
    message = str(caught.value)
    for fact in ("one_is_two", "index: [1, 1]", "got: 1", "want: 2", "wrong: 1 of 4", "beat: 3", "seed: 7",
                 "again: make test ARGS='-n0 \"tb/test_framework.py::test_simulate_fails_with_the_facts_the_seed_"
                 "and_the_way_to_run_again\"' SEED=7 WAVES=1"):
        assert fact in message, fact


@pytest.mark.parametrize("module", ["crashes", "skips", "has_no_test", "cannot_be_imported", "is_missing"])
def test_simulate_fails_unless_every_test_ran(cell, scratch, module):
    with pytest.raises(SimulationError, match=module):
        simulate(cell, module, package=scratch)


def test_simulate_does_not_take_the_results_of_an_earlier_run(cell, scratch, monkeypatch):
    monkeypatch.setenv("SEED", "7")
    assert simulate(cell, "passes", package=scratch, limit=12)
    with pytest.raises(SimulationError):
        simulate(cell, "crashes", package=scratch)


def test_simulate_fails_on_verilog_that_does_not_compile(cell, scratch, tmp_path):
    broken = Generated(tmp_path, "mac_cell")
    broken.verilog.write_text(cell.verilog.read_text().replace("endmodule", "endmodul", 1))
    shutil.copy(cell.json, broken.json)
    with pytest.raises(SimulationError, match="passes on mac_cell"):
        simulate(broken, "passes", package=scratch)


# Coverage ---------------------------------------------------------------------------------------------------------

def test_bins_refuse_an_undeclared_name(tmp_path):
    with pytest.raises(KeyError, match=r"cell\.everything must be declared"):
        Bins(str(tmp_path / "counts.json")).hit("cell.everything", False)


def test_bins_are_distinct():
    assert len(set(BINS)) == len(BINS)


def test_bins_count_what_holds_and_add_up_over_simulations(tmp_path):
    first, second = Bins(str(tmp_path / "sub" / "a.json")), Bins(str(tmp_path / "sub" / "b.json"))
    first.hit("array.bubble")
    first.hit("array.bubble", 0)
    first.hit("array.acc_wraps", np.bool_(False))
    first.save()
    first.hit("array.bubble")
    first.hit("unit.raw_only")
    first.save()
    first.save()
    second.hit("array.bubble", np.bool_(True))
    second.save()
    assert merge(tmp_path / "sub") == Counter({"array.bubble": 3, "unit.raw_only": 1})


def test_empty_names_every_bin_that_nobody_filled(tmp_path):
    assert merge(tmp_path / "nothing") == Counter() and empty(Counter()) == list(BINS)
    assert empty(Counter(BINS)) == []
    assert empty(Counter(BINS[1:-1])) == [BINS[0], BINS[-1]]


# A full run -------------------------------------------------------------------------------------------------------

NOTHING = "def test_nothing():\n    pass\n"
# A test that fills some bins, without a simulation.
FILLS = """
from tb.coverage import BINS, Bins

def test_bins(coverage):
    counts = Bins(str(coverage))
    for name in BINS[SLICE]:
        counts.hit(name)
    counts.save()
"""


@pytest.fixture
def copy(tmp_path):
    """The tree elsewhere, with all test modules that must be there; each one has nothing to say."""
    root = tmp_path / "copy"
    for package in ("golden", "hdl", "gen", "tb"):
        shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__", "test_*.py"))
    shutil.copy(ROOT / "pyproject.toml", root)
    for name in REQUIRED:
        (root / name).touch()
    return root


def full_run(root, *words):
    """Run all tests of the tree in `root`, without the doctests."""
    clean = {name: value for name, value in os.environ.items() if name != "SIM" and not name.startswith("PYTEST_")}
    return subprocess.run([sys.executable, "-m", "pytest", "-o", "addopts=", *words], cwd=root, capture_output=True,
                          text=True, env=clean)


@pytest.mark.parametrize("name", ["tb/sim_unit.py", "golden/tests/test_requant.py"])
def test_full_run_without_a_required_module_stops_and_names_it(copy, name):
    (copy / name).unlink()
    done = full_run(copy)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert (done.stdout, done.stderr.strip()) == ("", f"ERROR: test modules must not be missing: {name}")


# Jobs that tests run, with a simulator side of their own.
JOBS = ("digits.py", "replay.py", "waves.py", "mutation/kill.py")


def test_every_module_with_tests_is_required_and_run():
    modules = [path for pattern in ("*/tests/test_*.py", "tb/test_*.py", "tb/sim_*.py") for path in ROOT.glob(pattern)]
    tested = {str(path.relative_to(ROOT)) for path in modules
              if path.name.startswith("test_") or "@cocotb.test" in path.read_text()}
    assert tested == set(REQUIRED)
    others = [*(ROOT / "tb").glob("test_*.py"), *(ROOT / "tb" / job for job in JOBS)]
    texts = [path.read_text() for path in others]
    for path in modules:
        if path.name.startswith("sim_") and str(path.relative_to(ROOT)) in tested:
            assert any(re.search(rf'"{path.stem}[".]', text) for text in texts), path


def test_full_run_of_no_test_fails(copy):
    assert full_run(copy).returncode == pytest.ExitCode.NO_TESTS_COLLECTED


def test_full_run_with_an_empty_bin_fails_and_names_it(copy):
    # Counts of an earlier run do not help.
    (copy / "build" / "coverage").mkdir(parents=True)
    (copy / "build" / "coverage" / "old.json").write_text(json.dumps(dict.fromkeys(BINS, 1)))
    (copy / "tb/test_cell.py").write_text(FILLS.replace("SLICE", "2:"))
    (copy / "tb/test_unit.py").write_text(FILLS.replace("SLICE", ":1").replace("test_bins", "test_a_bin"))
    done = full_run(copy, "-n2")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    assert f"{len(BINS) - 1} of {len(BINS)} bins filled" in done.stdout
    assert [line for line in done.stdout.splitlines() if line.startswith("EMPTY")] == [
        f"EMPTY {BINS[1]}: the run fails, nothing exercised this"]
    figures = json.loads((copy / "build" / "reports" / "test.json").read_text())
    assert figures["tests"] == {"passed": 2, "failed": 0, "error": 0, "skipped": 0}
    assert figures["coverage"]["empty"] == [BINS[1]]


def test_full_run_with_all_bins_filled_passes(copy):
    (copy / "tb/test_cell.py").write_text(FILLS.replace("SLICE", ":"))
    done = full_run(copy)
    assert done.returncode == pytest.ExitCode.OK, done.stdout + done.stderr
    assert f"{len(BINS)} of {len(BINS)} bins filled" in done.stdout


def test_run_of_a_part_needs_neither_all_modules_nor_all_bins(copy):
    (copy / "tb/sim_unit.py").unlink()
    (copy / "tb/test_cell.py").write_text(NOTHING)
    for words in (["tb/test_cell.py"], ["-k", "nothing"]):
        assert full_run(copy, *words).returncode == pytest.ExitCode.OK
