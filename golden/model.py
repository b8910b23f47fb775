"""Quantize a whole network after training: fully connected layers with ReLU, calibrated by examples.

model = quantize_model([Linear(w0, b0), ReLU(), Linear(w1, b1)], examples)
y = model.run(x)                # real numbers in and out, integers between
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from golden import check
from golden.linear import QuantizedLinear
from golden.memory import MemoryUsage, total
from golden.observers import MinMax, Observer
from golden.quantize import Quantization, dequantize, quantize

Block = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], bool]  # weights, bias, whether a ReLU follows
SAMPLES = 512


@dataclass(frozen=True, eq=False)
class Linear:
    """y = x W + bias.

    Parameters
    ----------
    weights: real numbers [K, N], stored as float32.
    bias: real numbers [N], stored as float32; None is 0.
    """

    weights: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        """Check the fields and give them their dtypes."""
        weights = check.floats("weights", self.weights, ndim=2)
        bias = np.zeros(weights.shape[1]) if self.bias is None else self.bias
        bias = check.floats("bias", bias, ndim=1)
        check.dimensions("bias", bias, shape=weights.shape[1:])
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "bias", bias)


@dataclass(frozen=True)
class ReLU:
    """y = max(x, 0), after a `Linear`, whose clamp it becomes."""


@dataclass(frozen=True, eq=False)
class QuantizedModel:
    """A network in integers.

    Parameters
    ----------
    layers: the layers in order; the result of each is the input of the next.
    activations: quantization of the input and of each layer's result, one more than layers.
    weight_bits: width of the weights.
    """

    layers: list[QuantizedLinear]
    activations: list[Quantization]
    weight_bits: int

    def forward(self, a: npt.ArrayLike) -> npt.NDArray[np.int8 | np.uint8]:
        """Return the results [M, N] for quantized input `a` [M, K], in integers throughout."""
        for layer in self.layers:
            a = layer.forward(a)
        return np.asarray(a)

    def run(self, x: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return real results [M, N] for real input `x` [M, K]: quantize, `forward`, dequantize."""
        a = quantize(check.floats("x", x, ndim=2), self.activations[0])
        return dequantize(self.forward(a), self.activations[-1])


def quantize_model(
    network: Sequence[Linear | ReLU],
    calibration: npt.ArrayLike | Iterable[npt.ArrayLike],
    *,
    mode: str = "F32",
    act_bits: int = 8,
    weight_bits: int = 8,
    signed: bool = True,
    observer: Callable[[], Observer] = MinMax,
    samples: int = SAMPLES,
) -> QuantizedModel:
    """Quantize a network: weights symmetric per channel, activations asymmetric per tensor.

    Parameters
    ----------
    network: layers in order, the first a `Linear`; any other kind of layer is a TypeError.
    calibration: examples of the input [M, K], one array or batches of any size; no example is a ValueError.
    mode: F32, SINGLE, DOUBLE or DOUBLE_UP.
    act_bits, weight_bits: 8, 4 or 2.
    signed: whether activations are int8 or uint8.
    observer: gives a new observer for each activation.
    samples: at most so many examples are used, the first ones.  128 to 512 are usual.
    """
    blocks = _blocks(network)
    observers = [observer() for _ in range(len(blocks) + 1)]
    for batch in _batches(calibration, samples):
        for seen, x in zip(observers, float_forward(network, batch), strict=True):
            seen.observe(x)
    activations = [seen.quantization(act_bits, signed=signed) for seen in observers]
    layers = [
        QuantizedLinear.from_float(w, bias, a_q, y_q, mode=mode, weight_bits=weight_bits, relu=relu)
        for (w, bias, relu), (a_q, y_q) in zip(blocks, pairwise(activations), strict=True)
    ]
    return QuantizedModel(layers, activations, weight_bits)


def float_forward(network: Sequence[Linear | ReLU], x: npt.ArrayLike) -> list[npt.NDArray[np.float32]]:
    """Return the input `x` [M, K] and the result of each `Linear`, after its ReLU if it has one, in float32."""
    seen = [check.floats("x", x, ndim=2)]
    for weights, bias, relu in _blocks(network):
        if seen[-1].shape[1] != len(weights):
            raise ValueError(f"x must have {len(weights)} columns for weights {weights.shape}, not {seen[-1].shape[1]}")
        y = seen[-1] @ weights + bias
        seen.append(np.maximum(y, 0) if relu else y)
    return seen


def analyze_model_sizes(model: QuantizedModel) -> list[MemoryUsage]:
    """Return what each layer occupies, and last their sum: bytes in float32 and quantized."""
    usages = [layer.memory_usage(model.weight_bits) for layer in model.layers]
    return [*usages, total(usages)]


def _blocks(network: Sequence[Linear | ReLU]) -> list[Block]:
    """Return the Linear layers with what follows them."""
    blocks: list[Block] = []
    for i, layer in enumerate(network):
        if isinstance(layer, Linear):
            assert layer.bias is not None
            blocks.append((layer.weights, layer.bias, False))
        elif not isinstance(layer, ReLU):
            raise TypeError(f"network[{i}] must be Linear or ReLU, not {type(layer).__name__}")
        elif not blocks:
            raise ValueError(f"network[{i}] must be Linear: a ReLU becomes the clamp of the layer before it")
        else:
            blocks[-1] = (*blocks[-1][:2], True)
    if not blocks:
        raise ValueError("network must have a Linear layer")
    return blocks


def _batches(
    calibration: npt.ArrayLike | Iterable[npt.ArrayLike], samples: int
) -> Iterable[npt.NDArray[np.float32]]:
    """Yield the first `samples` examples."""
    left = int(check.integers("samples", samples, 1, 2**62, ndim=0))
    batches = [calibration] if isinstance(calibration, np.ndarray) else calibration
    for batch in batches:  # type: ignore[union-attr]
        if not left:
            break
        x = check.floats("calibration", batch, ndim=2)[:left]
        left -= len(x)
        yield x
