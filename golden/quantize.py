"""From real numbers to integers of 8, 4 or 2 bits and back, the affine scheme; and to signs, for binary weights.

    q = clamp(rint(x / scale) + zero_point, low, high)        x is about (q - zero_point) * scale

All arithmetic is float32, one rounding per operation, in the order written (as ONNX QuantizeLinear and
DequantizeLinear compute it); rint takes ties to the even integer.  Input of another type is rounded to
float32 first.  NaN, infinities, values beyond float32 and empty arrays are a ValueError which names the
element, input which is not a real number is a TypeError.

A constant tensor other than 0 takes the outermost integer; a tensor of zeros, or of values so small that
the scale would vanish, has scale 1.  A scale below 2^-126 (subnormal) is used as it is: it is a float32 like
others, but with fewer than 24 bits, so that the largest value may land a few integers short of `high`.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from golden import check

BITS = (8, 4, 2)


def storage(low: int, high: int) -> type[np.int8] | type[np.uint8]:
    """Return int8 if `low..high` fits it, else uint8 if that does, else raise ValueError.

    >>> storage(-128, 127), storage(0, 255)
    (<class 'numpy.int8'>, <class 'numpy.uint8'>)
    """
    for name, bound in (("low", low), ("high", high)):
        check.integers(name, bound, -(2**63), 2**63 - 1, ndim=0)
    if -128 <= low <= high <= 127:
        return np.int8
    if 0 <= low <= high <= 255:
        return np.uint8
    raise ValueError(f"low..high must be a range within int8 or uint8, not {low}..{high}")


@dataclass(frozen=True, eq=False)
class Quantization:
    """How a tensor is quantized.

    Parameters
    ----------
    scale: real value of one step, float32, finite and > 0; one, or one per channel [C] along `axis`.
    zero_point: the integer which stands for 0, within `low..high`, int32 of the shape of `scale`.
    low, high: the integers in use, both included; within int8 or within uint8.
    axis: the channel axis, >= 0, or None for one scale for the whole tensor.
    """

    scale: npt.NDArray[np.float32]
    zero_point: npt.NDArray[np.int32]
    low: int
    high: int
    axis: int | None = None

    def __post_init__(self) -> None:
        """Check the fields and give them their dtypes."""
        storage(self.low, self.high)
        scale = check.scales("scale", self.scale)
        check.dimensions("scale", scale, ndim=0 if self.axis is None else 1)
        zero_point = check.integers("zero_point", self.zero_point, self.low, self.high, shape=scale.shape)
        if self.axis is not None and check.integers("axis", self.axis, -(2**63), 2**63 - 1, ndim=0) < 0:
            raise ValueError(f"axis must be >= 0, not {self.axis}")
        object.__setattr__(self, "scale", scale)
        object.__setattr__(self, "zero_point", zero_point.astype(np.int32))


def symmetric(x: npt.ArrayLike, bits: int = 8, axis: int | None = None) -> Quantization:
    """Return the quantization of `x` with zero point 0, its largest magnitude the largest integer.

    scale = max|x| / high with high = 2^(bits-1) - 1 and low = -high; 1 where that is 0.

    Parameters
    ----------
    x: real numbers of any shape, not empty.
    bits: 8, 4 or 2.
    axis: the channel axis, counted from either end, or None for one scale.

    >>> symmetric([-6.35, 2.0]).scale
    array(0.05, dtype=float32)
    """
    x = check.floats("x", x)
    high = 2 ** (_bits(bits) - 1) - 1
    axis, others = _axes(x, axis)
    scale = np.abs(x).max(axis=others) / np.float32(high)
    return Quantization(_or_one(scale), np.zeros(scale.shape, np.int32), -high, high, axis)


def asymmetric(x: npt.ArrayLike, bits: int = 8, signed: bool = True, axis: int | None = None) -> Quantization:
    """Return the quantization of `x` which spreads its range, widened to contain 0, over all integers.

    scale = (max - min) / (2^bits - 1), 1 where that is 0, and zero_point = rint(low - min / scale), clamped.
    A range beyond float32 is a ValueError.

    Parameters
    ----------
    x: real numbers of any shape, not empty.
    bits: 8, 4 or 2.
    signed: integers from -2^(bits-1) if True, from 0 if not.
    axis: the channel axis, counted from either end, or None for one scale.

    >>> q = asymmetric([0.0, 51.0])
    >>> q.scale, q.zero_point, q.low, q.high
    (array(0.2, dtype=float32), array(-128, dtype=int32), -128, 127)
    """
    x = check.floats("x", x)
    steps = 2 ** _bits(bits) - 1
    low = -(2 ** (bits - 1)) if signed else 0
    axis, others = _axes(x, axis)
    x_min, x_max = np.minimum(x.min(axis=others), 0), np.maximum(x.max(axis=others), 0)
    with np.errstate(over="ignore"):
        scale = _or_one((x_max - x_min) / np.float32(steps))
    zero_point = np.clip(np.rint(low - x_min / scale), low, low + steps)
    return Quantization(scale, np.asarray(zero_point, dtype=np.int32), low, low + steps, axis)


def binary(x: npt.ArrayLike, axis: int | None = None) -> tuple[npt.NDArray[np.int8], Quantization]:
    """Return the signs of `x`, int8 -1 and 1 (0 counts as 1), and their quantization: scale = mean|x|.

    No other scale brings signs closer to `x` in squared error (Rastegari et al., XNOR-Net, 2016, section
    3.1).  The mean is computed in double precision.  A tensor or a channel of zeros is a ValueError: two
    signs cannot stand for it.

    >>> signs, q = binary([0.5, -1.5, 1.0])
    >>> signs.tolist(), q.scale
    ([1, -1, 1], array(1., dtype=float32))
    >>> dequantize(signs, q).tolist()
    [1.0, -1.0, 1.0]
    """
    x = check.floats("x", x)
    axis, others = _axes(x, axis)
    mean = np.abs(x).mean(axis=others, dtype=np.float64).astype(np.float32)
    scale = check.scales("mean|x|", mean)
    signs = np.where(x < 0, np.int8(-1), np.int8(1))
    return signs, Quantization(scale, np.zeros(scale.shape, np.int32), -1, 1, axis)


def quantize(x: npt.ArrayLike, q: Quantization) -> npt.NDArray[np.int8 | np.uint8]:
    """Return `x` in integers of `q`, int8 if its range fits int8, else uint8.

    >>> quantize([-0.5, 0.5, 1.5, 999.0], Quantization(1.0, 0, -128, 127)).tolist()
    [0, 0, 2, 127]
    """
    steps, zero_point = _steps(x, q)
    # Clamped before the zero point is added, the sum is exact however large x is.
    inside = np.clip(steps, (q.low - zero_point).astype(np.float32), (q.high - zero_point).astype(np.float32))
    return np.asarray(inside.astype(np.int32) + zero_point, dtype=storage(q.low, q.high))


def clipped(x: npt.ArrayLike, q: Quantization) -> npt.NDArray[np.bool_]:
    """Return which elements of `x` the clamp of `quantize` changes.

    >>> clipped([-129.0, -128.5, 127.0, 128.0], Quantization(1.0, 0, -128, 127)).tolist()
    [True, False, False, True]
    """
    steps, zero_point = _steps(x, q)
    return np.asarray((steps < q.low - zero_point) | (steps > q.high - zero_point))


def dequantize(x: npt.ArrayLike, q: Quantization) -> npt.NDArray[np.float32]:
    """Return the real numbers for which the integers `x` of `q` stand.

    >>> dequantize([-1, 3], Quantization(0.5, 1, -128, 127)).tolist()
    [-1.0, 1.0]
    """
    x = check.integers("x", x, q.low, q.high)
    scale, zero_point = _along(q, x)
    return (x - zero_point).astype(np.float32) * scale


def _steps(x: npt.ArrayLike, q: Quantization) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    """Return rint(x / scale), which may be infinite, and the zero point along the channels of `x`."""
    x = check.floats("x", x)
    scale, zero_point = _along(q, x)
    with np.errstate(over="ignore"):
        return np.rint(x / scale), zero_point


def _bits(bits: int) -> int:
    if not isinstance(bits, int | np.integer) or bits not in BITS:
        raise ValueError(f"bits must be one of {', '.join(map(str, BITS))}, not {bits!r}")
    return int(bits)


def _or_one(scale: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.where(scale > 0, scale, np.float32(1))


def _axes(x: npt.NDArray[np.float32], axis: int | None) -> tuple[int | None, tuple[int, ...] | None]:
    """Return `axis` counted from the front, and all other axes; None stands for all."""
    if axis is None:
        return None, None
    ends = (-x.ndim, x.ndim - 1) if x.ndim else (-(2**63), 2**63 - 1)
    number = int(check.integers("axis", axis, *ends, ndim=0))
    if x.ndim == 0:
        raise ValueError(f"axis must be None for a scalar, not {number}")
    channel = number % x.ndim
    return channel, tuple(i for i in range(x.ndim) if i != channel)


def _along(
    q: Quantization, x: npt.NDArray[np.generic]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    """Return scale and zero point shaped so that they broadcast along the channel axis of `x`."""
    if q.axis is None:
        return q.scale, q.zero_point
    channels = len(q.scale)
    if q.axis >= x.ndim or x.shape[q.axis] != channels:
        raise ValueError(f"x must have {channels} channels on axis {q.axis}, but has shape {x.shape}")
    shape = tuple(channels if i == q.axis else 1 for i in range(x.ndim))
    return q.scale.reshape(shape), q.zero_point.reshape(shape)
