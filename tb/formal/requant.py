"""Proofs of the requantizer: every mode, around a multiplier that is cut out, and the multiplier's own sums."""

from tb.formal.proof import Method, Mistake, Proof

__all__ = ["PROOFS"]

TAPS = {"a": r"\dut.multiply.a", "b": r"\dut.multiply.b", "product": r"\dut.multiply.o"}
MODES = {"SINGLE": 1, "DOUBLE": 2, "DOUBLE_UP": 3}
MULTIPLY = 4
# The shift is one less than it should be for some, and a saturated value has the other sign.
SHIFTED = Mistake("mac_requant", r"shift - 1'h1", "shift - (shift == 6'd45 ? 1'h0 : 1'h1)")
SATURATED = Mistake("mac_fixed_round", r"11'h400", "11'h3ff")


def fixed(modes: tuple[str, ...], latency: int, quick: bool) -> Proof:
    """The requantizer with fixed-point `modes`."""
    defines: dict[str, int | str] = {"LATENCY": latency, "FRONT_MULTIPLY": MULTIPLY}
    if len(modes) == 1:
        defines["MODE"] = MODES[modes[0]]
    return Proof(
        name=f"requant {' '.join(modes)}: every sum, multiplier and shift",
        block="requant", parameters={"modes": ",".join(modes)},
        spec=("requant_fixed.sv", "requant_cut.sv", "delay.sv"), cut=("mac_multiply",), taps=TAPS, defines=defines,
        method=Method.STEPS, depth=latency + 1, mistakes=(SHIFTED, SATURATED), quick=quick)


PROOFS = (
    fixed(("SINGLE",), 9, True),
    fixed(("DOUBLE",), 10, False),
    fixed(("DOUBLE_UP",), 10, False),
    fixed(("SINGLE", "DOUBLE", "DOUBLE_UP"), 10, False),
)
