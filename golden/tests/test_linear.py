"""The layer against its parts and against fractions; what it stores, and what it refuses."""

import math

import numpy as np
import pytest

from golden.linear import QuantizedLinear, quantize_bias
from golden.matmul import accumulate
from golden.quantize import Quantization, asymmetric
from golden.requant import REQUANTIZE

MODES = list(REQUANTIZE)
FIXED_POINT = ("SINGLE", "DOUBLE", "DOUBLE_UP")


def fields(mode: str = "F32", **change: object) -> dict[str, object]:
    """A layer of 2 inputs and 3 channels."""
    factor: dict[str, object] = (
        dict(scale=[0.5, 0.25, 0.125]) if mode == "F32" else dict(m=2**30, s=[31, 32, 33])
    )
    plain = dict(
        weights=np.array([[1, 2, 3], [-4, 5, -128]], np.int8),
        bias=[10, -20, 30],
        a_zp=-3,
        y_zp=5,
        qmin=-128,
        qmax=127,
    )
    return plain | factor | dict(mode=mode) | change


def layer(mode: str = "F32", **change: object) -> QuantizedLinear:
    return QuantizedLinear(**fields(mode, **change))  # type: ignore[arg-type]


def real_layer(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Activations [20, 30], weights [30, 7] and biases [7]."""
    rng = np.random.default_rng(seed)
    x, w, bias = rng.normal(0, 1, (20, 30)), rng.normal(0, 0.2, (30, 7)), rng.normal(0, 0.5, 7)
    return x.astype(np.float32), w.astype(np.float32), bias.astype(np.float32)


A = np.array([[1, 2], [-128, 127], [-3, -3]], np.int8)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("w_zp", [0, 7, [1, -2, 3]])
def test_forward_is_accumulate_then_requantize(mode: str, w_zp: object) -> None:
    tested = layer(mode, w_zp=w_zp)
    weights = np.array([[1, 2, 3], [-4, 5, -128]], np.int8)
    acc = accumulate(A, weights, a_zp=-3, w_zp=w_zp, bias=[10, -20, 30])  # type: ignore[arg-type]
    factor = ([0.5, 0.25, 0.125],) if mode == "F32" else (2**30, [31, 32, 33])
    assert np.array_equal(tested.accumulators(A), acc)
    got = tested.forward(A)
    assert got.dtype == np.int8
    assert got.tolist() == REQUANTIZE[mode](acc, *factor, 5, -128, 127).tolist()


@pytest.mark.parametrize("mode", MODES)
def test_forward_of_a_known_layer(mode: str) -> None:
    # (1 + 3) * 1 + (2 + 3) * -4 + 10 = -6, 4 * 2 + 5 * 5 - 20 = 13, 4 * 3 + 5 * -128 + 30 = -598
    assert layer(mode).accumulators(A[:1]).tolist() == [[-6, 13, -598]]
    # -3 + 5, 3.25 + 5, -74.75 + 5; at s = 32 two roundings take 3.25 to 3.5 and then to 4
    assert layer(mode).forward(A[:1]).tolist() == [[2, 9 if mode.startswith("DOUBLE") else 8, -70]]


def test_forward_gives_uint8_where_the_clamp_needs_it() -> None:
    tested = layer(qmin=0, qmax=255, y_zp=250)
    got = tested.forward(A[:1])
    assert got.dtype == np.uint8 and got.tolist() == [[247, 253, 175]]


def test_forward_takes_uint8_activations() -> None:
    a = np.array([[200, 255]], np.uint8)
    tested = layer(a_zp=128, bias=[0, 0, 0])
    assert tested.accumulators(a).tolist() == [[72 - 4 * 127, 2 * 72 + 5 * 127, 3 * 72 - 128 * 127]]


def test_forward_takes_uint8_weights() -> None:
    weights = np.array([[200, 255, 0], [0, 128, 1]], np.uint8)
    tested = layer(weights=weights, w_zp=[128, 255, 0], bias=[0, 0, 0], a_zp=0)
    assert tested.accumulators(A[:1]).tolist() == [[72 - 2 * 128, -2 * 127, 2]]


@pytest.mark.parametrize("mode", FIXED_POINT)
def test_factor_is_stored_per_channel(mode: str) -> None:
    tested = layer(mode)
    assert tested.m is not None and tested.s is not None and tested.scale is None
    assert tested.m.dtype == np.int32 and tested.m.tolist() == [2**30] * 3
    assert tested.s.dtype == np.int8 and tested.s.tolist() == [31, 32, 33]
    one = layer(scale=0.5)
    assert one.scale is not None and one.scale.dtype == np.float32
    assert one.scale.tolist() == [0.5] * 3 and one.bias.dtype == np.int32


# Bad input --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "change", "error", "message"),
    [
        ("F32", dict(weights=np.ones((2, 3))), TypeError, "weights must be int8 or uint8, not float64"),
        ("F32", dict(weights=[[1, 2, 3]]), TypeError, "weights must be int8 or uint8, not int64"),
        ("F32", dict(weights=np.ones(3, np.int8)), ValueError, "weights must have 2 dimensions, not 1"),
        ("F32", dict(bias=[1, 2]), ValueError, "bias must have shape (3,), not (2,)"),
        (
            "F32",
            dict(bias=[0, 0, 2**31]),
            ValueError,
            f"bias[2] must be in {-(2**31)}..{2**31 - 1}, not {2**31}",
        ),
        ("F32", dict(a_zp=256), ValueError, "a_zp must be in -128..255, not 256"),
        ("F32", dict(y_zp=-129), ValueError, "y_zp must be in -128..255, not -129"),
        ("F32", dict(y_zp=0.5), TypeError, "y_zp must be integers of at most 64 bits, not float64"),
        ("F32", dict(w_zp=[0, 128, 0]), ValueError, "w_zp[1] must be in -128..127, not 128"),
        (
            "F32",
            dict(weights=np.ones((2, 3), np.uint8), w_zp=-1),
            ValueError,
            "w_zp must be in 0..255, not -1",
        ),
        ("F32", dict(w_zp=[0, 0]), ValueError, "w_zp must be a scalar or have shape (3,), not (2,)"),
        (
            "F32",
            dict(qmin=-1, qmax=255),
            ValueError,
            "low..high must be a range within int8 or uint8, not -1..255",
        ),
        ("F32", dict(qmin=1, qmax=0), ValueError, "low..high must be a range within int8 or uint8, not 1..0"),
        ("F32", dict(scale=None), ValueError, "factor of mode F32 must be scale, not none"),
        ("F32", dict(m=1, s=2), ValueError, "factor of mode F32 must be scale, not m and s and scale"),
        ("F32", dict(scale=[0.5, 0.5]), ValueError, "scale must be a scalar or have shape (3,), not (2,)"),
        ("F32", dict(scale=[0.5, 0.0, 0.5]), ValueError, "scale[1] must be finite and > 0, not 0.0"),
        ("F32", dict(a_scale=-1.0), ValueError, "a_scale must be finite and > 0, not -1.0"),
        ("F32", dict(y_scale=math.nan), ValueError, "y_scale must be finite and > 0, not nan"),
        (
            "SINGLE",
            dict(scale=0.5),
            ValueError,
            "factor of mode SINGLE must be m and s, not m and s and scale",
        ),
        ("SINGLE", dict(s=None), ValueError, "factor of mode SINGLE must be m and s, not m"),
        ("DOUBLE", dict(m=-1), ValueError, "m must be in 0..2147483647, not -1"),
        ("DOUBLE", dict(s=[2, 3, 63]), ValueError, "s[2] must be in 2..62, not 63"),
        ("DOUBLE", dict(m=[1, 2]), ValueError, "m must be a scalar or have shape (3,), not (2,)"),
        (
            "FLOAT",
            {},
            ValueError,
            "mode must be one of F32, SINGLE, DOUBLE, DOUBLE_UP, FBGEMM, not 'FLOAT'",
        ),
    ],
)
def test_layer_refuses_bad_fields(
    mode: str, change: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as raised:
        layer(mode, **change)
    assert str(raised.value) == message


def test_forward_refuses_bad_activations() -> None:
    with pytest.raises(ValueError) as raised:
        layer().forward(np.zeros((1, 3), np.int8))
    assert str(raised.value) == "w must have as many rows as a has columns, 3, not 2"
    with pytest.raises(TypeError) as raised_type:
        layer().forward([[1, 2]])
    assert str(raised_type.value) == "a must be int8 or uint8, not int64"


Q = asymmetric([-1.0, 1.0])
PER_CHANNEL = Quantization(np.ones(2, np.float32), np.zeros(2, np.int32), -128, 127, 1)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (dict(w=[1.0, 2.0]), ValueError, "w must have 2 dimensions, not 1"),
        (dict(w=[[1.0, math.nan]]), ValueError, "w[0, 1] must be finite in float32, not nan"),
        (dict(bias=[0.0]), ValueError, "w_scale must be a scalar or have shape (1,), not (2,)"),
        (
            dict(bias=[0.0, 1e12]),
            ValueError,
            "bias[1] / (a_scale * w_scale) must be within int32, not 16192499096239840",
        ),
        (
            dict(bias=[-1e12, 0.0]),
            ValueError,
            "bias[0] / (a_scale * w_scale) must be within int32, not -16192499096239840",
        ),
        (dict(a_q=PER_CHANNEL), ValueError, "a_q must be per tensor, not per channel on axis 1"),
        (dict(y_q=PER_CHANNEL), ValueError, "y_q must be per tensor, not per channel on axis 1"),
        (dict(mode="X"), ValueError, "mode must be one of F32, SINGLE, DOUBLE, DOUBLE_UP, FBGEMM, not 'X'"),
        (dict(weight_bits=1), ValueError, "bits must be one of 8, 4, 2, not 1"),
    ],
)
def test_from_float_refuses_bad_input(
    change: dict[str, object], error: type[Exception], message: str
) -> None:
    arguments = dict(w=[[1.0, 1.0]], bias=[0.0, 0.0], a_q=Q, y_q=Q, mode="F32") | change
    with pytest.raises(error) as raised:
        QuantizedLinear.from_float(**arguments)  # type: ignore[arg-type]
    assert str(raised.value) == message


@pytest.mark.parametrize("bias", [2.0**31, -(2.0**31) - 256])
def test_quantize_bias_refuses_the_first_value_outside_int32(bias: float) -> None:
    with pytest.raises(ValueError) as raised:
        quantize_bias([0.0, bias], 0.5, 2.0)
    assert str(raised.value) == f"bias[1] / (a_scale * w_scale) must be within int32, not {bias:.0f}"


def test_quantize_bias_refuses_a_unit_which_vanishes() -> None:
    with pytest.raises(ValueError) as raised:
        quantize_bias([1.0], 2.0**-100, 2.0**-100)
    assert str(raised.value) == "a_scale * w_scale must be finite and > 0, not 0.0"


def test_layer_adds_a_float_bias_after_the_sum():
    layer = QuantizedLinear(
        weights=np.int8([[1], [2]]), bias=np.zeros(1, np.int32), a_zp=0, y_zp=3, qmin=-128, qmax=127, mode="FBGEMM",
        scale=np.float32(0.5), float_bias=np.float32(1.5))
    # (11 + 1.5) / 2 = 6.25 and (-11 + 1.5) / 2 = -4.75, each to the nearest integer, then the zero point.
    assert layer.forward(np.int8([[3, 4], [-3, -4]])).tolist() == [[9], [-2]]
    assert layer.accumulators(np.int8([[3, 4]])).tolist() == [[11]]


@pytest.mark.parametrize(("change", "message"), [
    ({"float_bias": None}, "factor of mode FBGEMM must be float_bias and scale, not scale"),
    ({"bias": np.int32([1])}, "bias must be 0 where float_bias is given"),
    ({"float_bias": np.float32([np.nan])}, "float_bias"),
    ({"mode": "F32"}, "factor of mode F32 must be scale, not float_bias and scale"),
])
def test_layer_refuses_a_bad_float_bias(change, message):
    fields = {
        "weights": np.int8([[1], [2]]), "bias": np.int32([0]), "a_zp": 0, "y_zp": 0, "qmin": -128, "qmax": 127,
        "mode": "FBGEMM", "scale": np.float32(0.5), "float_bias": np.float32(1.5)}
    with pytest.raises(ValueError, match=message):
        QuantizedLinear(**fields | change)
