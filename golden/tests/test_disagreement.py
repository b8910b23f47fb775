"""The layers that are counted are layers as `QuantizedLinear` has them, and counting is counting."""

import numpy as np
import pytest

from golden.disagreement import LAYERS, Layer, differences, outputs, table
from golden.fbgemm import bias_fbgemm
from golden.linear import QuantizedLinear
from golden.modes import FACTORS
from golden.quantize import asymmetric, quantize, symmetric
from golden.requant import REQUANTIZE


@pytest.mark.parametrize("layer", [Layer("", 64), Layer("", 100, relu=False), Layer("", 32, weight_bits=4)])
def test_outputs_are_those_of_a_quantized_linear(layer: Layer) -> None:
    got = outputs(layer, seed=5, rows=40)
    assert list(got) == list(FACTORS)
    rng = np.random.default_rng(5)
    x, w = rng.normal(0, 1, (40, layer.k)), rng.normal(0, np.sqrt(2 / layer.k), (layer.k, 256))
    x = np.maximum(x, 0) if layer.relu else x
    bias = rng.normal(0, 0.1, 256).astype(np.float32)
    a_q, w_q = asymmetric(x), symmetric(w, layer.weight_bits, axis=1)
    a = quantize(x, a_q)
    plain = QuantizedLinear.from_float(w, bias * 0, a_q, a_q, mode="F32", weight_bits=layer.weight_bits)
    real = plain.accumulators(a) * (a_q.scale * w_q.scale).astype(np.float64) + bias
    y_q = asymmetric([real.min(), real.max()])
    for mode in REQUANTIZE:
        made = QuantizedLinear.from_float(w, bias, a_q, y_q, mode=mode, weight_bits=layer.weight_bits)
        assert np.array_equal(made.forward(a), got[mode])
    factor = QuantizedLinear.from_float(w, bias, a_q, y_q, mode="F32", weight_bits=layer.weight_bits).scale
    made = QuantizedLinear(
        weights=plain.weights, bias=plain.bias, a_zp=plain.a_zp, y_zp=int(y_q.zero_point), qmin=-128, qmax=127,
        mode="FBGEMM", scale=factor, float_bias=bias_fbgemm(bias, float(a_q.scale), w_q.scale),
    )
    assert np.array_equal(made.forward(a), got["FBGEMM"])


def test_differences_counts_every_pair() -> None:
    got = {"A": np.array([[1, 2], [3, 4]]), "B": np.array([[1, 2], [3, 6]]), "C": np.array([[0, 2], [4, 5]])}
    assert differences(got) == {("A", "B"): (250_000, 2), ("A", "C"): (750_000, 1), ("B", "C"): (750_000, 1)}


def test_modes_differ_by_one_at_most_on_every_layer() -> None:
    for layer in LAYERS:
        found = differences(outputs(layer, rows=400))
        assert len(found) == 10 and max(apart for _, apart in found.values()) == 1
        assert 100 < found["F32", "DOUBLE"][0] < 20_000  # differing outputs per million


def test_table_has_a_row_for_each_pair_and_a_column_for_each_layer() -> None:
    lines = table([Layer("one", 16), Layer("two", 32)], rows=20)
    assert lines[0] == "| outputs per million | one | two | largest difference |" and len(lines) == 12
    assert {line.count("|") for line in lines} == {5}
