"""LiteRT on the CPU, which gives more than one answer: by XNNPACK, its default, and by ruy without delegates."""

import importlib.metadata

import numpy as np

from golden.oracles.layer import Int8, Layer
from golden.oracles.tflite_model import fully_connected


def version() -> str:
    """Return the package compared with, and its version."""
    return f"ai-edge-litert {importlib.metadata.version('ai-edge-litert')}"


def xnnpack(layer: Layer) -> Int8:
    """Return the outputs [M, N] of the default interpreter; it is an error if XNNPACK did not take the layer."""
    return _run(layer, delegated=True)


def ruy(layer: Layer) -> Int8:
    """Return the outputs [M, N] of BUILTIN_WITHOUT_DEFAULT_DELEGATES."""
    return _run(layer, delegated=False)


def _run(layer: Layer, *, delegated: bool) -> Int8:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    resolver = OpResolverType.AUTO if delegated else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(
        model_content=fully_connected(layer), experimental_op_resolver_type=resolver, num_threads=1
    )
    interpreter.allocate_tensors()
    # Delegated operators stay in the list, and the one which replaces them is appended.
    executed = interpreter._get_ops_details()[-1]["op_name"]
    if executed != ("DELEGATE" if delegated else "FULLY_CONNECTED"):
        raise RuntimeError(f"LiteRT must {'' if delegated else 'not '}delegate this layer, but runs {executed}")
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], layer.a)
    interpreter.invoke()
    return np.asarray(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
