"""An observer for each channel of a tensor."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from golden import check
from golden.observers import Observer, scheme
from golden.quantize import Quantization


class PerChannel:
    """One observer for each channel of a tensor.

    Parameters
    ----------
    make: gives a new observer, for example a class of `golden.observers`.
    axis: the channel axis, counted from either end; the first batch says how many channels there are.

    >>> from golden.observers import MinMax
    >>> observer = PerChannel(MinMax, axis=0)
    >>> observer.observe([[-127.0, 0.0], [254.0, 0.0]])
    >>> observer.quantization(symmetric=True).scale
    array([1., 2.], dtype=float32)
    """

    def __init__(self, make: Callable[[], Observer], axis: int) -> None:
        self.make, self.axis = make, axis
        self.channels: list[Observer] = []
        self.ndim = 0

    def observe(self, batch: npt.ArrayLike) -> None:
        """Add a batch, with as many dimensions and channels as the first."""
        x = check.floats("batch", batch, ndim=self.ndim or None)
        if x.ndim == 0:
            raise ValueError("batch must have a channel axis, but is a scalar")
        axis = int(check.integers("axis", self.axis, -x.ndim, x.ndim - 1, ndim=0))
        count = x.shape[axis]
        if self.channels and count != len(self.channels):
            raise ValueError(f"batch must have {len(self.channels)} channels on axis {self.axis}, not {count}")
        self.channels = self.channels or [self.make() for _ in range(count)]
        self.ndim, self.axis = x.ndim, axis % x.ndim
        for channel, observer in zip(np.moveaxis(x, axis, 0), self.channels, strict=True):
            observer.observe(channel)

    def quantization(self, bits: int = 8, symmetric: bool = False, signed: bool = True) -> Quantization:
        """Return the quantization per channel; the parameters are those of `Observer.quantization`."""
        if not self.channels:
            raise ValueError("observer must see a batch before it is asked for a range")
        ranges = np.array([observer.range(bits, symmetric) for observer in self.channels], np.float32)
        q = scheme(ranges.T, bits, symmetric, signed, axis=1)
        return Quantization(q.scale, q.zero_point, q.low, q.high, self.axis)
