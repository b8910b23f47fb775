"""Proofs of an engine's buffers: what came is read where it belongs, as often as it takes, and nothing is lost."""

from tb.formal.proof import Method, Mistake, Proof
from tb.formal.streams import state

__all__ = ["PROOFS"]

# Small enough that every place of every memory is in the proof.
PARAMETERS = {
    "rows": 2, "cols": 2, "act_bytes": 2, "weight_bytes": 1, "out_bytes": 2, "k_max": 4, "n_max": 4, "weight_beats": 4,
    "modes": "SINGLE", "zero_points": "subtract",
}
# Bits of a plan: its numbers in their order, and all.
PLAN = {"m": 24, "n": 3, "k": 3, "tiles": 2, "beats": 3, "weight_beats": 3}


def plan_at(name: str) -> int:
    """Where a plan has this number."""
    return sum(list(PLAN.values())[:list(PLAN).index(name)])


def buffer(name: str, spec: str, mistakes: tuple[Mistake, ...], defines: dict[str, int | str],
           probes: dict[str, str], taps: dict[str, str], reach: int, **others: int) -> Proof:
    """A claim about a part of an engine, with `others` than its parameters."""
    return Proof(name=name, block="engine", parameters=PARAMETERS | others, spec=(spec,), mistakes=mistakes,
                 method=Method.INDUCTION, depth=1, defines=defines, probes=probes, taps=taps, reach=reach)


PROOFS = (
    buffer(
        "weight buffer: each word where it belongs", "weight_buffer.sv", (
            Mistake("mac_weight_buffer", r"beats\[\{ slot, mine\[1:0\] \}\]\[15:8\]", "beats[{ 1'h0, mine[1:0] }][15:8]"),
        ), {"WORD": 8, "LANES": 2, "BEATS": 4, "BITS": 2, "PLAN": 79, "PLAN_AT": plan_at("weight_beats")},
        {"mac_weight_buffer": "wire [2:0] formal_place; wire [15:0] formal_beat = beats[formal_place];"},
        state("filled", "lane", waiting="turn.waiting", stored="formal_beat") | {r"\dut.formal_place": "place"}, 14),
    buffer(
        "channel memory: each record where it belongs", "channel_memory.sv", (
            Mistake("mac_channel_memory", r"set_end  ?= \\final  \| lane", "set_end = lane"),
        ), {"BITS": 3, "MOST": 4, "PLAN": 79, "PLAN_AT": plan_at("n")},
        {"mac_channel_memory": "wire [1:0] formal_place; wire [15:0] formal_points = zero_points[formal_place];"},
        state("lane", dut_loaded="loaded", dut_channels="channels", waiting="turn.waiting", stored="formal_points")
        | {r"\dut.formal_place": "place"}, 14),
    buffer(
        "row cutter: order of bytes, where rows start, no loss, no standstill", "row_cutter.sv", (
            Mistake("mac_row_cutter", r"\\final  \? needs_next : empties_held", "empties_held"),
            Mistake("mac_row_cutter", r"assign node_14 = ~ early", "assign node_14 = ~ early & o__ready"),
        ), {"PLAN": 81, "K_AT": plan_at("k")}, {},
        state("has_held", "phase", "held", waiting="turn.waiting", dut_running="running", dut_bytes="bytes_left",
              dut_rows="rows_left"), 16, act_bytes=4, k_max=8),
)
