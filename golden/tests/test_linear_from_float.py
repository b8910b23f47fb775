"""Layers made from real numbers, their calibration and their size."""

import math
from fractions import Fraction

import numpy as np
import pytest

from golden.linear import QuantizedLinear, quantize_bias
from golden.multiplier import multiplier_tflite, scale_onnxruntime
from golden.observers import Percentile
from golden.quantize import asymmetric, dequantize, quantize, symmetric
from golden.tests.exact import fraction, half_even, to_float32
from golden.tests.test_linear import MODES, layer, real_layer

# From float -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("weight_bits", [8, 4, 2])
def test_from_float_composes_the_parts(mode: str, weight_bits: int) -> None:
    x, w, bias = real_layer(1)
    a_q, y_q = asymmetric(x), asymmetric(x @ w + bias)
    got = QuantizedLinear.from_float(w, bias, a_q, y_q, mode=mode, weight_bits=weight_bits)
    w_q = symmetric(w, weight_bits, axis=1)
    assert got.weights.dtype == np.int8 and np.array_equal(got.weights, quantize(w, w_q))
    assert got.bias.tolist() == [
        half_even(fraction(b) / to_float32(fraction(a_q.scale) * fraction(s)))
        for b, s in zip(bias, w_q.scale, strict=True)
    ]
    assert (got.a_zp, got.y_zp, got.qmin, got.qmax) == (int(a_q.zero_point), int(y_q.zero_point), -128, 127)
    assert (got.a_scale, got.y_scale) == (float(a_q.scale), float(y_q.scale))
    if mode == "F32":
        want = scale_onnxruntime(float(a_q.scale), w_q.scale, float(y_q.scale))
        assert got.scale is not None and np.array_equal(got.scale, want) and got.m is None and got.s is None
    else:
        m, s = multiplier_tflite(float(a_q.scale), w_q.scale, float(y_q.scale))
        assert np.array_equal(got.m, m) and np.array_equal(got.s, s) and got.scale is None  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", MODES)
def test_from_float_is_within_one_step_of_the_exact_product(mode: str) -> None:
    x, w, bias = real_layer(2)
    a_q, y_q = asymmetric(x), asymmetric(x @ w + bias)
    tested = QuantizedLinear.from_float(w, bias, a_q, y_q, mode=mode)
    a = quantize(x, a_q)
    # The same integers, multiplied in fractions: what is left is the rounding of bias, factor and result.
    real_a = [[fraction(v) for v in row] for row in dequantize(a, a_q)]
    w_q = symmetric(w, axis=1)
    real_w = [[fraction(v) for v in row] for row in dequantize(tested.weights, w_q)]
    y_scale, y_zp = fraction(y_q.scale), int(y_q.zero_point)
    got = tested.forward(a)
    for row in range(len(a)):
        for n in range(len(bias)):
            y = sum((real_a[row][k] * real_w[k][n] for k in range(len(real_w))), fraction(bias[n]))
            want = min(max(y / y_scale + y_zp, Fraction(-128)), Fraction(127))
            assert abs(int(got[row, n]) - want) < 1


@pytest.mark.parametrize("signed", [True, False])
def test_from_float_relu_clamps_at_the_zero_point(signed: bool) -> None:
    x, w, bias = real_layer(3)
    y_q = asymmetric(x @ w + bias, signed=signed)
    plain = QuantizedLinear.from_float(w, bias, asymmetric(x), y_q, mode="F32")
    relu = QuantizedLinear.from_float(w, bias, asymmetric(x), y_q, mode="F32", relu=True)
    zero = int(y_q.zero_point)
    assert y_q.low < zero < y_q.high and (relu.qmin, relu.qmax) == (zero, y_q.high)
    a = quantize(x, asymmetric(x))
    assert np.array_equal(relu.forward(a), np.maximum(plain.forward(a), zero))


def test_from_float_takes_a_channel_of_zeros() -> None:
    w = np.zeros((3, 2), np.float32)
    w[:, 1] = 1
    q = asymmetric([-1.0, 1.0])
    tested = QuantizedLinear.from_float(w, [0.0, 0.0], q, q, mode="F32")
    assert tested.weights[:, 0].tolist() == [0, 0, 0]


def test_quantize_bias_rounds_half_to_even() -> None:
    assert quantize_bias([0.5, 1.5, -0.5, -1.5], 0.5, 2.0).tolist() == [0, 2, 0, -2]


def test_quantize_bias_reaches_both_ends_of_int32() -> None:
    got = quantize_bias([-(2.0**31), 2.0**31 - 128], 0.5, [2.0, 2.0])
    assert got.dtype == np.int32 and got.tolist() == [-(2**31), 2**31 - 128]


def test_quantize_bias_keeps_all_32_bits() -> None:
    third = np.float32(1 / 3)
    got = quantize_bias([1e6, -1e6], third, 0.0078125)
    unit = fraction(third) / 128
    assert got.tolist() == [half_even(10**6 / unit), half_even(-(10**6) / unit)]
    assert got[0] != np.float32(got[0])  # a float32 quotient would have lost this


# Calibrate and memory ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("act_bits", [8, 4])
def test_calibrate_takes_the_ranges_of_inputs_and_results(relu: bool, act_bits: int) -> None:
    x, w, bias = real_layer(5)
    got, a_q, y_q = QuantizedLinear.calibrate(w, bias, x, mode="DOUBLE", act_bits=act_bits, weight_bits=4, relu=relu)
    y = x @ w + bias
    limits = [0, y.max()] if relu else [y.min(), y.max()]
    for given, computed in ((a_q, asymmetric(x, act_bits)), (y_q, asymmetric(limits, act_bits))):
        assert (given.scale, given.zero_point, given.low) == (computed.scale, computed.zero_point, computed.low)
    want = QuantizedLinear.from_float(w, bias, a_q, y_q, mode="DOUBLE", weight_bits=4, relu=relu)
    a = quantize(x, a_q)
    assert np.array_equal(got.forward(a), want.forward(a)) and (got.qmin, got.qmax) == (want.qmin, want.qmax)


def test_calibrate_asks_the_given_observer() -> None:
    x, w, bias = real_layer(6)
    x[0, 0] = 1000.0
    _, wide, _ = QuantizedLinear.calibrate(w, bias, x, mode="F32")
    _, narrow, _ = QuantizedLinear.calibrate(w, bias, x, mode="F32", observer=lambda: Percentile(99))
    assert wide.scale > 100 * narrow.scale


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(x=np.zeros((0, 2))), "x must not be empty, but has shape (0, 2)"),
        (dict(x=[[1.0]]), "x must have 2 columns, not 1"),
        (dict(x=[[1.0, math.nan]]), "x[0, 1] must be finite in float32, not nan"),
        (dict(bias=[math.inf]), "bias[0] must be finite in float32, not inf"),
        (dict(act_bits=3), "bits must be one of 8, 4, 2, not 3"),
    ],
)
def test_calibrate_refuses_bad_input(change: dict[str, object], message: str) -> None:
    arguments = dict(w=[[1.0], [1.0]], bias=[0.0], x=[[1.0, 2.0]], mode="F32") | change
    with pytest.raises(ValueError) as raised:
        QuantizedLinear.calibrate(**arguments)  # type: ignore[arg-type]
    assert str(raised.value) == message


def test_memory_usage_counts_the_factor_of_the_mode() -> None:
    plain, fixed = layer("F32").memory_usage(), layer("DOUBLE").memory_usage()
    assert (plain.float_weights, plain.float_bias, plain.weights, plain.bias, plain.multipliers) == (24, 12, 6, 12, 12)
    assert (fixed.quantized_bytes, fixed.multipliers) == (33, 15)


def test_memory_usage_packs_weights() -> None:
    narrow = layer(weights=np.array([[1, -2, 1], [0, 1, -2]], np.int8))
    assert [narrow.memory_usage(bits).weights for bits in (8, 4, 3, 2)] == [6, 3, 3, 2]
    assert layer(weights=np.array([[1, -1, 1]], np.int8)).memory_usage(1).weights == 1
    assert layer(weights=np.array([[3, 0, 1]], np.uint8)).memory_usage(2).weights == 1


@pytest.mark.parametrize(
    ("weights", "bits", "message"),
    [
        (np.array([[1, 2, -3]], np.int8), 2, "weights[0, 1] must be in -2..1, not 2"),
        (np.array([[3, 4, 0]], np.uint8), 2, "weights[0, 1] must be in 0..3, not 4"),
        (np.array([[1, 0, -3]], np.int8), 1, "weights[0, 0] must be in -1..0, not 1"),
        (np.array([[1, 0, -3]], np.int8), 9, "weight_bits must be in 1..8, not 9"),
    ],
)
def test_memory_usage_refuses_too_few_bits(weights: np.ndarray, bits: int, message: str) -> None:
    with pytest.raises(ValueError) as raised:
        layer(weights=weights).memory_usage(bits)
    assert str(raised.value) == message
