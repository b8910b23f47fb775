"""Factors, quantization and layers from values of any kind: exact, or one clear error."""

from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from golden import multiplier, quantize
from golden.fbgemm import bias_fbgemm, multiplier_fbgemm
from golden.linear import QuantizedLinear, quantize_bias
from golden.tests.exact import fraction, half_even, to_float32
from tb.fuzzing import fuzz, refusal
from tb.golden_inputs import POSITIVE, SCALE, SCALES, WRONG, integers_of_shape, mostly, quiet, single
from tb.hostile import arrays, values

# Factors -----------------------------------------------------------------------------------------------------------

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
    "weights": integers_of_shape((3, 2), ["i1", "u1"]), "bias": integers_of_shape((2,), ["i4"]),
    "a_zp": mostly(st.integers(0, 127)), "y_zp": mostly(st.integers(-128, 127)), "qmin": mostly(st.just(-128)),
    "qmax": mostly(st.just(127)), "w_zp": mostly(st.integers(0, 127)), "a_scale": mostly(st.none())}),
      factor=mostly(st.one_of(
          st.fixed_dictionaries({"mode": mostly(st.just("F32"), values), "scale": SCALES}),
          st.fixed_dictionaries({"mode": st.sampled_from(["SINGLE", "DOUBLE"]), "m": mostly(st.integers(0, 2**31 - 1)),
                                 "s": mostly(st.integers(2, 62))})),
          st.fixed_dictionaries({"mode": st.just("FBGEMM"), "scale": SCALES, "float_bias": mostly(SCALE, arrays())})),
      a=integers_of_shape((2, 3), ["i1", "u1"]))
def test_layer_of_any_fields_is_refused_or_works(fields, factor, a):
    layer = refusal(WRONG, lambda: QuantizedLinear(**fields, **factor))
    if layer is not None:
        y = quiet(lambda: refusal(WRONG, lambda: layer.forward(a)))
        assert y is None or (y.dtype == layer.output_dtype and y.shape == (np.shape(a)[0], 2))
