"""Every derivation against fractions, rounded as IEEE 754 and TFLite `QuantizeMultiplier` define it."""

import math
import random
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from golden.multiplier import multiplier_ruy, multiplier_tflite, scale_onnxruntime, scale_qnnpack
from golden.tests.exact import exponent_of, float32, fraction, to_float32, to_float64

Triple = tuple[np.float32, np.float32, np.float32]  # a, w, y
ONE = float32(2**23, -23)


def power(exponent: int) -> np.float32:
    subnormal = exponent < -126
    return float32(2 ** (exponent + 149), -149) if subnormal else float32(2**23, exponent - 23)


def onnxruntime(a: Fraction, w: Fraction, y: Fraction) -> Fraction:
    return to_float32(to_float32(a * w) / y)


def qnnpack(a: Fraction, w: Fraction, y: Fraction) -> Fraction:
    return to_float32(to_float32(w * a) * to_float32(1 / y))


def quantize_multiplier(d: Fraction) -> tuple[int, int]:
    """(m, s) of a double, in the order of TFLite."""
    if d == 0:
        return 0, 31
    e = exponent_of(d)
    m = math.floor(d / Fraction(2) ** e * 2**31 + Fraction(1, 2))
    if m == 2**31:
        m, e = m // 2, e + 1
    return (0, 31) if e < -31 else (m, 31 - e)


def tflite(a: Fraction, w: Fraction, y: Fraction) -> tuple[int, int]:
    return quantize_multiplier(to_float64(to_float64(a * w) / y))


def ruy(a: Fraction, w: Fraction, y: Fraction) -> tuple[int, int]:
    return quantize_multiplier(to_float64(to_float32(a * w) / y))


def random_scales(seed: int, spread: int, count: int = 4000) -> list[Triple]:
    """Scales of any mantissa; the larger `spread`, the more extreme a * w / y."""
    rng = random.Random(seed)
    mantissas = [2**23, 2**23 + 1, 2**24 - 1]

    def scale(centre: int) -> np.float32:
        mantissa = rng.choice(mantissas) if rng.random() < 0.2 else rng.randrange(2**23, 2**24)
        return float32(mantissa, rng.randint(centre - spread, centre + spread))

    return [(scale(-30), scale(-30), scale(-27)) for _ in range(count)]


@pytest.mark.parametrize(("derive", "want"), [(scale_onnxruntime, onnxruntime), (scale_qnnpack, qnnpack)])
@pytest.mark.parametrize("spread", [3, 25])
def test_scale_equals_exact_arithmetic(derive: Callable, want: Callable, spread: int) -> None:
    for a, w, y in random_scales(spread, spread):
        got = derive(a, w, y)
        assert got.dtype == np.float32 and got.shape == ()
        assert fraction(got) == want(fraction(a), fraction(w), fraction(y)), (a, w, y)


@pytest.mark.parametrize(("derive", "want"), [(multiplier_tflite, tflite), (multiplier_ruy, ruy)])
@pytest.mark.parametrize("spread", [3, 10])
def test_multiplier_equals_exact_arithmetic(derive: Callable, want: Callable, spread: int) -> None:
    for a, w, y in random_scales(spread, spread):
        m, s = derive(a, w, y)
        assert (m.dtype, s.dtype) == (np.int32, np.int8)
        assert (int(m), int(s)) == want(fraction(a), fraction(w), fraction(y)), (a, w, y)


@pytest.mark.parametrize("derive", [multiplier_tflite, multiplier_ruy])
@pytest.mark.parametrize("exponent", range(-40, 29))
def test_multiplier_of_a_power_of_two(derive: Callable, exponent: int) -> None:
    m, s = derive(ONE, power(exponent), ONE)
    assert (int(m), int(s)) == ((2**30, 30 - exponent) if exponent >= -32 else (0, 31))


def test_multiplier_rounds_half_away_from_zero() -> None:
    a, w = (
        float32(2**23 + 2**7, -23),
        float32(2**23 + 2**8, -23),
    )  # (1 + 2^-16) (1 + 2^-15), times 2^30: a tie
    exact = (2**16 + 1) * (2**15 + 1)
    assert exact % 2 == 1 and exact // 2 % 2 == 0  # half to even would go down
    m, s = multiplier_tflite(a, w, ONE)
    assert (int(m), int(s)) == (exact // 2 + 1, 30)


# a * w / y is below 1 by less than 2^-32: its significand rounds up to 2^31.
JUST_BELOW_ONE = float32(10656737, -23), float32(8730968, -23), float32(11091665, -23)


def test_multiplier_carries_when_the_significand_rounds_up_to_one() -> None:
    a, w, y = JUST_BELOW_ONE
    assert 1 - Fraction(2) ** -32 < fraction(a) * fraction(w) / fraction(y) < 1
    m, s = multiplier_tflite(a, w, y)
    assert (int(m), int(s)) == (2**30, 30)


def test_multiplier_carries_before_it_drops_tiny_factors() -> None:
    a, _, y = JUST_BELOW_ONE
    m, s = multiplier_tflite(a, float32(8730968, -23 - 32), y)
    assert (int(m), int(s)) == (2**30, 62)
    assert [int(v) for v in multiplier_tflite(a, float32(8730967, -23 - 32), y)] == [0, 31]


def test_multiplier_reaches_both_ends_of_the_shift() -> None:
    m, s = multiplier_tflite(ONE, [float32(2**24 - 1, 5), power(-32)], ONE)
    assert m.tolist() == [2**31 - 2**7, 2**30] and s.tolist() == [2, 62]


def test_multiplier_ruy_drops_a_product_below_float32() -> None:
    tiny = power(-80)
    m, s = multiplier_ruy(tiny, tiny, power(-120))
    assert (int(m), int(s)) == (0, 31)


def test_derivations_differ_from_each_other() -> None:
    triples = random_scales(7, 3)
    onnx = [float(scale_onnxruntime(*t)) for t in triples]
    assert onnx != [float(scale_qnnpack(*t)) for t in triples]
    assert [int(multiplier_tflite(*t)[0]) for t in triples] != [int(multiplier_ruy(*t)[0]) for t in triples]


@pytest.mark.parametrize("derive", [scale_onnxruntime, scale_qnnpack])
def test_scale_of_channels_is_the_scale_of_each(derive: Callable) -> None:
    triples = random_scales(8, 3, 50)
    a, _, y = triples[0]
    w = np.array([t[1] for t in triples])
    got = derive(a, w, y)
    assert got.shape == (50,) and got.tolist() == [float(derive(a, v, y)) for v in w]


@pytest.mark.parametrize("derive", [multiplier_tflite, multiplier_ruy])
def test_multiplier_of_channels_is_the_multiplier_of_each(derive: Callable) -> None:
    triples = random_scales(9, 10, 50)
    a, _, y = triples[0]
    w = np.array([t[1] for t in triples])
    m, s = derive(a, w, y)
    one_by_one = [tuple(int(v) for v in derive(a, v, y)) for v in w]
    assert list(zip(m.tolist(), s.tolist(), strict=True)) == one_by_one


DERIVATIONS = [scale_onnxruntime, scale_qnnpack, multiplier_tflite, multiplier_ruy]


@pytest.mark.parametrize("derive", DERIVATIONS)
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0.0, 1.0, 1.0), ValueError, "a_scale must be finite and > 0, not 0.0"),
        ((1.0, [1.0, float("nan")], 1.0), ValueError, "w_scale[1] must be finite and > 0, not nan"),
        ((1.0, 1.0, float("inf")), ValueError, "y_scale must be finite and > 0, not inf"),
        ((1.0, 0.1, 1.0), ValueError, "w_scale must be a float32 value, not 0.1"),
        ((1, 1.0, 1.0), TypeError, "a_scale must be floating point, not int64"),
        (([1.0], 1.0, 1.0), ValueError, "a_scale must be a scalar, not (1,)"),
        ((1.0, 1.0, [1.0, 1.0]), ValueError, "y_scale must be a scalar, not (2,)"),
        ((1.0, [[1.0]], 1.0), ValueError, "w_scale must have 1 dimensions, not 2"),
    ],
)
def test_derivation_refuses_bad_scales(
    derive: Callable, arguments: tuple[object, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as raised:
        derive(*arguments)
    assert str(raised.value) == message


@pytest.mark.parametrize("derive", [scale_onnxruntime, scale_qnnpack])
@pytest.mark.parametrize(("w", "got"), [(power(-149), "0.0"), (power(127), "inf")])
def test_scale_refuses_results_outside_float32(derive: Callable, w: np.float32, got: str) -> None:
    a = power(-10) if got == "0.0" else power(10)
    with pytest.raises(ValueError) as raised:
        derive(a, w, ONE)
    assert str(raised.value) == f"a_scale * w_scale / y_scale must be finite and > 0, not {got}"


@pytest.mark.parametrize("derive", [multiplier_tflite, multiplier_ruy])
def test_multiplier_refuses_factors_which_need_a_shift_below_2(derive: Callable) -> None:
    with pytest.raises(ValueError) as raised:
        derive(ONE, [power(28), power(29)], ONE)
    assert str(raised.value) == "a_scale * w_scale / y_scale must be below 2^29, not 536870912.0"


def test_multiplier_refuses_a_factor_which_rounds_up_to_2_29() -> None:
    a, _, y = JUST_BELOW_ONE
    with pytest.raises(ValueError, match=r"w_scale / y_scale must be below 2\^29, not 536870911\.8"):
        multiplier_tflite(a, float32(8730968, -23 + 29), y)


def test_multiplier_ruy_refuses_a_product_beyond_float32() -> None:
    with pytest.raises(ValueError) as raised:
        multiplier_ruy(power(100), power(100), power(127))
    assert str(raised.value) == "a_scale * w_scale must be finite in float32, not inf"


def test_scale_qnnpack_refuses_nothing_times_infinity() -> None:
    tiny = np.float32(2.0**-149)
    with pytest.raises(ValueError, match=r"^a_scale \* w_scale / y_scale must be finite and > 0, not nan$"):
        scale_qnnpack(tiny, 0.5, tiny)
