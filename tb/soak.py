"""`make soak`: random configurations of every block with fresh seeds, through the regression's benches, for a time."""

import os
import re
import secrets
import shutil
import sys
import time
import xml.etree.ElementTree as ET
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

from tb.random_configurations import random_parameters
from tb.report import write_report
from tb.run import BUILD, ROOT, SimulationError, generate, seed, simulate
from tb.simulator import PERIOD_NS

__all__ = ["SoakError", "soak", "table"]

MINUTES = 60.0
PROCESSES = 2

# What runs on each block; of several, one.
MODULES: dict[str, tuple[str, ...]] = {
    "cell": ("sim_cell",),
    "array": ("sim_array",),
    "requant": ("sim_requant",),
    "unit": ("sim_unit", "sim_unit", "sim_misuse", "sim_violations"),
    "core": ("sim_core",),
    "engine": ("sim_engine_random", "sim_engine_random", "sim_engine", "sim_engine_errors", "sim_engine_packets",
               "sim_engine_cancel", "sim_engine_registers", "sim_engine_violations"),
}
# The blocks in turn: those with more to vary come up more often.
BLOCKS = ("engine", "unit", "core", "array", "engine", "unit", "requant", "engine", "unit", "cell")

# Clock cycles after which a simulation hangs, whatever its bench believes: no bench takes a fifth of it.
LONGEST = 1_000_000

COUNTS = ("simulations", "tests", "cycles")


class SoakError(ValueError):
    """What is asked for cannot be run; the message is one line."""


@dataclass(frozen=True)
class Part:
    """One configuration and its simulation: the `number`-th of the run that began with `start`."""

    start: int
    number: int

    @property
    def block(self) -> str:
        """What is generated."""
        return BLOCKS[self.number % len(BLOCKS)]

    @property
    def rerun(self) -> str:
        """The command that runs this part again, with waves."""
        return f"make soak ONLY={self.start}:{self.number} WAVES=1"

    @property
    def directory(self) -> Path:
        """Where its Verilog and waves are."""
        return BUILD / "soak" / f"{self.start}-{self.number}"

    def drawn(self) -> tuple[dict[str, Any], str, int]:
        """Its parameters, simulator side and seed."""
        rng = Random(f"{self.start}:{self.number}")
        return random_parameters(rng, self.block), rng.choice(MODULES[self.block]), rng.getrandbits(31)


def soak(minutes: float | None = None, only: str | None = None, processes: int | None = None) -> dict[str, Any]:
    """Run random configurations until the time is over, from SEED or a new seed.

    Parameters
    ----------
    minutes
        How long; None: an hour. What is running then is finished.
    only
        ``<seed>:<number>``: that configuration alone, as a failure's command says.
    processes
        Simulations at a time; None: 2.

    A failure does not end the run: its message is among the figures' `messages`.

    Returns
    -------
    dict
        The figures, also written to build/reports/soak.json.

    Raises
    ------
    SoakError
        An argument means nothing.
    """
    limit, workers = MINUTES if minutes is None else minutes, PROCESSES if processes is None else processes
    if not 0 < limit <= 60 * 24 * 365:
        raise SoakError(f"minutes must be a number from above 0 to {60 * 24 * 365}, not {limit}")
    if not 1 <= workers <= 64:
        raise SoakError(f"processes must be from 1 to 64, not {workers}")
    started = time.monotonic()
    done: list[dict[str, Any]]
    if only is None:
        os.environ["SEED"] = os.environ.get("SEED") or str(secrets.randbelow(2**31))
        done = _run_all(seed(), started + 60 * limit, workers)
    else:
        done = [_run(_one(only))]
    figures: dict[str, Any] = {
        "minutes": limit,
        "seconds": round(time.monotonic() - started, 1),
        "configurations": len(done),
        **{name: sum(row[name] for row in done) for name in COUNTS},
        "failures": sum(bool(row["message"]) for row in done),
        "blocks": {block: {"configurations": sum(row["block"] == block for row in done)} | {
            name: sum(row[name] for row in done if row["block"] == block) for name in COUNTS} for block in MODULES},
        "failed": [{name: row[name] for name in ("block", "module", "parameters", "again")}
                   for row in done if row["message"]],
        "messages": [row["message"] for row in done if row["message"]],
    }
    write_report("soak", figures)
    return figures


def _run_all(start: int, end: float, workers: int) -> list[dict[str, Any]]:
    """Results of part after part until the time is `end`; one at least."""
    done: list[dict[str, Any]] = []
    # Not forked: a copy of a process that has threads may hang.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running: set[Future[dict[str, Any]]] = set()
        for number in count():
            if number and time.monotonic() >= end:
                break
            running.add(pool.submit(_run, Part(start, number)))
            if len(running) == workers:
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                done += _shown(ended)
        done += _shown(wait(running).done)
    return sorted(done, key=lambda row: row["number"])


def _shown(futures: set[Future[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Results, of which failures are printed at once: a long run may be stopped by hand."""
    rows = [future.result() for future in futures]
    for row in rows:
        if row["message"]:
            print(f"FAILED {row['block']}: {row['again']}", file=sys.stderr, flush=True)
    return rows


def _one(only: str) -> Part:
    start, _, number = only.partition(":")
    if not re.fullmatch("[0-9]{1,10}", start) or not re.fullmatch("[0-9]{1,9}", number):
        raise SoakError(f"only must be <seed>:<number>, not {only!r}")
    return Part(int(start), int(number))


def _run(part: Part) -> dict[str, Any]:
    """Counts of one part, with the message of its failure."""
    parameters, module, run_seed = part.drawn()
    saved = os.environ.get("SEED")
    os.environ["SEED"] = str(run_seed)
    shutil.rmtree(part.directory, ignore_errors=True)
    message, passed = "", 0
    try:
        block = generate(part.block, part.directory, **parameters)
        passed = len(simulate(block, module, beside={"limit": _limit()}, rerun=part.rerun, gemms=40, random=300,
                              coverage=part.directory / "coverage.json"))
    except SimulationError as error:
        message = f"{part.block} {parameters}, {module}: {error}\n  again: {part.rerun}"
    except Exception as error:      # A configuration that cannot be generated or read is a failure like others.
        message = f"{part.block} {parameters}, {module}: {type(error).__name__}: {error}\n  again: {part.rerun}"
    finally:
        os.environ.pop("SEED")
        if saved is not None:
            os.environ["SEED"] = saved
    row = {"number": part.number, "block": part.block, "module": module, "parameters": parameters, "again": part.rerun,
           "message": message, "simulations": 1, "tests": passed, "cycles": _cycles(part.directory)}
    if not message and not os.environ.get("WAVES"):
        shutil.rmtree(part.directory, ignore_errors=True)
    return row


def _limit() -> str:
    """A second top module that ends a simulation which does not end itself."""
    return (f'module limit;\n  initial begin\n    #{LONGEST * PERIOD_NS} $display("HANGS: {LONGEST} cycles");\n'
            "    $finish;\n  end\nendmodule\n")


def _cycles(directory: Path) -> int:
    """Clock cycles of all tests of the simulation in `directory`."""
    times = [entry.get("value") for results in directory.glob("*/results.xml")
             for entry in ET.parse(results).getroot().iter("property")
             if entry.get("name") == "sim_time_duration"]
    return round(sum(float(each or 0) for each in times) / PERIOD_NS)


def table(figures: dict[str, Any]) -> str:
    """The figures as a reader wants them."""
    lines = ["Random configurations of every block", "",
             f"  {'block':<10} {'configurations':>15} {'tests':>9} {'clock cycles':>14}"]
    for name, row in (*figures["blocks"].items(), ("together", figures)):
        lines.append(f"  {name:<10} {row['configurations']:>15,} {row['tests']:>9,} {row['cycles']:>14,}")
    lines += ["", f"  failures {figures['failures']:>16,}  must be 0; in {figures['seconds']:,.0f} seconds"]
    return "\n".join([*lines, f"  figures  {(BUILD / 'reports' / 'soak.json').relative_to(ROOT)}"])
