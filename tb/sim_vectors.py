"""Stimulus for requantization: corners and ties first, then seeded random.

On realistic layers the rounding modes differ in a handful of outputs per million, so random data
alone proves nothing: ties, their neighbours and the ends of every range are made on purpose.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.modes import FACTORS, requantize

__all__ = ["INT32_MAX", "INT32_MIN", "Vectors", "expected", "products_below_a_power_of_two", "vectors"]

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1

# Candidates for products near a tie, and how many of them are taken.
NEAR, NEAREST = 200_000, 500

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Vectors:
    """Inputs of one requantizer mode, [count] each.

    `scale` float32 for F32 and FBGEMM, `m` and `s` for the others; `bias` float32 for FBGEMM.
    """

    mode: str
    acc: IntArray
    m: IntArray
    s: IntArray
    scale: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]

    def multiplier(self) -> IntArray:
        """The bits of the hardware's multiplier field."""
        return self.scale.view(np.uint32).astype(np.int64) if "scale" in FACTORS[self.mode] else self.m

    def where(self, keep: npt.NDArray[Any]) -> "Vectors":
        """The vectors that `keep` selects, by truth or by position."""
        return Vectors(
            self.mode, self.acc[keep], self.m[keep], self.s[keep], self.scale[keep], self.bias[keep])

    def golden(self, zero_point: int, low: int, high: int) -> IntArray:
        """Outputs of the golden model."""
        factor: dict[str, npt.NDArray[Any]] = {"scale": self.scale, "m": self.m, "s": self.s, "bias": self.bias}
        y = requantize(self.mode, self.acc, factor, zero_point, low, high)
        return y.astype(np.int64)


def vectors(mode: str, rng: np.random.Generator, count: int) -> Vectors:
    """Directed vectors of `mode`, then `count` random ones."""
    if mode == "FBGEMM":
        acc, scale, bias = _biased(rng, count)
        none = np.zeros(len(acc), np.int64)
        return Vectors(mode, acc, none, none, scale, bias)
    if mode == "F32":
        acc, scale = _float(rng, count)
        none = np.zeros(len(acc), np.int64)
        return Vectors(mode, acc, none, none, scale, np.zeros(len(acc), np.float32))
    table = np.concatenate([
        np.array(_fixed_corners(), np.int64).T, _fixed_single_bits(rng), _fixed_near_ties(rng),
        _fixed_random(rng, count)], axis=1)
    zeros = np.zeros(table.shape[1], np.float32)
    return Vectors(mode, table[0], table[1], table[2], zeros, zeros)


def expected(v: Vectors, zero_point: int, low: int, high: int) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Golden outputs, and whether the clamp changed them.

    The golden functions clamp to 9 bits at the widest. A value beyond a bound there is found by
    moving the zero point by one towards the inside: it still touches the bound.
    """
    def inner(shift: int) -> IntArray:
        return v.golden(min(max(zero_point + shift, -256), 255), -256, 255)

    y = v.golden(zero_point, low, high)
    above = inner(-1) >= high if zero_point > -256 else inner(0) > high
    below = inner(1) <= low if zero_point < 255 else inner(0) < low
    return y, above | below


def _fixed_corners() -> list[tuple[int, int, int]]:
    """(acc, m, s): for every shift exact ties, their neighbours, ends of the ranges."""
    corners = []
    for s in range(2, 63):
        # acc * m = odd * 2^(s-1) is a tie of the last bit.
        power = min(30, s - 1)
        unit = 1 << (s - 1 - power)
        for odd in (-255, -5, -3, -1, 1, 3, 5, 255):
            tie = odd * unit
            for acc in (tie - 1, tie, tie + 1):
                for m in (1 << power, (1 << power) - 1, (1 << power) + 1):
                    corners.append((acc, m, s))
        for acc in (INT32_MIN, INT32_MIN + 1, -(2**24) - 1, -1, 0, 1, 2**24 + 1, INT32_MAX - 1, INT32_MAX):
            for m in (0, 1, 2**30, 2**30 + 1, 2**31 - 1):
                corners.append((acc, m, s))
        # Around the second rounding of the double modes: the product is just short of a tie.
        for q in (-2, -1, 0, 1, 2):
            for nudge in (-(2**30), -(2**30) + 1, -(2**30) - 1, 2**30, 2**30 - 1):
                m = 2**31 - 1
                acc = ((2 * q + 1) * (1 << (s - 1)) + nudge) // m
                corners += [(acc + step, m, s) for step in (0, 1)]
    return [corner for corner in corners if INT32_MIN <= corner[0] <= INT32_MAX and 0 <= corner[1] < 2**31]


def _fixed_single_bits(rng: np.random.Generator) -> IntArray:
    """acc, m, s: products of one bit that leave the output range, so that each bit must saturate by itself."""
    product, s = np.meshgrid(np.arange(8, 62), np.arange(2, 63))
    product, s = product[product - s >= 6], s[product - s >= 6]
    low, high = np.maximum(product - 31, 0), np.minimum(product, 30)
    m = rng.integers(low, high, endpoint=True)
    sign = np.where((rng.random(len(m)) < 0.5) | (product - m == 31), -1, 1)
    return np.stack([sign * (np.int64(1) << (product - m)), np.int64(1) << m, s])


def _fixed_near_ties(rng: np.random.Generator) -> IntArray:
    """acc, m, s: products as near a tie as there are among many, without being one."""
    s = rng.integers(24, 46, NEAR)
    m = rng.integers(2**30, 2**31, NEAR)
    tie = (2 * rng.integers(-130, 130, NEAR) + 1) << (s - 1)
    acc = np.rint(tie / m).astype(np.int64)
    distance = np.abs(acc * m - tie)
    nearest = np.argsort(np.where(distance == 0, 2**62, distance))[:NEAREST]
    return np.stack([acc, m, s])[:, nearest]


def _fixed_random(rng: np.random.Generator, count: int) -> IntArray:
    """acc, m, s: magnitudes uniform in bits; half with a shift that puts the result in range."""
    bits = rng.integers(0, 32, count)
    acc = rng.integers(INT32_MIN, INT32_MAX, count, endpoint=True) >> bits
    m = rng.integers(2**30, 2**31, count) >> np.where(rng.random(count) < 0.5, 0, rng.integers(0, 31, count))
    magnitude = np.log2(np.maximum(np.abs(acc.astype(float) * m), 1.0))
    fitting = np.ceil(magnitude - rng.uniform(-3, 8, count)).astype(np.int64)
    s = np.where(rng.random(count) < 0.8, np.clip(fitting, 2, 62), rng.integers(2, 63, count))
    return np.stack([acc, m, s])


def _float(rng: np.random.Generator, count: int) -> tuple[IntArray, npt.NDArray[np.float32]]:
    """acc, scale: corners, near ties, and `count` at random."""
    parts = (_float_corners(), _float_last_bits_of_acc(), _float_last_bits_of_products(rng), _float_near_ties(rng),
             _float_random(rng, count))
    return np.concatenate([acc for acc, _ in parts]), np.concatenate([scale for _, scale in parts])


def _float_last_bits_of_acc() -> tuple[IntArray, npt.NDArray[np.float32]]:
    """acc, scale: half a last bit beside a tie of the integer, give or take each smaller bit of the accumulator."""
    acc, scale = [], []
    for bits in range(25, 32):
        half = 1 << (bits - 25)
        for odd in (1, 3, 5, 7, 101, 255):
            place = bits - odd.bit_length()
            for rest in (0, *(sign << bit for bit in range(bits - 25) for sign in (1, -1))):
                for offset in (half + rest, -half - rest):
                    acc += [(odd << place) + offset, -(odd << place) - offset]
                    scale += [2.0 ** -(place + 1)] * 2
    return np.array(acc, np.int64), np.array(scale, np.float32)


def _float_last_bits_of_products(rng: np.random.Generator) -> tuple[IntArray, npt.NDArray[np.float32]]:
    """acc, scale: products that are half a last bit beside a tie of the integer, exactly and but for one smaller bit.

    Such a product is (odd 2^k +- 1) 2^j +- 1. Where it has a divisor, that is the accumulator, and the rest the scale.
    """
    odd = 2 * rng.permutation(256)[:64] + 1
    k = 25 - np.frexp(odd.astype(float))[1]
    accs, scales = [], []
    for j in range(20):
        for side, bit in ((1, 0), (-1, 0)) if j == 0 else ((1, 1), (1, -1), (-1, 1), (-1, -1)):
            product = (((odd << k) + side) << j) + bit
            divisor = (2 << j) + np.arange(1, 2**10 if j < 8 else 2**12)
            at, by = np.nonzero(product[:, None] % divisor == 0)
            rest = product[at] // divisor[by]
            chosen = np.flatnonzero((rest < 2**24) & (divisor[by] < 2**24))[:40]
            accs.append(divisor[by[chosen]] * rng.choice([-1, 1], len(chosen)))
            scales.append(np.ldexp(rest[chosen].astype(np.float32), -(k[at[chosen]] + j + 1)))
    return np.concatenate(accs), np.concatenate(scales).astype(np.float32)


def _float_near_ties(rng: np.random.Generator) -> tuple[IntArray, npt.NDArray[np.float32]]:
    """acc, scale: products of full mantissas as near as there are among many to where two roundings meet.

    A product is rounded to 24 bits before it is rounded to an integer: it must be near a tie of the second, or half
    a last bit of the first beside one.
    """
    mantissa = rng.integers(2**23, 2**24, NEAR)
    point = rng.integers(36, 48, NEAR)
    tie = (2 * rng.integers(0, 2**8, NEAR) + 1) << (point - 1)
    last = np.int64(1) << (np.frexp(tie.astype(float))[1] - 24)
    wanted = tie + rng.integers(-1, 1, NEAR, endpoint=True) * last // 2
    acc = np.rint(wanted / mantissa).astype(np.int64)
    distance = np.abs(acc * mantissa - wanted)
    nearest = np.argsort(np.where((acc >= 2**24) | (acc < 2**16), 2**62, distance))[:NEAREST]
    scale = np.ldexp(mantissa[nearest].astype(np.float32), -point[nearest])
    return acc[nearest] * rng.choice([-1, 1], NEAREST), scale.astype(np.float32)


def _float_corners() -> tuple[IntArray, npt.NDArray[np.float32]]:
    """acc, scale: ties and neighbours of all three roundings, ends of the ranges."""
    acc: list[int] = []
    scale: list[float] = []

    def add(accs: list[int], scales: list[float]) -> None:
        for a in accs:
            for x in scales:
                if INT32_MIN <= a <= INT32_MAX:
                    acc.append(a)
                    scale.append(x)

    def near(x: float) -> list[float]:
        value = np.float32(x)
        return [float(np.nextafter(value, np.float32(0))), x, float(np.nextafter(value, np.float32(np.inf)))]

    # Ties of the integer rounding.
    for power in (1, 2, 8, 15, 22, 30):
        for odd in (-511, -255, -5, -3, -1, 1, 3, 5, 255, 511):
            tie = odd << (power - 1)
            add([tie - 1, tie, tie + 1], near(2.0**-power))
    # Ties of int32 to float32, and carries into the next power of two.
    for top in range(24, 32):
        step = 1 << (top - 23)
        for base in ((1 << top) - 3 * step, (1 << top) - step, 1 << top, (1 << top) + step):
            for offset in (-1, 0, 1, step // 2 - 1, step // 2, step // 2 + 1):
                add([base + offset, -base - offset], [*near(2.0 ** -(top - 5)), 0.75 * 2.0 ** -(top - 4)])
    ends = [INT32_MIN, INT32_MIN + 1, -(2**24) - 1, -(2**24), -(2**24) + 1, -100, -1, 0,
            1, 2, 100, 2**24 - 1, 2**24, 2**24 + 1, 2**24 + 2, INT32_MAX - 1, INT32_MAX]
    add(ends, [2.0**power for power in (
        -149, -126, -60, -33, -32, -31, -30, -24, -23, -8, -1, 0, 1, 7, 8, 9, 20, 100, 127)])
    add(ends, near(1.0) + near(1 / 3) + near(1.5 * 2.0**-31) + [float(np.finfo(np.float32).max)])
    # Products of two mantissas that round up to the next power of two.
    for a, mantissa in products_below_a_power_of_two():
        add([a, -a], [mantissa * 2.0**-power for power in range(36, 52)])
    # Every distance from the largest to the smallest result.
    for power in range(-45, 12):
        add([1, -1, 3, 12345, -12345, 2**24 - 1, INT32_MAX, INT32_MIN], [1.5 * 2.0**power, 1.9999999 * 2.0**power])
    return np.array(acc, np.int64), np.array(scale, np.float32)


def products_below_a_power_of_two() -> list[tuple[int, int]]:
    """Two numbers of 24 bits whose product is short of 2^47 by at most half of float32's last place there, 2^22."""
    pairs = [(a, (2**47 - 1) // a) for a in range(2**23 + 1, 2**24, 1_000_003)]
    return [(a, b) for a, b in pairs if a * b >= 2**47 - 2**22]


def _float_random(rng: np.random.Generator, count: int) -> tuple[IntArray, npt.NDArray[np.float32]]:
    """acc, scale: magnitudes uniform in bits; most with a scale that puts the result in range."""
    acc = rng.integers(INT32_MIN, INT32_MAX, count, endpoint=True) >> rng.integers(0, 32, count)
    magnitude = np.log2(np.maximum(np.abs(acc.astype(float)), 1.0))
    exponent = np.where(rng.random(count) < 0.8, rng.uniform(-3, 9, count) - magnitude, rng.uniform(-60, 20, count))
    mantissa = np.where(rng.random(count) < 0.2, 1.0, rng.uniform(1, 2, count))
    return acc, (mantissa * 2.0 ** np.floor(exponent)).astype(np.float32)


def _biased(rng: np.random.Generator, count: int) -> tuple[IntArray, npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """acc, scale, bias: sums that cancel, round, or swallow one of the two; then random."""
    acc, scale = _float(rng, count)
    real = acc.astype(np.float64)
    last = np.spacing(np.abs(real).astype(np.float32)).astype(np.float64)
    # What is added is relative to the accumulator or to the worth of its last bit, or a constant.
    kinds = [
        -real, -real + 1, -real - 0.5, -real * (1 + 2.0**-23), -real / 2, real, 0 * real, 0 * real + 0.5,
        0 * real - 1.5, last / 2, -last / 2, 1.5 * last, -1.5 * last, last / 4, -last * 0.75, last * 0.5000001,
        0 * real + 2.0**-149, 0 * real - 2.0**-126, 0 * real + 2.0**33, 0 * real - 3.0e38,
        real * 2.0 ** rng.uniform(-30, 30, len(acc)), -real * 2.0 ** rng.uniform(-3, 3, len(acc)),
    ]
    chosen = rng.permutation(np.arange(len(acc)) % len(kinds))
    bias = np.stack(kinds)[chosen, np.arange(len(acc))].astype(np.float32)
    return acc, scale, bias
