"""The unit's contract in numbers: how a matrix product is cut into beats, and how many cycles it takes."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Geometry", "Tile", "tiles"]


@dataclass(frozen=True)
class Geometry:
    """Size and timing of a unit, as its JSON description gives them.

    Parameters
    ----------
    rows, cols, depth, requant_lanes: see the generator's parameters.
    latency: cycles from the acceptance of a tile's last beat to its row 0 at the output.
    set_interval: cycles that a new channel set takes from the last beat of the tile before.
    subtract: whether a tile needs its channel set with its first beat instead of its last.
    """

    rows: int
    cols: int
    depth: int
    requant_lanes: int
    latency: int
    set_interval: int = 0
    subtract: bool = False

    def beats(self, k: int) -> int:
        """Beats of a tile: ceil(K / depth)."""
        return -(-k // self.depth)

    def row_interval(self) -> int:
        """Cycles between two rows of a tile: cols / requant_lanes."""
        return self.cols // self.requant_lanes

    def tile_interval(self, k: int) -> int:
        """Cycles between two tiles that follow each other: max(ceil(K / depth), rows * cols / requant_lanes).

        No cycle is lost between tiles, and requantization is no bottleneck, when
        ``K / depth >= rows * cols / requant_lanes``.
        """
        return max(self.beats(k), self.rows * self.row_interval())

    def new_set_interval(self, k: int) -> int:
        """Cycles between two tiles that each take a new channel set, from the third tile on.

        ``max(tile_interval, set_interval)``; where zero points are subtracted the set is needed
        ``beats - 1`` cycles earlier.
        """
        early = self.beats(k) - 1 if self.subtract else 0
        return max(self.tile_interval(k), self.set_interval + early)

    def cycles(self, k: int, count: int, *, new_sets: bool = False) -> int:
        """Cycles from the first beat of `count` tiles to their last row, streams that never pause.

        ``beats + (count - 1) * tile_interval + latency + (rows - 1) * row_interval``: the first
        tile's beats, an interval for each further tile, and the last tile's way out. With
        `new_sets` every tile takes a channel set of its own, the first two loaded before: from the
        third tile on the interval is `new_set_interval`.

        >>> Geometry(8, 8, 1, 8, 30).cycles(64, 64)
        4133
        """
        fill = self.beats(k)
        drain = self.latency + (self.rows - 1) * self.row_interval()
        slow = max(count - 2, 0) if new_sets else 0
        return fill + (count - 1 - slow) * self.tile_interval(k) + slow * self.new_set_interval(k) + drain

    def ideal_cycles(self, m: int, n: int, k: int) -> float:
        """Cycles of an M x N x K product if every multiplier worked in each: M*N*K / (rows * cols * depth)."""
        return m * n * k / (self.rows * self.cols * self.depth)


@dataclass(frozen=True)
class Tile:
    """One tile of a product, cut into beats.

    Parameters
    ----------
    m, n: first output row and channel.
    a: activations, [beats, rows, depth].
    w: weights, [beats, cols, depth].
    """

    m: int
    n: int
    a: npt.NDArray[np.int64]
    w: npt.NDArray[np.int64]


def tiles(
    a: npt.ArrayLike, w: npt.ArrayLike, geometry: Geometry, *, a_pad: int = 0, w_pad: int = 0
) -> Iterator[Tile]:
    """Cut ``a @ w`` into tiles, channels outside, rows inside.

    Parameters
    ----------
    a: [M, K] integers. w: [K, N] integers.
    a_pad: value of operands beyond M and K; one that adds nothing (0, or the activations' zero
        point where the hardware subtracts it).
    w_pad: value of weights beyond K and N.

    Tiles with the same `n` follow each other, so that they can share channel parameters.

    >>> [(t.m, t.n, t.a.shape) for t in tiles(np.ones((3, 4), int), np.ones((4, 2), int), Geometry(2, 2, 3, 2, 0))]
    [(0, 0, (2, 2, 3)), (2, 0, (2, 2, 3))]
    """
    a, w = np.asarray(a), np.asarray(w)
    if a.ndim != 2 or w.ndim != 2 or a.shape[1] != w.shape[0]:
        raise ValueError(f"a must be [M, K] and w [K, N], not {list(a.shape)} and {list(w.shape)}")
    (m, k), n = a.shape, w.shape[1]
    rows, cols, depth = geometry.rows, geometry.cols, geometry.depth
    beats = geometry.beats(k)
    a_full = _padded(a, -(-m // rows) * rows, beats * depth, a_pad)
    w_full = _padded(w.T, -(-n // cols) * cols, beats * depth, w_pad)
    for n0 in range(0, n, cols):
        w_beats = w_full[n0 : n0 + cols].reshape(cols, beats, depth).transpose(1, 0, 2)
        for m0 in range(0, m, rows):
            a_beats = a_full[m0 : m0 + rows].reshape(rows, beats, depth).transpose(1, 0, 2)
            yield Tile(m0, n0, a_beats, w_beats)


def _padded(x: npt.NDArray[np.int64], rows: int, cols: int, value: int) -> npt.NDArray[np.int64]:
    """`x` enlarged to [rows, cols] by `value`."""
    full = np.full((rows, cols), value, np.int64)
    full[: x.shape[0], : x.shape[1]] = x
    return full
