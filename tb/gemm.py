"""`make gemm`: many random products on emitted engines, with fresh seeds, every output compared."""

import json
import os
import re
import secrets
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tb.engine_configurations import CONFIGURATIONS
from tb.report import write_report
from tb.run import BUILD, ROOT, SimulationError, generate, seed, simulate

__all__ = ["GemmError", "gemm", "table"]

GEMMS = 20_000
PROCESSES = 2

# Products of one simulation: so few that both processes end at about the same time, so many that emitting Verilog
# takes little of it.
PART = 850

# About so many cycles may a product take.
BUDGET = 160

COUNTS = ("gemms", "outputs", "mismatches", "failures", "lost_beats", "cycles")


class GemmError(ValueError):
    """What is asked for cannot be run; the message is one line."""


@dataclass(frozen=True)
class Part:
    """Products of one simulation: the `number`-th of a configuration."""

    configuration: str
    number: int
    gemms: int

    @property
    def directory(self) -> Path:
        """Where its Verilog and figures are."""
        return BUILD / "gemm" / self.configuration / str(self.number)

    @property
    def rerun(self) -> str:
        """The command that runs this part again, with waves."""
        return f"make gemm ONLY={self.configuration}:{self.number} GEMMS={self.gemms} SEED={seed()} WAVES=1"


def gemm(count: int | None = None, only: str | None = None) -> dict[str, Any]:
    """Run `count` random products over all configurations, two simulations at a time.

    Parameters
    ----------
    count
        How many; None: 20,000.
    only
        ``<configuration>:<number>``: all of them in this one part, as a failure's command says.

    A part that fails does not end the run: its message is among the figures' `messages`.

    Returns
    -------
    dict
        The figures, also written to build/reports/gemm.json.

    Raises
    ------
    GemmError
        `count` or `only` means nothing.
    """
    total = GEMMS if count is None else count
    if total < 1:
        raise GemmError(f"gemms must be 1 or more, not {total}")
    # A new seed each time, unless one is given; it is part of the report and of the rerun command.
    os.environ["SEED"] = os.environ.get("SEED") or str(secrets.randbelow(2**31))
    parts = _parts(total) if only is None else [_one(total, only)]
    started = time.monotonic()
    done: list[dict[str, Any]] = []
    if len(parts) == 1:
        done.append(_run(parts[0]))
    else:
        # Not forked: a copy of a process that has threads may hang.
        with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
            for each in pool.map(_run, parts):
                done.append(each)
                _show(sum(each["gemms"] for each in done), total)
    figures: dict[str, Any] = {name: sum(each[name] for each in done) for name in COUNTS}
    figures |= {
        "asked": total,
        "seconds": round(time.monotonic() - started, 1),
        "configurations": {
            name: {item: sum(each[item] for each, part in zip(done, parts, strict=True) if part.configuration == name)
                   for item in COUNTS} | {"parameters": CONFIGURATIONS[name]}
            for name in CONFIGURATIONS},
        "messages": [each["message"] for each in done if each["message"]],
    }
    write_report("gemm", figures)
    return figures


def _parts(total: int) -> list[Part]:
    """Parts of about equal size, as many products of each configuration as of the others."""
    names = list(CONFIGURATIONS)
    shares = {name: total // len(names) + (index < total % len(names)) for index, name in enumerate(names)}
    return [Part(name, number, min(PART, shares[name] - number * PART))
            for number in range(-(-max(shares.values()) // PART)) for name in names if number * PART < shares[name]]


def _one(total: int, only: str) -> Part:
    name, _, number = only.rpartition(":")
    if name not in CONFIGURATIONS or not re.fullmatch("[0-9]{1,9}", number):
        raise GemmError(f"only must be <configuration>:<number> with one of {', '.join(CONFIGURATIONS)}, not {only!r}")
    return Part(name, int(number), total)


def _run(part: Part) -> dict[str, Any]:
    """Counts of one part, with the message of its failure."""
    shutil.rmtree(part.directory, ignore_errors=True)
    engine = generate("engine", part.directory, **CONFIGURATIONS[part.configuration])
    path = part.directory / "figures.json"
    message = ""
    try:
        simulate(engine, "sim_engine_random", part=f"{part.configuration}:{part.number}", gemms=part.gemms,
                 budget=BUDGET, figures=path, rerun=part.rerun, coverage=part.directory / "coverage.json")
    except SimulationError as error:
        message = f"{part.configuration}: {error}\n  again: {part.rerun}"
    counted = json.loads(path.read_text()) if path.exists() else {}
    counted["failures"] = int(bool(message))
    return {name: counted.get(name, 0) for name in COUNTS} | {"message": message}


def _show(done: int, total: int) -> None:
    """How far it is, where somebody watches."""
    if sys.stderr.isatty():
        print(f"\r  {done:,} of {total:,} products", end="\n" if done == total else "", file=sys.stderr, flush=True)


def table(figures: dict[str, Any]) -> str:
    """The figures as a reader wants them."""
    rows = [
        ("products", figures["gemms"], f"of any size, on {len(CONFIGURATIONS)} configurations"),
        ("outputs compared", figures["outputs"], "hardware against golden"),
        ("mismatches", figures["mismatches"], "must be 0"),
        ("failures", figures["failures"], "must be 0: protocol, counters, hangs"),
        ("beats lost or doubled", figures["lost_beats"], "must be 0"),
        ("clock cycles", figures["cycles"], f"in {figures['seconds']:,.0f} seconds"),
    ]
    lines = ["Random products on emitted engines", ""]
    lines += [f"  {name:<22} {value:>12,}  {note}" for name, value, note in rows]
    path = (BUILD / "reports" / "gemm.json").relative_to(ROOT)
    return "\n".join([*lines, "", f"  figures  {path}"])
