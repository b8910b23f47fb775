"""The training on small problems, without scikit-learn: gradients, repeatability, the bytes of the file."""

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest

from golden import digits, train_digits

LABELS = np.repeat(np.arange(10), [3, 5, 4, 3, 9, 3, 3, 4, 5, 3]).astype(np.uint8)


def problem(seed: int, sizes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Inputs in 0..1 whose class is the position of the largest of the first few."""
    x = np.random.default_rng(seed).random((200, sizes[0]))
    return x, x[:, : sizes[-1]].argmax(axis=1)


def test_gradients_equal_finite_differences() -> None:
    sizes = (5, 4, 4, 3)
    x, labels = problem(1, sizes)
    p = [v + 0.01 for v in train_digits.initial(sizes, np.random.default_rng(1))]
    _, gradients = train_digits.loss_and_gradients(p, x, labels)
    assert [g.shape for g in gradients] == [v.shape for v in p]
    step = 2.0**-20
    for v, g in zip(p, gradients, strict=True):
        for index in np.ndindex(v.shape):
            before = v[index]
            v[index] = before + step
            above, _ = train_digits.loss_and_gradients(p, x, labels)
            v[index] = before - step
            below, _ = train_digits.loss_and_gradients(p, x, labels)
            v[index] = before
            assert abs((above - below) / (2 * step) - g[index]) < 1e-7


def test_gradient_of_a_known_network() -> None:
    # One layer without a hidden one: softmax of zeros is 1/2, minus the label, times the input.
    p = [np.zeros((1, 2)), np.zeros(2)]
    loss, gradients = train_digits.loss_and_gradients(p, np.array([[4.0]]), np.array([1]))
    assert loss == np.log(2)
    assert gradients[0].tolist() == [[2.0, -2.0]] and gradients[1].tolist() == [0.5, -0.5]


def test_train_learns_a_small_problem() -> None:
    sizes = (6, 16, 3)
    x, labels = problem(2, sizes)
    p = train_digits.train(x, labels, sizes, epochs=100, seed=1)
    logits = digits.float_forward(p[0::2], p[1::2], x)[-1]
    assert np.mean(logits.argmax(axis=1) == labels) >= 0.95


def test_train_repeats_itself_bit_for_bit() -> None:
    sizes = (6, 8, 3)
    x, labels = problem(3, sizes)
    runs = [train_digits.train(x, labels, sizes, epochs=3, seed=seed) for seed in (1, 1, 2)]
    same = [all(np.array_equal(v, w) for v, w in zip(runs[0], run, strict=True)) for run in runs]
    assert same == [True, True, False]


def test_split_takes_the_same_number_of_each_class() -> None:
    test = train_digits.split(LABELS, 2, seed=1)
    assert np.bincount(LABELS[test]).tolist() == [2] * 10
    assert np.array_equal(test, train_digits.split(LABELS, 2, seed=1))
    assert not np.array_equal(test, train_digits.split(LABELS, 2, seed=2))


def test_fields_make_a_file_which_load_reads(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    p = train_digits.initial(digits.SIZES, rng)
    calibration = rng.random((20, 64))
    images, labels = rng.integers(0, 17, (5, 64), np.uint8), np.arange(5, dtype=np.uint8)
    train_digits.write(tmp_path / "x.npz", train_digits.fields(p, calibration, images, labels))
    stored = digits.load(tmp_path / "x.npz")
    assert np.array_equal(stored.images, images) and np.array_equal(stored.labels, labels)
    assert all(np.array_equal(w, v.astype(np.float32)) for w, v in zip(stored.weights, p[0::2], strict=True))
    seen = digits.float_forward(stored.weights, stored.biases, calibration.astype(np.float32))
    assert stored.ranges.tolist() == [[float(h.min()), float(h.max())] for h in seen]
    for computed, kept in zip(digits.layers(digits=stored), stored.int8_weights, strict=True):
        assert np.array_equal(computed.weights, kept)


def test_write_gives_the_same_bytes_at_any_time(tmp_path: Path) -> None:
    arrays: dict[str, np.ndarray] = {
        "a": np.arange(6, dtype=np.int8).reshape(2, 3),
        "b": np.array([1.5], np.float32),
    }
    path = tmp_path / "x.npz"
    train_digits.write(path, arrays)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert digest == "8d080e7e38a42c05f17198250373c7cd3b645798719afbfa91477d0e497266e9"
    with np.load(path) as file:
        assert {name: file[name].tolist() for name in file.files} == {"a": [[0, 1, 2], [3, 4, 5]], "b": [1.5]}


def test_write_reproduces_the_stored_file(tmp_path: Path) -> None:
    with np.load(digits.PATH) as file:
        train_digits.write(tmp_path / "x.npz", {name: file[name] for name in file.files})
    assert (tmp_path / "x.npz").read_bytes() == digits.PATH.read_bytes()


def test_record_sha256_replaces_the_sum_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "x.npz").write_bytes(b"abc")
    other = f"`y.npz` `{'1' * 64}`\n`x.npz` is a file\n"
    (tmp_path / "README.md").write_text(f"{other}| `x.npz` `{'0' * 64}` | – 12ab\n{other}", encoding="utf-8")
    train_digits.record_sha256(tmp_path / "x.npz")
    want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    got = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert got == f"{other}| `x.npz` `{want}` | – 12ab\n{other}"


def test_dataset_says_that_scikit_learn_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    message = "scikit-learn must be installed to train: pip install scikit-learn"
    with pytest.raises(ModuleNotFoundError) as raised:
        train_digits.dataset()
    assert str(raised.value) == message
    with pytest.raises(SystemExit) as left:
        train_digits.main()
    assert left.value.code == message
