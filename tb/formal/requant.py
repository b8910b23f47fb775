"""Proofs of the requantizer: every mode, around a multiplier that is cut out, and the multiplier's own sums."""

from tb.formal.proof import Method, Mistake, Proof

__all__ = ["PROOFS"]

MODES = {"SINGLE": 1, "DOUBLE": 2, "DOUBLE_UP": 3}
MULTIPLY = 4
TAPS = {"a": r"\dut.multiply.a", "b": r"\dut.multiply.b", "product": r"\dut.multiply.o"}
ROUND_TAPS = {"round_product": r"\dut.fixed_round.product", "round_by": r"\dut.fixed_round.by",
              "round_negative": r"\dut.fixed_round.negative", "rounded": r"\dut.fixed_round.o"}


def fixed(modes: tuple[str, ...], quick: bool) -> tuple[Proof, Proof]:
    """The requantizer with fixed-point `modes`: its rounding, and everything around that."""
    mode: dict[str, int | str] = {"MODE": MODES[modes[0]]} if len(modes) == 1 else {}
    latency = 3 if modes == ("SINGLE",) else 4
    parameters = {"modes": ",".join(modes)}
    saturated = Mistake("mac_fixed_round", r"s2_negative \? 2'h2 : 2'h1", "s2_negative ? 2'h1 : 2'h1")
    late = Mistake("mac_fixed_round", r"by >= 5'h1f", "by > 5'h1f")
    return (
        Proof(
            name=f"requant {' '.join(modes)}: rounding of any product", block="requant", parameters=parameters,
            spec=("requant_fixed_round.sv", "delay.sv"), defines=mode | {"LATENCY": latency},
            method=Method.STEPS, depth=latency + 1, mistakes=(saturated, late)[:latency - 2], quick=quick),
        Proof(
            name=f"requant {' '.join(modes)}: all around the rounding", block="requant", parameters=parameters,
            spec=("requant_fixed.sv", "requant_cut.sv", "requant_round_cut.sv", "delay.sv"),
            cut=("mac_multiply", "mac_fixed_round"), taps=TAPS | ROUND_TAPS,
            defines=mode | {"FRONT": 0, "MULTIPLY": MULTIPLY},
            method=Method.STEPS, depth=MULTIPLY + latency + 3, quick=quick, mistakes=(
                Mistake("mac_requant", r"shift - 1'h1", "shift - (shift == 6'd45 ? 1'h0 : 1'h1)"),
                Mistake("mac_requant", r"= below \| above", "= above"))),
    )


HALVES = Proof(
    name="requant lemma: rounding in two steps", block="requant", parameters={}, spec=("requant_halves.sv",),
    method=Method.STEPS, depth=1, quick=True,
    mistakes=(Mistake("requant_halves.sv", r"x >>> \(s - 1\)", "x >>> (s == 40 ? s : s - 1)"),))

FLOAT_TAPS = {
    "from_acc": r"\dut.float_from_int.acc", "from_negative": r"\dut.float_from_int.negative",
    "from_mantissa": r"\dut.float_from_int.mantissa", "from_zeros": r"\dut.float_from_int.leading_zeros",
    "round_product": r"\dut.float_round.product", "round_exponent": r"\dut.float_round.exponent",
    "round_negative": r"\dut.float_round.negative", "rounded": r"\dut.float_round.o"}
FLOAT = (
    Proof(
        name="requant F32: int32 to float32", block="requant", parameters={"modes": "F32"},
        spec=("float_from_int.sv", "delay.sv"), method=Method.STEPS, depth=6, quick=True,
        mistakes=(Mistake("mac_float_from_int", r"s4_kept \+ s4_up", "s4_kept + (s4_up && s4_zeros != 5'd7)"),)),
    Proof(
        name="requant F32: product to float32 to integer", block="requant", parameters={"modes": "F32"},
        spec=("float_round.sv", "delay.sv"), method=Method.STEPS, depth=5, quick=True,
        mistakes=(Mistake("mac_float_round", r"s1_kept \+ s1_up", "s1_kept + (s1_up & ~s1_kept[3])"),)),
    Proof(
        name="requant F32: all around the roundings", block="requant", parameters={"modes": "F32"},
        spec=("requant_float.sv", "requant_cut.sv", "requant_float_cut.sv", "delay.sv"),
        cut=("mac_multiply", "mac_float_round"), taps=TAPS | FLOAT_TAPS, defines={"MULTIPLY": MULTIPLY},
        method=Method.STEPS, depth=16, quick=True,
        mistakes=(Mistake("mac_requant", r"= below \| above", "= above"),)),
)

PROOFS = (
    HALVES,
    *fixed(("SINGLE",), True),
    *fixed(("DOUBLE",), True),
    *fixed(("DOUBLE_UP",), True),
    *fixed(("SINGLE", "DOUBLE", "DOUBLE_UP"), False),
    *FLOAT,
)
