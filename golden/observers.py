"""Observers: they are shown batches of a tensor and choose the range which its integers are to cover.

    observer = Percentile(99.9)
    for batch in batches:
        observer.observe(batch)
    q = observer.quantization(bits=8)

Each counts a batch of any shape; a batch which is empty or has NaN, infinities or values beyond float32 is a
ValueError and changes nothing.  A range always contains 0 and never exceeds the values seen; a tensor of zeros
has the range (0, 0).  To ask for a range before any batch was seen is a ValueError.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from golden import quantize
from golden.histogram import BINS, Histogram, divergence
from golden.quantize import Quantization

Range = tuple[float, float]
STEPS = 100


class Observer(ABC):
    """What all observers share: the values seen, their limits, and how a range becomes a quantization."""

    def __init__(self) -> None:
        self.histogram = Histogram()

    def observe(self, batch: npt.ArrayLike) -> None:
        """Add a batch of real numbers of any shape."""
        self.histogram.add(batch)

    @abstractmethod
    def range(self, bits: int = 8, symmetric: bool = False) -> Range:
        """Return the smallest and largest real value to cover with integers of `bits`; (-t, t) if symmetric."""

    def quantization(self, bits: int = 8, symmetric: bool = False, signed: bool = True) -> Quantization:
        """Return the quantization of the range: `quantize.symmetric` or `quantize.asymmetric`, per tensor.

        Parameters
        ----------
        bits: 8, 4 or 2.
        symmetric: zero point 0; needs signed integers.
        signed: integers from -2^(bits-1) if True, from 0 if not.
        """
        return scheme(np.array(self.range(bits, symmetric), np.float32), bits, symmetric, signed)

    def _limits(self) -> Range:
        """Smallest and largest value seen, widened to contain 0."""
        if self.histogram.low is None or self.histogram.high is None:
            raise ValueError("observer must see a batch before it is asked for a range")
        return min(self.histogram.low, 0.0), max(self.histogram.high, 0.0)

    def _magnitude(self) -> float:
        low, high = self._limits()
        return max(-low, high)


class MinMax(Observer):
    """The range of all values: nothing is clipped.

    >>> observer = MinMax()
    >>> observer.observe([-1.0, 3.0])
    >>> observer.range(), observer.range(symmetric=True)
    ((-1.0, 3.0), (-3.0, 3.0))
    """

    def range(self, bits: int = 8, symmetric: bool = False) -> Range:
        """Return the limits of the values, for any number of bits."""
        return (-self._magnitude(), self._magnitude()) if symmetric else self._limits()


class Percentile(Observer):
    """The narrowest range which keeps `percentile` % of the values, half of the others cut at either end.

    The range ends at edges of the histogram: it never cuts more than allowed, and one bin less would.  The
    symmetric range keeps `percentile` % of the magnitudes.

    Parameters
    ----------
    percentile: above 0, at most 100.

    >>> observer = Percentile(98)
    >>> observer.observe(np.append(np.linspace(-1, 1, 99), 50))
    >>> observer.range()
    (-1.0, 1.03125)
    """

    def __init__(self, percentile: float = 99.99) -> None:
        super().__init__()
        if not 0 < percentile <= 100:
            raise ValueError(f"percentile must be > 0 and <= 100, not {percentile}")
        self.percentile = percentile

    def range(self, bits: int = 8, symmetric: bool = False) -> Range:
        """Return the range, for any number of bits."""
        low, high = self._limits()
        counts, edges = self.histogram.counts, self.histogram.edges
        cut = int(counts.sum() * (100 - self.percentile) / 100)
        if symmetric:
            bound = edges[2 * BINS - _uncut(self.histogram.magnitudes[::-1], cut)]
            magnitude = min(float(bound), self._magnitude())
            return -magnitude, magnitude
        lower, upper = edges[_uncut(counts, cut // 2)], edges[2 * BINS - _uncut(counts[::-1], cut // 2)]
        return max(low, min(float(lower), 0.0)), min(high, max(float(upper), 0.0))


class Entropy(Observer):
    """The range whose clipped values, once quantized, have the distribution closest to themselves.

    Of the ranges [-t, t], t each edge of the histogram, cut to the values seen, the one of the least
    `histogram.divergence` is taken, of equals the widest.  A symmetric range is judged by the magnitudes in
    2^(bits-1) levels, another by the values in 2^bits; it spans at least as many bins.  Values of exactly 0
    do not count, as every range keeps them exactly: the zeros behind a ReLU would outweigh all others.
    (Migacz, 8-bit inference with TensorRT, GTC 2017.)
    """

    def range(self, bits: int = 8, symmetric: bool = False) -> Range:
        """Return the range for integers of `bits`."""
        low, high = self._limits()
        counts = (self.histogram.magnitudes if symmetric else self.histogram.counts).copy()
        levels = 2 ** (bits - 1 if symmetric else bits)
        zero = 0 if symmetric else BINS
        counts[zero] -= self.histogram.zeros
        used = np.flatnonzero(counts)
        if not len(used):
            return 0.0, 0.0
        first, last = min(int(used[0]), zero), max(int(used[-1]) + 1, zero)
        best, least = max(zero - first, last - zero), np.inf
        for t in range(best, 0, -1):
            start, stop = max(zero - t, first), min(zero + t, last)
            if stop - start < levels:
                break
            loss = divergence(counts, start, stop, levels)
            if loss < least:
                best, least = t, loss
        bound = float(np.ldexp(best, self.histogram.exponent))
        if symmetric:
            magnitude = min(bound, self._magnitude())
            return -magnitude, magnitude
        return max(low, -bound), min(high, bound)


class MSE(Observer):
    """The range of the least mean squared error.

    Tried are all ranges (low i / 100, high j / 100) with i, j = 1..100, or (-t, t) with t = max|x| i / 100 if
    symmetric, each with exactly the scale and zero point it would get; of equals the widest wins.  The values of
    a bin count as their mean, so that the error is exact where bins hold equal values.
    """

    def range(self, bits: int = 8, symmetric: bool = False) -> Range:
        """Return the range for integers of `bits`."""
        low, high = self._limits()
        counts, sums = self.histogram.counts, self.histogram.sums
        filled = counts > 0
        values = (sums[filled] / counts[filled]).astype(np.float32)[:, None]
        weights = counts[filled].astype(np.float64)
        parts = np.arange(STEPS, 0, -1) / STEPS
        if symmetric:
            lows, highs = -self._magnitude() * parts, np.array([])
        else:
            lows, highs = (x * parts if x else np.zeros(1) for x in (low, high))
        best, least = (low, high), np.inf
        for tried in ([(x, -x) for x in lows],) if symmetric else ([(x, y) for y in highs] for x in lows):
            # Each range is a channel of its own, so that all are tried by one call of each function.
            q = scheme(np.array(tried, np.float32).T, bits, symmetric, axis=1)
            every = np.broadcast_to(values, (len(values), len(tried)))
            error = quantize.dequantize(quantize.quantize(every, q), q).astype(np.float64) - every
            loss = weights @ np.square(error)
            if loss.min() < least:
                best, least = tried[int(loss.argmin())], loss.min()
        return float(best[0]), float(best[1])


OBSERVERS: dict[str, Callable[[], Observer]] = {
    "minmax": MinMax, "percentile": Percentile, "entropy": Entropy, "mse": MSE,
}
"""By name, with default parameters."""


def scheme(
    limits: npt.NDArray[np.float32], bits: int, symmetric: bool, signed: bool = True, axis: int | None = None
) -> Quantization:
    """Return the quantization of the range `limits` [2], or [2, C] with axis 1: a range for each channel."""
    if not symmetric:
        return quantize.asymmetric(limits, bits, signed, axis)
    if not signed:
        raise ValueError("integers of a symmetric quantization must be signed")
    return quantize.symmetric(limits, bits, axis)


def _uncut(counts: npt.NDArray[np.int64], cut: int) -> int:
    """Return the first bin which has to stay if at most `cut` values may go."""
    return int(np.searchsorted(np.cumsum(counts), cut, side="right"))
