"""The emitted Verilog against Amaranth's own export of the same components, module by module."""

import re
from pathlib import Path

from tb.formal.proof import Mistake, ProofError
from tb.formal.yosys import run_script

__all__ = ["CONFIGURATIONS", "FLAWS", "QUICK_CONFIGURATIONS", "equals", "modules_of", "own"]

# Blocks and parameters whose modules are all compared.
CONFIGURATIONS = (
    ("engine", {"rows": 3, "cols": 2, "act_bytes": 4, "weight_bytes": 2, "out_bytes": 4, "k_max": 16, "n_max": 8,
                "weight_beats": 32, "modes": "F32,SINGLE"}),
    ("requant", {"modes": "F32,SINGLE,DOUBLE,DOUBLE_UP,FBGEMM"}),
    ("unit", {"rows": 2, "cols": 4, "depth": 2, "requant_lanes": 2, "zero_points": "subtract", "raw_output": True,
              "modes": "DOUBLE"}),
)
QUICK_CONFIGURATIONS = tuple(pair for pair in CONFIGURATIONS if pair[0] == "requant")
# What the comparison must find.
FLAWS = (
    Mistake("mac_buffer_outputs", r"waiting > 1'h1", "waiting > 2'h2"),
    Mistake("mac_float_round", r"s1_kept \+ s1_up", "s1_kept + (s1_up & ~s1_kept[3])"),
    Mistake("mac_fixed_round", r"s2_negative \? 2'h2 : 2'h1", "s2_negative ? 2'h1 : 2'h1"),
)

# Parts of other names are black boxes; memories are registers, and everything else keeps its name.
PREPARE = """
read_verilog -lib boxes.v
read_verilog {side}.v
hierarchy -top {name}
proc
flatten -separator _
memory_collect
memory_map
async2sync
dffunmap
opt_expr
opt_clean -purge
rename {name} {side}
design -stash {side}
"""
COMPARE = """
design -copy-from gold -as gold gold
design -copy-from gate -as gate gate
read_verilog -lib boxes.v
equiv_make gold gate equiv
hierarchy -top equiv
equiv_simple -ignore-unknown-cells
equiv_induct -ignore-unknown-cells
equiv_status -assert
"""


def equals(name: str, default: str, emitted: dict[str, str], parts: set[str], directory: Path) -> bool:
    """Whether module `name` of the emitted text equals its `default` export.

    Parameters
    ----------
    emitted
        All modules by name; those of `parts` are compared on their own and are black boxes to each other.
    """
    directory.mkdir(parents=True, exist_ok=True)
    gate = own(name, emitted, parts)
    used = [part for part in parts if part != name and re.search(rf"^  {part} ", gate + default, re.MULTILINE)]
    (directory / "gold.v").write_text(default)
    (directory / "gate.v").write_text(gate)
    (directory / "boxes.v").write_text("\n".join(_box(emitted[part]) for part in used))
    return run_script("".join(PREPARE.format(name=name, side=side) for side in ("gold", "gate")) + COMPARE, directory)


def modules_of(verilog: str) -> dict[str, str]:
    """The text of each module."""
    return {found[1]: found[0] for found in re.finditer(r"^module (\w+)\(.*?^endmodule\n", verilog,
                                                       re.MULTILINE | re.DOTALL)}


def own(name: str, emitted: dict[str, str], parts: set[str]) -> str:
    """Module `name` with the modules below it that are no parts."""
    text = emitted[name]
    for found in re.findall(r"^  (\w+) \w+ ?\($", text, re.MULTILINE):
        if found in emitted and found not in parts:
            text += own(found, emitted, parts)
    return text


def _box(module: str) -> str:
    """A module without what is in it."""
    header = re.match(r"module .*?\);\n", module, re.DOTALL)
    if not header:
        raise ProofError("a module must have a header")
    ports = re.findall(r"^  (?:input|output) .*;\n", module, re.MULTILINE)
    return f"(* blackbox *)\n{header[0]}{''.join(ports)}endmodule\n"
