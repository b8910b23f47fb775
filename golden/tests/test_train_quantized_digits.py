"""The fine-tuning on small problems, and the stored result: more digits in integers than calibration alone."""

import sys

import numpy as np
import pytest

from golden import digits, train_digits, train_quantized_digits, widths
from golden.fake_quantization import fake_quantize
from golden.quantize import asymmetric, symmetric
from golden.requant import REQUANTIZE
from golden.train_quantized_digits import calibrated, fields, fine_tune, quantized_loss

SIZES = (6, 8, 3)


def problem(seed: int = 1, count: int = 300) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Inputs in 0..1, the position of the largest of the first three, and a network trained on them."""
    x = np.random.default_rng(seed).random((count, SIZES[0]))
    labels = x[:, :3].argmax(axis=1)
    return x, labels, train_digits.train(x, labels, SIZES, epochs=60, seed=seed)


@pytest.mark.parametrize("mode", REQUANTIZE)
def test_stored_training_reads_more_digits_in_int4_than_calibration(mode: str) -> None:
    trained = widths.right(widths.trained(4), 4, mode=mode)
    assert trained == 350
    assert trained > widths.right(widths.calibrated(4), 4, mode=mode)  # least squared error
    assert trained > widths.right(digits.load(), 4, mode=mode)  # min-max


@pytest.mark.parametrize("mode", REQUANTIZE)
def test_stored_training_rescues_int2(mode: str) -> None:
    trained = widths.right(widths.trained(2), 2, mode=mode)
    assert trained >= 327 and widths.right(widths.calibrated(2), 2, mode=mode) <= 182


def test_loss_is_that_of_the_fake_quantized_network() -> None:
    x, labels, p = problem()
    ranges = calibrated(p, x, 4)
    loss, gradients = quantized_loss(ranges, 4)(p, x, labels)
    assert [g.shape for g in gradients] == [v.shape for v in p]
    a = fake_quantize(x, asymmetric(ranges[0], 4))[0].astype(np.float64)
    for i in (0, 2):
        y = a @ fake_quantize(p[i], symmetric(p[i], 4, axis=1))[0] + p[i + 1]
        a = fake_quantize(np.maximum(y, 0) if i == 0 else y, asymmetric(ranges[i // 2 + 1], 4))[0].astype(np.float64)
    probability = np.exp(a) / np.exp(a).sum(axis=1, keepdims=True)
    assert np.isclose(loss, -np.log(probability[np.arange(len(x)), labels]).mean(), rtol=1e-12)


def test_gradient_without_rounding_error_is_that_of_the_real_network() -> None:
    """All numbers on the grids of their integers: then fake quantization is the identity."""
    step = 0.25
    rng = np.random.default_rng(2)
    x = rng.integers(0, 16, (20, 3)) * step
    labels = rng.integers(0, 2, 20)
    w0 = np.array([[7, -7], [3, 0], [-2, 5]]) * step  # largest magnitude of each channel 7 steps
    w1 = np.array([[7, 2], [-3, -7]]) * step
    p = [w0, np.zeros(2), w1, np.zeros(2)]
    seen = digits.float_forward(p[0::2], p[1::2], x)
    limits = [(0, 15 * step), (0, 255 * step**2), (-1024 * step**3, 1023 * step**3)]
    ranges = np.array(limits, np.float32)
    inside = all(h.min() >= low and h.max() <= high for h, (low, high) in zip(seen, limits, strict=True))
    assert inside
    # Wider integers for the results only: their steps are those of exact sums.
    got = quantized_loss(ranges, 8)
    loss, gradients = got([w0 * 1.0, p[1], w1 * 1.0, p[3]], x, labels)
    want_loss, want = train_digits.loss_and_gradients(p, x, labels)
    assert abs(loss - want_loss) < 0.2  # logits are rounded to 8 bits
    assert all(np.corrcoef(g.ravel(), v.ravel())[0, 1] > 0.99 for g, v in zip(gradients, want, strict=True))


def test_gradient_of_a_known_network() -> None:
    # One weight column of 7 / 4 per channel, input 1, ranges on the grid: softmax of equal logits is 1/2.
    w = np.full((1, 2), 1.75)
    ranges = np.array([[0.0, 15.0], [-8.0, 7.0]], np.float32)
    loss, gradients = quantized_loss(ranges, 4)([w, np.zeros(2)], np.array([[4.0]]), np.array([1]))
    assert loss == np.log(2)
    # The logits, 7, are the last integer; the gradient by the weights is the input times softmax minus label.
    assert gradients[0].tolist() == [[2.0, -2.0]] and gradients[1].tolist() == [0.5, -0.5]


def test_gradient_stops_where_a_result_is_clipped() -> None:
    w = np.array([[1.75, 1.0]])
    ranges = np.array([[0.0, 15.0], [-8.0, 5.0]], np.float32)
    _, gradients = quantized_loss(ranges, 4)([w, np.zeros(2)], np.array([[4.0]]), np.array([1]))
    assert gradients[0][0, 0] == 0 and gradients[1][0] == 0  # 7 is beyond 5
    assert gradients[0][0, 1] < 0 and gradients[1][1] < 0


def test_fine_tune_lowers_the_loss_in_integers_and_leaves_its_input() -> None:
    x, labels, p = problem()
    before = [v.copy() for v in p]
    tuned, ranges = fine_tune(p, x, labels, epochs=10, rounds=2, seed=1, bits=2)
    assert all(np.array_equal(v, w) for v, w in zip(p, before, strict=True))
    start = calibrated(p, x, 2)
    assert ranges.shape == (3, 2) and ranges.dtype == np.float32
    assert quantized_loss(ranges, 2)(tuned, x, labels)[0] < 0.8 * quantized_loss(start, 2)(p, x, labels)[0]


def test_fine_tune_repeats_itself_bit_for_bit() -> None:
    x, labels, p = problem(3, 100)
    runs = [fine_tune(p, x, labels, epochs=2, rounds=1, seed=seed, bits=4)[0] for seed in (1, 1, 2)]
    same = [all(np.array_equal(v, w) for v, w in zip(runs[0], run, strict=True)) for run in runs]
    assert same == [True, True, False]


def test_fields_are_those_of_the_stored_file() -> None:
    p = [v for pair in zip(widths.trained(4).weights, widths.trained(4).biases, strict=True) for v in pair]
    got = fields([v.astype(np.float64) for v in p], widths.trained(4).ranges, widths.calibrated(4).ranges)
    with np.load(widths.PATHS[4]) as file:
        assert sorted(file.files) == sorted(got)
        assert all(np.array_equal(file[name], got[name]) and file[name].dtype == np.float32 for name in got)


def test_main_says_that_scikit_learn_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(SystemExit) as left:
        train_quantized_digits.main()
    assert left.value.code == "scikit-learn must be installed to train: pip install scikit-learn"
