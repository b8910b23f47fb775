"""Error figures against fractions, and their limits: nothing lost, nothing there."""

import math
from fractions import Fraction

import numpy as np
import pytest

from golden.errors import compare, measure
from golden.quantize import Quantization, asymmetric, binary, dequantize, quantize, symmetric
from golden.tests.exact import fraction, half_even, to_float32


def near(got: float, want: Fraction) -> bool:
    return abs(Fraction(got) - want) <= abs(want) * Fraction(1, 10**12)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("share", [1.0, 0.5, 0.01])
def test_measure_equals_exact_arithmetic(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    x = (rng.normal(0, 1, 200) * 10.0 ** rng.uniform(-5, 5)).astype(np.float32)
    q = (symmetric if seed % 2 else asymmetric)(x * np.float32(share), 4)
    scale, zero_point = fraction(q.scale), int(q.zero_point)
    errors, clipped = [], []
    for v in x:
        level = half_even(to_float32(fraction(v) / scale)) + zero_point
        clipped.append(not q.low <= level <= q.high)
        errors.append(to_float32((min(max(level, q.low), q.high) - zero_point) * scale) - fraction(v))
    got = measure(x, q)
    squares = [e * e for e in errors]
    assert got.count == len(x) and got.clipped == sum(clipped) and got.clipped_share == sum(clipped) / len(x)
    assert near(got.mse, sum(squares, Fraction(0)) / len(x))
    assert near(got.mae, sum(map(abs, errors), Fraction(0)) / len(x))
    assert got.max_error == float(max(map(abs, errors)))
    parts = {flag: sum((s for s, c in zip(squares, clipped, strict=True) if c == flag), Fraction(0)) for flag in (0, 1)}
    assert near(got.rounding_mse, parts[0] / len(x)) and near(got.clipping_mse, parts[1] / len(x))
    signal = sum((fraction(v) ** 2 for v in x), Fraction(0))
    assert math.isclose(got.sqnr_db, 10 * math.log10(signal / sum(squares, Fraction(0))), rel_tol=1e-12)


@pytest.mark.parametrize("axis", [0, 1])
def test_measure_per_channel_is_the_mean_of_the_channels(axis: int) -> None:
    x = np.random.default_rng(3).normal(0, 1, (4, 4)).astype(np.float32) * np.array([1, 2, 3, 4], np.float32)
    whole = measure(x, symmetric(x, 4, axis))
    alone = [measure(c, symmetric(c, 4)) for c in np.moveaxis(x, axis, 0)]
    assert math.isclose(whole.mse, sum(e.mse for e in alone) / 4) and whole.clipped == sum(e.clipped for e in alone)


def test_nothing_lost_is_infinite_decibels() -> None:
    for x in ([1.0, -2.0], [0.0, 0.0]):
        got = measure(x, Quantization(np.float32(1), np.int32(0), -128, 127))  # type: ignore[arg-type]
        assert (got.mse, got.mae, got.max_error, got.sqnr_db, got.clipped) == (0.0, 0.0, 0.0, math.inf, 0)


def test_nothing_there_is_minus_infinite_decibels() -> None:
    assert compare([0.0, 0.0], [1.0, -1.0]).sqnr_db == -math.inf


def test_sqnr_of_the_smallest_values_does_not_vanish() -> None:
    assert compare([3e38, 3e38], [1.5e38, 1.5e38]).sqnr_db == pytest.approx(20 * math.log10(2), rel=1e-12)
    tiny = 2.0**-149
    assert compare([tiny * 2], [tiny]).sqnr_db == pytest.approx(20 * math.log10(2), rel=1e-12)


def test_compare_serves_binary_weights() -> None:
    signs, q = binary([1.0, -3.0])
    got = compare([1.0, -3.0], dequantize(signs, q))
    assert (got.mse, got.clipped, got.clipping_mse, got.rounding_mse) == (1.0, 0, 0.0, 1.0)


def test_rounding_of_a_million_uniform_values_is_a_twelfth_of_a_step() -> None:
    x = np.random.default_rng(4).uniform(-100, 100, 10**6)
    got = measure(x, Quantization(np.float32(1), np.int32(0), -128, 127))  # type: ignore[arg-type]
    assert abs(got.mse * 12 - 1) < 0.01 and quantize(x, symmetric(x)).dtype == np.int8


@pytest.mark.parametrize(
    ("x", "restored", "error", "message"),
    [
        ([], [], ValueError, "x must not be empty, but has shape (0,)"),
        ([math.nan], [0.0], ValueError, "x[0] must be finite in float32, not nan"),
        ([0.0], [math.inf], ValueError, "restored[0] must be finite in float32, not inf"),
        ([0.0], [0.0, 1.0], ValueError, "restored must have shape (1,), not (2,)"),
        (["a"], [0.0], TypeError, "x must be real numbers, not <U1"),
    ],
)
def test_compare_refuses_bad_input(x: object, restored: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as raised:
        compare(x, restored)  # type: ignore[arg-type]
    assert str(raised.value) == message
