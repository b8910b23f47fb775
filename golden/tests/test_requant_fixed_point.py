"""The fixed-point modes against the definitions of the stacks they equal, step by step in Python integers.

SINGLE is one exact rounding.  DOUBLE and DOUBLE_UP are the two steps of gemmlowp `fixedpoint.h` as TFLite
`MultiplyByQuantizedMultiplier` calls them, for DOUBLE_UP with the second step half up.
"""

import math
import random
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from golden.requant import REQUANTIZE, requantize_double, requantize_double_up, requantize_single
from golden.tests.exact import in_int32, limit

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
MODES = ("SINGLE", "DOUBLE", "DOUBLE_UP")
Case = tuple[int, int, int]  # acc, m, s


def single(acc: int, m: int, s: int) -> int:
    """Half up, by definition: floor(x + 1/2)."""
    return math.floor(Fraction(acc * m, 2**s) + Fraction(1, 2))


def saturating_rounding_doubling_high_mul(a: int, b: int) -> int:
    """The high 32 bits of 2ab as gemmlowp rounds them; its saturating case needs b < 0, which no m is."""
    ab = a * b
    nudge = 1 << 30 if ab >= 0 else 1 - (1 << 30)
    quotient = abs(ab + nudge) // (1 << 31)  # the C++ division truncates towards zero
    return quotient if ab + nudge >= 0 else -quotient


def rounding_divide_by_pot(x: int, exponent: int) -> int:
    mask = (1 << exponent) - 1
    remainder = x & mask
    threshold = (mask >> 1) + (1 if x < 0 else 0)
    return (x >> exponent) + (1 if remainder > threshold else 0)


def rounding_divide_by_pot_up(x: int, exponent: int) -> int:
    return (x + (1 << (exponent - 1))) >> exponent if exponent else x


def multiply_by_quantized_multiplier(
    acc: int, m: int, s: int, divide: Callable[[int, int], int]
) -> int | None:
    """Scale by two steps; None where `acc << left_shift` leaves int32, which C++ does not define."""
    shift = 31 - s
    left_shift, right_shift = max(shift, 0), max(-shift, 0)
    shifted = acc << left_shift
    if not INT32_MIN <= shifted <= INT32_MAX:
        return None
    return divide(saturating_rounding_doubling_high_mul(shifted, m), right_shift)


def fixed_point_reference(mode: str, acc: int, m: int, s: int) -> int:
    """The two steps of the mode, or a single exact rounding where two steps are not defined (only s < 31)."""
    two_steps = {"DOUBLE": rounding_divide_by_pot, "DOUBLE_UP": rounding_divide_by_pot_up}
    q = multiply_by_quantized_multiplier(acc, m, s, two_steps[mode]) if mode in two_steps else None
    return limit(single(acc, m, s) if q is None else q)


MULTIPLIERS = [0, 1, 2, 3, 5, 2**15, 2**16 + 1, 2**29 + 2**7]
MULTIPLIERS += [2**30 - 1, 2**30, 2**30 + 1, 2**31 - 2, 2**31 - 1]


def tie_products(s: int) -> list[int]:
    """Products at which some rounding of some mode turns over: ties of each step and of both."""
    ties = [odd * 2 ** (s - 1) for odd in (-511, -257, -7, -5, -3, -1, 1, 3, 5, 7, 255, 509)]
    if s > 31:
        ties += [tie + nudge for tie in ties for nudge in (-(2**30), 2**30)]
        ties += [odd * 2**30 for odd in (-5, -3, -1, 1, 3, 5)]
    return ties


def directed(s: int) -> list[Case]:
    """Every tie and its neighbours on both signs, and the extremes, for one shift."""
    cases = []
    for m in MULTIPLIERS:
        accs = {INT32_MIN, INT32_MIN + 1, -1, 0, 1, INT32_MAX - 1, INT32_MAX}
        if m:
            accs |= {product // m + step for product in tie_products(s) for step in (-1, 0, 1, 2)}
        if m % 2 and s <= 32:  # acc * m meets any residue: exactly the tie, and one off
            inverse = pow(m, -1, 2**s)
            residues = [(2 ** (s - 1) + step) * inverse % 2**s for step in (-1, 0, 1)]
            accs |= {residue - wrap for residue in residues for wrap in (0, 2**s)}
        cases += [(acc, m, s) for acc in in_int32(accs)]
    return cases


def fixed_point_random(seed: int, count: int = 20_000) -> list[Case]:
    """Accumulators of every size, with shifts which bring most results within the clamp."""
    rng = random.Random(seed)
    cases = []
    for _ in range(count):
        acc = rng.choice((-1, 1)) * rng.getrandbits(rng.randint(1, 31))
        m = rng.randrange(2**30, 2**31) if rng.random() < 0.8 else rng.getrandbits(31)
        s = (acc * m).bit_length() - rng.randint(-1, 9)
        cases.append((acc, m, min(max(s, 2), 62)))
    return cases


def check_fixed_point(mode: str, cases: list[Case]) -> None:
    acc, m, s = (np.array(column) for column in zip(*cases, strict=True))
    got = REQUANTIZE[mode](acc, m, s, 0, -256, 255).tolist()
    want = [fixed_point_reference(mode, *case) for case in cases]
    wrong = [(case, g, w) for case, g, w in zip(cases, got, want, strict=True) if g != w]
    assert not wrong, f"{len(wrong)} differ, first (acc, m, s), got, want: {wrong[0]}"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("s", range(2, 63))
def test_fixed_point_rounds_ties_and_neighbours_as_defined(mode: str, s: int) -> None:
    check_fixed_point(mode, directed(s))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fixed_point_rounds_random_values_as_defined(mode: str, seed: int) -> None:
    check_fixed_point(mode, fixed_point_random(seed))


@pytest.mark.parametrize("s", range(2, 63))
def test_directed_cases_hit_ties_of_both_signs(s: int) -> None:
    products = {acc * m for acc, m, _ in directed(s)}
    for sign in (-1, 1):
        if (s, sign) != (62, 1):  # 2^61 is not a product of an int32 and a multiplier, -2^61 is
            assert any(sign * odd * 2 ** (s - 1) in products for odd in (1, 3, 5))


@pytest.mark.parametrize("s", range(32, 61))
def test_fixed_point_modes_differ_around_one_half(s: int) -> None:
    acc = np.array([1, 1, 1, -1, -1, -1]) * 2 ** (s - 31)
    m = np.array([2**30 - 1, 2**30, 2**30 + 1] * 2)  # acc * m / 2^s is +-1/2, or one m away from it
    got = {mode: REQUANTIZE[mode](acc, m, s, 0, -256, 255).tolist() for mode in MODES}
    assert got == {
        "SINGLE": [0, 1, 1, 0, 0, -1],
        "DOUBLE": [1, 1, 1, -1, -1, -1],
        "DOUBLE_UP": [1, 1, 1, 0, 0, 0],
    }


@pytest.mark.parametrize("s", range(2, 32))
def test_fixed_point_modes_agree_up_to_shift_31(s: int) -> None:
    acc, m, _ = (np.array(column) for column in zip(*directed(s), strict=True))
    want = requantize_single(acc, m, s, 0, -256, 255)
    assert np.array_equal(requantize_double(acc, m, s, 0, -256, 255), want)
    assert np.array_equal(requantize_double_up(acc, m, s, 0, -256, 255), want)


def test_fixed_point_modes_never_differ_by_more_than_one() -> None:
    acc, m, s = (np.array(column) for column in zip(*fixed_point_random(4), strict=True))
    q = np.stack([REQUANTIZE[mode](acc, m, s, 0, -256, 255) for mode in MODES])
    spread = q.max(axis=0) - q.min(axis=0)
    assert spread.max() == 1


@pytest.mark.parametrize("mode", MODES)
def test_fixed_point_saturates_at_the_largest_products(mode: str) -> None:
    acc = [INT32_MIN, INT32_MAX]
    assert REQUANTIZE[mode](acc, 2**31 - 1, 2, 0, -128, 127).tolist() == [-128, 127]
    assert REQUANTIZE[mode](acc, 2**31 - 1, 62, 0, -128, 127).tolist() == [-1, 1]
    assert REQUANTIZE[mode](acc, 0, 62, 7, -128, 127).tolist() == [7, 7]
