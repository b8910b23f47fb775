"""A trained network to try things on: handwritten digits, 64 -> 64 -> 32 -> 10 with ReLU.

The images are 8 x 8 pixels of 0..16; the network sees pixel / 16.  The stored file holds the network in
float32 and in int8, and 360 test images which it was not trained on; `golden/data/README.md` lists its
fields and its source.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from golden import array_file, check
from golden.linear import QuantizedLinear
from golden.quantize import Quantization, asymmetric, quantize

Real = npt.NDArray[np.floating[Any]]
PATH = Path(__file__).parent / "data" / "digits.npz"
SIZES = (64, 64, 32, 10)
WHITE = 16


@dataclass(frozen=True, eq=False)
class Digits:
    """The stored file: activation 0 is the input, activation i + 1 leaves layer i."""

    images: npt.NDArray[np.uint8]  # [360, 64] 0..16, row by row
    labels: npt.NDArray[np.uint8]  # [360] 0..9
    weights: tuple[npt.NDArray[np.float32], ...]  # of each layer, [K, N]
    biases: tuple[npt.NDArray[np.float32], ...]  # [N]
    int8_weights: tuple[npt.NDArray[np.int8], ...]  # [K, N]
    int32_biases: tuple[npt.NDArray[np.int32], ...]  # [N]
    ranges: npt.NDArray[np.float32]  # [4, 2] smallest and largest value of each activation
    scales: npt.NDArray[np.float32]  # [4] of the activations in int8
    zero_points: npt.NDArray[np.int8]  # [4]


def load(path: Path = PATH) -> Digits:
    """Read the stored file; errors are those of `golden.array_file.read_all`, or a ValueError for a missing array."""
    file = array_file.read_all(path)
    count = len(SIZES) - 1
    layered = ("weights", "biases", "int8_weights", "int32_biases")
    single = ("images", "labels", "ranges", "scales", "zero_points")
    for name in (*single, *(f"{name}_{i}" for name in layered for i in range(count))):
        if name not in file:
            raise ValueError(f"{path} must hold an array {name}, not only {', '.join(sorted(file))}")
    fields: dict[str, Any] = {name: file[name] for name in single}
    fields |= {name: tuple(file[f"{name}_{i}"] for i in range(count)) for name in layered}
    return Digits(**fields)


def float_forward(weights: Sequence[Real], biases: Sequence[Real], x: Real) -> list[Real]:
    """Return the real activations of the network for `x` [M, 64] in 0..1: input first, logits last."""
    activations = [x]
    for i, (w, bias) in enumerate(zip(weights, biases, strict=True)):
        y = activations[-1] @ w + bias
        activations.append(y if i == len(weights) - 1 else np.maximum(y, 0))
    return activations


def float_accuracy(digits: Digits, count: int | None = None) -> float:
    """Return the share of the first `count` test images (None: all) which the float32 network gets right."""
    logits = float_forward(digits.weights, digits.biases, brightness(digits.images[:count]))[-1]
    return float(np.mean(logits.argmax(axis=1) == digits.labels[:count]))


def brightness(images: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Return pixels 0..16 as float32 0..1, which is exact."""
    return check.integers("images", images, 0, WHITE, ndim=2).astype(np.float32) / np.float32(WHITE)


def activations(digits: Digits, bits: int = 8) -> list[Quantization]:
    """Return the quantization of each activation: asymmetric signed over its stored range, 8, 4 or 2 bits."""
    return [asymmetric(limits, bits) for limits in digits.ranges]


def layers(
    mode: str = "F32", act_bits: int = 8, weight_bits: int = 8, *, digits: Digits | None = None
) -> list[QuantizedLinear]:
    """Return the quantized network.

    Parameters
    ----------
    mode: F32, SINGLE, DOUBLE or DOUBLE_UP.
    act_bits, weight_bits: 8, 4 or 2.  With 8 and 8 the stored integers are used, else they are computed.
    digits: the network; None reads the stored file.
    """
    digits = digits or load()
    quantizations = activations(digits, act_bits)
    network = []
    for i, (w, bias) in enumerate(zip(digits.weights, digits.biases, strict=True)):
        relu = i < len(digits.weights) - 1
        a_q, y_q = quantizations[i : i + 2]
        layer = QuantizedLinear.from_float(w, bias, a_q, y_q, mode=mode, weight_bits=weight_bits, relu=relu)
        if (act_bits, weight_bits) == (8, 8):
            layer = replace(layer, weights=digits.int8_weights[i], bias=digits.int32_biases[i])
        network.append(layer)
    return network


def quantize_images(
    images: npt.ArrayLike, act_bits: int = 8, *, digits: Digits | None = None
) -> npt.NDArray[np.int8]:
    """Return images [M, 64], 0..16, as int8 input of the quantized network."""
    q = activations(digits or load(), act_bits)[0]
    return np.asarray(quantize(brightness(images), q), dtype=np.int8)


def predict(network: list[QuantizedLinear], a: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return the class [M] of each quantized image `a` [M, 64]; of equal outputs the lowest class wins."""
    for layer in network:
        a = layer.forward(a)
    return np.asarray(a).argmax(axis=1)
