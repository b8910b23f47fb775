"""ONNX Runtime on the CPU: QGemm, QLinearMatMul, and a QDQ Gemm which it fuses into a QGemm by itself."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from golden.oracles.layer import Int8, Layer


def version() -> str:
    """Return the package compared with, and its version."""
    import onnxruntime

    return f"onnxruntime {onnxruntime.__version__}"


def qgemm(layer: Layer) -> Int8:
    """Return the outputs [M, N] of com.microsoft QGemm; a ReLU needs y_zp = -128, as its quantizer arranges."""
    _check_relu(layer)
    names = ["a", "a_scale", "a_zp", "w", "w_scale", "w_zp", "bias", "y_scale", "y_zp"]
    if layer.bias is None:
        names[names.index("bias")] = ""
    return _run(layer, [("QGemm", names, "y", {"domain": "com.microsoft"})], {"QGemm"})


def qlinear_matmul(layer: Layer) -> Int8:
    """Return the outputs [M, N] of QLinearMatMul, which has no bias."""
    _check_relu(layer)
    if layer.bias is not None:
        raise ValueError("bias must be None for QLinearMatMul")
    names = ["a", "a_scale", "a_zp", "w", "w_scale", "w_zp", "y_scale", "y_zp"]
    return _run(layer, [("QLinearMatMul", names, "y", {})], {"QLinearMatMul"})


def qdq_gemm(layer: Layer) -> Int8:
    """Return the outputs [M, N] of DequantizeLinear, Gemm, a Relu if any, QuantizeLinear: one QGemm when fused."""
    _check_relu(layer)
    axis = {"axis": 1} if layer.w_scale.ndim else {}
    nodes: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("DequantizeLinear", ["a", "a_scale", "a_zp"], "a_real", {}),
        ("DequantizeLinear", ["w", "w_scale", "w_zp"], "w_real", axis),
    ]
    if layer.bias is not None:
        nodes.append(("DequantizeLinear", ["bias", "unit"], "bias_real", {"axis": 0} if axis else {}))
    inputs = ["a_real", "w_real", "bias_real"][: 2 + (layer.bias is not None)]
    nodes.append(("Gemm", inputs, "gemm", {}))
    if layer.relu:
        nodes.append(("Relu", ["gemm"], "relu", {}))
    nodes.append(("QuantizeLinear", [nodes[-1][2], "y_scale", "y_zp"], "y", {}))
    return _run(layer, nodes, {"QGemm"})


def _check_relu(layer: Layer) -> None:
    if layer.relu and layer.y_zp != -128:
        raise ValueError(f"y_zp must be -128 for a ReLU in ONNX Runtime, not {layer.y_zp}")


def _run(layer: Layer, nodes: Sequence[tuple[str, list[str], str, dict[str, Any]]], want: set[str]) -> Int8:
    """Build a model of `nodes`, check that what is executed are the operators `want`, and run it."""
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    channels = layer.w_scale.shape
    constants = {
        "a_scale": np.float32(layer.a_scale),
        "a_zp": np.int8(layer.a_zp),
        "w": layer.w,
        "w_scale": layer.w_scale,
        "w_zp": np.full(channels, layer.w_zp, np.int8),
        "bias": layer.bias,
        "unit": layer.unit,
        "y_scale": np.float32(layer.y_scale),
        "y_zp": np.int8(layer.y_zp),
    }
    used = {name for _, inputs, _, _ in nodes for name in inputs}
    rows, columns = layer.a.shape[0], layer.w.shape[1]
    graph = helper.make_graph(
        [helper.make_node(op, inputs, [output], **attributes) for op, inputs, output, attributes in nodes],
        "layer",
        [helper.make_tensor_value_info("a", TensorProto.INT8, layer.a.shape)],
        [helper.make_tensor_value_info("y", TensorProto.INT8, (rows, columns))],
        [numpy_helper.from_array(np.asarray(x), name) for name, x in constants.items() if name in used],
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.optimized_model_filepath = str(Path(folder) / "optimized.onnx")
        options.intra_op_num_threads = 1
        options.log_severity_level = 3  # not the warning that an optimized model fits this machine only
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        executed = {node.op_type for node in onnx.load(options.optimized_model_filepath).graph.node}
    if executed != want:
        raise RuntimeError(f"ONNX Runtime must execute {sorted(want)} here, not {sorted(executed)}")
    (y,) = session.run(["y"], {"a": layer.a})
    return np.asarray(y)
