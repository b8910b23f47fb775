"""Proofs of what moves data and can wait: nothing is lost, repeated or overtaken, nothing waits without a reason."""

from tb.formal.proof import Method, Mistake, Proof

__all__ = ["PROOFS"]

PARAMETERS = {"rows": 3, "cols": 2, "act_bytes": 4, "weight_bytes": 2, "out_bytes": 4}
BUFFER = "mac_buffer_outputs"
# Packet gates, and what their specification is told.
GATES: dict[str, dict[str, int | str]] = {"activations": {"WIDTH": 37, "WAITS": 1}, "weights": {"WIDTH": 19}}


def state(*names: str, **others: str) -> dict[str, str]:
    """Taps of registers by their own names, and of others."""
    return {name: rf"\dut.{name}" for name in names} | {name: rf"\dut.{other}" for name, other in others.items()}


def stream(name: str, spec: str, mistakes: tuple[Mistake, ...], defines: dict[str, int | str] | None = None,
           probes: dict[str, str] | None = None, taps: dict[str, str] | None = None, *, quick: bool = True) -> Proof:
    """A claim about a part of an engine."""
    return Proof(name=name, block="engine", parameters=PARAMETERS, spec=(spec,), mistakes=mistakes,
                 method=Method.INDUCTION, depth=4, defines=defines or {}, probes=probes or {}, taps=taps or {},
                 quick=quick)


PROOFS = (
    stream("row buffer: order, holding, no loss, no standstill", "row_buffer.sv", (
        Mistake(BUFFER, r"waiting > 1'h1", "waiting > 2'h2"),
        Mistake(BUFFER, r"= node_\d+ \| o__ready", "= 1'h1"),
    ), {"WIDTH": 19, "DEPTH": 33, "PLACE": 6, "WAITING": 6},
        {BUFFER: "wire [5:0] formal_place; wire [18:0] formal_word = rows[formal_place];"},
        state("some", "waiting", write_row="write__addr", read_row="read__addr", word="formal_word")
        | {r"\dut.formal_place": "place"}, quick=False),
    *(stream(f"packet gate of {name}: what passes and what is dropped", "packet_gate.sv", (
        Mistake(f"mac_{name}_gate", r"i__valid & i__ready", "i__valid"),
    ), {"GATE": f"mac_{name}_gate", **defines}, taps=state("packets")) for name, defines in GATES.items()),
    stream("packet exit: what passes and how packets end", "packet_exit.sv", (
        Mistake("mac_outputs_exit", r"assign i__ready = (.*);", r"assign i__ready = \1 | issue;"),
    ), {"COUNT": 4}, taps=state("packets", "closes")),
    stream("turn: jobs in order", "turn.sv", (
        Mistake("mac_output_buffer_send_turn", r"slot \^ done", "slot ^ (done & ~issue)"),
    ), taps=state("waiting")),
    stream("packer: order of bytes, holding, no loss", "packer.sv", (
        Mistake("mac_packer", r"total <= 4'h4|total <= 3'h4", "total < 3'h4"),
    ), {"COUNT": 4, "BITS": 2}, taps=state("count", "ending", held_bytes="held")),
    stream("operand stage: a wave for each read", "operand_stage.sv", (
        Mistake("mac_operand_stage", r"node_\d+ \? has_operands : read", "read"),
    ), {"ROWS": 24, "COLS": 16, "TOKEN": 12, "PLAN": 121},
        taps=state("has_operands", "has_wave", "operands_token")),
    stream("AXI4-Lite: one response for each request, in order and held", "axi_lite.sv", (
        Mistake("mac_registers_axi_lite", r"assign bus__write = (\w+) & \w+", r"assign bus__write = \1"),
        Mistake("mac_registers_axi_lite", r"= rvalid & rready", "= rvalid"),
    ), taps=state("has_address", "has_data", "asked")),
)
