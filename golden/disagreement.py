"""On how many outputs the rounding modes part: `python -m golden.disagreement` counts them on random layers.

A layer is quantized once, so that every mode is given the same int8 activations and weights and the same range of
results; each derives its own factor as its stacks do.  FBGEMM adds the real bias, the others the rounded one.
Counted are outputs per million which differ between two modes, and the largest difference.  Layers of random
numbers find what real ones would; they never find all, which is what the directed tests are for.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from golden.fbgemm import bias_fbgemm, multiplier_fbgemm
from golden.linear import quantize_bias
from golden.modes import FACTORS, requantize
from golden.multiplier import multiplier_tflite, scale_onnxruntime
from golden.quantize import asymmetric, quantize, symmetric

ROWS, CHANNELS = 4000, 256


@dataclass(frozen=True)
class Layer:
    """A layer of CHANNELS outputs with `k` inputs, applied to ROWS examples.

    Parameters
    ----------
    name: what the table calls it.
    k: number of inputs.
    relu: whether the inputs come from a ReLU, and half of them are 0; else they are normally distributed.
    weight_bits: 8, 4 or 2.
    """

    name: str
    k: int
    relu: bool = True
    weight_bits: int = 8


LAYERS = [
    Layer("K = 64", 64), Layer("K = 256", 256), Layer("K = 1024", 1024),
    Layer("K = 256, no ReLU", 256, relu=False), Layer("K = 256, int4 weights", 256, weight_bits=4),
]


def outputs(layer: Layer, seed: int = 1, rows: int = ROWS) -> dict[str, npt.NDArray[np.int32]]:
    """Return the results [rows, CHANNELS] of a layer of random weights in each mode, int8 values.

    Weights have variance 2 / K, as networks start with, the bias the tenth of the spread of a result.
    """
    rng = np.random.default_rng(seed)
    x, w = rng.normal(0, 1, (rows, layer.k)), rng.normal(0, np.sqrt(2 / layer.k), (layer.k, CHANNELS))
    x = np.maximum(x, 0) if layer.relu else x
    bias = rng.normal(0, 0.1, CHANNELS).astype(np.float32)
    a_q, w_q = asymmetric(x), symmetric(w, layer.weight_bits, axis=1)
    a = quantize(x, a_q).astype(np.float64) - int(a_q.zero_point)
    sums = (a @ quantize(w, w_q).astype(np.float64)).astype(np.int64)  # doubles hold integers below 2^53
    unit = a_q.scale * w_q.scale
    real = sums * unit.astype(np.float64) + bias
    y_q = asymmetric([real.min(), real.max()])
    a_scale = float(a_q.scale)
    scales = a_scale, w_q.scale, float(y_q.scale)
    acc = sums + quantize_bias(bias, a_scale, w_q.scale)
    m, s = multiplier_tflite(*scales)
    rest = y_q.zero_point, y_q.low, y_q.high
    got = {mode: requantize(mode, acc, {"m": m, "s": s, "scale": scale_onnxruntime(*scales)}, *rest)
           for mode in FACTORS if mode != "FBGEMM"}
    factor = {"bias": bias_fbgemm(bias, a_scale, w_q.scale), "scale": multiplier_fbgemm(*scales)}
    return got | {"FBGEMM": requantize("FBGEMM", sums, factor, *rest)}


def differences(got: dict[str, npt.NDArray[np.int32]]) -> dict[tuple[str, str], tuple[float, int]]:
    """Return for each pair of modes: differing outputs per million, and the largest difference.

    >>> differences({"F32": np.array([1, 2, 3, 4]), "SINGLE": np.array([1, 2, 4, 4])})
    {('F32', 'SINGLE'): (250000.0, 1)}
    """
    found = {}
    for one, other in combinations(got, 2):
        apart = np.abs(got[one] - got[other])
        found[one, other] = (float((apart > 0).mean() * 1e6), int(apart.max()))
    return found


def table(layers: list[Layer] = LAYERS, rows: int = ROWS) -> list[str]:
    """Return a Markdown table: a row for each pair of modes, a column for each layer."""
    columns = [differences(outputs(layer, seed, rows)) for seed, layer in enumerate(layers, 1)]
    lines = [f"| outputs per million | {' | '.join(layer.name for layer in layers)} | largest difference |",
             "|---" * (len(layers) + 2) + "|"]
    for one, other in columns[0]:
        pair = [column[one, other] for column in columns]
        rates = " | ".join(f"{rate:.0f}" for rate, _ in pair)
        lines.append(f"| {one}, {other} | {rates} | {max(apart for _, apart in pair)} |")
    return lines


if __name__ == "__main__":
    print("\n".join(table()))
