import dataclasses

import numpy as np
import pytest

from golden import modes
from golden.oracles import onnx_runtime
from golden.oracles.layer import Layer
from golden.oracles.stack import compare
from golden.oracles.stacks import STACKS
from golden.requant import clamp

NAMES = ["onnxruntime-qgemm", "onnxruntime-qlinearmatmul", "onnxruntime-qdq"]

rng = np.random.default_rng(1)
LAYER = Layer(
    a=rng.integers(-128, 128, (5, 30), dtype=np.int8),
    w=rng.integers(-127, 128, (30, 7), dtype=np.int8),
    bias=rng.integers(-9999, 9999, 7, dtype=np.int32),
    a_zp=5,
    a_scale=np.float32(0.1),
    w_scale=rng.uniform(0.01, 0.02, 7).astype(np.float32),
    y_scale=np.float32(2),
)


@pytest.mark.parametrize("name", NAMES)
def test_golden_equals_onnxruntime(name: str) -> None:
    found = compare(STACKS[name], seed=1, count=30_000)
    assert found.differences == 0, found.first
    assert found.directed > 80_000


@pytest.mark.parametrize("name", NAMES)
def test_random_layers_equal_onnxruntime(name: str) -> None:
    found = compare(STACKS[name], seed=2, count=150_000)
    assert found.differences == 0, found.first
    assert found.outputs - found.directed > 30_000


def test_the_comparison_sees_another_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    def half_up(acc, scale, zp, qmin, qmax):
        product = np.clip((acc.astype(np.float32) * scale).astype(np.float64), -1000, 1000)
        return clamp(np.floor(product + 0.5).astype(np.int64) + zp, qmin, qmax)

    monkeypatch.setitem(modes._FUNCTIONS, "F32", half_up)
    with np.errstate(all="ignore"):
        found = compare(STACKS["onnxruntime-qgemm"], seed=1, count=1)
    assert 0 < found.differences < found.outputs
    assert found.first.startswith("acc ") and "onnxruntime-qgemm gives" in found.first


def test_a_graph_that_is_not_fused_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    # A Relu above the lowest value is no clamp of QuantizeLinear, so the graph stays in float32.
    monkeypatch.setattr(onnx_runtime, "_check_relu", lambda layer: None)
    with pytest.raises(RuntimeError, match=r"^ONNX Runtime must execute \['QGemm'\] here, not .*'FusedGemm'"):
        onnx_runtime.qdq_gemm(dataclasses.replace(LAYER, relu=True, y_zp=0))


def test_the_three_graphs_agree_without_bias() -> None:
    layer = dataclasses.replace(LAYER, bias=None)
    y = onnx_runtime.qgemm(layer)
    assert y.shape == (5, 7) and y.std() > 0
    assert (onnx_runtime.qlinear_matmul(layer) == y).all()
    assert (onnx_runtime.qdq_gemm(layer) == y).all()


def test_layers_that_onnxruntime_does_not_have_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^y_zp must be -128 for a ReLU in ONNX Runtime, not 0$"):
        onnx_runtime.qgemm(dataclasses.replace(LAYER, relu=True))
    with pytest.raises(ValueError, match=r"^bias must be None for QLinearMatMul$"):
        onnx_runtime.qlinear_matmul(LAYER)
