"""Command line of the mutants: ``python -m tb.mutation``, with ``--block``, ``--count`` and ``--seed`` for a part."""

import argparse
import re
import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from gen.synth.tools import SynthesisError
from tb.mutation.blocks import TARGETS, Target
from tb.mutation.equivalence import Verdict, judged
from tb.mutation.gaps import explained
from tb.mutation.kill import tried
from tb.mutation.mutants import Mutant, MutationError, instrumented, listed, prepared
from tb.mutation.report import THRESHOLD, merged, row, score
from tb.run import BUILD, SettingError, check_settings, generate, seed

__all__ = ["COUNT", "main", "run_target"]

# Mutants of a block.
COUNT = 1000
# Mutants that tests have found, of which a proof must not say that they are equivalent.
CONTROLS = 3


def main(arguments: list[str] | None = None, targets: tuple[Target, ...] = TARGETS) -> int:
    """Try mutants; returns 1 where the tests find too few of them, or nothing can be said."""
    blocks = list(dict.fromkeys(target.block for target in targets))
    parser = argparse.ArgumentParser(prog="tb.mutation", description="Change the hardware, and see the tests fail.")
    parser.add_argument("--block", choices=blocks, help="this block alone")
    parser.add_argument("--count", type=int, default=COUNT, help=f"mutants of each block ({COUNT})")
    options = parser.parse_args(arguments)
    if options.count < 1:
        parser.error(f"count must be 1 or more, not {options.count}")
    enough = True
    try:
        check_settings()
        for block in [options.block] if options.block else blocks:
            start = time.monotonic()
            chosen = [target for target in targets if target.block == block]
            shares = [options.count // len(chosen) + (index < options.count % len(chosen))
                      for index in range(len(chosen))]
            results = [run_target(target, share, seed(), BUILD / "mutation" / f"{block}_{index}")
                       for index, (target, share) in enumerate(zip(chosen, shares, strict=True)) if share]
            entry = merged(block, results, time.monotonic() - start)
            print(row(entry), flush=True)
            for gap in entry["gaps"]:
                print(f"    {gap['module']}: {gap['change']} in `{gap['line']}`: {gap['why']}", flush=True)
            enough &= score(entry) >= THRESHOLD
    except (MutationError, SynthesisError, SettingError) as error:
        print(f"tb.mutation: {error}", file=sys.stderr)
        return 1
    if not enough:
        print(f"tb.mutation: the tests must find {THRESHOLD:.0%} of the mutants of each block that can be found",
              file=sys.stderr)
    return 0 if enough else 1


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
    for number in controls:
        if judgement(mutants[number], target, directory) is Verdict.EQUIVALENT:
            raise MutationError(
                f"{target.name}: mutant {number}, which {killers[number]} has found, must not be proved equivalent")
    verdicts = {number: judgement(mutant, target, directory)
                for number, mutant in mutants.items() if number not in killers}
    open_ = [number for number, verdict in verdicts.items() if verdict is not Verdict.EQUIVALENT]
    for round_ in target.rounds[1:]:
        killers |= tried(netlist, [number for number in open_ if number not in killers], round_)
    for number in open_:
        if number not in killers:
            verdicts[number] = judgement(mutants[number], target, directory, free_products=False)
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


def judgement(mutant: Mutant, target: Target, directory: Path, *, free_products: bool = True) -> Verdict:
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
            "verdict": verdict.value, "why": explained(mutant, verdict)}


if __name__ == "__main__":
    sys.exit(main())
