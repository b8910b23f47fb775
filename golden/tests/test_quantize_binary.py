"""Binary weights: signs and one magnitude."""

import math
from fractions import Fraction

import numpy as np
import pytest

from golden.quantize import binary, dequantize
from golden.tests.exact import fraction, to_float32
from golden.tests.test_quantize import tensor

# Binary -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_binary_is_the_sign_and_the_mean_magnitude(axis: int | None) -> None:
    x = tensor(7, (6, 5))
    signs, q = binary(x, axis)
    assert signs.dtype == np.int8 and signs.tolist() == [[1 if v >= 0 else -1 for v in row] for row in x]
    channels = [x] if axis is None else list(np.moveaxis(x, axis, 0))
    want = [float(to_float32(sum((abs(fraction(v)) for v in c.ravel()), Fraction(0)) / c.size)) for c in channels]
    assert np.atleast_1d(q.scale).tolist() == want
    assert (q.low, q.high, q.axis) == (-1, 1, None if axis is None else axis % 2) and not q.zero_point.any()


def test_binary_scale_has_the_least_squared_error() -> None:
    x = tensor(8, (50,))
    _, q = binary(x)

    def error(scale: Fraction) -> Fraction:
        return sum(((abs(fraction(v)) - scale) ** 2 for v in x), Fraction(0))

    best = fraction(q.scale)
    assert all(error(best) < error(best * share) for share in (Fraction(999, 1000), Fraction(1001, 1000)))


@pytest.mark.parametrize("value", [0.25, -0.25])
def test_binary_keeps_a_constant_exactly(value: float) -> None:
    signs, q = binary([value, value])
    assert dequantize(signs, q).tolist() == [value, value]


def test_binary_counts_zero_as_positive() -> None:
    assert binary([0.0, -0.0, -1.0])[0].tolist() == [1, 1, -1]


@pytest.mark.parametrize(
    ("x", "axis", "message"),
    [
        ([0.0, 0.0], None, "mean|x| must be finite and > 0, not 0.0"),
        ([[1.0], [0.0]], 0, "mean|x|[1] must be finite and > 0, not 0.0"),
        ([math.nan], None, "x[0] must be finite in float32, not nan"),
        ([-math.inf], None, "x[0] must be finite in float32, not -inf"),
        ([], None, "x must not be empty, but has shape (0,)"),
        ([1.0], 1, "axis must be in -1..0, not 1"),
    ],
)
def test_binary_refuses_bad_input(x: object, axis: int | None, message: str) -> None:
    with pytest.raises(ValueError) as raised:
        binary(x, axis)  # type: ignore[arg-type]
    assert str(raised.value) == message
