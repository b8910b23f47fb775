"""TFLite Micro with its reference kernels, in its own Python interpreter."""

import importlib.metadata

import numpy as np

from golden.oracles.layer import Int8, Layer
from golden.oracles.tflite_model import fully_connected


def version() -> str:
    """Return the package compared with, and its version."""
    return f"tflite-micro {importlib.metadata.version('tflite-micro')}"


def run(layer: Layer) -> Int8:
    """Return the outputs [M, N]."""
    from tflite_micro.python.tflite_micro import runtime

    arena = layer.a.size + layer.a.shape[0] * layer.w.shape[1] + 64 * layer.w.shape[1] + 2**16
    interpreter = runtime.Interpreter.from_bytes(fully_connected(layer), arena_size=arena)
    interpreter.set_input(layer.a, 0)
    interpreter.invoke()
    return np.asarray(interpreter.get_output(0))
