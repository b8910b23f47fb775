"""The stacks that are compared, by name, and which layers each takes."""

from golden.oracles import litert, onnx_runtime, tflite_micro
from golden.oracles.cases import Accepts
from golden.oracles.stack import Stack, layer_stack

# XNNPACK takes no factor of 256 or more.
_XNNPACK = Accepts(high=256.0)
_ONNX = Accepts(relu_zp=-128, w_zp=True)
_ONNX_NO_BIAS = Accepts(relu_zp=-128, w_zp=True, bias="none")

STACKS: dict[str, Stack] = {stack.name: stack for stack in (
    layer_stack("onnxruntime-qgemm", "onnxruntime", onnx_runtime.version, onnx_runtime.qgemm, _ONNX),
    layer_stack(
        "onnxruntime-qlinearmatmul", "onnxruntime", onnx_runtime.version, onnx_runtime.qlinear_matmul, _ONNX_NO_BIAS
    ),
    layer_stack("onnxruntime-qdq", "onnxruntime", onnx_runtime.version, onnx_runtime.qdq_gemm, _ONNX),
    layer_stack("litert", "litert", litert.version, litert.xnnpack, _XNNPACK),
    layer_stack("litert-ruy", "litert-ruy-x86", litert.version, litert.ruy, Accepts()),
    layer_stack("tflite-micro", "tflite-micro", tflite_micro.version, tflite_micro.run, Accepts()),
)}
