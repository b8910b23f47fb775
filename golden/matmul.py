"""Products and sums of quantized matrices.

`acc[m, n] = sum over k of (a[m, k] - a_zp) * (w[k, n] - w_zp[n]) + bias[n]`

This is the integer part of a quantized GEMM as gemmlowp, the TFLite reference kernels, ONNX (MatMulInteger)
and TOSA all define it.  The sum is exact; an accumulator which is too narrow for it keeps its low 32 bits,
two's complement.
"""

import warnings

import numpy as np
import numpy.typing as npt

from golden import check


def accumulate(
    a: npt.ArrayLike,
    w: npt.ArrayLike,
    *,
    a_zp: int = 0,
    w_zp: npt.ArrayLike = 0,
    bias: npt.ArrayLike | None = None,
) -> npt.NDArray[np.int32]:
    """Return the int32 accumulators [M, N] of `a` [M, K] times `w` [K, N].

    Parameters
    ----------
    a: activations, int8 or uint8; narrower activations are passed as int8.
    w: weights, int8 or uint8; narrower weights are passed as int8.
    a_zp: zero point of `a`, within the range of its dtype.
    w_zp: zero point of `w`, within the range of its dtype; one, or one per output channel [N].
    bias: int32, one per output channel [N], or None for no bias.

    Warns
    -----
    RuntimeWarning: when K is larger than `largest_k` allows for any activations and for the largest
        weight present, or when a bias makes a sum leave int32.  The result is then the sum modulo 2^32,
        which is what every runtime and the hardware give.

    >>> accumulate(np.int8([[1, 2]]), np.int8([[3], [4]]), a_zp=-1, bias=[100])
    array([[118]], dtype=int32)
    """
    a = _operand("a", a)
    w = _operand("w", w)
    if a.shape[1] != w.shape[0]:
        raise ValueError(f"w must have as many rows as a has columns, {a.shape[1]}, not {w.shape[0]}")
    channels = w.shape[1]
    a_low, a_high = _limits(a)
    a_zero = check.integers("a_zp", a_zp, a_low, a_high, ndim=0)
    w_zero = check.integers("w_zp", w_zp, *_limits(w))
    check.per_channel("w_zp", w_zero, channels)

    x = a.astype(np.int64) - a_zero
    y = w.astype(np.int64) - w_zero
    total = x @ y  # int64 is exact: each product is below 2^16, so K could reach 2^47
    if bias is not None:
        total += check.integers("bias", bias, check.INT32_MIN, check.INT32_MAX, shape=(channels,))
    acc = total.astype(np.int32)  # keeps the low 32 bits

    max_a = max(int(a_zero) - a_low, a_high - int(a_zero))
    bound = largest_k(max_a, max(int(np.abs(y).max()), 1))
    if a.shape[1] > bound:
        message = f"K must be at most {bound} to rule out int32 overflow, not {a.shape[1]}"
        warnings.warn(message, RuntimeWarning, stacklevel=2)
    elif (acc != total).any():
        message = "sums with bias must be within int32; some wrapped modulo 2^32"
        warnings.warn(message, RuntimeWarning, stacklevel=2)
    return acc


def largest_k(max_a: int, max_w: int, acc_width: int = 32) -> int:
    """Return the largest K for which no sum of K products can overflow a signed accumulator, without bias.

    Parameters
    ----------
    max_a, max_w: largest magnitude of an activation and of a weight after its zero point is subtracted, >= 1.
    acc_width: accumulator width in bits, 2..64.

    int8 activations without zero point, and weights in -127..127:

    >>> largest_k(128, 127)
    132104
    """
    max_a = int(check.integers("max_a", max_a, 1, 2**31, ndim=0))
    max_w = int(check.integers("max_w", max_w, 1, 2**31, ndim=0))
    acc_width = int(check.integers("acc_width", acc_width, 2, 64, ndim=0))
    return int((2 ** (acc_width - 1) - 1) // (max_a * max_w))


def fold_bias(bias: npt.ArrayLike, w: npt.ArrayLike, a_zp: int) -> npt.NDArray[np.int32]:
    """Return `bias[n] - a_zp * sum over k of w[k, n]`, int32 [N].

    With this bias and no activation zero point `accumulate` gives the same answer as with the zero point
    and the plain bias, so that a cell multiplies 8 by 8 bits instead of 9 by 9.  The zero point of the
    weights must be 0.

    Parameters
    ----------
    bias: int32 [N].
    w: weights [K, N], int8 or uint8.
    a_zp: zero point of the activations, -128..255.

    A folded bias outside int32 is a ValueError.

    >>> fold_bias([100], np.int8([[3], [4]]), -1)
    array([107], dtype=int32)
    """
    w = _operand("w", w)
    total = check.integers("bias", bias, check.INT32_MIN, check.INT32_MAX, shape=(w.shape[1],))
    zero = check.integers("a_zp", a_zp, -128, 255, ndim=0)
    folded = total - zero * w.sum(axis=0, dtype=np.int64)
    return check.integers("folded bias", folded, check.INT32_MIN, check.INT32_MAX).astype(np.int32)


def _operand(name: str, x: npt.ArrayLike) -> npt.NDArray[np.int8 | np.uint8]:
    values = check.array(name, x)
    if values.dtype not in (np.int8, np.uint8):
        raise TypeError(f"{name} must be int8 or uint8, not {values.dtype}")
    check.dimensions(name, values, ndim=2)
    return values


def _limits(x: npt.NDArray[np.int8 | np.uint8]) -> tuple[int, int]:
    info = np.iinfo(x.dtype)
    return int(info.min), int(info.max)
