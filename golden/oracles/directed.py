"""Accumulators and factors at the places where a rounding decides: ties, their neighbours, ends of ranges."""

from functools import cache

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

REACH = 3
STEPS = np.arange(-REACH, REACH + 1)
"""Around each accumulator that is injected, these are added to it."""

LOWEST, HIGHEST = -(2**31) + REACH, 2**31 - 1 - REACH

TIES = (0, 1, 2, 4, 5, 62, 63, 125, 126, 127, -1, -2, -3, -5, -64, -65, -127, -128, -129)
"""Results q whose upper neighbour begins at q + 1/2."""

_CORNERS = (0, 2**24, -(2**24), 2**24 + 5, -(2**24) - 5, 2**25 + 5, 2**30, -(2**30), LOWEST, HIGHEST)

MANTISSAS = (1.0, 1 + 2.0**-23, 4 / 3, 1.5, np.sqrt(2), 2 - 2.0**-23)
"""Significands of scales: powers of two and their neighbours, and three in between."""


def anchors(factor: Float64, ties: npt.ArrayLike = TIES, product: float = np.inf) -> tuple[Int64, Int64]:
    """Return (index, acc): for each factor [C] the accumulators nearest to its ties, and corners of int32.

    An accumulator which is no int32, even after a step, is left out, and so is one for which
    |acc * factor| >= product.
    """
    places = np.rint((np.asarray(ties) + 0.5) / factor[:, None])
    places = np.concatenate([places, np.broadcast_to(_CORNERS, (len(factor), len(_CORNERS)))], axis=1)
    good = (places >= LOWEST) & (places <= HIGHEST) & (np.abs(places * factor[:, None]) < product)
    index, column = np.nonzero(good)
    return index, places[index, column].astype(np.int64)


def float_roundings() -> tuple[Int64, npt.NDArray[np.float32]]:
    """Return (acc, scale): ties of int32 to float32, times scales which bring the product near a tie."""
    acc = []
    for top in range(24, 31):
        half = 1 << (top - 24)  # half a unit in the last place, from 2^top on
        acc += [sign * ((1 << top) + odd * half) for sign in (-1, 1) for odd in (1, 3, 5, 2**24 - 3, 2**24 - 1)]
    values = np.array([x for x in acc if LOWEST <= x <= HIGHEST])
    ties = np.array([0.5, 1.5, 63.5, 126.5])
    scale = (ties / np.abs(values).astype(np.float32)[:, None]).astype(np.float32)
    ulps = np.arange(-2, 3, dtype=np.int32)
    near = (scale[..., None].view(np.int32) + ulps).view(np.float32)
    return np.broadcast_to(values[:, None, None], near.shape).ravel(), near.ravel()


def rounding_constant(mode: str, s: int, sign: int) -> int:
    """Return R of a fixed-point mode, from the definition of its two steps."""
    second = {"SINGLE": 0, "DOUBLE": sign, "DOUBLE_UP": 1}[mode] if s > 31 else 0
    return (1 << (s - 1)) + second * (1 << 30)


@cache
def product_boundaries(mode: str, shifts: tuple[int, ...] = tuple(range(24, 47))) -> tuple[tuple[int, int, int], ...]:
    """Return (acc, m, s) with acc * m + R either a multiple of 2^s or one less: a unit of R moves the result.

    2^30 <= m < 2^31.  For each shift, sign and side there are up to three.
    """
    found = []
    for s in shifts:
        for sign in (1, -1):
            for less in (0, 1):
                hits: list[tuple[int, int, int]] = []
                for q in (1, 0, 3, 2, 9, 26, 5, 12, 64, 33, 100, 117, 17, 48, 81, 7):
                    target = abs((sign * q << s) - rounding_constant(mode, s, sign) - less)
                    for acc in _divisors(target)[: 3 - len(hits)]:
                        hits.append((sign * acc, target // acc, s))
                    if len(hits) == 3:
                        break
                found += [(a, m, s) for a, m, s in hits if _is_boundary(mode, a, m, s, less)]
    return tuple(found)


def _divisors(target: int) -> list[int]:
    """The divisors of `target` whose cofactor is in 2^30..2^31-1, if there are not too many to try."""
    low, high = target // 2**31 + 1, target // 2**30
    if not 0 < high - low + 1 <= 2**21:
        return []
    candidates = np.arange(low, high + 1, dtype=np.int64)
    return [int(c) for c in candidates[target % candidates == 0]]


def _is_boundary(mode: str, acc: int, m: int, s: int, less: int) -> bool:
    product = acc * m + rounding_constant(mode, s, 1 if acc >= 0 else -1)
    return LOWEST <= acc <= HIGHEST and (product + less) % (1 << s) == 0
