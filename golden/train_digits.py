"""Train the digits network, quantize it and write `golden/data/digits.npz`: `python -m golden.train_digits`.

Plain NumPy: Adam (Kingma and Ba, 2015) on the cross entropy, in double precision, every random number from
one seed. scikit-learn is needed for its copy of the images only.
"""

import hashlib
import importlib
import re
import sys
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from golden import digits
from golden.linear import QuantizedLinear
from golden.quantize import asymmetric

Array = npt.NDArray[np.float64]
Parameters = list[Array]  # w_0, bias_0, w_1, bias_1, ...
SEED = 1998
RATE = 4e-3
TEST_PER_CLASS = 36
CALIBRATION_IMAGES = 512  # their full range: on the training images no percentile did better in 8 bits


def main() -> None:
    """Train, write the file, record its sha256 beside it and print what was reached."""
    try:
        images, labels = dataset()
    except ModuleNotFoundError as error:
        sys.exit(str(error))
    test = split(labels, TEST_PER_CLASS, SEED)
    x = digits.brightness(images[~test]).astype(np.float64)
    parameters = train(x, labels[~test], digits.SIZES, epochs=60, seed=SEED)
    write(digits.PATH, fields(parameters, x[:CALIBRATION_IMAGES], images[test], labels[test]))
    record_sha256(digits.PATH)

    stored = digits.load()
    print(f"{digits.PATH.stat().st_size} bytes, float32 accuracy {digits.float_accuracy(stored):.2%}")
    a = digits.quantize_images(stored.images)
    print(f"int8 accuracy {np.mean(digits.predict(digits.layers(), a) == stored.labels):.2%}")


def dataset() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return all images [1797, 64], 0..16, and their labels [1797]."""
    try:
        datasets = importlib.import_module("sklearn.datasets")
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "scikit-learn must be installed to train: pip install scikit-learn"
        ) from None
    images, labels = datasets.load_digits(return_X_y=True)
    return images.astype(np.uint8), labels.astype(np.uint8)


def split(labels: npt.NDArray[np.uint8], per_class: int, seed: int) -> npt.NDArray[np.bool_]:
    """Return which images are for testing: `per_class` of each class, chosen at random."""
    rng = np.random.default_rng(seed)
    test = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        test[rng.permutation(np.flatnonzero(labels == label))[:per_class]] = True
    return test


def train(
    x: Array,
    labels: npt.NDArray[np.integer[Any]],
    sizes: tuple[int, ...],
    *,
    epochs: int,
    seed: int,
    batch: int = 32,
) -> Parameters:
    """Return the parameters of a network of layer `sizes` trained on `x` [M, K], 0..1, in batches."""
    rng = np.random.default_rng(seed)
    p = initial(sizes, rng)
    return descend(p, x, labels, loss_and_gradients, rng, epochs=epochs, rate=RATE, batch=batch)


def descend(
    p: Parameters,
    x: Array,
    labels: npt.NDArray[np.integer[Any]],
    loss: Callable[[Parameters, Array, npt.NDArray[np.integer[Any]]], tuple[float, Parameters]],
    rng: np.random.Generator,
    *,
    epochs: int,
    rate: float,
    batch: int = 32,
) -> Parameters:
    """Return the parameters, changed in place, after `epochs` of Adam in random order.

    The step size falls linearly from `rate` to 0.  There is no weight decay: it would drive the weights of
    channels which are never active to 1e-17, and those would still claim a scale of their own.
    """
    mean, square = [np.zeros_like(v) for v in p], [np.zeros_like(v) for v in p]
    steps = epochs * -(-len(x) // batch)
    step = 0
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x), batch):
            chosen = order[start : start + batch]
            _, gradients = loss(p, x[chosen], labels[chosen])
            step += 1
            for i, g in enumerate(gradients):
                mean[i] = 0.9 * mean[i] + 0.1 * g
                square[i] = 0.999 * square[i] + 0.001 * g * g
                update = (mean[i] / (1 - 0.9**step)) / (np.sqrt(square[i] / (1 - 0.999**step)) + 1e-8)
                p[i] -= rate * (1 - (step - 1) / steps) * update
    return p


def initial(sizes: tuple[int, ...], rng: np.random.Generator) -> Parameters:
    """Return random weights of variance 2 / K (He et al., 2015) and zero biases."""
    p = []
    for k, n in pairwise(sizes):
        p += [rng.normal(0, np.sqrt(2 / k), (k, n)), np.zeros(n)]
    return p


def loss_and_gradients(
    p: Parameters, x: Array, labels: npt.NDArray[np.integer[Any]]
) -> tuple[float, Parameters]:
    """Return the mean cross entropy and its derivative by every parameter."""
    h = digits.float_forward(p[0::2], p[1::2], x)
    loss, back = cross_entropy(h[-1], labels)
    gradients: Parameters = []
    for i in reversed(range(0, len(p), 2)):
        gradients = [h[i // 2].T @ back, back.sum(axis=0), *gradients]
        back = (back @ p[i].T) * (h[i // 2] > 0)
    return loss, gradients


def cross_entropy(logits: digits.Real, labels: npt.NDArray[np.integer[Any]]) -> tuple[float, Array]:
    """Return the mean of -ln(softmax of the label) and its derivative by the logits."""
    rows = np.arange(len(logits))
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    back = np.exp(log_p)
    back[rows, labels] -= 1
    return float(-log_p[rows, labels].mean()), back / len(logits)


def fields(
    p: Parameters, calibration: Array, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.uint8]
) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of the file: the network in float32, its activation ranges, and both in integers."""
    w, bias = [v.astype(np.float32) for v in p[0::2]], [v.astype(np.float32) for v in p[1::2]]
    seen = digits.float_forward(w, bias, calibration.astype(np.float32))
    ranges = np.array([[h.min(), h.max()] for h in seen], dtype=np.float32)
    q = [asymmetric(limits) for limits in ranges]
    out: dict[str, npt.NDArray[Any]] = {"images": images, "labels": labels, "ranges": ranges}
    out["scales"] = np.array([v.scale for v in q], dtype=np.float32)
    out["zero_points"] = np.array([v.zero_point for v in q], dtype=np.int8)
    for i in range(len(w)):
        layer = QuantizedLinear.from_float(w[i], bias[i], q[i], q[i + 1], mode="F32")
        out |= {f"weights_{i}": w[i], f"biases_{i}": bias[i]}
        out |= {f"int8_weights_{i}": layer.weights, f"int32_biases_{i}": layer.bias}
    return out


def write(path: Path, arrays: dict[str, npt.NDArray[Any]]) -> None:
    """Write an .npz file whose bytes depend on the arrays only: no time stamps, no compression library."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            with archive.open(info, "w") as file:
                np.lib.format.write_array(file, np.ascontiguousarray(array), version=(1, 0))


def record_sha256(path: Path) -> None:
    """Put the sha256 of the file at `path` into the README.md beside it, in the line which names the file."""
    readme = path.with_name("README.md")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    line = re.compile(rf"(`{re.escape(path.name)}`.*`)[0-9a-f]{{64}}\b")
    readme.write_text(line.sub(rf"\g<1>{digest}", readme.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
