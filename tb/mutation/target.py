"""One configuration of a block: its mutants, what tests find, and what proofs say of the others."""

import re
import shutil
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from tb.mutation.blocks import Target
from tb.mutation.equivalence import Verdict, judged
from tb.mutation.kill import tried
from tb.mutation.mutants import Mutant, MutationError, instrumented, listed, prepared
from tb.parallel import shared_out
from tb.run import generate

__all__ = ["run_target"]

# Mutants that tests have found, of which a proof must not say that they are equivalent.
CONTROLS = 3


def run_target(target: Target, count: int, seed: int, directory: Path) -> dict[str, Any]:
    """Try `count` mutants of `target`; what was run stays in `directory`.

    Raises
    ------
    MutationError
        The block without a change does not pass its tests, or a proof calls a mutant equivalent that a test has found.
    """
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    netlist = generate(target.emitted, directory, **target.parameters)
    modules = [name for name in prepared(netlist.verilog.read_text(), netlist.name, directory)
               if re.fullmatch(target.modules, name)]
    mutants = {mutant.number: mutant for mutant in listed(modules, count, seed, directory)}
    netlist.verilog.write_text(instrumented(list(mutants.values()), directory))
    killers = tried(netlist, list(mutants), target.rounds[0])
    controls = sorted(killers)[:CONTROLS]
    for number, verdict in judgements([mutants[number] for number in controls], target, directory).items():
        if verdict is Verdict.EQUIVALENT:
            raise MutationError(
                f"{target.name}: mutant {number}, which {killers[number]} has found, must not be proved equivalent")
    verdicts = judgements([mutant for number, mutant in mutants.items() if number not in killers], target, directory)
    open_ = [number for number, verdict in verdicts.items() if verdict is not Verdict.EQUIVALENT]
    for round_ in target.rounds[1:]:
        left = [number for number in open_ if number not in killers]
        if left:
            # Without those that are found, the netlist is simulated faster.
            netlist.verilog.write_text(instrumented([mutants[number] for number in left], directory))
            killers |= tried(netlist, left, round_)
    verdicts |= judgements([mutants[number] for number in open_ if number not in killers], target, directory,
                           free_products=False)
    gaps = [number for number, verdict in verdicts.items()
            if number not in killers and verdict is not Verdict.EQUIVALENT]
    return {
        "target": target.name, "count": count,
        "mutants": len(mutants), "killed": len(killers),
        "equivalent": len(mutants) - len(killers) - len(gaps),
        "gaps": [named(mutants[number], verdicts[number]) for number in gaps],
        "modules": dict(Counter(mutant.module for mutant in mutants.values())),
        "killers": dict(Counter(killers.values()).most_common()),
        "controls": [f"{mutants[number].module}: {mutants[number].changed}" for number in controls],
    }


def judgements(mutants: list[Mutant], target: Target, directory: Path, *, free_products: bool = True,
               ) -> dict[int, Verdict]:
    """The verdict on each of `mutants`, by its number."""
    judge = partial(judgement, target=target, directory=directory, free_products=free_products)
    return dict(zip((mutant.number for mutant in mutants), shared_out(judge, mutants), strict=True))


def judgement(mutant: Mutant, target: Target, directory: Path, *, free_products: bool) -> Verdict:
    """The verdict of the first proof that says equivalent, or of the last one."""
    verdict = Verdict.UNPROVED
    for frame in target.frames:
        verdict = judged(mutant, frame, directory, free_products=free_products)
        if verdict is Verdict.EQUIVALENT:
            break
    return verdict


def named(mutant: Mutant, verdict: Verdict) -> dict[str, str]:
    """A gap, for the report."""
    return {"module": mutant.module, "cell": mutant.option("cell"), "change": mutant.changed, "line": mutant.line,
            "verdict": verdict.value}
