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
            Mistake("mac_weight_buffer", r"beats\[\{ slot, mine\[1:0\] \}\]\[15:8\]",
                    "beats[{ 1'h0, mine[1:0] }][15:8]"),
        ), {"WORD": 8, "LANES": 2, "BEATS": 4, "BITS": 2, "PLAN": 79, "PLAN_AT": plan_at("weight_beats")},
        {"mac_weight_buffer": "wire [2:0] formal_place; wire [15:0] formal_beat = beats[formal_place];"},
        state("filled", "lane", stored="formal_beat") | {r"\dut.formal_place": "place"}, 14),
    buffer(
        "channel memory: each record where it belongs", "channel_memory.sv", (
            Mistake("mac_channel_memory", r"set_end  ?= \\final  \| lane", "set_end = lane"),
        ), {"BITS": 3, "MOST": 4, "PLAN": 79, "PLAN_AT": plan_at("n")},
        {"mac_channel_memory": "wire [1:0] formal_place; wire [15:0] formal_points = zero_points[formal_place];"},
        state("lane", dut_loaded="loaded", dut_channels="channels", stored="formal_points")
        | {r"\dut.formal_place": "place"}, 14),
    buffer(
        "row cutter: order of bytes, where rows start, no loss, no standstill", "row_cutter.sv", (
            Mistake("mac_row_cutter", r"\\final  \? needs_next : empties_held", "empties_held"),
            Mistake("mac_row_cutter", r"assign node_14 = ~ early", "assign node_14 = ~ early & o__ready"),
        ), {"PLAN": 81, "K_AT": plan_at("k")}, {},
        state("has_held", "phase", "held", waiting="turn.waiting", dut_running="running", dut_bytes="bytes_left",
              dut_rows="rows_left"), 16, act_bytes=4, k_max=8),
    buffer(
        "activation buffer: each operand where it belongs", "activation_buffer.sv", (
            Mistake("mac_activation_buffer", r"beat\[1\] \} < filled", "beat[1] } <= filled"),
            Mistake("mac_activation_row", r"if \(write\)", "if (write && !(read && read_address == 0))"),
        ), {}, {"mac_activation_row": "wire [1:0] formal_place; wire [15:0] formal_word = words[formal_place];"},
        state("address", "panel", "used", "part", "full", dut_row="row", dut_filled="filled")
        | {"stored[15:0]": r"\dut.row_r0.formal_word", "stored[31:16]": r"\dut.row_r1.formal_word",
           r"\dut.row_r0.formal_place": "place", r"\dut.row_r1.formal_place": "place"}, 14),
    buffer(
        "output buffer: bytes of whole rows in order, no loss, no standstill", "output_buffer.sv", (
            Mistake("mac_output_buffer", r"assign node_2 = store_real & node_1", "assign node_2 = 1'h0"),
            Mistake("mac_output_buffer", r"assign node_39 = store_row \| node_38", "assign node_39 = store_row"),
        ), {}, {"mac_output_buffer": "wire [2:0] formal_place; wire [31:0] formal_word = panels[formal_place];"},
        state("storing", "send_panel", "send_row", "send_word", "sending", dut_panel="store_panel", dut_row="store_row",
              dut_tile="store_tile", dut_full="full", dut_whole="whole", dut_left="store_rows_left",
              columns="store_columns_left",
              send_bytes="send_bytes_left", send_left="send_rows_left", store_waiting="store_turn.waiting",
              send_waiting="send_turn.waiting", stored="formal_word") | {r"\dut.formal_place": "place"},
        30, out_bytes=4, n_max=8, weight_beats=16),
)
