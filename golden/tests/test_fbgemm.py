"""FBGEMM against exact fractions, each of its four roundings by the definition of IEEE 754."""

import random
from fractions import Fraction

import numpy as np
import pytest

from golden.fbgemm import bias_fbgemm, multiplier_fbgemm, requantize_fbgemm
from golden.requant import requantize_f32
from golden.tests.exact import float32, fraction, half_even, in_int32, limit, to_float32

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
Case = tuple[int, np.float32, np.float32]  # acc, bias, multiplier


def fbgemm_reference(acc: int, bias: np.float32, multiplier: np.float32) -> int:
    total = to_float32(to_float32(Fraction(acc)) + fraction(bias))
    return limit(half_even(to_float32(total * fraction(multiplier))))


def check_fbgemm(cases: list[Case]) -> None:
    acc, bias, multiplier = zip(*cases, strict=True)
    got = requantize_fbgemm(acc, np.array(bias), np.array(multiplier), 0, -256, 255).tolist()
    want = [fbgemm_reference(*case) for case in cases]
    wrong = [(case, g, w) for case, g, w in zip(cases, got, want, strict=True) if g != w]
    assert not wrong, f"{len(wrong)} differ, first (acc, bias, multiplier), got, want: {wrong[0]}"


ACCUMULATORS = in_int32(sign * (2**bits + step) for sign in (-1, 1) for bits in range(32) for step in (-1, 0, 1))


def near(x: float) -> list[np.float32]:
    """`x` as float32 and its neighbours."""
    value = np.float32(x)
    return [np.nextafter(value, np.float32(-np.inf)), value, np.nextafter(value, np.float32(np.inf))]


def test_fbgemm_rounds_ties_and_neighbours_as_defined() -> None:
    cases = []
    for acc in ACCUMULATORS:
        for bias in (0.5, -0.5, 2.0**24, -(2.0**24) - 2, 1e-20, -float(acc), 1.5 - acc):
            for b in near(bias):
                total = abs(to_float32(to_float32(Fraction(acc)) + fraction(b)))
                for tie in (Fraction(1, 2), Fraction(3, 2), Fraction(253, 2)):
                    if total > Fraction(1, 2**20):
                        cases += [(acc, b, multiplier) for multiplier in near(float(tie / total))]
    check_fbgemm(cases)


def test_fbgemm_adds_biases_around_each_half_unit_of_the_sum() -> None:
    cases = []
    for top in range(23, 31):
        for acc in (1 << top, (1 << top) + 1, (1 << (top + 1)) - 1):
            for eighths in range(-17, 18):
                bias = np.float32(eighths / 8 * 2.0 ** (top - 23))
                cases += [(a, b, np.float32(2.0 ** (6 - top))) for a in (acc, -acc) for b in (bias, -bias)]
                cases += [(a, bias, np.float32(0.5 / acc)) for a in (acc, -acc)]
    check_fbgemm([case for case in cases if INT32_MIN <= case[0] <= INT32_MAX])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fbgemm_rounds_random_values_as_defined(seed: int) -> None:
    rng = random.Random(seed)
    cases = []
    for _ in range(20_000):
        acc = rng.choice((-1, 1)) * rng.getrandbits(rng.randint(1, 31))
        size = max(acc.bit_length() + rng.randint(-30, 4), -100)
        bias = rng.choice((-1, 1)) * float32(rng.randrange(2**23, 2**24), size - 24)
        exponent = rng.randint(-3, 10) - 24 - max(acc.bit_length(), size)
        cases.append((acc, np.float32(bias), float32(rng.randrange(2**23, 2**24), exponent)))
    check_fbgemm(cases)


def test_fbgemm_ties_go_to_even_on_both_signs() -> None:
    assert requantize_fbgemm([-4, -2, 0, 2, 4], 1.0, 0.5, 0, -128, 127).tolist() == [-2, 0, 0, 2, 2]
    assert requantize_fbgemm([4, 2, 0, -2, -4], -1.0, 0.5, 0, -128, 127).tolist() == [2, 0, 0, -2, -2]


def test_fbgemm_without_bias_is_f32() -> None:
    rng = np.random.default_rng(1)
    acc = rng.integers(INT32_MIN, INT32_MAX, (50, 400), endpoint=True) >> rng.integers(0, 32, (50, 400))
    scale = np.exp2(rng.uniform(-31, 2, 400)).astype(np.float32)
    for zero in (0.0, -0.0):
        got = requantize_fbgemm(acc, zero, scale, 3, -128, 127)
        assert (got == requantize_f32(acc, scale, 3, -128, 127)).all()


def test_fbgemm_takes_one_bias_and_multiplier_per_channel() -> None:
    got = requantize_fbgemm([[10, 10], [20, 20]], [0.0, 100.0], [1.0, 0.5], [0, 1], -128, 127)
    assert got.tolist() == [[10, 56], [20, 61]]
    assert got.dtype == np.int32


def test_fbgemm_overflow_saturates() -> None:
    largest = np.finfo(np.float32).max
    assert requantize_fbgemm([INT32_MAX, INT32_MIN], [largest, -largest], largest, 5, -100, 100).tolist() == [100, -100]


def test_fbgemm_tiny_bias_is_absorbed() -> None:
    smallest = float32(1, -149)
    assert requantize_fbgemm([3, 5], [smallest, -smallest], 0.5, 0, -128, 127).tolist() == [2, 2]


def test_fbgemm_clamps_after_the_zero_point() -> None:
    assert requantize_fbgemm([100, -100], 27.0, 1.0, 10, -50, 127).tolist() == [127, -50]


@pytest.mark.parametrize(("arguments", "message"), [
    (dict(bias=np.nan), "bias must be finite in float32"),
    (dict(bias=np.inf), "bias must be finite in float32"),
    (dict(bias=0.1), "bias must hold float32 values"),
    (dict(bias=1e300), "bias must be finite in float32"),
    (dict(bias=[1.0, 2.0]), r"bias must be a scalar or have shape \(3,\), not \(2,\)"),
    (dict(multiplier=0.0), "multiplier must be finite and > 0"),
    (dict(multiplier=[1.0, 1.0]), r"multiplier must be a scalar or have shape \(3,\)"),
    (dict(acc=[0, 0, 2**31]), r"acc\[2\] must be in"),
    (dict(zp=256), "zp must be in -256..255"),
    (dict(qmin=5, qmax=4), "qmin must be <= qmax"),
])
def test_fbgemm_refuses(arguments: dict[str, object], message: str) -> None:
    good = dict(acc=[0, 1, 2], bias=0.0, multiplier=1.0, zp=0, qmin=-128, qmax=127)
    with pytest.raises(ValueError, match=message):
        requantize_fbgemm(**(good | arguments))  # type: ignore[arg-type]


def test_bias_and_multiplier_round_as_defined() -> None:
    rng = np.random.default_rng(4)
    a, y = np.exp2(rng.uniform(-8, 3, 2)).astype(np.float32)
    w = np.exp2(rng.uniform(-12, 0, 500)).astype(np.float32)
    bias = rng.normal(0, 10, 500).astype(np.float32)
    b, multiplier = bias_fbgemm(bias, a, w), multiplier_fbgemm(a, w, y)
    for n in range(500):
        aw = to_float32(fraction(a) * fraction(w[n]))
        assert fraction(b[n]) == to_float32(fraction(bias[n]) / aw)
        assert fraction(multiplier[n]) == to_float32(aw / fraction(y))


def test_bias_wants_a_scale_for_each_channel() -> None:
    with pytest.raises(ValueError, match=r"^w_scale must have shape \(2,\), not \(\)$"):
        bias_fbgemm([1.0, 2.0], 0.5, 0.5)


def test_bias_out_of_float32_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^bias / \(a_scale \* w_scale\)\[0\] must be finite in float32"):
        bias_fbgemm([1e30], 2.0**-30, [2.0**-30])
