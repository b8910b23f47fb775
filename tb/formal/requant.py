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
                Mistake("mac_requant", r"node_7 = below \| above", "node_7 = above"))),
    )


HALVES = Proof(
    name="requant lemma: rounding in two steps", block="requant", parameters={}, spec=("requant_halves.sv",),
    method=Method.STEPS, depth=1, quick=True,
    mistakes=(Mistake("requant_halves.sv", r"x >>> \(s - 1\)", "x >>> (s == 40 ? s : s - 1)"),))

PROOFS = (
    HALVES,
    *fixed(("SINGLE",), True),
    *fixed(("DOUBLE",), True),
    *fixed(("DOUBLE_UP",), True),
    *fixed(("SINGLE", "DOUBLE", "DOUBLE_UP"), False),
)
