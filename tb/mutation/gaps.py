"""Why no test finds some mutants that can be found."""

import re
from collections.abc import Mapping

from tb.mutation.equivalence import Verdict

__all__ = ["explained"]

# Module, line of the Verilog, and what is to be said of both.
REASONS: tuple[tuple[str, str, str], ...] = (
    ("mac_multiply", r"s2_al \* s2_bl|s3_ll",
     "the lowest bits of a product decide only where all others below the rounding are 0, the sum of the cross "
     "products included; the directed products get there for some bits alone"),
    ("mac_array_.*", r"^assign node_\d+\[[12]\] = rst \?",
     "`last` and `set` of a token after a reset: they mean nothing while the token is not valid, and are not looked at "
     "then"),
    ("mac_array_.*", r"rst \? \d+'h0+ : \{ first_line",
     "`first` after a reset: it can only restart sums, and none has begun"),
    ("mac_array_.*", r"rst \? \d+'h0+ : \{ bubble_line",
     "`bubble` after a reset: it can only hold sums, and none has begun"),
    ("mac_array_.*", r"rows_left == 1'h1|last_line\[\d+\] \? 1'h0 : rows_left",
     "`last` of a token that is not valid, which means nothing"),
    ("mac_requant", r"normal|float_scale_line",
     "the hidden bit of a scale below the normal floats: with or without it the result is 0, which needs both products "
     "to be followed through a proof"),
    ("mac_float_from_int", r"^always @",
     "the last bits of a sum decide only where its float is half a last place beside a tie of the result; the directed "
     "sums get there with few values of the bits above"),
    (".*_axi_lite", r"^assign node_\d+ = rst \? (6'h00|4'h0|2'h0|32'd0)",
     "what a reset leaves of an address, data, strobes or a response: nothing is done with it before the next takes "
     "its place, and a proof signal by signal cannot know that"),
    ("mac_registers_[^_]*", r"^mac_registers_\w+_axi_lite axi_lite",
     "a wire of an instance that is always 0, as responses are OKAY or SLVERR: what is within an instance is not known "
     "to a proof of what is around it"),
    ("mac_registers_.*_file", r"= bus__(read|write)_address ==|= ! bus__",
     "the comparison with one register's address is true at that of another too, whose choice comes first: in a "
     "simulation nothing differs, and for synthesis two of a parallel choice mean nothing"),
    ("mac_(column_store|token_store|buffer_.*|.*_buffer)", r"^if \((write|i__valid)\)|^rows\[write__addr\]",
     "written although nothing comes, to the place of what comes next, which is free"),
    ("mac_activation_row", r"^if \(read\)",
     "what was read is held for the first step of a tile alone, which is in the lowest part of a word"),
    ("mac_.*_turn", r"waiting|^always @", "two jobs wait for a part only while it works on the first"),
    ("mac_sequencer", r"^mac_sequencer_turn",
     "the sequencer has two jobs only while a part behind it has them too, or for some cycles after that, which the"
     " bus needs for the next START"),
    ("mac_(channel_memory|output_buffer)", r"loaded\[|whole\[",
     "a count at its end, as of all sets of channels or all rows of a panel, becomes one beyond it: all are there"),
    ("mac_job_check", r"i__valid & i__ready", "no second START can come while a job is checked"),
    ("mac_job_check", r"^always @\(posedge clk\)",
     "a bit that makes the job illegal whatever the others are changes one of them back and forth, and in the cycle in "
     "which it is looked at it is right"),
    ("mac_packer", r"~ ending", "with two columns and beats of four bytes a job's last piece always fits its beat"),
    ("mac_packer", r"total\[3:2\]", "bytes that are held and bytes that come are never twice as many as a beat has"),
    ("mac_packer", r"total > 1'h0", "what is offered has a byte or more"),
    ("mac_gather", r"choose_1(58|60)_y =", "which step a lane is at means nothing while it has no row"),
    ("mac_gather", r"node_11 = ~ drain_token",
     "of two rows the second comes in the cycle in which the first is fetched: none waits so long that the count is "
     "looked at"),
    ("mac_unit_.*", r"node_52 = rst \?",
     "whether the clamp's range is empty, after a reset: no tile can be accepted before its channels have come"),
    ("mac_channels", r"choose_\d+_y = load_bank \?",
     "a set is judged while the one before it waits only after a reset, and then in one of the two places alone"),
)


def explained(gap: Mapping[str, str]) -> str:
    """Why there is `gap`, of which the report has module, line and verdict: what is known, or what the proof says."""
    for module, line, reason in REASONS:
        if re.fullmatch(module, gap["module"]) and re.search(line, gap["line"]):
            return reason
    return gap["verdict"] + "; no test meets them" * (gap["verdict"] == Verdict.DIFFERENT.value)
