"""The cycle model against a register-by-register simulation of the array, written from the picture of the data flow."""

import numpy as np
import pytest

from golden.array import ArrayModel, Waves


def stream(rng: np.random.Generator, rows: int, cols: int, depth: int, lengths: list[int], bubbles: float) -> Waves:
    """Tiles of the given lengths at random, `last` waves at least `rows` apart."""
    tokens: list[tuple[bool, bool, bool]] = []
    since = rows
    for length in lengths:
        for index in range(length):
            last = index == length - 1
            while rng.random() < bubbles or (last and since < rows):
                tokens.append((False, True, True))
                since += 1
            tokens.append((True, index == 0, last))
            since = 1 if last else since + 1
    valid, first, last_ = (np.array(column) for column in zip(*tokens, strict=True))
    a = rng.integers(-128, 128, (len(tokens), rows, depth))
    w = rng.integers(-128, 128, (len(tokens), cols, depth))
    return Waves(a, w, valid, first, last_)


def simulate(waves: Waves, cycles: int, acc_width: int) -> list[tuple[np.ndarray, list[tuple[int, int, int]]]]:
    """Sums of every cell, and (row, col, value) of those just finished, at every cycle; cells have no latency.

    A wave travels as a parcel from cell to cell: to the right and downwards one cell a cycle.
    """
    rows, cols = waves.a.shape[1], waves.w.shape[1]
    acc = [[0] * cols for _ in range(rows)]
    history = []
    for cycle in range(cycles):
        finished = []
        for r in range(rows):
            for c in range(cols):
                t = cycle - r - c
                if not 0 <= t < len(waves.valid) or not waves.valid[t]:
                    continue
                total = 0 if waves.first[t] else acc[r][c]
                for x, y in zip(waves.a[t, r].tolist(), waves.w[t, c].tolist(), strict=True):
                    total += x * y
                acc[r][c] = (total + 2 ** (acc_width - 1)) % 2**acc_width - 2 ** (acc_width - 1)
                if waves.last[t]:
                    finished.append((r, c, acc[r][c]))
        history.append((np.array(acc), finished))
    return history


@pytest.mark.parametrize(("rows", "cols", "depth", "acc_width"), [
    (1, 1, 1, 32), (2, 3, 1, 32), (4, 4, 1, 16), (3, 2, 4, 32), (1, 5, 2, 20), (4, 1, 1, 32)])
def test_array_model_equals_a_register_simulation(rows, cols, depth, acc_width):
    rng = np.random.default_rng([rows, cols, depth])
    waves = stream(rng, rows, cols, depth, [1, rows, 1, 3 * rows, rows + 1, 2], 0.25)
    latency = 3
    model = ArrayModel(waves, latency, acc_width)
    cycles = len(waves.valid) + rows + cols
    for cycle, (acc, finished) in enumerate(simulate(waves, cycles, acc_width)):
        # A sum shows `latency` cycles after its wave would have been added without any.
        assert np.array_equal(model.held(cycle + latency), acc)
        shown, values = model.leaving(cycle + latency)
        want = {c: value for _, c, value in finished}
        assert shown == [c in want for c in range(cols)]
        assert values == [want.get(c, 0) for c in range(cols)]


def test_array_model_starts_empty():
    waves = stream(np.random.default_rng(1), 2, 2, 1, [3], 0.0)
    model = ArrayModel(waves, 3)
    assert not model.held(0).any() and not model.held(2).any()
    assert model.leaving(2) == ([False, False], [0, 0])


def test_array_model_finishes_the_matrix_product():
    rng = np.random.default_rng(2)
    waves = stream(rng, 3, 4, 2, [5], 0.4)
    model = ArrayModel(waves, 3)
    kept = waves.valid
    want = np.einsum("trd,tcd->rc", waves.a[kept], waves.w[kept])
    assert np.array_equal(model.held(len(waves.valid) + 20), want)


def test_array_model_ignores_what_bubbles_carry():
    rng = np.random.default_rng(3)
    waves = stream(rng, 2, 2, 1, [4, 4], 0.5)
    noise = np.where(waves.valid[:, None, None], waves.a, 77)
    other = ArrayModel(Waves(noise, waves.w, waves.valid, waves.first, waves.last), 3)
    assert np.array_equal(ArrayModel(waves, 3).sums, other.sums)


def test_array_model_refuses_tiles_that_are_too_close():
    ones = np.array([True, True])
    waves = Waves(np.ones((2, 2, 1), int), np.ones((2, 1, 1), int), ones, ones, ones)
    with pytest.raises(ValueError, match="last waves must be at least rows = 2 cycles apart"):
        ArrayModel(waves, 3).leaving(4)


@pytest.mark.parametrize(("a", "w", "message"), [
    (np.full((1, 1, 1), 256), np.zeros((1, 1, 1), int), r"waves.a\[0, 0, 0\] must be in -256..255, not 256"),
    (np.zeros((2, 1, 1), int), np.zeros((1, 1, 1), int), "waves.a and waves.w must agree in cycles and depth"),
    (np.zeros((1, 1, 2), int), np.zeros((1, 1, 1), int), "waves.a and waves.w must agree in cycles and depth"),
    (np.zeros((1, 1, 1)), np.zeros((1, 1, 1), int), "waves.a must be integers"),
])
def test_array_model_refuses_bad_waves(a, w, message):
    flag = np.ones(len(a), bool)
    with pytest.raises((ValueError, TypeError), match=message):
        ArrayModel(Waves(a, w, flag, flag, flag), 3)
