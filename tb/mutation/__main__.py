"""Command line of the mutants: ``python -m tb.mutation``, with ``--block``, ``--count`` and ``--seed`` for a part."""

import argparse
import sys
import time

from gen.synth.tools import SynthesisError
from tb.mutation.blocks import TARGETS, Target
from tb.mutation.gaps import explained
from tb.mutation.mutants import MutationError
from tb.mutation.report import THRESHOLD, merged, row, score
from tb.mutation.target import run_target
from tb.run import BUILD, SettingError, check_settings, seed

__all__ = ["COUNT", "main"]

# Mutants of a block.
COUNT = 1000


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
                print(f"    {gap['module']}: {gap['change']} in `{gap['line']}`: {explained(gap)}", flush=True)
            enough &= score(entry) >= THRESHOLD
    except (MutationError, SynthesisError, SettingError) as error:
        print(f"tb.mutation: {error}", file=sys.stderr)
        return 1
    if not enough:
        print(f"tb.mutation: the tests must find {THRESHOLD:.0%} of the mutants of each block that can be found",
              file=sys.stderr)
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())
