"""The stored low-bit networks are as described, and the table says what the integers give."""

import hashlib
import re

import numpy as np
import pytest

from golden import digits, widths

README = digits.PATH.with_name("README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("bits", [4, 2])
def test_file_is_that_of_the_readme(bits: int) -> None:
    path = widths.PATHS[bits]
    content = path.read_bytes()
    assert len(content) < 30_000
    found = re.findall(rf"`{path.name}` `([0-9a-f]{{64}})`", README)
    assert found == [hashlib.sha256(content).hexdigest()]
    with np.load(path, allow_pickle=False) as file:
        shapes = {name: (str(file[name].dtype), file[name].shape) for name in file.files}
    want = {f"weights_{i}": ("float32", digits.SIZES[i : i + 2]) for i in range(3)}
    want |= {f"biases_{i}": ("float32", digits.SIZES[i + 1 : i + 2]) for i in range(3)}
    assert shapes == want | {name: ("float32", (4, 2)) for name in ("ranges", "post_training_ranges")}
    assert all(f"`{re.sub(r'_.$', '', name)}" in README for name in shapes)


@pytest.mark.parametrize("bits", [4, 2])
def test_calibrated_differs_in_ranges_only(bits: int) -> None:
    stored, got = digits.load(), widths.calibrated(bits)
    assert all(np.array_equal(v, w) for v, w in zip(stored.weights, got.weights, strict=True))
    assert (got.ranges[:, 0] >= stored.ranges[:, 0]).all() and (got.ranges[:, 1] <= stored.ranges[:, 1]).all()
    assert not np.array_equal(stored.ranges, got.ranges)


@pytest.mark.parametrize("bits", [4, 2])
def test_trained_differs_in_weights(bits: int) -> None:
    assert not np.array_equal(digits.load().weights[0], widths.trained(bits).weights[0])


@pytest.mark.parametrize(("act_bits", "weight_bits"), [(8, 8), (4, 8), (2, 2)])
def test_right_counts_the_predictions_of_the_layers(act_bits: int, weight_bits: int) -> None:
    stored = digits.load()
    network = digits.layers("F32", act_bits, weight_bits)
    got = digits.predict(network, digits.quantize_images(stored.images, act_bits))
    assert widths.right(stored, act_bits, weight_bits) == int((got == stored.labels).sum())


def test_table_holds_what_right_counts() -> None:
    lines = widths.table()
    assert "| int4 | int4 | 345 | 348 | 350 | 97.2% |" in lines and "| int8 | int8 | 351 | – | – | 97.5% |" in lines
    assert len({line.count("|") for line in lines}) == 1


@pytest.mark.parametrize("load", [widths.trained, widths.calibrated])
def test_other_widths_are_refused(load: object) -> None:
    with pytest.raises(ValueError, match=r"^bits must be one of 4, 2, not 8$"):
        load(8)  # type: ignore[operator]
