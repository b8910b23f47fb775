"""A histogram which takes values batch by batch, and how much of it survives quantization."""

import math

import numpy as np
import numpy.typing as npt

from golden import check

BINS = 2048  # on each side of 0
LOWEST = -149  # exponent of the narrowest bin: the smallest float32, so that every edge is a float32


class Histogram:
    """Counts of real values in bins of one width, a power of two, with edges at its multiples.

    A value outside the last bin doubles the width until it is inside, and bins 2i and 2i + 1 become one: no
    count is lost or split, and what is counted depends on the values alone, neither on their order nor on how
    they were divided into batches.  At least half of the bins of one side are within the range of the values.

    Attributes
    ----------
    exponent: bins are 2^exponent wide.
    counts: int64 [2 BINS]; bin j holds the x with edges[j] <= x < edges[j + 1].
    sums: float64 [2 BINS], the sum of the values in each bin.
    zeros: how many values are exactly 0; they are in bin BINS.
    low, high: smallest and largest value, None before there is one.

    >>> h = Histogram()
    >>> h.add([0.5, 1.5])
    >>> h.exponent, h.add([-1000.0]), h.exponent
    (-10, None, -1)
    >>> h.counts.nonzero()[0] - BINS, h.edges[BINS - 2000]
    (array([-2000,     1,     3]), np.float64(-1000.0))
    """

    def __init__(self) -> None:
        self.exponent = LOWEST
        self.counts: npt.NDArray[np.int64] = np.zeros(2 * BINS, np.int64)
        self.sums = np.zeros(2 * BINS, np.float64)
        self.zeros = 0
        self.low: float | None = None
        self.high: float | None = None

    def add(self, batch: npt.ArrayLike) -> None:
        """Count a batch of any shape; one with NaN, infinities or no values is a ValueError and not counted."""
        x = check.floats("batch", batch).ravel().astype(np.float64)
        low, high = float(x.min()), float(x.max())
        self.low = low if self.low is None else min(low, self.low)
        self.high = high if self.high is None else max(high, self.high)
        self._widen(max(-low, high))
        bins = np.floor(np.ldexp(x, -self.exponent)).astype(np.int64) + BINS
        self.counts += np.bincount(bins, minlength=2 * BINS)
        self.sums += np.bincount(bins, weights=x, minlength=2 * BINS)
        self.zeros += int((x == 0).sum())

    @property
    def edges(self) -> npt.NDArray[np.float64]:
        """The borders of the bins, [2 BINS + 1], the middle one 0."""
        return np.ldexp(np.arange(-BINS, BINS + 1, dtype=np.float64), self.exponent)

    @property
    def magnitudes(self) -> npt.NDArray[np.int64]:
        """Counts of |x|, [BINS]: bin j holds |x| from j to j + 1 widths."""
        return self.counts[BINS:] + self.counts[BINS - 1 :: -1]

    def _widen(self, magnitude: float) -> None:
        """Double the width until `magnitude` fits."""
        _, above = math.frexp(magnitude)  # magnitude < 2^above
        doublings = above - (BINS.bit_length() - 1) - self.exponent if magnitude else 0
        if doublings > 0:
            # Beyond as many doublings as a bin number has bits, only bins -1 and 0 are left.
            wider = (np.arange(-BINS, BINS) >> min(doublings, BINS.bit_length())) + BINS
            self.counts = np.bincount(wider, weights=self.counts, minlength=2 * BINS).astype(np.int64)
            self.sums = np.bincount(wider, weights=self.sums, minlength=2 * BINS).astype(np.float64)
            self.exponent += doublings


def divergence(counts: npt.NDArray[np.int64], start: int, stop: int, levels: int) -> float:
    """Return the Kullback-Leibler divergence, in nats, of a clipped histogram from its quantized self.

    P is `counts[start:stop]` with all counts outside added to its first and last bin.  Q is `counts[start:stop]`
    merged into `levels` groups, bin j of n into group floor(j levels / n), each group spread evenly over its
    bins which are not empty.  Both are divided by their sum; the result is the sum of P ln(P / Q), infinite
    where P has something and Q has not.  (Migacz, 8-bit inference with TensorRT, GTC 2017, slides 26-28; there
    all bins left over by an uneven division go to the last group.)

    >>> divergence(np.array([1, 1, 1, 1]), 0, 4, 2)
    0.0
    >>> round(divergence(np.array([3, 1]), 0, 2, 1), 4)  # 3/4 ln(3/2) + 1/4 ln(1/2)
    0.1308
    """
    inside = counts[start:stop].astype(np.float64)
    p = inside.copy()
    p[0] += counts[:start].sum()
    p[-1] += counts[stop:].sum()
    group = np.arange(len(inside)) * levels // len(inside)
    filled = inside > 0
    total, number = np.bincount(group, inside), np.bincount(group, filled)
    q = np.where(filled, (total / np.maximum(number, 1))[group], 0)
    if (p[~filled] > 0).any():
        return math.inf
    p, q = p[filled] / p.sum(), q[filled] / q.sum()
    return float((p * np.log(p / q)).sum())
