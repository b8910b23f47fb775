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


def cells(part: str, spec: str, models: str, multiplier: str, old: str, new: str, *, depth: int, block: str = "cell",
          through: tuple[str, ...] = (), **defines: int | str) -> Proof:
    """A part as synthesis reads it, of an FPGA's cells."""
    return Proof(
        name=f"cells of {multiplier}: {part}", block=block, parameters={"multiplier": multiplier},
        spec=(spec, "delay.sv"), defines=defines, method=Method.STEPS, depth=depth, through=through, share=True,
        cells=models, mistakes=(Mistake(part, old, new),))


ECP5 = "ecp5_cells.v"
KEPT = Mistake("mac_cell", r"bubble \? \d+'h?d?0+ : (.*);", r"\1;")
START = Mistake("mac_cell", r"start \? 32'd0 : acc", "start && !show ? 32'd0 : acc")

PROOFS = (
    cell("behavioural", 1, 8, (START, KEPT), quick=True),
    cell("behavioural", 2, 4, (KEPT,)),
    cell("ecp5", 1, 8, (Mistake("mac_product", r"if \(clear\)", "if (clear && a[0])"),)),
    cell("ecp5_carry", 1, 8, (KEPT,)),
    cell("gowin", 1, 8, (KEPT,)),
    cells("mac_accumulate", "part_accumulate.sv", ECP5, "ecp5", "6ccc", "4ccc", depth=1),
    cells("mac_token", "part_token.sv", ECP5, "ecp5", r"\.DI\(i\)", ".DI(1'h1)", depth=2),
    cells("mac_product", "part_product.sv", ECP5, "ecp5", r"\.A9\(a\[7\]\)", ".A9(a[6])", depth=3, PART="mac_product",
          WIDTH=8),
    cells("mac_multiply_product", "part_product.sv", ECP5, "ecp5", r"\.A17\(a\[16\]\)", ".A17(a[15])", depth=3,
          block="requant", PART="mac_multiply_product", WIDTH=17),
    cells("mac_product", "part_product_rows.sv", ECP5, "ecp5_carry", "6ccc", "4ccc", depth=1,
          through=("first_latency",), WIDTH=8),
    cells("mac_block", "part_block.sv", "gowin_cells.v", "gowin", r"\.ACCLOAD\(keep\)", ".ACCLOAD(1'h1)", depth=3,
          WIDTH=8),
)
