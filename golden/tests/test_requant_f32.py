"""F32 against exact fractions, each of its three roundings by the definition of IEEE 754."""

import random
from fractions import Fraction

import numpy as np
import pytest

from golden.requant import requantize_f32, requantize_single
from golden.tests.exact import exponent_of, float32, half_even, in_int32, limit, to_float32

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
Scale = tuple[int, int]  # a float32 as mantissa < 2^24 and exponent of 2


def f32_reference(acc: int, scale: Scale) -> int:
    """Three roundings; overflow to infinity is left out, because 2^128 saturates the clamp just as well."""
    mantissa, exponent = scale
    product = to_float32(to_float32(Fraction(acc)) * mantissa * Fraction(2) ** exponent)
    return limit(half_even(product))


ACCUMULATORS = in_int32(
    sign * (2**bits + step) for sign in (-1, 1) for bits in range(32) for step in (-3, -2, -1, 0, 1, 2, 3)
)
MANTISSAS = [2**23, 2**23 + 1, 3 * 2**22, 0xAAAAAB, 0xB504F3, 2**24 - 2, 2**24 - 1]


def scale_near(x: Fraction, step: int) -> Scale | None:
    """The float32 nearest to `x` > 0, moved by `step` units in its last place; None past a power of two."""
    exponent = exponent_of(x) - 24
    mantissa = half_even(x * Fraction(2) ** -exponent) + step
    return (mantissa, exponent) if 2**23 <= mantissa < 2**24 else None


def f32_ties() -> list[tuple[int, Scale]]:
    """Scales within two units in the last place of one which makes the product a tie."""
    cases = []
    for acc in ACCUMULATORS:
        for odd in (1, 3, 5, 253, 509):
            for step in (-2, -1, 0, 1, 2):
                scale = scale_near(Fraction(odd, 2 * abs(acc)), step) if acc else None
                if scale:
                    cases.append((acc, scale))
    return cases


def f32_random(seed: int, count: int = 20_000) -> list[tuple[int, Scale]]:
    rng = random.Random(seed)
    cases = []
    for _ in range(count):
        acc = rng.choice((-1, 1)) * rng.getrandbits(rng.randint(1, 31))
        scale = (rng.randrange(2**23, 2**24), rng.randint(-3, 10) - 24 - acc.bit_length())
        cases.append((acc, scale))
    return cases


def check_f32(cases: list[tuple[int, Scale]]) -> None:
    scale = [float32(*scale) for _, scale in cases]
    got = requantize_f32([acc for acc, _ in cases], scale, 0, -256, 255).tolist()
    want = [f32_reference(*case) for case in cases]
    wrong = [(case, g, w) for case, g, w in zip(cases, got, want, strict=True) if g != w]
    assert not wrong, f"{len(wrong)} differ, first (acc, (mantissa, exponent)), got, want: {wrong[0]}"


def test_f32_rounds_ties_and_neighbours_as_defined() -> None:
    check_f32(f32_ties())


def test_f32_rounds_every_magnitude_as_defined() -> None:
    cases = []
    for acc in ACCUMULATORS:
        for mantissa in MANTISSAS:
            for power in (-2, 0, 1, 7, 8):
                cases.append((acc, (mantissa, power - 23 - abs(acc).bit_length())))
    check_f32(cases)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_f32_rounds_random_values_as_defined(seed: int) -> None:
    check_f32(f32_random(seed))


def test_f32_covers_every_exponent() -> None:
    accs = [INT32_MIN, -(2**24) - 1, -3, -1, 0, 1, 3, 2**24 + 1, INT32_MAX]
    check_f32([(acc, (mantissa, e)) for acc in accs for mantissa in MANTISSAS for e in range(-149, 105)])


def test_f32_rounds_accumulators_around_2_24() -> None:
    near = [base + step for base in (2**24, 2**25, 2**26) for step in range(-9, 10)]
    accs = near + [-acc for acc in near]
    scales = [(mantissa, e) for mantissa in MANTISSAS for e in range(-52, -38)]
    check_f32([(acc, scale) for acc in accs for scale in scales])


@pytest.mark.parametrize("exponent", range(-126, 21))
def test_f32_scales_by_any_power_of_two(exponent: int) -> None:
    acc = [INT32_MIN, -5, -1, 0, 1, 5, INT32_MAX]
    want = [limit(half_even(to_float32(Fraction(a)) * Fraction(2) ** exponent)) for a in acc]
    assert requantize_f32(acc, np.float32(2.0**exponent), 0, -256, 255).tolist() == want


def test_f32_subnormal_scale_gives_zero_point() -> None:
    scale = [float32(1, -149), float32(2**22, -149), float32(2**23 - 1, -149)]
    acc = [[INT32_MIN] * 3, [INT32_MAX] * 3]
    assert requantize_f32(acc, scale, 5, -128, 127).tolist() == [[5] * 3] * 2


def test_f32_overflow_saturates() -> None:
    largest = float32(2**24 - 1, 104)
    acc = [INT32_MIN, -2, -1, 0, 1, 2, INT32_MAX]
    assert requantize_f32(acc, largest, -7, -100, 100).tolist() == [-100] * 3 + [-7] + [100] * 3


def test_f32_rounds_before_the_zero_point_is_added() -> None:
    assert requantize_f32([1, 3, -1], 0.5, 1, -128, 127).tolist() == [1, 3, 1]


def test_f32_differs_from_single_at_ties() -> None:
    acc = [-3, -1, 1, 3, 5]
    assert requantize_f32(acc, 0.5, 0, -128, 127).tolist() == [-2, 0, 0, 2, 2]
    assert requantize_single(acc, 2**30, 31, 0, -128, 127).tolist() == [-1, 0, 1, 2, 3]


@pytest.mark.parametrize("kind", [float, np.float16, np.float32, np.float64])
def test_f32_accepts_any_float_that_float32_holds(kind: type) -> None:
    assert requantize_f32([6], kind(0.5), 0, -128, 127).tolist() == [3]
    assert requantize_f32([6], [kind(0.5)], 0, -128, 127).tolist() == [3]
