"""The pipeline against its parts: ranges by hand, layers one by one, sizes by addition, and what it refuses."""

import math
from collections.abc import Iterator
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from golden import digits
from golden.linear import QuantizedLinear
from golden.matmul import accumulate
from golden.memory import linear_memory
from golden.model import Linear, ReLU, analyze_model_sizes, float_forward, quantize_model
from golden.modes import requantize
from golden.observers import MSE, Percentile
from golden.quantize import asymmetric, dequantize, quantize
from golden.requant import REQUANTIZE

RNG = np.random.default_rng(1)
W0, B0 = RNG.normal(0, 0.4, (6, 5)).astype(np.float32), RNG.normal(0, 0.2, 5).astype(np.float32)
W1 = RNG.normal(0, 0.4, (5, 3)).astype(np.float32)
NETWORK: list[Linear | ReLU] = [Linear(W0, B0), ReLU(), Linear(W1)]
X = RNG.normal(0, 1, (200, 6)).astype(np.float32)


def hand_made(mode: str, act_bits: int, weight_bits: int, x: np.ndarray, signed: bool = True) -> list[QuantizedLinear]:
    h = np.maximum(x @ W0 + B0, 0)
    y = h @ W1
    q = [asymmetric([v.min(), v.max()], act_bits, signed) for v in (x, h, y)]
    options = dict(mode=mode, weight_bits=weight_bits)
    return [QuantizedLinear.from_float(W0, B0, q[0], q[1], relu=True, **options),  # type: ignore[arg-type]
            QuantizedLinear.from_float(W1, np.zeros(3), q[1], q[2], **options)]  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", REQUANTIZE)
@pytest.mark.parametrize(("act_bits", "weight_bits"), [(8, 8), (4, 4), (8, 2)])
@pytest.mark.parametrize("signed", [True, False])
def test_quantize_model_composes_calibration_and_layers(
    mode: str, act_bits: int, weight_bits: int, signed: bool
) -> None:
    model = quantize_model(NETWORK, X, mode=mode, act_bits=act_bits, weight_bits=weight_bits, signed=signed)
    want = hand_made(mode, act_bits, weight_bits, X, signed)
    a = quantize(X, asymmetric(X, act_bits, signed))
    for got, layer in zip(model.layers, want, strict=True):
        assert np.array_equal(got.weights, layer.weights) and np.array_equal(got.bias, layer.bias)
        assert (got.a_zp, got.y_zp, got.qmin, got.qmax) == (layer.a_zp, layer.y_zp, layer.qmin, layer.qmax)
        assert np.array_equal(got.forward(a), layer.forward(a))
        a = layer.forward(a)
    assert np.array_equal(model.forward(quantize(X, model.activations[0])), a)


def test_forward_is_integer_arithmetic_throughout() -> None:
    model = quantize_model(NETWORK, X, mode="DOUBLE")
    a = quantize(X, model.activations[0])
    for layer in model.layers:
        acc = accumulate(a, layer.weights, a_zp=layer.a_zp, bias=layer.bias)
        assert a.dtype == np.int8 and acc.dtype == np.int32
        factor = {"m": layer.m, "s": layer.s}
        a = requantize("DOUBLE", acc, factor, layer.y_zp, layer.qmin, layer.qmax).astype(np.int8)
    assert np.array_equal(model.forward(quantize(X, model.activations[0])), a)


def test_run_is_close_to_the_real_network() -> None:
    model = quantize_model(NETWORK, X)
    real, got = float_forward(NETWORK, X)[-1], model.run(X)
    assert got.dtype == np.float32 and got.shape == real.shape
    assert np.abs(got - real).max() < 6 * float(model.activations[-1].scale)
    last = model.activations[-1]
    assert np.array_equal(got, dequantize(model.forward(quantize(X, model.activations[0])), last))


def test_calibration_may_come_in_batches() -> None:
    def generator() -> Iterator[np.ndarray]:
        yield from np.array_split(X, 7)

    whole = quantize_model(NETWORK, X)
    for batches in (np.array_split(X, 3), generator(), [X]):
        got = quantize_model(NETWORK, batches)
        assert [q.scale for q in got.activations] == [q.scale for q in whole.activations]


@pytest.mark.parametrize("samples", [1, 64, 65, 128, 200, 1000])
def test_calibration_stops_after_so_many_samples(samples: int) -> None:
    few = quantize_model(NETWORK, X[:samples])
    for calibration in (X, np.array_split(X, 7)):
        got = quantize_model(NETWORK, calibration, samples=samples)
        assert [q.scale for q in got.activations] == [q.scale for q in few.activations]


def test_calibration_takes_512_samples_unless_told() -> None:
    x = np.concatenate([X, X, X, 100 * X])  # from 600 on larger
    got, want = quantize_model(NETWORK, x), quantize_model(NETWORK, x[:512])
    assert got.activations[0].scale == want.activations[0].scale == quantize_model(NETWORK, X).activations[0].scale
    assert quantize_model(NETWORK, x, samples=800).activations[0].scale > got.activations[0].scale


def test_observer_is_that_given() -> None:
    x = X.copy()
    x[0, 0] = 1000
    scales = [float(quantize_model(NETWORK, x, observer=make, act_bits=4).activations[0].scale)
              for make in (lambda: Percentile(98), MSE, lambda: Percentile(100))]
    assert scales[0] < scales[1] <= scales[2] == float(asymmetric(x, 4).scale)


def test_relu_may_be_repeated_last_or_absent() -> None:
    twice = quantize_model([NETWORK[0], ReLU(), ReLU()], X)
    once = quantize_model([NETWORK[0], ReLU()], X)
    assert len(twice.layers) == 1 and np.array_equal(twice.run(X), once.run(X)) and (once.run(X) >= 0).all()
    plain = quantize_model([NETWORK[0], NETWORK[2]], X)
    assert [layer.qmin for layer in plain.layers] == [-128, -128] and (plain.run(X) < 0).any()


def test_quantize_model_reads_digits() -> None:
    stored = digits.load()
    network: list[Linear | ReLU] = []
    for w, bias in zip(stored.weights, stored.biases, strict=True):
        network += [Linear(w, bias), ReLU()]
    x = digits.brightness(stored.images)
    model = quantize_model(network[:-1], x[:128], mode="DOUBLE")
    assert (model.run(x).argmax(axis=1) == stored.labels).mean() >= 0.97


def test_analyze_model_sizes_lists_layers_and_their_sum() -> None:
    for mode, fixed_point in (("F32", False), ("SINGLE", True)):
        model = quantize_model(NETWORK, X, mode=mode, weight_bits=4)
        first, second = (linear_memory(k, n, weight_bits=4, fixed_point=fixed_point) for k, n in ((6, 5), (5, 3)))
        assert analyze_model_sizes(model) == [first, second, first + second]


def test_layers_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Linear(W0).bias = B0  # type: ignore[misc]


# Bad input --------------------------------------------------------------------------------------------------


class Conv2d:
    pass


@pytest.mark.parametrize(
    ("network", "error", "message"),
    [
        ([Linear(W0), Conv2d()], TypeError, "network[1] must be Linear or ReLU, not Conv2d"),
        ([W0], TypeError, "network[0] must be Linear or ReLU, not ndarray"),
        ([ReLU()], ValueError, "network[0] must be Linear: a ReLU becomes the clamp of the layer before it"),
        ([], ValueError, "network must have a Linear layer"),
        ([Linear(W0), Linear(W0)], ValueError, "x must have 6 columns for weights (6, 5), not 5"),
    ],
)
def test_unsupported_network_is_refused(network: list[object], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as raised:
        quantize_model(network, X)  # type: ignore[arg-type]
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("calibration", "message"),
    [
        ([], "observer must see a batch before it is asked for a range"),
        (iter(()), "observer must see a batch before it is asked for a range"),
        (np.zeros((0, 6)), "calibration must not be empty, but has shape (0, 6)"),
        (np.full((2, 6), np.nan), "calibration[0, 0] must be finite in float32, not nan"),
        ([X, np.full((1, 6), -np.inf)], "calibration[0, 0] must be finite in float32, not -inf"),
        (X[0], "calibration must have 2 dimensions, not 1"),
        (X[:, :5], "x must have 6 columns for weights (6, 5), not 5"),
    ],
)
def test_bad_calibration_is_refused(calibration: object, message: str) -> None:
    with pytest.raises(ValueError) as raised:
        quantize_model(NETWORK, calibration)  # type: ignore[arg-type]
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(mode="INT"), "mode must be one of F32, SINGLE, DOUBLE, DOUBLE_UP, FBGEMM, not 'INT'"),
        (dict(act_bits=5), "bits must be one of 8, 4, 2, not 5"),
        (dict(weight_bits=1), "bits must be one of 8, 4, 2, not 1"),
        (dict(samples=0), "samples must be in 1..4611686018427387904, not 0"),
    ],
)
def test_bad_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError) as raised:
        quantize_model(NETWORK, X, **options)  # type: ignore[arg-type]
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("weights", "bias", "message"),
    [
        ([1.0], None, "weights must have 2 dimensions, not 1"),
        ([[math.nan]], None, "weights[0, 0] must be finite in float32, not nan"),
        ([[1.0, 2.0]], [1.0], "bias must have shape (2,), not (1,)"),
        (np.zeros((0, 2)), None, "weights must not be empty, but has shape (0, 2)"),
    ],
)
def test_bad_linear_is_refused(weights: object, bias: object, message: str) -> None:
    with pytest.raises(ValueError) as raised:
        Linear(weights, bias)  # type: ignore[arg-type]
    assert str(raised.value) == message
