"""Why no test finds some mutants that can be found."""

import re

from tb.mutation.equivalence import Verdict
from tb.mutation.mutants import Mutant

__all__ = ["explained"]

# Module, line of the Verilog, and what is to be said of both.
REASONS: tuple[tuple[str, str, str], ...] = (
    ("mac_multiply", r"s2_al \* s2_bl|s3_ll",
     "the lowest bits of a product decide only where all others below the rounding are 0, the sum of the cross "
     "products included; the directed products get there for some bits alone"),
    ("mac_array_.*", r"^assign node_\d+\[1\] = rst \?",
     "`last` of a token after a reset: it means nothing while the token is not valid, and is not looked at then"),
    ("mac_row_cutter", r"rows_left",
     "the upper bits of a count of rows: a job that reaches them takes longer than a simulation has"),
)


def explained(mutant: Mutant, verdict: Verdict) -> str:
    """Why there is a gap: what is known of its place, or what the proof says."""
    for module, line, reason in REASONS:
        if re.fullmatch(module, mutant.module) and re.search(line, mutant.line):
            return reason
    return f"{verdict.value}; no test meets them" if verdict is Verdict.DIFFERENT else verdict.value
