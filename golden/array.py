"""The cycle model of the array: what every cell holds and what leaves each column, cycle by cycle.

A *wave* is one step of k: `depth` activations for each row and `depth` weights for each column. The
array is output-stationary and skewed, so cell (r, c) adds wave t to its sum so that the sum shows at
cycle ``t + cell_latency + r + c // fanout``. From that one sentence everything below follows in closed form;
no register of the hardware is modelled.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from golden.check import integers

__all__ = ["ArrayModel", "Waves"]


@dataclass(frozen=True)
class Waves:
    """What enters the array, cycle by cycle.

    Parameters
    ----------
    a: activations, [cycles, rows, depth] integers.
    w: weights, [cycles, cols, depth] integers.
    valid: [cycles] bool; False is a bubble: the operands of that cycle mean nothing.
    first, last: [cycles] bool; the wave starts, ends a sum.
    """

    a: npt.NDArray[np.int64]
    w: npt.NDArray[np.int64]
    valid: npt.NDArray[np.bool_]
    first: npt.NDArray[np.bool_]
    last: npt.NDArray[np.bool_]


class ArrayModel:
    """Contents and results of a `rows` x `cols` array for given `Waves`.

    Parameters
    ----------
    waves: the input of every cycle, from the first after reset.
    cell_latency: cycles from a wave at the array's input to the sum of cell (0, 0) that includes it.
    acc_width: bits of an accumulator; sums wrap in two's complement.
    fanout: columns that share a register of activations, and with it their cycle.

    Attributes
    ----------
    sums: every cell after each wave, without skew, [cycles + 1, rows, cols]; entry 0 is before all.

    Two waves of one 1x1 sum, 2*3 + 4*5 = 26, seen `cell_latency` = 3 cycles after they entered:

    >>> ones = np.array([True, True])
    >>> model = ArrayModel(Waves(np.array([[[2]], [[4]]]), np.array([[[3]], [[5]]]), ones,
    ...                          ~ones | [True, False], ~ones | [False, True]), 3)
    >>> [int(model.held(t)[0, 0]) for t in range(6)]
    [0, 0, 0, 6, 26, 26]
    >>> model.leaving(4)
    ([True], [26])
    """

    def __init__(self, waves: Waves, cell_latency: int, acc_width: int = 32, fanout: int = 1):
        integers("waves.a", waves.a, -256, 255, ndim=3)
        integers("waves.w", waves.w, -256, 255, ndim=3)
        if waves.a.shape[0] != waves.w.shape[0] or waves.a.shape[2] != waves.w.shape[2]:
            raise ValueError(
                f"waves.a and waves.w must agree in cycles and depth, not be {waves.a.shape} and {waves.w.shape}"
            )
        self.waves = waves
        self.cell_latency = cell_latency
        self.rows, self.cols = waves.a.shape[1], waves.w.shape[1]
        self.sums = _sums(waves, acc_width)
        self._skew = np.add.outer(np.arange(self.rows), np.arange(self.cols) // fanout)
        self._index = np.indices((self.rows, self.cols))

    def held(self, cycle: int) -> npt.NDArray[np.int64]:
        """Accumulators at `cycle`, [rows, cols]; 0 before the first wave arrives."""
        wave = np.clip(cycle - self.cell_latency - self._skew, -1, len(self.sums) - 2)
        return self.sums[wave + 1, self._index[0], self._index[1]]

    def leaving(self, cycle: int) -> tuple[list[bool], list[int]]:
        """Which columns show a finished accumulator at `cycle`, and its value (0 where none).

        Cell (r, c) is finished when its sum includes a `last` wave. At most one cell of a column
        is, as long as `last` waves are `rows` cycles or more apart.
        """
        wave = cycle - self.cell_latency - self._skew
        there = (wave >= 0) & (wave < len(self.waves.last))
        ends = self.waves.last & self.waves.valid
        done = there & ends[np.where(there, wave, 0)]
        if (done.sum(axis=0) > 1).any():
            raise ValueError(f"last waves must be at least rows = {self.rows} cycles apart")
        values = np.where(done, self.held(cycle), 0).sum(axis=0)
        return [bool(column.any()) for column in done.T], [int(x) for x in values]


def _sums(waves: Waves, acc_width: int) -> npt.NDArray[np.int64]:
    """Sum of every cell after each wave, without skew, [cycles + 1, rows, cols]; entry 0 is before all."""
    cycles, rows, _ = waves.a.shape
    products = np.matmul(waves.a, waves.w.transpose(0, 2, 1))
    sums = np.zeros((cycles + 1, rows, waves.w.shape[1]), np.int64)
    half = 1 << (acc_width - 1)
    for t in range(cycles):
        if not waves.valid[t]:
            sums[t + 1] = sums[t]
            continue
        start = 0 if waves.first[t] else sums[t]
        sums[t + 1] = ((start + products[t] + half) & (2 * half - 1)) - half
    return sums
