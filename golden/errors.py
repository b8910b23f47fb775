"""How far a quantized tensor is from the real one, in the figures the field uses."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from golden import check
from golden.quantize import Quantization, clipped, dequantize, quantize


@dataclass(frozen=True)
class Errors:
    """Error figures of a tensor x of `count` elements and what it was restored to, x'.

    Parameters
    ----------
    count: number of elements.
    mse: mean of (x' - x)^2.
    mae: mean of |x' - x|.
    max_error: largest |x' - x|.
    sqnr_db: 10 log10(sum of x^2 / sum of (x' - x)^2), in dB; inf where nothing was lost, -inf where x is 0
        but x' is not.
    clipped: number of elements outside the range of the integers.
    clipping_mse, rounding_mse: the parts of `mse` from elements which were clipped, and from all others; their
        sum is `mse`.
    """

    count: int
    mse: float
    mae: float
    max_error: float
    sqnr_db: float
    clipped: int
    clipping_mse: float
    rounding_mse: float

    @property
    def clipped_share(self) -> float:
        """Clipped elements per element, 0..1."""
        return self.clipped / self.count


def measure(x: npt.ArrayLike, q: Quantization) -> Errors:
    """Return what quantizing `x`, real numbers of any shape, by `q` and back costs.

    Refuses what `quantize` refuses.

    >>> errors = measure([0.25, 1.0, 9.0], Quantization(1.0, 0, -7, 7))
    >>> errors.clipped, errors.clipping_mse * 3, errors.rounding_mse * 3, errors.max_error
    (1, 4.0, 0.0625, 2.0)
    """
    return compare(x, dequantize(quantize(x, q), q), clipped(x, q))


def compare(x: npt.ArrayLike, restored: npt.ArrayLike, outside: npt.ArrayLike = False) -> Errors:
    """Return the error figures of `restored` for `x`, sums in double precision.

    Parameters
    ----------
    x, restored: real numbers of the same shape, rounded to float32 first.
    outside: which elements count as clipped, bool, of the same shape or one for all.

    >>> compare([3.0, 4.0], [3.0, 4.5]).sqnr_db
    20.0
    """
    real = check.floats("x", x).astype(np.float64)
    back = check.floats("restored", restored).astype(np.float64)
    check.dimensions("restored", back, shape=real.shape)
    beyond = np.broadcast_to(np.asarray(outside, dtype=bool), real.shape)
    error = back - real
    noise, signal = float(np.square(error).sum()), float(np.square(real).sum())
    clipping = float(np.square(error[beyond]).sum())
    return Errors(
        count=real.size,
        mse=noise / real.size,
        mae=float(np.abs(error).sum()) / real.size,
        max_error=float(np.abs(error).max()),
        sqnr_db=_decibels(signal, noise),
        clipped=int(beyond.sum()),
        clipping_mse=clipping / real.size,
        rounding_mse=float(np.square(error[~beyond]).sum()) / real.size,
    )


def _decibels(signal: float, noise: float) -> float:
    if noise == 0:
        return math.inf
    return 10 * (math.log10(signal) - math.log10(noise)) if signal else -math.inf
