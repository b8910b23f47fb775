"""Requantization with a real bias: FBGEMM, the x86 backend of quantized PyTorch.

PyTorch keeps the bias of a quantized layer in float32, so it cannot be summed with the integer products.
FBGEMM brings it into units of the accumulator and adds it there, in float32 (with weights per channel):

    q = clamp(rint(float32(float32(float32(acc) + b) * multiplier)) + zp, qmin, qmax)

Four roundings, each half to even, where F32 (`requant.py`) has three.  Without a bias the two are the same.
"""

import numpy as np
import numpy.typing as npt

from golden import check
from golden.multiplier import Scale, scale_onnxruntime
from golden.requant import Q_MAX, Q_MIN, clamp


def requantize_fbgemm(
    acc: npt.ArrayLike,
    bias: npt.ArrayLike,
    multiplier: npt.ArrayLike,
    zp: npt.ArrayLike,
    qmin: int,
    qmax: int,
) -> npt.NDArray[np.int32]:
    """Requantize by one float32 addition, one float32 multiplication and one rounding to an integer.

    Parameters
    ----------
    acc: int32 sums without bias; a scalar, [N] or [M, N] (any number of dimensions, the last is the output
        channel).
    bias: finite float32 in units of the accumulator, as `bias_fbgemm` returns; one or one per channel [N].
    multiplier: finite float32 > 0, as `multiplier_fbgemm` returns; one or one per channel [N].
    zp: output zero point, one or one per channel [N], -256..255.
    qmin, qmax: the activation clamp in quantized units, -256..255, qmin <= qmax.

    Returns int32 of the shape of acc.  A sum or a product beyond float32 saturates to the clamp.

    Ties of the last rounding, on both signs:

    >>> requantize_fbgemm([-4, -2, 0, 2, 4], 1.0, 0.5, 0, -128, 127).tolist()
    [-2, 0, 0, 2, 2]

    The rounding of the sum: 2^24 + 1/2 becomes 2^24, 2^24 + 3/2 becomes 2^24 + 2.  An exact sum would give 1
    in both places.

    >>> requantize_fbgemm([2**24, -(2**24)], [0.5, -0.5], 2.0**-25, 0, -128, 127).tolist()
    [0, 0]
    >>> requantize_fbgemm([2**24, -(2**24)], [1.5, -1.5], 2.0**-25, 0, -128, 127).tolist()
    [1, -1]

    The accumulator is rounded before the sum: 2^24 + 1 becomes 2^24, and adding 1/2 does not bring it back.

    >>> requantize_fbgemm([2**24 + 1, -(2**24) - 1], [0.5, -0.5], 2.0**-25, 0, -128, 127).tolist()
    [0, 0]
    """
    acc = check.integers("acc", acc, check.INT32_MIN, check.INT32_MAX)
    channels = acc.shape[-1] if acc.ndim else None
    b = check.floats("bias", bias)
    if (b != check.array("bias", bias)).any():
        raise ValueError("bias must hold float32 values, not values that float32 would round")
    scale = check.scales("multiplier", multiplier)
    zero = check.integers("zp", zp, Q_MIN, Q_MAX)
    for name, x in (("bias", b), ("multiplier", scale), ("zp", zero)):
        check.per_channel(name, x, channels)
    with np.errstate(over="ignore", under="ignore"):
        product = (acc.astype(np.float32) + b) * scale
    # Beyond +-2^10 every result is clamped whatever zp is, and a bounded value can be made an integer.
    nearest = np.rint(np.clip(product, -(2.0**10), 2.0**10)).astype(np.int64)
    return clamp(nearest + zero, qmin, qmax)


def bias_fbgemm(bias: npt.ArrayLike, a_scale: Scale, w_scale: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Return `bias` in units of the accumulator, float32 [N], as FBGEMM brings it there.

    That is float32(bias / float32(a_scale * w_scale[n])).

    Parameters
    ----------
    bias: the layer's real bias, float32 [N].
    a_scale: float32 > 0; w_scale: float32 > 0 [N], one per channel.  With one for all channels FBGEMM has no
        such number: its compiled kernel fuses bias * (1 / aw) into the addition, with one rounding for both.

    A result which is not finite is a ValueError.

    >>> bias_fbgemm([1.0, -3.0], 0.5, [0.25, 0.5]).tolist()
    [8.0, -12.0]
    """
    real = check.floats("bias", bias, ndim=1)
    a, w = check.scales("a_scale", a_scale), check.scales("w_scale", w_scale)
    check.dimensions("w_scale", w, shape=real.shape)
    with np.errstate(over="ignore", under="ignore"):
        return check.floats("bias / (a_scale * w_scale)", real / check.scales("a_scale * w_scale", a * w))


def multiplier_fbgemm(a_scale: Scale, w_scale: npt.ArrayLike, y_scale: Scale) -> npt.NDArray[np.float32]:
    """Return float32(float32(a * w) / y), the multiplier of FBGEMM; shapes and errors as `scale_onnxruntime`.

    >>> multiplier_fbgemm(0.5, [0.25, 0.125], 2.0).tolist()
    [0.0625, 0.03125]
    """
    return scale_onnxruntime(a_scale, w_scale, y_scale)
