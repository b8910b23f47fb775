"""The stacks that are compared, by name, and which layers each takes."""

import platform

from golden.oracles import litert, onnx_runtime, pytorch, tflite_micro, tosa
from golden.oracles.accepts import Accepts
from golden.oracles.stack import Stack, layer_stack

# Where a product nears 2^31, all but ONNX Runtime leave int32 on the way and wrap; golden and the hardware
# saturate, and no network is calibrated for results of 2^30.  Such products are not compared.
_INT32 = 2.0**31 - 2**15

_ONNX = Accepts(relu_zp=-128, w_zp=True)
_ONNX_NO_BIAS = Accepts(relu_zp=-128, w_zp=True, bias="none")
_XNNPACK = Accepts(high=256.0, product=_INT32)  # a factor of 256 or more is an error
_TFLITE = Accepts(product=2.0**30)  # acc is shifted to the left first, in int32, where a factor is 1 or more
_QNNPACK = Accepts(product=_INT32, bias="float")
_FBGEMM = Accepts(product=_INT32, weights=63, bias="none")
_FBGEMM_BIAS = Accepts(product=_INT32, weights=63, bias="real", per_tensor=False)

_ALL = (
    layer_stack("onnxruntime-qgemm", "onnxruntime", onnx_runtime.version, onnx_runtime.qgemm, _ONNX),
    layer_stack(
        "onnxruntime-qlinearmatmul", "onnxruntime", onnx_runtime.version, onnx_runtime.qlinear_matmul, _ONNX_NO_BIAS
    ),
    layer_stack("onnxruntime-qdq", "onnxruntime", onnx_runtime.version, onnx_runtime.qdq_gemm, _ONNX),
    layer_stack("litert", "litert", litert.version, litert.xnnpack, _XNNPACK),
    layer_stack("litert-ruy", "litert-ruy-x86", litert.version, litert.ruy, _TFLITE),
    layer_stack("tflite-micro", "tflite-micro", tflite_micro.version, tflite_micro.run, _TFLITE),
    tosa.stack("tosa-single", "SINGLE_ROUND"),
    tosa.stack("tosa-double", "DOUBLE_ROUND"),
    tosa.stack("tosa-inexact", "INEXACT_ROUND"),
    layer_stack("pytorch-qnnpack", "pytorch-qnnpack", pytorch.version, pytorch.qnnpack, _QNNPACK),
    layer_stack("pytorch-fbgemm", "pytorch-fbgemm", pytorch.version, pytorch.fbgemm, _FBGEMM),
    layer_stack("pytorch-fbgemm-bias", "pytorch-fbgemm-bias", pytorch.version, pytorch.fbgemm, _FBGEMM_BIAS),
)
_X86 = platform.machine() in ("x86_64", "AMD64")
_X86_ONLY = {"litert-ruy", "pytorch-fbgemm", "pytorch-fbgemm-bias"}

STACKS: dict[str, Stack] = {stack.name: stack for stack in _ALL if _X86 or stack.name not in _X86_ONLY}
"""The stacks which this machine can run."""
