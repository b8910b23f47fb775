"""The stored network: the file is as described, its integers follow from its floats, and it reads digits."""

import hashlib
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from golden import digits
from golden.linear import QuantizedLinear
from golden.quantize import asymmetric
from golden.requant import REQUANTIZE

MODES = list(REQUANTIZE)
STORED = digits.load()
README = digits.PATH.with_name("README.md").read_text(encoding="utf-8")


def test_load_finds_the_described_fields() -> None:
    layers = range(3)
    shapes = {f"weights_{i}": ("float32", digits.SIZES[i : i + 2]) for i in layers}
    shapes |= {f"int8_weights_{i}": ("int8", digits.SIZES[i : i + 2]) for i in layers}
    shapes |= {f"biases_{i}": ("float32", digits.SIZES[i + 1 : i + 2]) for i in layers}
    shapes |= {f"int32_biases_{i}": ("int32", digits.SIZES[i + 1 : i + 2]) for i in layers}
    shapes |= {"images": ("uint8", (360, 64)), "labels": ("uint8", (360,)), "ranges": ("float32", (4, 2))}
    shapes |= {"scales": ("float32", (4,)), "zero_points": ("int8", (4,))}
    with np.load(digits.PATH, allow_pickle=False) as file:
        assert {name: (str(file[name].dtype), file[name].shape) for name in file.files} == shapes
    for name in {re.sub(r"_\d$", "", name) for name in shapes}:
        assert f"`{name}" in README


def test_load_reads_the_file_of_the_readme() -> None:
    content = digits.PATH.read_bytes()
    assert len(content) < 100_000
    assert re.findall(r"`digits\.npz` `([0-9a-f]{64})`", README) == [hashlib.sha256(content).hexdigest()]


def test_images_are_balanced_and_in_range() -> None:
    assert np.bincount(STORED.labels).tolist() == [36] * 10
    assert STORED.images.min() == 0 and STORED.images.max() == 16


def test_stored_integers_follow_from_the_stored_floats() -> None:
    quantizations = [asymmetric(limits) for limits in STORED.ranges]
    assert STORED.scales.tolist() == [float(q.scale) for q in quantizations]
    assert STORED.zero_points.tolist() == [int(q.zero_point) for q in quantizations]
    for i, (w, bias) in enumerate(zip(STORED.weights, STORED.biases, strict=True)):
        layer = QuantizedLinear.from_float(w, bias, quantizations[i], quantizations[i + 1], mode="F32")
        assert np.array_equal(layer.weights, STORED.int8_weights[i])
        assert np.array_equal(layer.bias, STORED.int32_biases[i])


def test_float_accuracy_is_at_least_97_percent() -> None:
    assert digits.float_accuracy(STORED) >= 0.97


@pytest.mark.parametrize("mode", MODES)
def test_predict_reads_as_many_digits_in_int8(mode: str) -> None:
    got = digits.predict(digits.layers(mode), digits.quantize_images(STORED.images))
    assert int((got == STORED.labels).sum()) == 351
    assert abs(351 / 360 - digits.float_accuracy(STORED)) <= 0.006


@pytest.mark.parametrize(
    ("mode", "act_bits", "weight_bits", "right"),
    [
        ("F32", 8, 4, 352),
        ("F32", 4, 8, 348),
        ("F32", 4, 4, 345),
        ("F32", 2, 8, 327),
        ("F32", 8, 2, 205),
        ("SINGLE", 4, 4, 345),
        ("DOUBLE", 4, 4, 348),
        ("DOUBLE_UP", 4, 4, 348),
    ],
)
def test_predict_reads_digits_in_fewer_bits(mode: str, act_bits: int, weight_bits: int, right: int) -> None:
    network = digits.layers(mode, act_bits, weight_bits)
    got = digits.predict(network, digits.quantize_images(STORED.images, act_bits))
    assert int((got == STORED.labels).sum()) == right


def test_layers_chain_zero_points_and_scales() -> None:
    network = digits.layers("DOUBLE")
    for before, after in pairwise(network):
        assert (before.y_zp, before.y_scale) == (after.a_zp, after.a_scale)
        assert before.qmin == before.y_zp  # ReLU
    assert network[-1].qmin == -128 < network[-1].y_zp


def test_layers_use_the_stored_integers_for_8_bits_only() -> None:
    changed = replace(STORED, int8_weights=tuple(np.zeros_like(w) for w in STORED.int8_weights))
    assert not any(layer.weights.any() for layer in digits.layers(digits=changed))
    assert all(layer.weights.any() for layer in digits.layers(weight_bits=4, digits=changed))


@pytest.mark.parametrize(("act_bits", "low", "high"), [(8, -128, 127), (4, -8, 7), (2, -2, 1)])
def test_quantize_images_uses_the_whole_range(act_bits: int, low: int, high: int) -> None:
    a = digits.quantize_images(np.arange(17)[None, :], act_bits)
    assert a.dtype == np.int8 and (a[0, 0], a[0, 16]) == (low, high)
    assert (np.diff(a[0]) >= 0).all()


def test_brightness_is_exact() -> None:
    assert digits.brightness([[0, 1, 16]]).tolist() == [[0.0, 0.0625, 1.0]]


def test_predict_breaks_ties_towards_the_lowest_class() -> None:
    weights = np.array([[1, 3, 3]], np.int8)
    bias, scale = np.zeros(3, np.int32), np.array(1.0, np.float32)
    layer = QuantizedLinear(
        weights=weights, bias=bias, a_zp=0, y_zp=0, qmin=-128, qmax=127, mode="F32", scale=scale
    )
    assert digits.predict([layer], np.array([[5], [-5]], np.int8)).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        ([[0, 17]], ValueError, "images[0, 1] must be in 0..16, not 17"),
        ([0, 1], ValueError, "images must have 2 dimensions, not 1"),
        ([[0.5]], TypeError, "images must be integers of at most 64 bits, not float64"),
    ],
)
def test_quantize_images_refuses_bad_images(images: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as raised:
        digits.quantize_images(images)  # type: ignore[arg-type]
    assert str(raised.value) == message


def test_layers_refuse_other_widths_and_modes() -> None:
    with pytest.raises(ValueError, match=r"^bits must be one of 8, 4, 2, not 7$"):
        digits.layers(act_bits=7)
    with pytest.raises(ValueError, match=r"^bits must be one of 8, 4, 2, not 3$"):
        digits.layers(weight_bits=3)
    with pytest.raises(ValueError, match=r"^mode must be one of F32, SINGLE, DOUBLE, DOUBLE_UP, FBGEMM, not 'INT'$"):
        digits.layers("INT")


def test_load_refuses_a_file_without_an_array(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", images=[1])
    with pytest.raises(ValueError, match=r"x\.npz must hold an array labels, not only images$"):
        digits.load(tmp_path / "x.npz")
