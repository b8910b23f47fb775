"""Requantization: from an int32 accumulator to an 8-bit result, one function per rounding mode.

Fixed point, with an integer multiplier m, a right shift s and a rounding constant R:

    q = clamp(((acc * m + R) >> s) + zp, qmin, qmax)

* SINGLE     R = 2^(s-1): half up.  TOSA RESCALE with SINGLE_ROUND.
* DOUBLE     R = 2^(s-1), and for s > 31 another 2^30 with the sign of acc: the two roundings of gemmlowp
             and of the TFLite reference kernels (SaturatingRoundingDoublingHighMul, then
             RoundingDivideByPOT), TOSA RESCALE with DOUBLE_ROUND.
* DOUBLE_UP  R = 2^(s-1), and for s > 31 another +2^30: two roundings, both half up, as in ruy on x86.

Floating point, with an IEEE 754 binary32 scale:

* F32        q = clamp(rint(float32(acc) * scale) + zp, qmin, qmax), each rounding half to even.
             ONNX Runtime, XNNPACK, QNNPACK.

The arguments have the same meaning in every function:

* acc: int32 values; a scalar, [N] or [M, N] (any number of dimensions, the last is the output channel).
* m, s, scale: one, or one per channel [N]; 0 <= m < 2^31, 2 <= s <= 62, scale a finite float32 > 0.
* zp: output zero point, one or one per channel [N], -256..255.
* qmin, qmax: the activation clamp in quantized units, -256..255, qmin <= qmax.  A ReLU is
  qmin = max(qmin, zp).

Each returns int32 of the shape of acc.  The doctests scale by 1/2 or 1/4, so that ties are easy to see.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from golden import check

Q_MIN, Q_MAX = -256, 255


def requantize_single(
    acc: npt.ArrayLike, m: npt.ArrayLike, s: npt.ArrayLike, zp: npt.ArrayLike, qmin: int, qmax: int
) -> npt.NDArray[np.int32]:
    """Requantize with one rounding, half up: R = 2^(s-1).

    >>> requantize_single([-3, -2, -1, 0, 1, 2, 3], 2**30, 31, 0, -128, 127).tolist()
    [-1, -1, 0, 0, 1, 1, 2]
    >>> requantize_single([-6, -4, -2, 0, 2, 4, 6], 2**30, 32, 0, -128, 127).tolist()
    [-1, -1, 0, 0, 1, 1, 2]

    However close a product comes to a tie, the exact product decides:

    >>> requantize_single([-6, -2, 2, 6], 2**30 - 1, 32, 0, -128, 127).tolist()
    [-1, 0, 0, 1]
    """
    acc, m, s = _fixed_point(acc, m, s)
    rounding = 1 << (s - 1)
    return clamp(((acc * m + rounding) >> s) + _zero_point(zp, acc), qmin, qmax)


def requantize_double(
    acc: npt.ArrayLike, m: npt.ArrayLike, s: npt.ArrayLike, zp: npt.ArrayLike, qmin: int, qmax: int
) -> npt.NDArray[np.int32]:
    """Requantize with two roundings, half up, then half away from zero: R = 2^(s-1) +- 2^30.

    The second rounding exists only for s > 31, where 2^30 takes the sign of acc; ties of smaller shifts go
    up, as in `requantize_single`.

    >>> requantize_double([-3, -2, -1, 0, 1, 2, 3], 2**30, 31, 0, -128, 127).tolist()
    [-1, -1, 0, 0, 1, 1, 2]
    >>> requantize_double([-6, -4, -2, 0, 2, 4, 6], 2**30, 32, 0, -128, 127).tolist()
    [-2, -1, -1, 0, 1, 1, 2]

    The first rounding carries a product just short of a tie to the tie, and the second away from zero:

    >>> requantize_double([-6, -2, 2, 6], 2**30 - 1, 32, 0, -128, 127).tolist()
    [-2, -1, 1, 2]
    """
    acc, m, s = _fixed_point(acc, m, s)
    rounding = (1 << (s - 1)) + np.where(s > 31, np.where(acc >= 0, 1 << 30, -(1 << 30)), 0)
    return clamp(((acc * m + rounding) >> s) + _zero_point(zp, acc), qmin, qmax)


def requantize_double_up(
    acc: npt.ArrayLike, m: npt.ArrayLike, s: npt.ArrayLike, zp: npt.ArrayLike, qmin: int, qmax: int
) -> npt.NDArray[np.int32]:
    """Requantize with two roundings, both half up: R = 2^(s-1) + 2^30, the second part for s > 31 only.

    >>> requantize_double_up([-3, -2, -1, 0, 1, 2, 3], 2**30, 31, 0, -128, 127).tolist()
    [-1, -1, 0, 0, 1, 1, 2]
    >>> requantize_double_up([-6, -4, -2, 0, 2, 4, 6], 2**30, 32, 0, -128, 127).tolist()
    [-1, -1, 0, 0, 1, 1, 2]

    Both other fixed-point modes differ from it somewhere here, SINGLE at 2 and 6, DOUBLE at -2 and -6:

    >>> requantize_double_up([-6, -2, 2, 6], 2**30 - 1, 32, 0, -128, 127).tolist()
    [-1, 0, 1, 2]
    """
    acc, m, s = _fixed_point(acc, m, s)
    rounding = (1 << (s - 1)) + np.where(s > 31, 1 << 30, 0)
    return clamp(((acc * m + rounding) >> s) + _zero_point(zp, acc), qmin, qmax)


def requantize_f32(
    acc: npt.ArrayLike, scale: npt.ArrayLike, zp: npt.ArrayLike, qmin: int, qmax: int
) -> npt.NDArray[np.int32]:
    """Requantize by one float32 multiplication and one rounding to an integer, half to even.

    There are three roundings, each half to even: acc to 24 significant bits, the product to 24 significant
    bits, and the product to an integer.  A product beyond float32 saturates to the clamp.

    >>> requantize_f32([-3, -2, -1, 0, 1, 2, 3], 0.5, 0, -128, 127).tolist()
    [-2, -1, 0, 0, 0, 1, 2]

    The first rounding: 2^24 + 1 becomes 2^24, and so the result a tie which goes to 0.

    >>> requantize_f32([2**24, 2**24 + 1, 2**24 + 2], 2.0**-25, 0, -128, 127).tolist()
    [0, 0, 1]

    The second: the float32 nearest to 1/6 is larger than 1/6, but three times it rounds to 1/2.

    >>> requantize_f32([-3, 3], np.float32(1 / 6), 0, -128, 127).tolist()
    [0, 0]
    """
    acc = _accumulators(acc)
    scale = check.scales("scale", scale)
    check.per_channel("scale", scale, _channels(acc))
    with np.errstate(over="ignore", under="ignore"):
        product = acc.astype(np.float32) * scale
    # Beyond +-2^10 every result is clamped whatever zp is, and a bounded value can be made an integer.
    nearest = np.rint(np.clip(product, -(2.0**10), 2.0**10)).astype(np.int64)
    return clamp(nearest + _zero_point(zp, acc), qmin, qmax)


def clamp(x: npt.ArrayLike, qmin: int, qmax: int) -> npt.NDArray[np.int32]:
    """Return `min(max(x, qmin), qmax)` as int32, for int64 `x` of any shape and -256 <= qmin <= qmax <= 255.

    >>> clamp([-300, 0, 300], -128, 127).tolist()
    [-128, 0, 127]
    """
    x = check.integers("x", x, -(2**63), 2**63 - 1)
    low = int(check.integers("qmin", qmin, Q_MIN, Q_MAX, ndim=0))
    high = int(check.integers("qmax", qmax, Q_MIN, Q_MAX, ndim=0))
    if low > high:
        raise ValueError(f"qmin must be <= qmax, {high}, not {low}")
    return np.asarray(np.clip(x, low, high), dtype=np.int32)


REQUANTIZE: dict[str, Callable[..., npt.NDArray[np.int32]]] = {
    "F32": requantize_f32,
    "SINGLE": requantize_single,
    "DOUBLE": requantize_double,
    "DOUBLE_UP": requantize_double_up,
}
"""By mode name.  F32 takes (acc, scale, zp, qmin, qmax), the others (acc, m, s, zp, qmin, qmax)."""


def _fixed_point(acc: npt.ArrayLike, m: npt.ArrayLike, s: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], ...]:
    """Check and return acc, m and s as int64.

    int64 holds every sum: |acc * m| <= 2^31 * (2^31 - 1) < 2^62 and |R| <= 2^61 + 2^30, together below 2^63.
    """
    acc = _accumulators(acc)
    m = check.integers("m", m, 0, 2**31 - 1)
    s = check.integers("s", s, 2, 62)
    check.per_channel("m", m, _channels(acc))
    check.per_channel("s", s, _channels(acc))
    return acc, m, s


def _accumulators(acc: npt.ArrayLike) -> npt.NDArray[np.int64]:
    return check.integers("acc", acc, check.INT32_MIN, check.INT32_MAX)


def _zero_point(zp: npt.ArrayLike, acc: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    zero = check.integers("zp", zp, Q_MIN, Q_MAX)
    check.per_channel("zp", zero, _channels(acc))
    return zero


def _channels(acc: npt.NDArray[np.int64]) -> int | None:
    return acc.shape[-1] if acc.ndim else None
