"""Proofs of the requantizer: every mode, around a multiplier that is cut out, and the multiplier's own sums."""

from tb.formal.proof import Method, Mistake, Proof

__all__ = ["PROOFS"]

TAPS = {"a": r"\dut.multiply.a", "b": r"\dut.multiply.b", "product": r"\dut.multiply.o"}
MODES = {"SINGLE": 1, "DOUBLE": 2, "DOUBLE_UP": 3}
MULTIPLY = 4
# A shift that is one too long for one value of it; saturation to the other side; 2^30 from a shift of 33 on.
SHIFTED = Mistake("mac_requant", r"shift - 1'h1", "shift - (shift == 6'd45 ? 1'h0 : 1'h1)")
SATURATED = Mistake("mac_fixed_round", r"s2_negative \? 2'h2 : 2'h1", "s2_negative ? 2'h1 : 2'h1")
LATE = Mistake("mac_fixed_round", r"by >= 5'h1f", "by > 5'h1f")


def fixed(modes: tuple[str, ...], latency: int, quick: bool) -> Proof:
    """The requantizer with fixed-point `modes`."""
    defines: dict[str, int | str] = {"LATENCY": latency, "FRONT_MULTIPLY": MULTIPLY}
    if len(modes) == 1:
        defines["MODE"] = MODES[modes[0]]
    return Proof(
        name=f"requant {' '.join(modes)}: every sum, multiplier and shift",
        block="requant", parameters={"modes": ",".join(modes)},
        spec=("requant_fixed.sv", "requant_cut.sv", "delay.sv"), cut=("mac_multiply",), taps=TAPS, defines=defines,
        method=Method.STEPS, depth=latency + 1, mistakes=(SHIFTED, SATURATED) if modes == ("SINGLE",) else (SHIFTED, LATE), quick=quick)


PROOFS = (
    fixed(("SINGLE",), 9, True),
    fixed(("DOUBLE",), 10, False),
    fixed(("DOUBLE_UP",), 10, False),
    fixed(("SINGLE", "DOUBLE", "DOUBLE_UP"), 10, False),
)
