"""The golden model on arrays of any kind, shape and layout: equal to slow exact arithmetic, or one clear error."""

import warnings
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from golden import matmul, multiplier, quantize
from golden.fbgemm import bias_fbgemm, multiplier_fbgemm, requantize_fbgemm
from golden.linear import QuantizedLinear, quantize_bias
from golden.requant import clamp, requantize_double, requantize_double_up, requantize_f32, requantize_single
from golden.tests.exact import fraction, half_even, to_float32
from tb.fuzzing import fuzz, refusal
from tb.hostile import arrays, scalars, values

WRONG = (TypeError, ValueError)



def mostly(legal, hostile=scalars):
    """`legal`, and `hostile` now and then."""
    return st.integers(0, 11).flatmap(lambda roll: hostile if roll == 0 else legal)


POSITIVE = st.one_of(st.floats(2.0**-20, 4.0, width=32), st.floats(2.0**-20, 4.0, width=32), st.sampled_from(
    [2.0**-149, 2.0**-126, 2.0**-24, 1.0, 2.0**24, float(np.finfo(np.float32).max)]))

# Small shapes that fit each other more often than not.
M, K, N = (st.integers(1, 3) for _ in range(3))


@st.composite
def one_of_shape(draw, shape, kinds, low=None, high=None):
    """An array of `shape` in low..high; a list, a Python number or a hostile array in its place now and then."""
    if draw(st.integers(0, 11)) == 0:
        return draw(st.one_of(arrays(), arrays(shape=shape), values))
    kind = draw(st.sampled_from(kinds))
    if np.dtype(kind).kind == "f":
        x = draw(arrays(shape=shape, kinds=[kind]))
    else:
        info = np.iinfo(kind)
        least, most = max(low if low is not None else info.min, info.min), min(high if high is not None else info.max,
                                                                              info.max)
        pick = st.one_of(st.integers(least, most), st.sampled_from([least, most]),
                         st.integers(max(least, -3), min(most, 3)) if least <= 3 <= most or least <= 0 <= most else
                         st.just(least))
        x = np.array([draw(pick) for _ in range(int(np.prod(shape, dtype=int)))], kind).reshape(shape)
    return draw(st.sampled_from([x, x.tolist()])) if draw(st.integers(0, 3)) == 0 else x


def integers(x):
    """`x` as nested lists of Python integers."""
    return np.asarray(x).tolist()


def at(x, n):
    """Element `n` of one number or one for each channel, as a Python number."""
    x = np.asarray(x)
    return (x if x.ndim == 0 else x[n]).item()


def quiet(call):
    """Sums that wrap are meant here; the golden model says so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return call()


# Sums --------------------------------------------------------------------------------------------------------------

@st.composite
def products(draw):
    m, k, n = draw(M), draw(K), draw(N)
    some = draw(st.sampled_from([(), (n,)]))
    return {"a": draw(one_of_shape((m, k), ["i1", "u1"])), "w": draw(one_of_shape((k, n), ["i1", "u1"])),
            "a_zp": draw(one_of_shape((), ["i1", "u1", "i4"], -128, 255)),
            "w_zp": draw(one_of_shape(some, ["i1", "u1", "i8"], -128, 255)),
            "bias": draw(st.one_of(st.none(), one_of_shape((n,), ["i4", ">i4", "i8", "u2"], -2**31, 2**31 - 1)))}


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


def integer_array(draw, shape, pick, kinds):
    """An array of `shape` of what is picked."""
    return np.array([draw(pick) for _ in range(int(np.prod(shape, dtype=int)))], np.int64).reshape(shape).astype(
        draw(st.sampled_from(kinds)))


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


def single(x, n):
    """Channel `n` of float32 values as a fraction."""
    x = np.asarray(x)
    return fraction(np.float32(x if x.ndim == 0 else x[n]))


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


# Factors -----------------------------------------------------------------------------------------------------------

SCALE = mostly(POSITIVE)
SCALES = mostly(st.one_of(POSITIVE, st.lists(POSITIVE, min_size=1, max_size=3)), arrays())


@fuzz(300, a=SCALE, w=SCALES, y=SCALE, qnnpack=st.booleans())
def test_float_factors_are_rounded_as_written_or_refused(a, w, y, qnnpack):
    got = refusal(WRONG, lambda: (multiplier.scale_qnnpack if qnnpack else multiplier_fbgemm)(a, w, y))
    if got is None:
        return
    assert got.dtype == np.float32 and got.shape == np.shape(w)
    for n, value in enumerate(np.asarray(w).reshape(-1)):
        product = to_float32(single(a, 0) * single(value, 0))
        inverse = to_float32(1 / single(y, 0))
        assert fraction(got.reshape(-1)[n]) == to_float32(product * inverse if qnnpack else product / single(y, 0))


@fuzz(200, a=SCALE, w=SCALES, y=SCALE, ruy=st.booleans())
def test_multipliers_are_within_half_a_step_or_refused(a, w, y, ruy):
    got = refusal(WRONG, lambda: (multiplier.multiplier_ruy if ruy else multiplier.multiplier_tflite)(a, w, y))
    if got is None:
        return
    m, s = (x.reshape(-1).tolist() for x in got)
    for n, value in enumerate(np.asarray(w).reshape(-1)):
        product = single(a, 0) * single(value, 0)
        exact = (to_float32(product) if ruy else product) / single(y, 0)
        assert 0 <= m[n] < 2**31 and 2 <= s[n] <= 62
        if m[n]:
            # A double of the quotient, then 31 bits of it.
            assert m[n] >= 2**30
            assert abs(exact * 2 ** s[n] - m[n]) <= Fraction(513, 1024)
        else:
            assert exact < Fraction(1, 2**32)


@fuzz(200, bias=mostly(st.lists(st.floats(-2.0**20, 2.0**20, width=32), min_size=2, max_size=2), arrays()), a=SCALE,
      w=mostly(st.lists(POSITIVE, min_size=2, max_size=2), SCALES), real=st.booleans())
def test_biases_are_rounded_as_written_or_refused(bias, a, w, real):
    got = refusal(WRONG, lambda: (bias_fbgemm if real else quantize_bias)(bias, a, w))
    if got is None:
        return
    for n, value in enumerate(np.asarray(bias).astype(np.float32)):
        unit = to_float32(single(a, 0) * single(w, n))
        if real:
            assert fraction(got[n]) == to_float32(fraction(value) / unit)
        else:
            assert abs(int(got[n]) - fraction(value) / unit) <= Fraction(1, 2) + abs(fraction(value) / unit) / 2**52


# Quantization ------------------------------------------------------------------------------------------------------

REAL = mostly(st.one_of(
    st.lists(st.integers(-254, 254), min_size=2, max_size=4).map(lambda x: np.float32([*x, 254, -254]) / 2),
    st.lists(st.lists(st.one_of(st.floats(-9, 9, width=32), st.floats(width=32, allow_nan=False, allow_infinity=False)),
                      min_size=2, max_size=2), min_size=1, max_size=3).map(np.array),
    arrays(kinds=["f4", "f2", ">f4", "i1", "i8"])), st.one_of(arrays(), values))


def as_float32(x):
    return np.asarray(x).astype(np.float32)


@fuzz(300, x=REAL, bits=mostly(st.sampled_from([8, 4, 2])), axis=mostly(st.sampled_from([None, 0, 1, -1])),
      signed=st.booleans(), symmetric=st.booleans())
def test_quantized_arrays_are_exact_or_refused(x, bits, axis, signed, symmetric):
    q = refusal(WRONG, lambda: quantize.symmetric(x, bits, axis) if symmetric else quantize.asymmetric(
        x, bits, signed, axis))
    if q is None:
        return
    high = 2 ** (bits - 1) - 1
    assert (q.low, q.high) == ((-high, high) if symmetric else (-high - 1, high) if signed else (0, 2 * high + 1))
    real = as_float32(x)
    for index in np.ndindex(q.scale.shape):
        part = real if q.axis is None else np.take(real, index[0], q.axis)
        low, top = (min(fraction(part.min()), 0), max(fraction(part.max()), 0))
        width = max(-low, top) / high if symmetric else to_float32(top - low) / (q.high - q.low)
        assert fraction(q.scale[index]) == (to_float32(width) or 1)
    integers = quantize.quantize(x, q)
    assert integers.dtype == quantize.storage(q.low, q.high) and integers.shape == real.shape
    changed = quantize.clipped(x, q)
    for index in np.ndindex(real.shape):
        channel = () if q.axis is None else (index[q.axis],)
        steps = half_even(to_float32(fraction(real[index]) / fraction(q.scale[channel]))) + int(q.zero_point[channel])
        assert int(integers[index]) == min(max(steps, q.low), q.high)
        assert bool(changed[index]) == (not q.low <= steps <= q.high)


@fuzz(200, scale=SCALE, zero=mostly(st.integers(0, 127)), low=mostly(st.integers(-128, 0)),
      high=mostly(st.just(127)), axis=mostly(st.none()), x=REAL)
def test_quantization_of_any_fields_is_refused_or_works(scale, zero, low, high, axis, x):
    q = refusal(WRONG, lambda: quantize.Quantization(scale, zero, low, high, axis))
    if q is not None:
        integers = refusal(WRONG, lambda: quantize.quantize(x, q))
        assert integers is None or (integers.min() >= low and integers.max() <= high)
        if integers is not None:
            with np.errstate(over="ignore"):
                assert quantize.dequantize(integers, q).shape == np.shape(x)


# Layers ------------------------------------------------------------------------------------------------------------

@fuzz(200, fields=st.fixed_dictionaries({
    "weights": one_of_shape((3, 2), ["i1", "u1"]), "bias": one_of_shape((2,), ["i4"]),
    "a_zp": mostly(st.integers(0, 127)), "y_zp": mostly(st.integers(-128, 127)), "qmin": mostly(st.just(-128)),
    "qmax": mostly(st.just(127)), "w_zp": mostly(st.integers(0, 127)), "a_scale": mostly(st.none())}),
      factor=mostly(st.one_of(
          st.fixed_dictionaries({"mode": mostly(st.just("F32"), values), "scale": SCALES}),
          st.fixed_dictionaries({"mode": st.sampled_from(["SINGLE", "DOUBLE"]), "m": mostly(st.integers(0, 2**31 - 1)),
                                 "s": mostly(st.integers(2, 62))})),
          st.fixed_dictionaries({"mode": st.just("FBGEMM"), "scale": SCALES, "float_bias": mostly(SCALE, arrays())})),
      a=one_of_shape((2, 3), ["i1", "u1"]))
def test_layer_of_any_fields_is_refused_or_works(fields, factor, a):
    layer = refusal(WRONG, lambda: QuantizedLinear(**fields, **factor))
    if layer is not None:
        y = quiet(lambda: refusal(WRONG, lambda: layer.forward(a)))
        assert y is None or (y.dtype == layer.output_dtype and y.shape == (np.shape(a)[0], 2))
