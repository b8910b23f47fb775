"""Every check: what it lets through unchanged, and the one line with which it refuses the rest."""

import numpy as np
import pytest

from golden import check


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int32, np.uint32, np.int64, np.uint64])
def test_integers_accepts_any_integer_dtype(dtype: type) -> None:
    got = check.integers("x", np.array([0, 5], dtype), 0, 5)
    assert got.dtype == np.int64 and got.tolist() == [0, 5]


def test_integers_includes_both_ends() -> None:
    assert check.integers("x", [-(2**63), 2**63 - 1], -(2**63), 2**63 - 1).tolist() == [-(2**63), 2**63 - 1]


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (True, TypeError, "x must be integers of at most 64 bits, not bool"),
        (1.0, TypeError, "x must be integers of at most 64 bits, not float64"),
        (2**64, TypeError, "x must be integers of at most 64 bits, not object"),
        (None, TypeError, "x must be integers of at most 64 bits, not object"),
        ("1", TypeError, "x must be integers of at most 64 bits, not <U1"),
        ([], ValueError, "x must not be empty, but has shape (0,)"),
        (10, ValueError, "x must be in 0..9, not 10"),
        (-1, ValueError, "x must be in 0..9, not -1"),
        (2**63, ValueError, f"x must be in 0..9, not {2**63}"),
        ([[1, 2], [3, 77]], ValueError, "x[1, 1] must be in 0..9, not 77"),
        ([88, 77], ValueError, "x[0] must be in 0..9, not 88"),
        (np.array([-1], np.int8), ValueError, "x[0] must be in 0..9, not -1"),
    ],
)
def test_integers_refuses_with_one_line(x: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as raised:
        check.integers("x", x, 0, 9)  # type: ignore[arg-type]
    assert str(raised.value) == message


def test_integers_refuses_wrong_dimensions() -> None:
    with pytest.raises(ValueError, match=r"^x must have 1 dimensions, not 2$"):
        check.integers("x", [[1]], 0, 9, ndim=1)
    with pytest.raises(ValueError, match=r"^x must have shape \(2,\), not \(3,\)$"):
        check.integers("x", [1, 2, 3], 0, 9, shape=(2,))


@pytest.mark.parametrize("kind", [float, np.float16, np.float32, np.float64])
def test_scales_gives_float32(kind: type) -> None:
    got = check.scales("x", kind(1.5))
    assert got.dtype == np.float32 and got == 1.5


def test_scales_accepts_the_whole_range_of_float32() -> None:
    ends = [2.0**-149, 2.0**-126, float(np.finfo(np.float32).max)]
    assert check.scales("x", ends).tolist() == ends


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (0.0, ValueError, "x must be finite and > 0, not 0.0"),
        (-0.0, ValueError, "x must be finite and > 0, not -0.0"),
        ([1.0, -1.0], ValueError, "x[1] must be finite and > 0, not -1.0"),
        (float("nan"), ValueError, "x must be finite and > 0, not nan"),
        (float("inf"), ValueError, "x must be finite and > 0, not inf"),
        (0.1, ValueError, "x must be a float32 value, not 0.1"),
        (1e39, ValueError, "x must be a float32 value, not 1e+39"),
        (1, TypeError, "x must be floating point, not int64"),
        (True, TypeError, "x must be floating point, not bool"),
        (1j, TypeError, "x must be floating point, not complex128"),
        (np.zeros((2, 0)), ValueError, "x must not be empty, but has shape (2, 0)"),
    ],
)
def test_scales_refuses_with_one_line(x: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as raised:
        check.scales("x", x)  # type: ignore[arg-type]
    assert str(raised.value) == message


def test_floats_rounds_to_float32() -> None:
    got = check.floats("x", [0.1, 1, -0.0])
    assert got.dtype == np.float32 and got.tolist() == [float(np.float32(0.1)), 1.0, 0.0]


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        ([0.0, float("nan")], ValueError, "x[1] must be finite in float32, not nan"),
        ([[float("-inf")]], ValueError, "x[0, 0] must be finite in float32, not -inf"),
        (1e39, ValueError, "x must be finite in float32, not 1e+39"),
        ([], ValueError, "x must not be empty, but has shape (0,)"),
        ([True], TypeError, "x must be real numbers, not bool"),
        ([1j], TypeError, "x must be real numbers, not complex128"),
    ],
)
def test_floats_refuses_with_one_line(x: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as raised:
        check.floats("x", x)  # type: ignore[arg-type]
    assert str(raised.value) == message


def test_floats_refuses_wrong_dimensions() -> None:
    with pytest.raises(ValueError, match=r"^x must have 2 dimensions, not 0$"):
        check.floats("x", 1.0, ndim=2)


def test_per_channel_accepts_a_scalar_or_one_value_per_channel() -> None:
    check.per_channel("x", np.array(1), None)
    check.per_channel("x", np.array(1), 4)
    check.per_channel("x", np.ones(4), 4)


@pytest.mark.parametrize(
    ("shape", "channels", "message"),
    [
        ((3,), 4, "x must be a scalar or have shape (4,), not (3,)"),
        ((1,), 4, "x must be a scalar or have shape (4,), not (1,)"),
        ((1, 4), 4, "x must be a scalar or have shape (4,), not (1, 4)"),
        ((1,), None, "x must be a scalar, not (1,)"),
    ],
)
def test_per_channel_refuses_other_shapes(shape: tuple[int, ...], channels: int | None, message: str) -> None:
    with pytest.raises(ValueError) as raised:
        check.per_channel("x", np.ones(shape), channels)
    assert str(raised.value) == message
