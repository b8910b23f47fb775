"""Proofs of the cell: every sum of any length, with bubbles and tokens at any time."""

from tb.formal.proof import Method, Mistake, Proof

__all__ = ["PROOFS"]


def cell(multiplier: str, depth: int, width: int, mistakes: tuple[Mistake, ...], *, quick: bool = False) -> Proof:
    """The cell with operands of `width` bits."""
    return Proof(
        name=f"cell {multiplier} {depth}x{width} bits: sums with bubbles and tokens",
        block="cell",
        parameters={"multiplier": multiplier, "depth": depth, "act_width": width, "weight_width": width},
        spec=("cell.sv", "delay.sv"), defines={"DEPTH": depth, "A": width, "W": width, "ACC": 32},
        taps={"acc": r"\dut.acc" if multiplier != "gowin" or depth > 1 else r"\dut.block.o"},
        method=Method.INDUCTION, depth=8, mistakes=mistakes, quick=quick)


KEPT = Mistake("mac_cell", r"bubble \? \d+'h?d?0+ : (.*);", r"\1;")
START = Mistake("mac_cell", r"start \? 32'd0 : acc", "start && !show ? 32'd0 : acc")

PROOFS = (
    cell("behavioural", 1, 8, (START, KEPT), quick=True),
    cell("behavioural", 2, 4, (KEPT,)),
    cell("ecp5", 1, 8, (Mistake("mac_product", r"if \(clear\)", "if (clear && a[0])"),)),
    cell("ecp5_carry", 1, 8, (KEPT,)),
    cell("gowin", 1, 8, (KEPT,)),
)
