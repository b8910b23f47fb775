"""Products and sums against Python integers, the bounds on K, and the fold of a zero point into the bias."""

import warnings

import numpy as np
import pytest

from golden.matmul import accumulate, fold_bias, largest_k

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1


def int8(x: object) -> np.ndarray:
    return np.array(x, np.int8)


def uint8(x: object) -> np.ndarray:
    return np.array(x, np.uint8)


def wrap(x: int) -> int:
    return (x + 2**31) % 2**32 - 2**31


def reference(
    a: np.ndarray, w: np.ndarray, a_zp: int = 0, w_zp: list[int] | None = None, bias: list[int] | None = None
) -> list[list[int]]:
    rows, inner = a.shape
    columns = w.shape[1]
    w_zp = w_zp or [0] * columns
    bias = bias or [0] * columns
    return [
        [
            wrap(sum((int(a[r, k]) - a_zp) * (int(w[k, c]) - w_zp[c]) for k in range(inner)) + bias[c])
            for c in range(columns)
        ]
        for r in range(rows)
    ]


def operand(rng: np.random.Generator, dtype: type, shape: tuple[int, int]) -> np.ndarray:
    """Half random values, half extremes."""
    info = np.iinfo(dtype)
    values = rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)
    extremes = rng.choice(np.array([info.min, info.max], dtype), shape)
    return np.where(rng.random(shape) < 0.5, values, extremes)


@pytest.mark.parametrize("a_dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("w_dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 7, 3), (5, 3, 1), (4, 16, 6)])
def test_accumulate_equals_python_integers(a_dtype: type, w_dtype: type, shape: tuple[int, int, int]) -> None:
    rows, inner, columns = shape
    rng = np.random.default_rng(1)
    a, w = operand(rng, a_dtype, (rows, inner)), operand(rng, w_dtype, (inner, columns))
    assert accumulate(a, w).tolist() == reference(a, w)
    a_limits, w_limits = np.iinfo(a_dtype), np.iinfo(w_dtype)
    for a_zp in (a_limits.min, 0, 3, a_limits.max):
        w_zp = rng.integers(w_limits.min, w_limits.max, columns, endpoint=True).tolist()
        bias = rng.integers(-(2**20), 2**20, columns).tolist()
        got = accumulate(a, w, a_zp=a_zp, w_zp=w_zp, bias=bias)
        assert got.dtype == np.int32
        assert got.tolist() == reference(a, w, a_zp, w_zp, bias)


def test_accumulate_takes_one_weight_zero_point_for_all_channels() -> None:
    a, w = int8([[1, 2]]), uint8([[3, 4], [5, 6]])
    assert accumulate(a, w, w_zp=255).tolist() == reference(a, w, 0, [255, 255])


def test_accumulate_is_exact_at_the_largest_k() -> None:
    for max_w in (127, 128):
        k = largest_k(128, max_w)
        w = np.full((k, 1), -max_w, np.int8)
        assert accumulate(np.full((1, k), -128, np.int8), w).tolist() == [[k * 128 * max_w]]


@pytest.mark.parametrize(
    ("a_value", "a_zp", "w_value", "w_zp", "bound"),
    [
        (-128, 0, -127, 0, 132104),
        (-128, 0, -128, 0, 131071),
        (127, -128, 127, 0, 66311),
        (127, -128, -128, 0, 65793),
        (127, -128, 127, -128, 33025),
    ],
)
def test_accumulate_warns_just_past_the_bound(
    a_value: int, a_zp: int, w_value: int, w_zp: int, bound: int
) -> None:
    total = (a_value - a_zp) * (w_value - w_zp)
    for k in (bound, bound + 1):
        a, w = np.full((1, k), a_value, np.int8), np.full((k, 1), w_value, np.int8)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            got = accumulate(a, w, a_zp=a_zp, w_zp=w_zp)
        assert got.tolist() == [[wrap(k * total)]]
        messages = [str(w.message) for w in caught]
        want = f"K must be at most {bound} to rule out int32 overflow, not {bound + 1}"
        assert messages == ([want] if k > bound else [])


def test_accumulate_wraps_below_int32_too() -> None:
    k = 131073
    a, w = np.full((1, k), -128, np.int8), np.full((k, 1), 127, np.int8)
    bias = [-(2**31)]
    with pytest.warns(RuntimeWarning, match="^sums with bias must be within int32; some wrapped"):
        got = accumulate(a, w, bias=bias)
    assert got.tolist() == [[wrap(k * -128 * 127 - 2**31)]]


@pytest.mark.parametrize(("bias", "a", "want"), [(INT32_MAX, 1, INT32_MIN), (INT32_MIN, -1, INT32_MAX)])
def test_accumulate_warns_when_a_bias_wraps(bias: int, a: int, want: int) -> None:
    with pytest.warns(RuntimeWarning, match="some wrapped"):
        assert accumulate(int8([[a]]), int8([[1]]), bias=[bias]).tolist() == [[want]]


@pytest.mark.parametrize("bias", [INT32_MIN, INT32_MAX])
def test_accumulate_takes_extreme_biases_silently(bias: int) -> None:
    assert accumulate(int8([[0]]), int8([[1]]), bias=[bias]).tolist() == [[bias]]


def test_accumulate_with_zero_weights_never_warns() -> None:
    a, w = np.full((1, 140_000), -128, np.int8), np.zeros((140_000, 1), np.int8)
    assert accumulate(a, w).tolist() == [[0]]


@pytest.mark.parametrize(
    ("max_a", "max_w", "bound"),
    [
        (128, 127, 132104),  # no zero point, |w| <= 127
        (128, 128, 131071),  # no zero point, any int8
        (255, 127, 66311),  # any activation zero point, |w| <= 127
        (255, 128, 65793),  # any activation zero point, any int8 weight
        (255, 255, 33025),  # any zero points
    ],
)
def test_largest_k_is_the_published_bound(max_a: int, max_w: int, bound: int) -> None:
    assert largest_k(max_a, max_w) == bound
    assert bound * max_a * max_w <= INT32_MAX < (bound + 1) * max_a * max_w


@pytest.mark.parametrize("acc_width", range(2, 65))
def test_largest_k_follows_the_accumulator_width(acc_width: int) -> None:
    largest = 2 ** (acc_width - 1) - 1
    assert largest_k(1, 1, acc_width) == largest
    k = largest_k(128, 128, acc_width)
    assert k * 2**14 <= largest < (k + 1) * 2**14


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fold_and_subtract_agree(dtype: type, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, w = operand(rng, dtype, (5, 33)), operand(rng, np.int8, (33, 7))
    bias = rng.integers(-(2**30), 2**30, 7)
    limits = np.iinfo(dtype)
    for a_zp in (limits.min, limits.min + 1, 0, 17, limits.max):
        want = accumulate(a, w, a_zp=a_zp, bias=bias)
        assert np.array_equal(accumulate(a, w, bias=fold_bias(bias, w, a_zp)), want)


def test_fold_bias_reaches_both_ends_of_int32() -> None:
    w = int8([[127, -127]])
    got = fold_bias([INT32_MAX - 127, INT32_MIN + 127], w, -1)
    assert got.dtype == np.int32 and got.tolist() == [INT32_MAX, INT32_MIN]


GOOD = dict(a=int8([[1, 2]]), w=int8([[1, 2, 3], [4, 5, 6]]))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (dict(a=np.ones((1, 2), np.int16)), TypeError, "a must be int8 or uint8, not int16"),
        (dict(a=[[1, 2]]), TypeError, "a must be int8 or uint8, not int64"),
        (dict(w=np.ones((2, 3))), TypeError, "w must be int8 or uint8, not float64"),
        (dict(w=np.ones((2, 3), bool)), TypeError, "w must be int8 or uint8, not bool"),
        (dict(a=int8([1, 2])), ValueError, "a must have 2 dimensions, not 1"),
        (dict(w=int8(1)), ValueError, "w must have 2 dimensions, not 0"),
        (dict(a=np.zeros((3, 0), np.int8)), ValueError, "a must not be empty, but has shape (3, 0)"),
        (dict(a=int8([[1]])), ValueError, "w must have as many rows as a has columns, 1, not 2"),
        (dict(a_zp=128), ValueError, "a_zp must be in -128..127, not 128"),
        (dict(a=uint8([[1, 2]]), a_zp=-1), ValueError, "a_zp must be in 0..255, not -1"),
        (dict(a_zp=[0]), ValueError, "a_zp must have 0 dimensions, not 1"),
        (dict(a_zp=0.0), TypeError, "a_zp must be integers of at most 64 bits, not float64"),
        (dict(w_zp=[0, 200, 0]), ValueError, "w_zp[1] must be in -128..127, not 200"),
        (dict(w_zp=[0, 0]), ValueError, "w_zp must be a scalar or have shape (3,), not (2,)"),
        (dict(bias=[1, 2]), ValueError, "bias must have shape (3,), not (2,)"),
        (dict(bias=7), ValueError, "bias must have shape (3,), not ()"),
        (
            dict(bias=[0, 0, -(2**31) - 1]),
            ValueError,
            f"bias[2] must be in {INT32_MIN}..{INT32_MAX}, not {INT32_MIN - 1}",
        ),
        (dict(bias=[0.0, 0.0, 0.0]), TypeError, "bias must be integers of at most 64 bits, not float64"),
    ],
)
def test_accumulate_refuses_bad_input(
    change: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as raised:
        accumulate(**(GOOD | change))  # type: ignore[arg-type]
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (dict(bias=[1, 2]), ValueError, "bias must have shape (3,), not (2,)"),
        (dict(w=np.zeros((2, 3))), TypeError, "w must be int8 or uint8, not float64"),
        (dict(a_zp=256), ValueError, "a_zp must be in -128..255, not 256"),
        (dict(a_zp=[1, 1, 1]), ValueError, "a_zp must have 0 dimensions, not 1"),
        (
            dict(bias=[0, INT32_MAX, 0]),
            ValueError,
            f"folded bias[1] must be in {INT32_MIN}..{INT32_MAX}, not {INT32_MAX + 7}",
        ),
    ],
)
def test_fold_bias_refuses_bad_input(change: dict[str, object], error: type[Exception], message: str) -> None:
    arguments = dict(bias=[0, 0, 0], w=GOOD["w"], a_zp=-1) | change
    with pytest.raises(error) as raised:
        fold_bias(**arguments)  # type: ignore[arg-type]
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 1), "max_a must be in 1..2147483648, not 0"),
        ((1, 0), "max_w must be in 1..2147483648, not 0"),
        ((1, 1, 1), "acc_width must be in 2..64, not 1"),
        ((1, 1, 65), "acc_width must be in 2..64, not 65"),
    ],
)
def test_largest_k_refuses_bad_input(arguments: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError) as raised:
        largest_k(*arguments)
    assert str(raised.value) == message
