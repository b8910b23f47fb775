"""Proofs of a whole unit of 2 rows and 2 columns: matrix products with every stream stalled at any time."""

from typing import Any

from tb.formal.proof import Method, Mistake, Proof

__all__ = ["PROOFS"]


UNIT = {
    "admission_in_tile": "admission.in_tile", "admission_has_set": "admission.has_set", "dut_seen": "seen",
}
CHANNELS = {
    "load_valid[0]": "load__0__valid", "load_valid[1]": "load__1__valid", "load_payload": "load__0__payload",
    "lane": "lane", "load_bank": "load_bank", "dut_bank": "bank", "dut_waiting": "waiting", "dut_free": "free",
    "draining_bank": "draining_bank",
}
DATAPATH = {
    "room": "room", "dut_took": "took", "dut_in_tile": "in_tile", "claimed": "claimed_0",
}
ARRAY = {
    "a_skew_r1": "a_skew_r1", "drain": "drain", "bubble": "bubble_line[0]", "rows_left": "rows_left",
    "first_line": "first_line[1:0]", "last_line": "last_line", "token": "token$14", "set_done": "set_done_line",
}
BUFFER = {
    "some": "some", "read_row": "read__addr", "write_row": "write__addr", "waiting": "waiting", "word": "formal_word",
}
LANE = {"lane_acc": "acc_read", "lane_raw": "raw"}
CHANNEL = {"lane_read": "read__data", "lane_memory_0": "formal_0", "lane_memory_1": "formal_1"}


def inside(part: str, wires: dict[str, str]) -> dict[str, str]:
    """Taps of registers of a part."""
    return {wire: rf"\dut.{part}{register}" for wire, register in wires.items()}


def element(wire: str, index: int, width: int) -> str:
    """One of several values of `width` bits."""
    return f"{wire}[{width * index + width - 1}:{width * index}]"


def taps(width: int, output: str, channel: int) -> dict[str, str]:
    """The state of the unit with operands of `width` bits, this output and `channel` bits for each channel."""
    # Registers of a cell and their bits.
    registers = {"a": ("a_out", width), "w": ("w_out", width), "product": ("product_d0", 2 * width), "acc": ("acc", 32),
                 "start": ("start", 1), "show": ("show", 1)}
    array, buffer = "datapath.array.", f"datapath.buffer_{output}."
    result = (inside("", UNIT) | inside("channel_sets.", CHANNELS) | inside("datapath.", DATAPATH)
              | inside("datapath.", {"on_way": f"{output}_valid_line", "last_on_way": f"{output}_last_line"})
              | inside(array, ARRAY) | inside(buffer, BUFFER) | {rf"\dut.{buffer}formal_place": "place"})
    for lane in range(2):
        place = f"datapath.lane_{lane}."
        result |= inside(place, {element(wire, lane, 32): name for wire, name in LANE.items()})
        result |= inside(place, {element(wire, lane, channel): name for wire, name in CHANNEL.items()})
    for cell in range(4):
        place = f"{array}row_r{cell // 2}.cell_c{cell % 2}."
        result |= inside(place, {element(f"cell_{wire}", cell, bits): name for wire, (name, bits) in registers.items()})
    return result


def requantizers() -> dict[str, str]:
    """The state of the requantizers that are cut out, and what is known of their function."""
    result = {"counting": r"\dut.counting"}
    for lane in range(2):
        place = f"datapath.lane_{lane}.requantizer."
        result |= inside(place, {f"line_{lane}": "line", element("lane_multiplier", lane, 32): "multiplier",
                                 element("lane_stage", lane, 27): "stage"})
        result |= {rf"\dut.{place}point": "point", rf"\dut.{place}image": "image"}
    return result


def probes(output: str, row: int, place: int, channel: int) -> dict[str, str]:
    """Memories: the lanes' channels, of `channel` bits, and rows, of `row` bits at `place` bits."""
    return {
        "mac_lane": "".join(f"wire [{channel - 1}:0] formal_{number} = parameters[{number}]; " for number in range(2)),
        f"mac_buffer_{output}":
            f"wire [{place - 1}:0] formal_place; wire [{row - 1}:0] formal_word = rows[formal_place];",
    }


def sizes(width: int) -> dict[str, Any]:
    """Parameters of the unit with operands of `width` bits."""
    return {"rows": 2, "cols": 2, "depth": 1, "act_width": width, "weight_width": width}


MISTAKES = (
    Mistake("mac_admission", r"assign node_8 = node_1 \| room", "assign node_8 = 1'h1"),
    Mistake("mac_admission", r"keep & has_set", "keep"),
    Mistake("mac_channels", r"used & node_3", "used"),
    Mistake("mac_array", r"a_skew_r1 <= wave__payload\[7:4\]", "a_skew_r1 <= wave__payload[3:0]"),
    Mistake("mac_cell", r"bubble \? 4'h0 : a", "a"),
    Mistake("mac_datapath", r"claimed_0 <= 4'he", "claimed_0 <= 5'h10"),
)

PROOFS = (
    Proof(
        name="unit 2x2x1, operands of 4 bits: the products of any tiles with any stalls", block="unit",
        parameters=sizes(4) | {"modes": "none", "raw_output": True}, spec=("unit.sv",),
        defines={"A": 4, "W": 4, "PLACE": 4}, method=Method.INDUCTION, depth=1, reach=18,
        taps=taps(4, "accumulators", 32), probes=probes("accumulators", 65, 4, 32), mistakes=MISTAKES),
    Proof(
        name="unit 2x2x1 with requantizers, operands of 2 bits: the results of any tiles with any stalls", block="unit",
        parameters=sizes(2), spec=("unit.sv", "unit_cut.sv"), cut=("mac_requant",),
        defines={"A": 2, "W": 2, "PLACE": 5, "REQUANTIZED": 1}, method=Method.INDUCTION, depth=1, reach=33,
        taps=taps(2, "outputs", 64) | requantizers(), probes=probes("outputs", 19, 5, 64), mistakes=(
            Mistake("mac_lane", r"multiplier_bias <= read__data\[63:32\]", "multiplier_bias <= read__data[62:31]"),
            Mistake("mac_datapath", r"claimed_0 <= 5'h1e", "claimed_0 <= 6'h20"),
        )),
)
