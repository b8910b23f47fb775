"""Fixtures of the hardware tests, and what a full run must have met: all modules, all coverage bins."""

import re
import shutil
import time

import pytest

from gen.block import BLOCKS
from tb.coverage import BINS, digests, empty, merge
from tb.report import write_report
from tb.run import BUILD, ROOT, SettingError, check_settings
from tb.simulator import simulator

COVERAGE = BUILD / "coverage"

# A test module that is missing would otherwise make a run greener.
REQUIRED = [
    *(f"tb/{side}_{block}.py" for block in BLOCKS for side in ("test", "sim")),
    *(f"golden/tests/test_{path.stem}.py" for path in sorted((ROOT / "golden").glob("[a-z]*.py"))),
    *(f"gen/tests/test_{path.stem}.py" for path in sorted((ROOT / "gen").glob("[a-z]*.py"))),
    *(f"golden/tests/test_{name}.py" for name in (
        "command_line", "linear_from_float", "oracles_cases", "oracles_litert", "oracles_onnxruntime",
        "quantize_binary", "requant_f32", "requant_fixed_point")),
    "hdl/tests/test_config.py", "gen/tests/test_command_line.py",
    *(f"tb/{side}_{job}.py" for job in ("board", "digits", "engine_c", "engine_python", "replay", "waves")
      for side in ("test", "sim")),
    *(f"tb/sim_engine_{part}.py" for part in ("cancel", "errors", "random", "registers")),
    *(f"tb/{side}_registers.py" for side in ("test", "sim")), "gen/tests/test_driver_c.py",
    "gen/tests/test_driver_python.py",
    *(f"tb/test_{part}.py" for part in (
        "bench", "code_coverage", "driver", "driver_arguments", "driver_dma", "driver_errors", "formal", "framework",
        "fuzz", "fuzz_files", "fuzz_generator", "fuzz_golden", "fuzz_quantize", "gemm", "mutation", "netlist", "ports",
        "power_up", "readme", "report", "settings", "soak", "vendor", "verification", "violations")),
    "tb/sim_mutants.py", "tb/sim_violations.py", "tb/sim_engine_violations.py", "tb/sim_engine_packets.py",
    "tb/sim_counters.py", "tb/sim_bench_engine.py",
    "tb/sim_misuse.py", "tb/sim_board_mistakes.py", "gen/tests/test_boards.py", "gen/tests/test_litex.py",
    "gen/tests/test_synth.py",
]


@pytest.fixture
def directory(request):
    """An empty directory that is kept after the test, so that its Verilog and waves can be looked at."""
    path = BUILD / "tb" / _slug(request)
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


@pytest.fixture
def coverage(request):
    """Path of the coverage counts of this test, not there yet."""
    path = COVERAGE / f"{_slug(request)}.json"
    path.unlink(missing_ok=True)
    return path


def _slug(request) -> str:
    return re.sub(r"[^A-Za-z0-9=,.-]+", "_", request.node.name)


def pytest_configure(config):
    """SEED and SIM can be used; before a full run: all modules are there, old counts are gone."""
    try:
        check_settings()
    except SettingError as error:
        raise pytest.UsageError(str(error)) from None
    if _is_full(config):
        missing = [name for name in REQUIRED if not (ROOT / name).is_file()]
        if missing:
            raise pytest.UsageError(f"test modules must not be missing: {', '.join(missing)}")
        shutil.rmtree(COVERAGE, ignore_errors=True)
    config.stash[STARTED] = time.monotonic()


STARTED = pytest.StashKey[float]()


def _is_full(config) -> bool:
    """Whether this process controls a run of everything: no path, no selection, not a worker."""
    selected = config.option.keyword or config.option.markexpr or config.option.collectonly
    from_paths = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return from_paths and not selected and not hasattr(config, "workerinput")


def pytest_runtest_teardown(item):
    """Put the number of random inputs of a fuzz test into the JUnit file."""
    for name in ("examples", "refused"):
        if hasattr(item.function if hasattr(item, "function") else None, name):
            item.user_properties.append((name, getattr(item.function, name)))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    """After a full run: a bin that nobody filled fails it."""
    if _is_full(session.config) and exitstatus == 0 and empty(merge(COVERAGE)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    """Write build/reports/test.json and print its figures."""
    if not _is_full(config):
        return
    counts = merge(COVERAGE)
    unfilled = empty(counts)
    outcomes = {name: len(terminalreporter.stats.get(name, [])) for name in ("passed", "failed", "error", "skipped")}
    figures = {
        "tests": outcomes,
        "seconds": round(time.monotonic() - config.stash[STARTED], 1),
        "coverage": {"bins": len(BINS), "filled": len(BINS) - len(unfilled), "empty": unfilled,
                     "counts": {name: counts[name] for name in BINS}, "digests": digests(COVERAGE)},
    }
    path = write_report("test" if simulator() == "icarus" else f"test-{simulator()}", figures)
    terminalreporter.section("coverage bins")
    filled = len(BINS) - len(unfilled)
    terminalreporter.line(f"{filled} of {len(BINS)} bins filled; figures in {path.relative_to(ROOT)}")
    for name in unfilled:
        terminalreporter.line(f"EMPTY {name}: the run fails, nothing exercised this")
