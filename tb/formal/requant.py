"""Proofs of the requantizer: every mode, around parts that are cut out, and each part by itself."""

from functools import partial

from tb.formal.proof import Method, Mistake, Proof

__all__ = ["PROOFS"]

ALL = ("F32", "SINGLE", "DOUBLE", "DOUBLE_UP", "FBGEMM")
FLOAT = ("F32", "FBGEMM")


def ports(part: str, **wires: str) -> dict[str, str]:
    """Taps of ports of a part by the names that the specification has for them."""
    return {wire: rf"\dut.{part}.{port}" for wire, port in wires.items()}


MULTIPLY = ports("multiply", a="a", b="b", product="o")
FROM_INT = ports("float_from_int", from_acc="acc", from_negative="negative", from_mantissa="mantissa",
                 from_zeros="leading_zeros")
ADD = ports("float_add", add_negative="negative", add_mantissa="mantissa", add_zeros="leading_zeros", add_b="b",
            sum_negative="sum_negative", sum_mantissa="sum_mantissa", sum_zeros="sum_leading_zeros")
FLOAT_ROUND = ports("float_round", float_product="product", float_exponent="exponent", float_negative="negative",
                    float_rounded="o")
FIXED_ROUND = ports("fixed_round", fixed_product="product", fixed_by="by", fixed_negative="negative",
                    fixed_rounded="o")


def selected(modes: tuple[str, ...]) -> dict[str, int | str]:
    """Whether the fixed-point rounding has a port for the mode."""
    return {"FIXED_MODE": 1} if len(set(modes) - set(FLOAT)) > 1 else {}


def around(modes: tuple[str, ...], mistakes: tuple[Mistake, ...], multiplier: str = "behavioural", *,
           quick: bool = False) -> tuple[Proof, Proof]:
    """The requantizer with `modes` around its parts: what they are given, and what becomes of their results.

    The last of `mistakes` is one of the results.
    """
    parts = {
        "multiply": (True, MULTIPLY), "float_from_int": (set(modes) & set(FLOAT), FROM_INT),
        "float_add": ("FBGEMM" in modes, ADD), "float_round": (set(modes) & set(FLOAT), FLOAT_ROUND),
        "fixed_round": (set(modes) - set(FLOAT), FIXED_ROUND | (
            ports("fixed_round", fixed_mode="mode") if selected(modes) else {}))}
    there = [part for part, (condition, _) in parts.items() if condition]
    name = f"requant {' '.join(modes)}{'' if multiplier == 'behavioural' else f' {multiplier}'}"
    latencies = tuple(f"{part}_latency" for part in there if part != "fixed_round" and part != "float_round")
    proof = partial(
        Proof, block="requant", parameters={"modes": ",".join(modes), "multiplier": multiplier},
        spec=("requant.sv", "requant_cut.sv", "requant_modes.sv", "delay.sv"),
        cut=tuple(f"mac_{part}" for part in there if part != "float_from_int"),
        taps={wire: target for part in there for wire, target in parts[part][1].items()},
        method=Method.STEPS, share=True, quick=quick)
    return (proof(name=f"{name}: what the parts are given", defines=selected(modes), depth=1, through=latencies,
                  mistakes=mistakes[:-1]),
            proof(name=f"{name}: what becomes of their results", defines=selected(modes) | {"RESULTS": 1}, depth=5,
                  mistakes=mistakes[-1:]))


def fixed(modes: tuple[str, ...], *, quick: bool) -> Proof:
    """The rounding of fixed-point `modes`."""
    mistakes = [Mistake("mac_fixed_round", r"s2_negative \? 2'h2 : 2'h1", "s2_negative ? 2'h1 : 2'h1")]
    if modes != ("SINGLE",):
        mistakes.append(Mistake("mac_fixed_round", r"by >= 5'h1f", "by > 5'h1f"))
    return Proof(
        name=f"requant {' '.join(modes)}: rounding of any product", block="requant",
        parameters={"modes": ",".join(modes)}, spec=("requant_fixed_round.sv", "requant_modes.sv", "delay.sv"),
        defines=selected(modes), method=Method.STEPS, depth=1, through=("fixed_round_latency",),
        mistakes=tuple(mistakes), quick=quick)


def multiply(multiplier: str, *, dsp: bool, quick: bool) -> Proof:
    """The sum of its four products."""
    return Proof(
        name=f"requant multiplier {multiplier}: sum of its four products", block="requant",
        parameters={"modes": "F32", "multiplier": multiplier}, spec=("multiply.sv", "delay.sv"),
        defines={"DSP": 1} if dsp else {}, method=Method.STEPS, depth=1, through=("multiply_latency",), share=True,
        mistakes=(Mistake("mac_multiply", r"s3_ll\[31:16\]", "s3_ll[30:15]"),), quick=quick)


def part(name: str, spec: tuple[str, ...], mistakes: tuple[Mistake, ...], through: str, *, modes: str = "F32",
         cut: tuple[str, ...] = (), taps: dict[str, str] | None = None) -> Proof:
    """A part of the float modes."""
    return Proof(
        name=f"requant {name}", block="requant", parameters={"modes": modes}, spec=(*spec, "delay.sv"), cut=cut,
        taps=taps or {}, method=Method.STEPS, depth=1, through=(through,), mistakes=mistakes, quick=True)


def lemma(name: str, spec: str, old: str, new: str) -> Proof:
    """What is about numbers alone."""
    return Proof(name=f"requant lemma: {name}", block="requant", parameters={}, spec=(spec,), method=Method.STEPS,
                 depth=1, quick=True, mistakes=(Mistake(spec, old, new),))


CLAMP = Mistake("mac_requant", r"= below \| above", "= above")
SHIFT = Mistake("mac_requant", r"shift - 1'h1", "shift - (shift == 6'd45 ? 1'h0 : 1'h1)")
SCALE = Mistake("mac_requant", r"assign normal = .*;", "assign normal = 1'h1;")
BIAS = Mistake("mac_requant", r"mode == 3'h4", "mode[2:1] == 2'h0")

PROOFS = (
    lemma("rounding in two steps", "requant_halves.sv", r"x >>> \(s - 1\)", "x >>> (s == 40 ? s : s - 1)"),
    lemma("rounding of a sum with a sticky bit", "float_sticky.sv", r"sum\[24:0\] != 0", "sum[23:0] != 0"),
    fixed(("SINGLE",), quick=True),
    fixed(("DOUBLE",), quick=False),
    fixed(("DOUBLE_UP",), quick=False),
    fixed(("SINGLE", "DOUBLE", "DOUBLE_UP"), quick=True),
    part("F32: int32 to float32", ("float_from_int.sv",),
         (Mistake("mac_float_from_int", r"s4_kept \+ s4_up", "s4_kept + (s4_up && s4_zeros != 5'd7)"),),
         "float_from_int_latency"),
    part("F32: product to float32 to integer", ("float_round.sv",),
         (Mistake("mac_float_round", r"s1_kept \+ s1_up", "s1_kept + (s1_up & ~s1_kept[3])"),), "float_round_latency"),
    part("FBGEMM: addition of a float32", ("float_add.sv", "float_from_int_cut.sv"),
         (Mistake("mac_float_add", r"\| shifted\[24:0\]", "| shifted[24:1]"),
          Mistake("mac_float_add", r"negative != b\[31\]", "negative != (b[31] & ~a_large)")),
         "float_add_latency", modes="FBGEMM", cut=("mac_float_from_int",),
         taps=ports("round", round_acc="acc", round_negative="negative", round_mantissa="mantissa",
                    round_zeros="leading_zeros")),
    multiply("behavioural", dsp=False, quick=False),
    multiply("ecp5", dsp=True, quick=True),
    *around(("SINGLE",), (SHIFT, CLAMP), quick=True),
    *around(("DOUBLE",), (SHIFT, CLAMP)),
    *around(("DOUBLE_UP",), (SHIFT, CLAMP)),
    *around(("SINGLE", "DOUBLE", "DOUBLE_UP"), (SHIFT, CLAMP)),
    *around(("F32",), (SCALE, CLAMP), quick=True),
    *around(("FBGEMM",), (SCALE, CLAMP), quick=True),
    *around(("F32", "FBGEMM"), (SCALE, BIAS, CLAMP)),
    *around(("F32", "SINGLE"), (SCALE, SHIFT, CLAMP)),
    *around(ALL, (SHIFT, BIAS, CLAMP)),
    *around(ALL, (SCALE, CLAMP), "ecp5"),
)
