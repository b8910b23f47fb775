"""From a configuration to a finished simulation: generate, compile, run, and read the results."""

import json
import logging
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cocotb_test.simulator import run

from gen.block import block_name, files
from gen.options import configuration
from gen.write import write_all
from tb.simulator import Recording, SettingError, check_simulator, prepared

__all__ = [
    "BUILD", "ROOT", "Generated", "Recording", "SettingError", "SimulationError", "check_settings", "generate", "seed",
    "simulate",
]

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"


class SimulationError(Exception):
    """A simulation failed, did not finish, or ran no test."""


@dataclass(frozen=True)
class Generated:
    """A generated block: where its files are, and its description."""

    directory: Path
    name: str

    @property
    def verilog(self) -> Path:
        """The Verilog file."""
        return self.directory / f"{self.name}.v"

    @property
    def json(self) -> Path:
        """The JSON file."""
        return self.directory / f"{self.name}.json"

    def description(self) -> dict[str, Any]:
        """The JSON description."""
        return json.loads(self.json.read_text())


# A configuration is emitted once in a process, in which several tests may want it.
_files = cache(files)


def generate(block: str, directory: Path, **parameters: Any) -> Generated:
    """Emit `block` into `directory`; `parameters` are those of the command line, as Python values."""
    config = configuration(parameters, block=block)
    write_all(directory, _files(block, config))
    return Generated(directory, block_name(block, config))


def seed() -> int:
    """The seed of the run: SEED, or 1."""
    text = os.environ.get("SEED") or "1"
    if not re.fullmatch("[0-9]{1,10}", text) or int(text) >= 2**31:
        raise SettingError(f"SEED must be an integer from 0 to {2**31 - 1}, not {text!r}")
    return int(text)


def check_settings() -> None:
    """Refuse a SEED or SIM that cannot be used, and a machine without the simulator."""
    seed()
    check_simulator()


def simulate(generated: Generated, *modules: str, record: Recording | None = None,
             progress: Callable[[int, int], None] | None = None, package: str = "tb",
             beside: dict[str, str] | None = None,
             **case: object) -> list[str]:
    """Run the cocotb modules `<package>.<module>` on `generated`, one after the other in one simulation.

    Parameters
    ----------
    generated
        The block under test.
    modules
        Names of modules for the simulator side.
    record
        Waves to write. Apart from that, WAVES=1 in the environment records everything.
    progress
        Called with done and total whenever the simulator side prints ``progress <done> <total>``.
    package
        Where they are, found as every import.
    beside
        Verilog of more top modules, by name.
    case
        Passed to the simulator side as MACAW_<NAME>.

    Returns
    -------
    list[str]
        Names of the tests that ran, all of them passed.

    Raises
    ------
    SimulationError
        With what the simulator printed about the failure.
    """
    log = _Log(progress)
    environment = {f"MACAW_{name.upper()}": str(value) for name, value in case.items()}
    environment["MACAW_DESCRIPTION"] = str(generated.json)
    environment["MACAW_RERUN"] = str(case.get("rerun") or _rerun())
    environment["COCOTB_ANSI_OUTPUT"] = "0"
    # No module is rewritten, NumPy among them, so that its assertions say more: benches have `require` and `check`.
    environment["COCOTB_REWRITE_ASSERTION_FILES"] = ""
    # cocotb-test lets the environment win over what it is given.
    saved = dict(os.environ)
    os.environ.update(environment)
    logger = logging.getLogger("cocotb")
    logger.addHandler(log)
    logger.propagate = False
    try:
        with prepared(generated.name, generated.verilog, generated.directory, record, beside or {}) as options:
            os.environ.pop("SIM", None)
            results = Path(options["sim_build"]) / "results.xml"
            results.unlink(missing_ok=True)
            os.environ["COCOTB_RESULTS_FILE"] = str(results)
            run(**options, module=",".join(f"{package}.{module}" for module in modules), python_search=[str(ROOT)],
                seed=seed(), timescale="1ns/1ps")
    except SystemExit as error:
        raise SimulationError(f"{' '.join(modules)} on {generated.name}: {error}\n{log.text()}") from None
    finally:
        logger.removeHandler(log)
        os.environ.clear()
        os.environ.update(saved)
    return _passed(results, " ".join(modules), log)


def _passed(results: Path, module: str, log: "_Log") -> list[str]:
    """Names of the tests in `results`; none at all is a failure, and so is one that was skipped."""
    cases = list(ET.parse(results).getroot().iter("testcase")) if results.exists() else []
    failed = [item.get("name") for item in cases
              if any(item.find(outcome) is not None for outcome in ("failure", "error", "skipped"))]
    if not cases or failed:
        raise SimulationError(f"{module}: {len(cases)} tests ran, not passed: {failed}\n{log.text()}")
    return [str(item.get("name")) for item in cases]


def _rerun() -> str:
    """The command that runs the current pytest test again with waves."""
    test = re.sub(r" \(.*\)$", "", os.environ.get("PYTEST_CURRENT_TEST", ""))
    return f"make test ARGS='-n0 \"{test}\"' SEED={seed()} WAVES=1" if test else ""


class _Log(logging.Handler):
    """Keeps what the simulator prints, to show it only when it is needed."""

    def __init__(self, progress: Callable[[int, int], None] | None):
        super().__init__()
        self._progress = progress
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = record.getMessage()
        match = re.fullmatch(r"progress (\d+) (\d+)", line)
        if match is None:
            self._lines.append(line)
        elif self._progress:
            self._progress(int(match[1]), int(match[2]))

    def text(self) -> str:
        """The last lines."""
        return "\n".join(self._lines[-60:])
