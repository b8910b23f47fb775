"""Cycle counters of a core with streams that never pause: what the emitted Verilog says, in either simulator."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from golden.cycles import Cycles, count
from golden.engine import EngineTiming, Job
from tb.run import ROOT, Generated, SimulationError
from tb.verilator import build

__all__ = ["measure", "program"]

HARNESS = ROOT / "tb" / "bench.v"


def program(core: Generated, simulator: str) -> list[str]:
    """Compile `core` in its harness with ``"icarus"`` or ``"verilator"``; returns the command that runs it."""
    info = core.description()
    config = info["config"]
    modes = info["modes"]
    (errors,) = (port["width"] for port in info["ports"] if port["name"] == "errors")
    macros = {
        "CORE": core.name, "COLS": str(config["cols"]), "ACT_BYTES": str(config["act_bytes"]),
        "WEIGHT_BYTES": str(config["weight_bytes"]), "CHANNEL_BYTES": str(info["derived"]["channel_bytes"]),
        "OUT_BYTES": str(config["out_bytes"]), "ERRORS": str(errors),
        "MODE": f"32'd{modes[config['modes'][0]] if config['modes'] else 0}"}
    if simulator == "verilator":
        return [str(build(core.directory / "verilator", "bench", [HARNESS, core.verilog], macros))]
    compiled = core.directory / "bench.vvp"
    command = ["iverilog", "-g2005", "-Wall", "-s", "clock", *(f"-D{name}={value}" for name, value in macros.items()),
               "-o", str(compiled), str(HARNESS), str(core.verilog)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode or done.stderr:
        raise SimulationError(f"iverilog on {core.verilog}:\n{done.stdout}{done.stderr}")
    return ["vvp", "-n", str(compiled)]


def measure(command: list[str], timing: EngineTiming, groups: Sequence[Sequence[Job]], jobs: Path) -> list[Cycles]:
    """The counters after each group of jobs; groups follow each other when the engine is idle.

    Parameters
    ----------
    command
        As `program` returns it.
    timing
        Of the core; a run that takes much longer than it says is ended.
    groups
        What to run.
    jobs
        File for the harness, which is written.

    Raises
    ------
    SimulationError
        The engine reported an error, moved a wrong number of beats, or hangs.
    """
    jobs.write_text("".join(
        " ".join(f"{word:x}" for word in _words(timing, job, last=number == len(group))) + "\n"
        for group in groups for number, job in enumerate(group, 1)))
    limit = 10000 + sum(1000 + 2 * count(timing, group).cycles for group in groups)
    done = subprocess.run([*command, f"+jobs={jobs}", f"+limit={limit}"], capture_output=True, text=True)
    rows = re.findall(r"^CYCLES ([\d ]+)$", done.stdout, re.MULTILINE)
    if done.returncode or "ERROR" in done.stdout or "\nEND" not in done.stdout or len(rows) != len(groups):
        said = done.stdout[-2000:] + done.stderr
        raise SimulationError(f"{' '.join(command)} on {jobs}, {len(groups)} groups of jobs:\n{said}")
    return [Cycles(*map(int, row.split())) for row in rows]


def _words(timing: EngineTiming, job: Job, *, last: bool) -> list[int]:
    _, tiles, beats = timing.tiles(job)
    output = job.m * job.n * (4 if job.raw else 1)
    return [job.m, job.n, job.k, int(job.raw), int(last), tiles * beats * timing.weight_words,
            -(-output // timing.out_bytes)]
