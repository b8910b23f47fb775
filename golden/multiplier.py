"""Where the factor of a requantization comes from: three scales make one float32, or a multiplier and shift.

A layer multiplies activations of scale a by weights of scale w[n] and must deliver results of scale y, so
its accumulators are scaled by d[n] = a * w[n] / y.  The stacks agree on d but not on how it is rounded, and
a unit in its last place is enough to change a result.  This happens offline, never in hardware.

In every function a_scale and y_scale are one number, w_scale is one or one per channel [N]; all are finite,
> 0 and float32 values, as model files store them.  Results have the shape of w_scale.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from golden import check

Scale = float | np.floating[Any]
Multiplier = tuple[npt.NDArray[np.int32], npt.NDArray[np.int8]]


def scale_onnxruntime(a_scale: Scale, w_scale: npt.ArrayLike, y_scale: Scale) -> npt.NDArray[np.float32]:
    """Return float32(float32(a * w) / y): ONNX Runtime and XNNPACK.

    A result which float32 cannot hold as a number > 0 is a ValueError.

    >>> scale_onnxruntime(0.5, [0.25, 0.125], 2.0).tolist()
    [0.0625, 0.03125]
    """
    a, w, y = _scales(a_scale, w_scale, y_scale)
    with np.errstate(over="ignore", under="ignore"):
        return check.scales("a_scale * w_scale / y_scale", (a * w) / y)


def scale_qnnpack(a_scale: Scale, w_scale: npt.ArrayLike, y_scale: Scale) -> npt.NDArray[np.float32]:
    """Return float32(float32(w * a) * float32(1 / y)): QNNPACK in PyTorch.

    A result which float32 cannot hold as a number > 0 is a ValueError.

    >>> a, w, y = np.float32([0.1, 0.7, 0.3])
    >>> bool(scale_qnnpack(a, w, y) == scale_onnxruntime(a, w, y))
    False
    """
    a, w, y = _scales(a_scale, w_scale, y_scale)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):     # 0 times infinity, which is refused
        return check.scales("a_scale * w_scale / y_scale", (w * a) * (np.float32(1) / y))


def multiplier_tflite(a_scale: Scale, w_scale: npt.ArrayLike, y_scale: Scale) -> Multiplier:
    """Return (m int32, s int8) with m / 2^s near a * w / y: TFLite per channel, TFLite Micro, CMSIS-NN.

    The quotient is computed in double precision and its significand rounded to 31 bits, half away from
    zero.  A quotient below 2^-32 becomes m = 0; one of 2^29 or more would need a shift below 2 and is a
    ValueError.

    >>> multiplier_tflite(0.5, 0.25, 2.0)
    (array(1073741824, dtype=int32), array(34, dtype=int8))
    """
    a, w, y = (x.astype(np.float64) for x in _scales(a_scale, w_scale, y_scale))
    return _quantize_multiplier(a * w / y)


def multiplier_ruy(a_scale: Scale, w_scale: npt.ArrayLike, y_scale: Scale) -> Multiplier:
    """Return (m int32, s int8) as `multiplier_tflite`, but from float32(a * w): LiteRT (ruy) per tensor.

    A product a * w beyond float32 is a ValueError; one below it becomes m = 0.

    >>> a, w, y = np.float32([0.1, 0.7, 0.3])
    >>> int(multiplier_ruy(a, w, y)[0] - multiplier_tflite(a, w, y)[0])
    12
    """
    a, w, y = _scales(a_scale, w_scale, y_scale)
    with np.errstate(over="ignore", under="ignore"):
        product = check.floats("a_scale * w_scale", a * w)
    return _quantize_multiplier(product.astype(np.float64) / y.astype(np.float64))


def _quantize_multiplier(d: npt.NDArray[np.float64]) -> Multiplier:
    """Split d = f * 2^e with 1/2 <= f < 1 into m = f * 2^31 and s = 31 - e (TFLite `QuantizeMultiplier`)."""
    f, e = np.frexp(d)
    # f * 2^31 has 22 fraction bits at most: adding 1/2 is exact, and the floor rounds half away from zero.
    m = np.floor(f * 2.0**31 + 0.5).astype(np.int64)
    carry = m == 2**31
    m, e = np.where(carry, m // 2, m), np.where(carry, e + 1, e)
    tiny = e < -31
    m, e = np.where(tiny, 0, m), np.where(tiny, 0, e)
    s = 31 - e
    if (s < 2).any():
        raise ValueError(f"a_scale * w_scale / y_scale must be below 2^29, not {np.asarray(d)[s < 2][0]}")
    return np.asarray(m, dtype=np.int32), np.asarray(s, dtype=np.int8)


def _scales(a_scale: Scale, w_scale: npt.ArrayLike, y_scale: Scale) -> tuple[npt.NDArray[np.float32], ...]:
    a, w, y = (
        check.scales("a_scale", a_scale),
        check.scales("w_scale", w_scale),
        check.scales("y_scale", y_scale),
    )
    check.per_channel("a_scale", a, None)
    check.per_channel("y_scale", y, None)
    if w.ndim:
        check.dimensions("w_scale", w, ndim=1)
    return a, w, y
