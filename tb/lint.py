"""Lint of the emitted Verilog: Icarus and Verilator with every warning on, and the waivers with their reasons."""

import subprocess
from pathlib import Path
from typing import Any

from tb.run import BUILD, ROOT, generate
from tb.verilator import VerilatorError, find

__all__ = ["CONFIGURATIONS", "WAIVERS", "LintError", "lint"]

# Verilator's rules that Amaranth's output breaks by its nature.
WAIVERS = {
    "WIDTHEXPAND": "operands of different widths meet as Verilog extends them, which the tests prove",
    "WIDTHTRUNC": "results are cut to the target's width on purpose: sums modulo 2^n",
    "UNUSEDSIGNAL": "bits that nobody reads are named, such as the last row's weights",
    "PROCASSINIT": "registers have an initial value and an assignment: FPGA power-up state",
    "DECLFILENAME": "a file holds several modules",
}

CONFIGURATIONS: list[tuple[str, dict[str, Any]]] = [
    ("unit", {}),
    ("unit", {"rows": 1, "cols": 1}),
    ("unit", {"rows": 3, "cols": 6, "depth": 3, "requant_lanes": 2, "zero_points": "subtract",
              "modes": "F32,SINGLE,DOUBLE,DOUBLE_UP", "raw_output": True}),
    ("unit", {"rows": 1, "depth": 8, "modes": "DOUBLE"}),
    ("unit", {"rows": 2, "cols": 2, "modes": "none", "raw_output": True, "act_width": 4, "weight_width": 2}),
    ("engine", {"rows": 4, "cols": 4}),
    ("engine", {"rows": 1, "cols": 3, "depth": 2, "zero_points": "subtract", "modes": "SINGLE,DOUBLE,FBGEMM",
                "raw_output": True, "act_bytes": 1, "weight_bytes": 2, "out_bytes": 4, "k_max": 20, "n_max": 7,
                "weight_beats": 30}),
    ("core", {"rows": 2, "cols": 2, "modes": "none", "raw_output": True, "act_width": 4, "weight_width": 4}),
    ("core", {"rows": 1, "cols": 1, "k_max": 1, "n_max": 1, "weight_beats": 1, "act_bytes": 1, "out_bytes": 1}),
    ("array", {"rows": 4, "cols": 4, "depth": 4}),
    ("requant", {"modes": "SINGLE"}),
    ("cell", {"depth": 5}),
    ("unit", {"rows": 2, "cols": 3, "depth": 2, "fanout": 2, "multiplier": "ecp5", "modes": "F32,DOUBLE"}),
    ("array", {"rows": 2, "cols": 3, "depth": 2, "multiplier": "ecp5_carry", "weight_width": 5}),
    ("array", {"rows": 2, "cols": 3, "multiplier": "gowin"}),
]


class LintError(Exception):
    """A tool complained, or is missing."""


def lint(directory: Path = BUILD / "lint") -> int:
    """Check all `CONFIGURATIONS`; returns how many."""
    try:
        environment, verilator = find()
    except VerilatorError as error:
        raise LintError(str(error)) from None
    for index, (block, parameters) in enumerate(CONFIGURATIONS):
        generated = generate(block, directory / str(index), **parameters)
        waivers = [f"-Wno-{rule}" for rule in WAIVERS]
        commands = [
            # -tnull and not -o /dev/null: Icarus run as root changes the mode of its output.
            ["iverilog", "-tnull", "-Wall", "-g2005", "-s", generated.name, str(generated.verilog)],
            [verilator, "--lint-only", "-Wall", *waivers, "--language", "1364-2005",
             "--top-module", generated.name, str(generated.verilog)],
        ]
        for command in commands:
            done = subprocess.run(command, capture_output=True, text=True, env=environment)
            # Any warning makes Verilator fail; Icarus only says it.
            said = (done.stdout + done.stderr).strip()
            if done.returncode or (said and command[0] == "iverilog"):
                where = f"{Path(command[0]).name} on {generated.verilog.relative_to(ROOT)} {parameters}"
                raise LintError(f"{where}:\n{said}")
    return len(CONFIGURATIONS)
