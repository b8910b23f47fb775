"""Sums and requantization on arrays of any kind, shape and layout: exact, or one clear error."""

from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from golden import matmul
from golden.fbgemm import requantize_fbgemm
from golden.requant import clamp, requantize_double, requantize_double_up, requantize_f32, requantize_single
from golden.tests.exact import half_even, to_float32
from tb.fuzzing import fuzz, refusal
from tb.golden_inputs import POSITIVE, WRONG, at, integer_array, integers_of_shape, mostly, quiet, single
from tb.hostile import arrays, values

# Small shapes that fit each other more often than not.
M, K, N = (st.integers(1, 3) for _ in range(3))


def integers(x):
    """`x` as nested lists of Python integers."""
    return np.asarray(x).tolist()


# Sums --------------------------------------------------------------------------------------------------------------

@st.composite
def products(draw):
    m, k, n = draw(M), draw(K), draw(N)
    some = draw(st.sampled_from([(), (n,)]))
    return {"a": draw(integers_of_shape((m, k), ["i1", "u1"])), "w": draw(integers_of_shape((k, n), ["i1", "u1"])),
            "a_zp": draw(integers_of_shape((), ["i1", "u1", "i4"], -128, 255)),
            "w_zp": draw(integers_of_shape(some, ["i1", "u1", "i8"], -128, 255)),
            "bias": draw(st.one_of(st.none(), integers_of_shape((n,), ["i4", ">i4", "i8", "u2"], -2**31, 2**31 - 1)))}


@fuzz(300, given=products())
def test_accumulate_is_exact_modulo_2_32_or_refuses(given):
    got = quiet(lambda: refusal(WRONG, lambda: matmul.accumulate(**given)))
    if got is None:
        return
    a, w = integers(given["a"]), integers(given["w"])
    assert got.dtype == np.int32 and got.shape == (len(a), len(w[0]))
    for i, row in enumerate(a):
        for n in range(len(w[0])):
            total = sum((x - at(given["a_zp"], 0)) * (w[k][n] - at(given["w_zp"], n)) for k, x in enumerate(row))
            total += 0 if given["bias"] is None else at(given["bias"], n)
            assert int(got[i, n]) == (total + 2**31) % 2**32 - 2**31


@fuzz(200, given=products())
def test_folded_bias_is_exact_or_refused(given):
    folded = refusal(WRONG, lambda: matmul.fold_bias(given["bias"], given["w"], given["a_zp"]))
    if folded is not None:
        w = integers(given["w"])
        want = [at(given["bias"], n) - at(given["a_zp"], 0) * sum(row[n] for row in w) for n in range(len(w[0]))]
        assert folded.dtype == np.int32 and folded.tolist() == want


@fuzz(200, max_a=mostly(st.integers(1, 2**31)), max_w=mostly(st.integers(1, 255)), acc_width=mostly(st.integers(2, 64)))
def test_largest_k_is_the_last_that_fits(max_a, max_w, acc_width):
    k = refusal(WRONG, lambda: matmul.largest_k(max_a, max_w, acc_width))
    if k is not None:
        top = 2 ** (acc_width - 1) - 1
        assert k * max_a * max_w <= top < (k + 1) * max_a * max_w


# Requantization ----------------------------------------------------------------------------------------------------

@st.composite
def stages(draw):
    """Accumulators and everything that a requantizer takes; most results are next to a tie, or one."""
    n = draw(N)
    shape = draw(st.sampled_from([(), (n,), (2, n), (1, 2, n)]))
    some = draw(st.sampled_from([(), (n,)])) if shape else ()
    m = integer_array(draw, some, st.one_of(st.sampled_from([2**30, 3 * 2**29, 0, 1, 2**31 - 1]),
                                            st.integers(2**30, 2**31 - 1)), ["i8", "u8", ">i4"])
    shift = integer_array(draw, some, st.one_of(st.integers(31, 55), st.integers(2, 62)), ["i1", "u1", "i8"])
    with np.errstate(all="ignore"):
        ratio = np.float32(m.astype(np.float64) / 2.0 ** shift.astype(np.float64))
    scale = np.where(ratio > 0, ratio, np.float32(draw(POSITIVE)))
    # What comes next to q + 1/2.
    half = integer_array(draw, shape, st.integers(-300, 300), ["i8"]) * 2 + 1
    middle = np.rint(half * 2.0 ** (shift.astype(np.float64) - 1) / np.maximum(m, 1).astype(np.float64))
    acc = middle + integer_array(draw, shape, st.sampled_from([0, 0, 1, -1]), ["i8"])
    acc = np.where(np.abs(acc) < 2**31, acc, half).astype(draw(st.sampled_from(["i4", "i8", ">i4"])))
    if draw(st.integers(0, 3)) == 0:
        acc = integer_array(draw, shape, st.one_of(st.integers(-2**31, 2**31 - 1), st.sampled_from(
            [-2**31, 2**31 - 1, 2**24 + 1, 0])), ["i8", "i4"])
    given = {
        "acc": acc, "m": m, "s": shift,
        "scale": scale.astype(draw(st.sampled_from([np.float32, float, np.longdouble]))),
        "bias": np.float32(draw(st.one_of(st.sampled_from([0.5, 0.0, -1.5]), st.floats(
            width=32, allow_nan=False, allow_infinity=False)))),
        "zp": integer_array(draw, some, st.integers(-256, 255), ["i2", "i8"]),
        "qmin": draw(st.integers(-256, 0)), "qmax": draw(st.integers(0, 255))}
    if draw(st.integers(0, 3)) == 0:
        given[draw(st.sampled_from(list(given)))] = draw(st.one_of(arrays(), arrays(shape=some), values))
    return given


def rounding(mode, acc, s):
    second = 2**30 if s > 31 and mode != "SINGLE" else 0
    return 2 ** (s - 1) + (-second if mode == "DOUBLE" and acc < 0 else second)


def compare(got, given, of):
    """Every result is that of `of` for its accumulator and channel, with zero point and clamp."""
    acc = np.asarray(given["acc"])
    assert got.dtype == np.int32 and got.shape == acc.shape
    for index in np.ndindex(acc.shape):
        n = index[-1] if index else 0
        want = of(int(acc[index]), n) + at(given["zp"], n)
        assert int(got[index]) == min(max(want, at(given["qmin"], 0)), at(given["qmax"], 0))


FIXED = {"SINGLE": requantize_single, "DOUBLE": requantize_double, "DOUBLE_UP": requantize_double_up}


@fuzz(300, mode=st.sampled_from(list(FIXED)), given=stages())
def test_fixed_point_results_are_exact_or_refused(mode, given):
    arguments = [given[name] for name in ("acc", "m", "s", "zp", "qmin", "qmax")]
    got = refusal(WRONG, lambda: FIXED[mode](*arguments))
    if got is not None:
        compare(got, given, lambda acc, n: (acc * at(given["m"], n) + rounding(mode, acc, at(given["s"], n))) >> at(
            given["s"], n))


@fuzz(300, given=stages())
def test_f32_results_are_exact_or_refused(given):
    got = refusal(WRONG, lambda: requantize_f32(*(given[name] for name in ("acc", "scale", "zp", "qmin", "qmax"))))
    if got is not None:
        compare(got, given, lambda acc, n: half_even(to_float32(to_float32(Fraction(acc)) * single(given["scale"], n))))


@fuzz(300, given=stages())
def test_fbgemm_results_are_exact_or_refused(given):
    got = refusal(WRONG, lambda: requantize_fbgemm(
        *(given[name] for name in ("acc", "bias", "scale", "zp", "qmin", "qmax"))))
    if got is not None:
        compare(got, given, lambda acc, n: half_even(to_float32(to_float32(
            to_float32(Fraction(acc)) + single(given["bias"], n)) * single(given["scale"], n))))


@fuzz(150, x=mostly(arrays(kinds=["i1", "u1", "i8", "u4", ">i4"]), values), low=mostly(st.integers(-256, 0)),
      high=mostly(st.integers(0, 255)))
def test_clamp_is_exact_or_refuses(x, low, high):
    got = refusal(WRONG, lambda: clamp(x, low, high))
    if got is not None:
        want = [min(max(int(v), int(low)), int(high)) for v in np.asarray(x).reshape(-1)]
        assert got.reshape(-1).tolist() == want and got.shape == np.shape(x)
