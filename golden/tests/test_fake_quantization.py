"""Values against quantize and dequantize by fractions, the gradient against a clamp without rounding."""

import math
from fractions import Fraction

import numpy as np
import pytest

from golden.fake_quantization import fake_quantize, straight_through
from golden.quantize import Quantization, asymmetric, symmetric
from golden.tests.exact import fraction, half_even, to_float32


@pytest.mark.parametrize("bits", [8, 4, 2])
@pytest.mark.parametrize("share", [1.0, 0.4])
def test_values_and_mask_equal_exact_arithmetic(bits: int, share: float) -> None:
    x = np.random.default_rng(bits).normal(0.3, 2, 300).astype(np.float32)
    q = asymmetric(x * np.float32(share), bits)
    values, passes = fake_quantize(x, q)
    scale, zero_point = fraction(q.scale), int(q.zero_point)
    levels = [half_even(to_float32(fraction(v) / scale)) + zero_point for v in x]
    want = [to_float32((min(max(level, q.low), q.high) - zero_point) * scale) for level in levels]
    assert values.dtype == np.float32 and [fraction(v) for v in values] == want
    assert passes.dtype == bool and passes.tolist() == [q.low <= level <= q.high for level in levels]
    assert passes.all() == (share == 1.0)


def test_gradient_is_that_of_the_clamp() -> None:
    q = Quantization(np.float32(0.5), np.int32(3), -8, 7)  # type: ignore[arg-type]
    low, high = (q.low - 3.5) * 0.5, (q.high - 2.5) * 0.5  # half a step beyond the outermost integers
    x = np.array([-9.0, -4.25, -1.3, 0.0, 0.1, 1.9, 2.3, 9.0], np.float32)
    _, passes = fake_quantize(x, q)

    def clamp(v: float) -> Fraction:
        return Fraction(min(max(v, low), high))

    step = 2.0**-10
    slopes = [(clamp(float(v) + step) - clamp(float(v) - step)) / Fraction(2 * step) for v in x]
    got = straight_through(np.full(len(x), 3.0), passes)
    assert got.tolist() == [float(3 * slope) for slope in slopes]


def test_values_on_the_grid_stay_and_pass() -> None:
    x = np.arange(-7, 8, dtype=np.float32) * np.float32(0.25)
    values, passes = fake_quantize(x, symmetric(x, 4))
    assert np.array_equal(values, x) and passes.all()


def test_faking_twice_changes_nothing() -> None:
    x = np.random.default_rng(1).normal(0, 1, (20, 5))
    q = symmetric(x, 4, axis=1)
    once, _ = fake_quantize(x, q)
    assert np.array_equal(fake_quantize(once, q)[0], once)


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^x\[0\] must be finite in float32, not nan$"):
        fake_quantize([math.nan], symmetric([1.0]))
    with pytest.raises(ValueError, match=r"^x must not be empty, but has shape \(0,\)$"):
        fake_quantize([], symmetric([1.0]))
