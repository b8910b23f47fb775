"""Fake quantization: real numbers rounded to those which integers can stand for, so that a network can be
trained with the error that it will have.
"""

import numpy as np
import numpy.typing as npt

from golden.quantize import Quantization, clipped, dequantize, quantize


def fake_quantize(
    x: npt.ArrayLike, q: Quantization
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return `dequantize(quantize(x, q), q)` and where a gradient passes.

    Rounding has the derivative 0 almost everywhere, with which nothing could be trained.  The straight-through
    gradient takes the rounding for the identity and leaves the clamp as it is: 1 where `x` is inside the
    range of the integers, 0 where it was clipped (Bengio et al., 2013; Jacob et al., 2018).

    Parameters
    ----------
    x: real numbers of any shape; refused is what `quantize` refuses.
    q: the quantization, per tensor or per channel.

    Returns
    -------
    Values as float32 and a mask as bool, both of the shape of `x`.

    >>> values, passes = fake_quantize([-9.0, -0.4, 0.6, 9.0], Quantization(0.5, 0, -7, 7))
    >>> values.tolist(), passes.tolist()
    ([-3.5, -0.5, 0.5, 3.5], [False, True, True, False])
    """
    return dequantize(quantize(x, q), q), ~clipped(x, q)


def straight_through(
    gradient: npt.NDArray[np.float64], passes: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Return the derivative by the input of `fake_quantize` from that by its result.

    >>> straight_through(np.array([3.0, 3.0]), np.array([True, False])).tolist()
    [3.0, 0.0]
    """
    return np.where(passes, gradient, 0.0)
