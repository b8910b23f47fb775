"""From a configuration to a finished simulation: generate, compile, run, and read the results."""

import json
import logging
import os
import re
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cocotb_test.simulator import run

from gen.block import block_name, files
from gen.options import configuration
from gen.write import write_all

__all__ = [
    "BUILD", "PERIOD_NS", "ROOT", "Generated", "Recording", "SettingError", "SimulationError", "check_settings",
    "generate", "seed", "simulate",
]

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
SIMULATOR = "icarus"

# Clock period of every testbench.
PERIOD_NS = 10


@dataclass(frozen=True)
class Recording:
    """Waves of the first `cycles` clock cycles (None: of all) in `path`, an .fst or a .vcd file."""

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


def generate(block: str, directory: Path, **parameters: Any) -> Generated:
    """Emit `block` into `directory`; `parameters` are those of the command line, as Python values."""
    config = configuration(parameters, block=block)
    write_all(directory, files(block, config))
    return Generated(directory, block_name(block, config))


class SettingError(ValueError):
    """SEED, SIM or PATH in the environment is no good; the message is one line."""


def seed() -> int:
    """The seed of the run: SEED, or 1."""
    text = os.environ.get("SEED") or "1"
    if not re.fullmatch("[0-9]{1,10}", text) or int(text) >= 2**31:
        raise SettingError(f"SEED must be an integer from 0 to {2**31 - 1}, not {text!r}")
    return int(text)


def check_settings() -> None:
    """Refuse a SEED or SIM that cannot be used, and a PATH without the simulator."""
    seed()
    if shutil.which("iverilog") is None:
        raise SettingError("iverilog must be on the PATH, type: make setup")
    simulator = os.environ.get("SIM") or SIMULATOR
    if simulator != SIMULATOR:
        raise SettingError(f"SIM must be {SIMULATOR}, not {simulator!r}")


def simulate(generated: Generated, module: str, *, record: Recording | None = None,
             progress: Callable[[int, int], None] | None = None, package: str = "tb",
             beside: dict[str, str] | None = None,
             **case: object) -> list[str]:
    """Run the cocotb module `<package>.<module>` on `generated`.

    Parameters
    ----------
    generated
        The block under test.
    module
        Name of a module for the simulator side.
    record
        Waves to write. Apart from that, WAVES=1 in the environment records everything.
    progress
        Called with done and total whenever the simulator side prints ``progress <done> <total>``.
    package
        Where `module` is, found as every import.
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
    build = generated.directory / "simulation"
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir(parents=True)
    results = build / "results.xml"
    log = _Log(progress)
    environment = {f"MACAW_{name.upper()}": str(value) for name, value in case.items()}
    environment["MACAW_DESCRIPTION"] = str(generated.json)
    environment["MACAW_RERUN"] = str(case.get("rerun") or _rerun())
    environment["COCOTB_RESULTS_FILE"] = str(results)
    environment["COCOTB_ANSI_OUTPUT"] = "0"
    # cocotb-test lets the environment win over what it is given.
    saved = dict(os.environ)
    os.environ.update(environment)
    logger = logging.getLogger("cocotb")
    logger.addHandler(log)
    logger.propagate = False
    tops, sources = [generated.name], [str(generated.verilog)]
    if record:
        (build / "record.v").write_text(record.verilog(generated.name))
        tops, sources = [*tops, "record"], [*sources, str(build / "record.v")]
    for name, text in (beside or {}).items():
        (build / f"{name}.v").write_text(text)
        tops, sources = [*tops, name], [*sources, str(build / f"{name}.v")]
    try:
        run(simulator=SIMULATOR, toplevel=tops, module=f"{package}.{module}", verilog_sources=sources,
            python_search=[str(ROOT)], sim_build=str(build), seed=seed(), timescale="1ns/1ps",
            compile_args=["-Wall", "-g2005"], plus_args=["-fst"] if record and record.is_fst else [])
    except SystemExit as error:
        raise SimulationError(f"{module} on {generated.name}: {error}\n{log.text()}") from None
    finally:
        logger.removeHandler(log)
        os.environ.clear()
        os.environ.update(saved)
    return _passed(results, module, log)


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
