"""What narrower integers cost, on the digits: `python -m golden.widths` prints how many of 360 images are read.

Three networks are compared.  The stored one is quantized over the limits of its activations (min-max), or over
the ranges of the least squared error; the third was trained on in such integers (quantization-aware training,
`train_quantized_digits.py`).  All run in integers.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from golden import digits
from golden.digits import Digits

PATHS: dict[int, Path] = {bits: digits.PATH.with_name(f"digits_int{bits}.npz") for bits in (4, 2)}


def calibrated(bits: int) -> Digits:
    """Return the stored network with the ranges of the least squared error in `bits` (4 or 2)."""
    with _open(bits) as file:
        return replace(digits.load(), ranges=file["post_training_ranges"])


def trained(bits: int) -> Digits:
    """Return the network which was trained for `bits` (4 or 2); its stored int8 parts are not its own."""
    with _open(bits) as file:
        weights, biases = (
            tuple(file[f"{name}_{i}"] for i in range(len(digits.SIZES) - 1)) for name in ("weights", "biases")
        )
        return replace(digits.load(), weights=weights, biases=biases, ranges=file["ranges"])


def right(network: Digits, act_bits: int, weight_bits: int | None = None, mode: str = "F32") -> int:
    """Return how many test images are read right by integers of the given widths; None is as wide.

    >>> right(digits.load(), 8), right(trained(4), 4)
    (351, 350)
    """
    layers = digits.layers(mode, act_bits, weight_bits or act_bits, digits=network)
    a = digits.quantize_images(network.images, act_bits, digits=network)
    return int(np.sum(digits.predict(layers, a) == network.labels))


def table() -> list[str]:
    """Return a Markdown table: images read right by each network, in each width."""
    stored = digits.load()
    count = len(stored.labels)
    real = round(digits.float_accuracy(stored) * count)
    lines = [
        "| activations | weights | min-max | least squared error | trained in integers | best |",
        "|---|---|---|---|---|---|",
        f"| float32 | float32 | {real} | – | – | {real / count:.1%} |",
    ]
    for act_bits, weight_bits in ((8, 8), (8, 4), (4, 8), (4, 4), (8, 2), (2, 8), (2, 2)):
        got = [right(stored, act_bits, weight_bits)]
        if act_bits == weight_bits < 8:
            got += [right(known(act_bits), act_bits) for known in (calibrated, trained)]
        cells = [*map(str, got), "–", "–"][:3]
        lines.append(f"| int{act_bits} | int{weight_bits} | {' | '.join(cells)} | {max(got) / count:.1%} |")
    return lines


def _open(bits: int) -> np.lib.npyio.NpzFile:
    if bits not in PATHS:
        raise ValueError(f"bits must be one of {', '.join(map(str, PATHS))}, not {bits}")
    return np.load(PATHS[bits], allow_pickle=False)


if __name__ == "__main__":
    print("\n".join(table()))
