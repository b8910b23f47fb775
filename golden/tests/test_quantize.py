"""Scales, zero points and rounding against fractions: every width, signed or not, per tensor or channel."""

import math
from fractions import Fraction

import numpy as np
import pytest

from golden.quantize import Quantization, asymmetric, clipped, dequantize, quantize, storage, symmetric
from golden.tests.exact import fraction, half_even, to_float32

HIGH = {8: 127, 4: 7, 2: 1}


def tensor(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(0, 1, shape) * 10.0 ** rng.uniform(-6, 6)).astype(np.float32)


def quantization(scale: float, zero_point: int = 0, low: int = -128, high: int = 127) -> Quantization:
    return Quantization(np.array(scale, np.float32), np.array(zero_point, np.int32), low, high)


def exact_quantize(x: np.ndarray, q: Quantization) -> list[int]:
    scale, zero_point = fraction(q.scale), int(q.zero_point)
    steps = [half_even(to_float32(fraction(v) / scale)) for v in x.ravel()]
    return [min(max(step + zero_point, q.low), q.high) for step in steps]


def exact_range(x: np.ndarray) -> tuple[Fraction, Fraction]:
    values = [fraction(v) for v in x.ravel()] + [Fraction(0)]
    return min(values), max(values)


@pytest.mark.parametrize("bits", [8, 4, 2])
@pytest.mark.parametrize("seed", range(20))
def test_symmetric_equals_exact_arithmetic(bits: int, seed: int) -> None:
    x = tensor(seed, (40,))
    q = symmetric(x, bits)
    low, high = exact_range(x)
    assert fraction(q.scale) == to_float32(max(high, -low) / HIGH[bits])
    assert (q.low, q.high, int(q.zero_point), q.axis) == (-HIGH[bits], HIGH[bits], 0, None)
    assert quantize(x, q).tolist() == exact_quantize(x, q)


@pytest.mark.parametrize("bits", [8, 4, 2])
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("seed", range(20))
def test_asymmetric_equals_exact_arithmetic(bits: int, signed: bool, seed: int) -> None:
    x = tensor(seed, (40,)) + np.float32(seed % 5 - 2) * np.float32(3)
    q = asymmetric(x, bits, signed)
    low, high = exact_range(x)
    steps = 2**bits - 1
    assert q.low == (-(2 ** (bits - 1)) if signed else 0) and q.high == q.low + steps
    scale = to_float32(to_float32(high - low) / steps)
    assert fraction(q.scale) == scale
    zero_point = half_even(to_float32(q.low - to_float32(low / scale)))
    assert int(q.zero_point) == min(max(zero_point, q.low), q.high)
    assert quantize(x, q).tolist() == exact_quantize(x, q)


@pytest.mark.parametrize("x", [[3.0, 8.0], [-3.0, -8.0], [-1.0, 5.0], [0.0, 1.0], [-1.0, 0.0]])
@pytest.mark.parametrize("signed", [True, False])
def test_asymmetric_represents_zero_exactly(x: list[float], signed: bool) -> None:
    q = asymmetric(x, signed=signed)
    assert dequantize(quantize([0.0], q), q).tolist() == [0.0]


def test_asymmetric_clamps_the_zero_point_of_a_subnormal_scale() -> None:
    q = asymmetric([-382 * 2.0**-149])  # 382 / 255 of the smallest float32, for which there is only 1
    assert float(q.scale) == 2.0**-149 and int(q.zero_point) == 127


def test_asymmetric_uses_the_full_range() -> None:
    x = [-1.0, 3.0]
    assert quantize(x, asymmetric(x)).tolist() == [-128, 127]
    assert quantize(x, asymmetric(x, signed=False)).tolist() == [0, 255]
    assert quantize(x, asymmetric(x, bits=4)).tolist() == [-8, 7]
    assert quantize(x, asymmetric(x, bits=2, signed=False)).tolist() == [0, 3]


@pytest.mark.parametrize("bits", [8, 4, 2])
def test_symmetric_uses_the_narrow_range(bits: int) -> None:
    x = [-5.0, 5.0]
    assert quantize(x, symmetric(x, bits)).tolist() == [-HIGH[bits], HIGH[bits]]


@pytest.mark.parametrize("scheme", [symmetric, asymmetric])
@pytest.mark.parametrize("x", [0.0, [0.0, -0.0], [[0.0]], 1e-45])
def test_empty_range_has_scale_one(scheme: type, x: object) -> None:
    q = scheme(x)
    assert float(q.scale) == 1.0
    assert quantize(x, q).ravel().tolist() == [int(q.zero_point)] * np.size(x)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [7.0, -7.0, 1e-30, -3e38])
def test_constant_tensor_takes_the_outermost_integer(value: float) -> None:
    x = [value] * 3
    assert quantize(x, symmetric(x)).tolist() == [127 if value > 0 else -127] * 3
    assert quantize(x, asymmetric(x)).tolist() == [127 if value > 0 else -128] * 3


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("scheme", [symmetric, asymmetric])
def test_per_channel_equals_each_channel_alone(scheme: type, axis: int) -> None:
    x = tensor(3, (2, 3, 4)) + np.float32(0.25)
    q = scheme(x, axis=axis)
    assert q.axis == axis % 3 and q.scale.shape == q.zero_point.shape == (x.shape[axis],)
    integers, back = quantize(x, q), dequantize(quantize(x, q), q)
    for c in range(x.shape[axis]):
        channel = np.take(x, c, axis)
        alone = scheme(channel)
        assert q.scale[c] == alone.scale and q.zero_point[c] == alone.zero_point
        assert np.array_equal(np.take(integers, c, axis), quantize(channel, alone))
        assert np.array_equal(np.take(back, c, axis), dequantize(quantize(channel, alone), alone))


def test_quantize_rounds_half_to_even() -> None:
    x = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]
    assert quantize(x, quantization(1.0)).tolist() == [-2, -2, 0, 0, 2, 2]
    assert quantize(x, quantization(1.0, zero_point=1)).tolist() == [-1, -1, 1, 1, 3, 3]


@pytest.mark.parametrize("scale", [3.0, 5.0, 7.0, 49.0, 101.0, 1021.0])
def test_quantize_divides_by_the_scale(scale: float) -> None:
    steps = np.arange(-128, 127)
    x = (steps + 0.5) * scale  # exact ties, which a multiplication by 1 / scale would miss
    want = [half_even(Fraction(2 * int(i) + 1, 2)) for i in steps]
    assert quantize(x, quantization(scale)).tolist() == want


def test_quantize_clamps_values_of_any_size() -> None:
    x = [-3e38, -1e9, 129.4, 3e38]
    assert quantize(x, quantization(1.0, zero_point=-3)).tolist() == [-128, -128, 126, 127]
    assert quantize(x, quantization(2.0**-149, zero_point=-3)).tolist() == [-128, -128, 127, 127]
    assert quantize(x, quantization(1.0, 10, 0, 255)).tolist() == [0, 0, 139, 255]


@pytest.mark.parametrize(
    ("low", "high", "dtype"), [(-128, 127, np.int8), (0, 127, np.int8), (0, 255, np.uint8)]
)
def test_quantize_gives_the_dtype_of_its_range(low: int, high: int, dtype: type) -> None:
    q = quantize([1.0], quantization(1.0, 0, low, high))
    assert q.dtype == dtype == storage(low, high)


@pytest.mark.parametrize("zero_point", [-128, -3, 0, 127])
def test_dequantize_inverts_quantize_on_every_integer(zero_point: int) -> None:
    q = quantization(float(np.float32(0.1)), zero_point)
    integers = np.arange(-128, 128)
    real = dequantize(integers, q)
    assert real.dtype == np.float32
    assert [fraction(v) for v in real] == [
        to_float32((int(i) - zero_point) * fraction(q.scale)) for i in integers
    ]
    assert np.array_equal(quantize(real, q), integers)


def test_dequantized_values_are_within_half_a_step() -> None:
    x = tensor(5, (1000,))
    q = symmetric(x)
    step = fraction(q.scale)
    back = [fraction(v) for v in dequantize(quantize(x, q), q)]
    # Half a step, and the float32 roundings of the scale, the quotient and the product.
    bound = step / 2 + 3 * 127 * step * Fraction(1, 2**24)
    assert all(abs(b - fraction(v)) <= bound for b, v in zip(back, x, strict=True))


@pytest.mark.parametrize("scheme", [symmetric, asymmetric])
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (dict(x=[0.0, math.nan]), ValueError, "x[1] must be finite in float32, not nan"),
        (dict(x=[math.inf]), ValueError, "x[0] must be finite in float32, not inf"),
        (dict(x=[]), ValueError, "x must not be empty, but has shape (0,)"),
        (dict(x=["a"]), TypeError, "x must be real numbers, not <U1"),
        (dict(x=[1.0, [2.0]]), TypeError,
         "x must be an array, or lists of numbers that are equally long, not list"),
        (dict(x=[1.0], bits=8.0), ValueError, "bits must be one of 8, 4, 2, not 8.0"),
        (dict(x=[1.0], bits=3), ValueError, "bits must be one of 8, 4, 2, not 3"),
        (dict(x=[[1.0]], axis=2), ValueError, "axis must be in -2..1, not 2"),
        (dict(x=[[1.0]], axis=0.0), TypeError, "axis must be integers of at most 64 bits, not float64"),
    ],
)
def test_scheme_refuses_bad_input(
    scheme: type, arguments: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as raised:
        scheme(**arguments)
    assert str(raised.value) == message


def test_scheme_refuses_an_axis_of_a_scalar() -> None:
    with pytest.raises(ValueError) as raised:
        symmetric(1.0, axis=0)
    assert str(raised.value) == "axis must be None for a scalar, not 0"
    with pytest.raises(TypeError, match=r"^axis must be integers of at most 64 bits, not <U1$"):
        symmetric(1.0, axis="\x85")  # type: ignore[arg-type]


def test_asymmetric_refuses_a_range_beyond_float32() -> None:
    with pytest.raises(ValueError) as raised:
        asymmetric([-3e38, 3e38])
    assert str(raised.value) == "scale must be finite and > 0, not inf"


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ((0.0, 0, -128, 127), ValueError, "scale must be finite and > 0, not 0.0"),
        ((1.0, 128, -128, 127), ValueError, "zero_point must be in -128..127, not 128"),
        ((1.0, 0.0, -128, 127), TypeError, "zero_point must be integers of at most 64 bits, not float64"),
        ((1.0, 0, -129, 127), ValueError, "low..high must be a range within int8 or uint8, not -129..127"),
        ((1.0, 0, 5, 4), ValueError, "low..high must be a range within int8 or uint8, not 5..4"),
        ((1.0, 0, -1, 128), ValueError, "low..high must be a range within int8 or uint8, not -1..128"),
        (([1.0], [0], -128, 127), ValueError, "scale must have 0 dimensions, not 1"),
        ((1.0, 0, -128, 127, 0), ValueError, "scale must have 1 dimensions, not 0"),
        (([1.0], [0, 0], -128, 127, 0), ValueError, "zero_point must have shape (1,), not (2,)"),
        (([1.0], [0], -128, 127, -1), ValueError, "axis must be >= 0, not -1"),
        (([1.0], [0], -128, 127, 0.5), TypeError, "axis must be integers of at most 64 bits, not float64"),
        ((1.0, 0, -1.5, 127), TypeError, "low must be integers of at most 64 bits, not float64"),
        ((1.0, 0, 0, None), TypeError, "high must be integers of at most 64 bits, not object"),
    ],
)
def test_quantization_refuses_bad_fields(
    fields: tuple[object, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as raised:
        Quantization(*fields)  # type: ignore[arg-type]
    assert str(raised.value) == message


def test_quantize_refuses_bad_input() -> None:
    q = Quantization(np.ones(2, np.float32), np.zeros(2, np.int32), -128, 127, 1)
    with pytest.raises(ValueError) as raised:
        quantize([[1.0, 2.0, 3.0]], q)
    assert str(raised.value) == "x must have 2 channels on axis 1, but has shape (1, 3)"
    with pytest.raises(ValueError) as raised:
        quantize([1.0, 2.0], q)
    assert str(raised.value) == "x must have 2 channels on axis 1, but has shape (2,)"
    with pytest.raises(ValueError) as raised:
        quantize([[1.0, math.nan]], q)
    assert str(raised.value) == "x[0, 1] must be finite in float32, not nan"


def test_dequantize_refuses_bad_input() -> None:
    q = quantization(1.0, 0, -7, 7)
    with pytest.raises(ValueError) as raised:
        dequantize([0, 8], q)
    assert str(raised.value) == "x[1] must be in -7..7, not 8"
    with pytest.raises(TypeError) as raised_type:
        dequantize([0.5], q)
    assert str(raised_type.value) == "x must be integers of at most 64 bits, not float64"


def test_subnormal_scale_is_used_as_it_is() -> None:
    x = [200 * 2.0**-149, -(2.0**-149)]  # 200 / 127 of the smallest float32 becomes 2 of it
    q = symmetric(x)
    assert float(q.scale) == 2 * 2.0**-149
    assert quantize(x, q).tolist() == [100, 0] and dequantize([100], q).tolist() == [200 * 2.0**-149]


@pytest.mark.parametrize("zero_point", [-128, -3, 0, 127])
def test_clipped_is_what_the_clamp_changes(zero_point: int) -> None:
    scale = float(np.float32(0.37))
    x = np.linspace(-110, 110, 3001).astype(np.float32)
    q = quantization(scale, zero_point)
    free = [half_even(to_float32(fraction(v) / fraction(q.scale))) + zero_point for v in x]
    assert clipped(x, q).tolist() == [not -128 <= value <= 127 for value in free]
    assert clipped([3e38, -3e38], quantization(2.0**-149)).tolist() == [True, True]
