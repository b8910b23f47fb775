"""Exact arithmetic for references, in integers and fractions: the roundings of IEEE 754 by definition."""

import math
from collections.abc import Iterable
from fractions import Fraction

import numpy as np
import numpy.typing as npt


def limit(q: int, low: int = -256, high: int = 255) -> int:
    """Clamp to the widest range that a requantizer has, or to another."""
    return min(max(q, low), high)


def in_int32(values: Iterable[int]) -> list[int]:
    """The distinct values which fit int32, in order."""
    return sorted({v for v in values if -(2**31) <= v < 2**31})


def half_even(x: Fraction) -> int:
    """Round to the nearest integer, ties to the even one."""
    below = math.floor(x)
    rest = x - below
    up = rest > Fraction(1, 2) or (rest == Fraction(1, 2) and below % 2 == 1)
    return below + up


def exponent_of(x: Fraction) -> int:
    """The e with 2^(e-1) <= |x| < 2^e, for x other than 0."""
    e = abs(x.numerator).bit_length() - x.denominator.bit_length()
    while abs(x) >= Fraction(2) ** e:
        e += 1
    return e


def to_bits(x: Fraction, bits: int, lowest: int) -> Fraction:
    """Round to `bits` significant bits, and to no finer unit than 2^lowest, half to even; no overflow."""
    if x == 0:
        return x
    unit = Fraction(2) ** max(exponent_of(x) - bits, lowest)
    return half_even(x / unit) * unit


def to_float32(x: Fraction) -> Fraction:
    """Round to binary32 without its upper bound."""
    return to_bits(x, 24, -149)


def to_float64(x: Fraction) -> Fraction:
    """Round to binary64 without its upper bound."""
    return to_bits(x, 53, -1074)


def fraction(x: np.float32 | npt.NDArray[np.float32]) -> Fraction:
    """The value of a finite binary32, from its bits."""
    word = int(x.view(np.uint32))
    sign = -1 if word >> 31 else 1
    exponent, mantissa = word >> 23 & 0xFF, word & 0x7FFFFF
    if exponent == 0:
        return sign * mantissa * Fraction(2) ** -149
    return sign * (mantissa + 2**23) * Fraction(2) ** (exponent - 150)


def float32(mantissa: int, exponent: int) -> np.float32:
    """Assemble `mantissa * 2^exponent` from bits; a mantissa below 2^23 is subnormal, with exponent -149."""
    if mantissa >= 2**23:
        assert mantissa < 2**24 and -149 <= exponent <= 104
        word = (exponent + 150) << 23 | mantissa - 2**23
    else:
        assert exponent == -149
        word = mantissa
    return np.uint32(word).view(np.float32)
