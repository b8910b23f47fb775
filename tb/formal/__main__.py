"""Command line of the proofs: ``python -m tb.formal``, and ``--quick`` for the set of every change."""

import argparse
import sys
import time
from functools import partial
from typing import Any

from tb.formal.check import EXPORT, PROOFS, check, check_export, judge
from tb.formal.export import CONFIGURATIONS, QUICK_CONFIGURATIONS
from tb.formal.proof import ProofError
from tb.parallel import shared_out
from tb.report import write_report

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Prove; returns 1 where a claim does not hold, or a mistake is not found."""
    parser = argparse.ArgumentParser(prog="tb.formal", description="Prove claims about the emitted Verilog.")
    parser.add_argument("--quick", action="store_true", help="the quick set alone")
    parser.add_argument("--only", default="", help="the proofs with this in their name")
    options = parser.parse_args(arguments)
    claims = [partial(check, proof) for proof in PROOFS
              if options.only in proof.name and (proof.quick or not options.quick)]
    if options.only in EXPORT:
        claims += [partial(check_export, *exported)
                   for exported in (QUICK_CONFIGURATIONS if options.quick else CONFIGURATIONS)]
    results = []
    start = time.monotonic()
    try:
        for result in shared_out(judge, claims):
            results.append(result)
            print(row(result), flush=True)
    except ProofError as error:
        print(f"tb.formal: {error}", file=sys.stderr)
        return 1
    finally:
        seconds = round(time.monotonic() - start, 1)
        write_report("formal", {"quick": options.quick, "seconds": seconds, "proofs": results})
    print(f"{len(results)} claims are proved, {sum(len(result['controls']) for result in results)} mistakes are found, "
          f"in {seconds:.0f} s")
    return 0


def row(result: dict[str, Any]) -> str:
    """A line of the table."""
    return (f"{result['seconds']:6.1f} s  {result['name']} ({result['holds']}; "
            f"{len(result['covers'])} cases reached in {result['cover_seconds']:.1f} s; "
            f"{len(result['controls'])} mistakes found in {result['control_seconds']:.1f} s)")


if __name__ == "__main__":
    sys.exit(main())
