"""Fine-tune the digits network for 4 and for 2 bits: writes `golden/data/digits_int4.npz` and `digits_int2.npz`.

    python -m golden.train_quantized_digits

Starts from the stored float32 network and trains on with fake quantization (quantization-aware training): each
pass sees weights and activations as such integers can stand for them, and the gradient goes straight through
the rounding.  The trained network is real again; quantizing it like any other loses less.  scikit-learn is
needed for the training images only; the images that `digits.npz` keeps for testing are not among them.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from golden import digits, widths
from golden.fake_quantization import fake_quantize, straight_through
from golden.observers import MSE
from golden.quantize import asymmetric, symmetric
from golden.train_digits import (
    CALIBRATION_IMAGES,
    SEED,
    TEST_PER_CLASS,
    Array,
    Parameters,
    cross_entropy,
    dataset,
    descend,
    record_sha256,
    split,
    write,
)

RATE = 1e-3
EPOCHS = 60
ROUNDS = 3  # the ranges of the activations are chosen anew before each


def main() -> None:
    """Fine-tune, write both files, record their sha256 beside them and print what was reached."""
    try:
        images, labels = dataset()
    except ModuleNotFoundError as error:
        sys.exit(str(error))
    stored = digits.load()
    test = split(labels, TEST_PER_CLASS, SEED)
    x = digits.brightness(images[~test]).astype(np.float64)
    before = [v.astype(np.float64) for pair in zip(stored.weights, stored.biases, strict=True) for v in pair]
    for bits, path in widths.PATHS.items():
        start = calibrated(before, x[:CALIBRATION_IMAGES], bits)
        p, ranges = fine_tune(before, x, labels[~test], epochs=EPOCHS, rounds=ROUNDS, seed=SEED, bits=bits)
        write(path, fields(p, ranges, start))
        record_sha256(path)
        after = [widths.right(known(bits), bits) for known in (widths.calibrated, widths.trained)]
        print(f"{path.name}: {after[0]} of {len(stored.labels)} images before training, {after[1]} after")


def fields(
    p: Parameters, ranges: npt.NDArray[np.float32], start: npt.NDArray[np.float32]
) -> dict[str, npt.NDArray[np.float32]]:
    """Return the arrays of a file; `start` are the ranges of the activations before training."""
    out = {"ranges": ranges, "post_training_ranges": start}
    for i in range(len(p) // 2):
        out |= {f"weights_{i}": p[2 * i].astype(np.float32), f"biases_{i}": p[2 * i + 1].astype(np.float32)}
    return out


def fine_tune(
    p: Parameters,
    x: Array,
    labels: npt.NDArray[np.integer[Any]],
    *,
    epochs: int,
    rounds: int,
    seed: int,
    bits: int,
    rate: float = RATE,
) -> tuple[Parameters, npt.NDArray[np.float32]]:
    """Return the trained parameters and the ranges [L + 1, 2] of the activations they were trained with.

    Parameters
    ----------
    p: weights [K, N] and biases [N] of each layer in turn; left as they are.
    x, labels: images [M, K], 0..1, and classes [M].
    epochs, rounds: epochs of each round, rounds >= 1; a round starts with ranges for the parameters of that moment.
    bits: of weights and activations, 8, 4 or 2.
    rate: first step size of each round; it falls linearly to 0.
    """
    rng = np.random.default_rng(seed)
    p = [v.copy() for v in p]
    for _ in range(rounds):
        ranges = calibrated(p, x[:CALIBRATION_IMAGES], bits)
        p = descend(p, x, labels, quantized_loss(ranges, bits), rng, epochs=epochs, rate=rate)
    return p, ranges


def calibrated(p: Parameters, x: Array, bits: int) -> npt.NDArray[np.float32]:
    """Return the range [L + 1, 2] of each activation which has the least squared error for images `x`.

    Weights are quantized, the activations before are not.
    """
    quantized = [w_q(w, bits)[0] for w in p[0::2]]
    ranges = []
    for h in digits.float_forward(quantized, p[1::2], x):
        observer = MSE()
        observer.observe(h)
        ranges.append(observer.range(bits))
    return np.array(ranges, dtype=np.float32)


def quantized_loss(
    ranges: npt.NDArray[np.float32], bits: int
) -> Callable[[Parameters, Array, npt.NDArray[np.integer[Any]]], tuple[float, Parameters]]:
    """Return a function as `train_digits.loss_and_gradients`, of a network which is quantized to `bits`.

    Weights are quantized as they are at each call, symmetric per channel; activations, the logits too, over
    the given ranges [L + 1, 2].  Biases stay real: an accumulator has 32 bits for them.
    """
    a_q = [asymmetric(limits, bits) for limits in ranges]

    def loss_and_gradients(
        p: Parameters, x: Array, labels: npt.NDArray[np.integer[Any]]
    ) -> tuple[float, Parameters]:
        a, inside = fake_quantize(x, a_q[0])
        seen, passes = [a.astype(np.float64)], [inside]
        weights = [w_q(w, bits) for w in p[0::2]]
        for i, (w, _) in enumerate(weights):
            y = seen[-1] @ w + p[2 * i + 1]
            active = y > 0 if i < len(weights) - 1 else np.ones(y.shape, bool)
            a, inside = fake_quantize(np.where(active, y, 0), a_q[i + 1])
            seen.append(a.astype(np.float64))
            passes.append(inside & active)
        loss, back = cross_entropy(seen[-1], labels)
        gradients: Parameters = []
        for i in reversed(range(len(weights))):
            w, unclipped = weights[i]
            back = straight_through(back, passes[i + 1])
            gradients = [straight_through(seen[i].T @ back, unclipped), back.sum(axis=0), *gradients]
            back = back @ w.T
        return loss, gradients

    return loss_and_gradients


def w_q(w: Array, bits: int) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Fake-quantize weights [K, N], symmetric per channel."""
    values, passes = fake_quantize(w, symmetric(w, bits, axis=1))
    return values.astype(np.float64), passes


if __name__ == "__main__":
    main()
