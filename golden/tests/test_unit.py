"""Tiles put together again, and the cycle formula against counting cycle by cycle."""

import numpy as np
import pytest

from golden.unit import Geometry, tiles

SHAPES = [(1, 1, 1), (3, 5, 1), (4, 4, 1), (8, 8, 1), (4, 4, 4), (1, 8, 8), (2, 3, 3)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("m", "k", "n"), [(1, 1, 1), (7, 5, 9), (8, 8, 8), (16, 3, 2)])
def test_tiles_put_together_are_the_product(shape, m, k, n):
    rng = np.random.default_rng([*shape, m, k, n])
    a, w = rng.integers(-128, 128, (m, k)), rng.integers(-128, 128, (k, n))
    rows, cols, _ = shape
    got = np.zeros((m + rows, n + cols), np.int64)
    order = []
    for tile in tiles(a, w, Geometry(*shape, shape[1], 0)):
        got[tile.m:tile.m + rows, tile.n:tile.n + cols] = np.einsum("brd,bcd->rc", tile.a, tile.w)
        order.append((tile.n, tile.m))
    assert np.array_equal(got[:m, :n], a @ w)
    assert order == sorted(order)


def test_tiles_pad_with_the_value_that_is_asked_for():
    (tile,) = tiles(np.ones((1, 1), int), np.ones((1, 1), int), Geometry(2, 2, 2, 2, 0), a_pad=5, w_pad=-3)
    assert tile.a.tolist() == [[[1, 5], [5, 5]]]
    assert tile.w.tolist() == [[[1, -3], [-3, -3]]]


@pytest.mark.parametrize(("a", "w"), [((2, 3), (2, 3)), ((2,), (2, 3)), ((2, 3), (3,))])
def test_tiles_refuse_matrices_that_do_not_match(a, w):
    with pytest.raises(ValueError, match=r"a must be \[M, K\] and w \[K, N\], not"):
        list(tiles(np.zeros(a, int), np.zeros(w, int), Geometry(2, 2, 1, 2, 0)))


def counted_cycles(geometry: Geometry, k: int, count: int) -> int:
    """Beats one by one: the last of a tile waits until the tile before has drained."""
    cycle, last = -1, -(10**9)
    for _ in range(count):
        for beat in range(-(-k // geometry.depth)):
            cycle += 1
            if beat == -(-k // geometry.depth) - 1:
                cycle = max(cycle, last + geometry.rows * geometry.cols // geometry.requant_lanes)
                last = cycle
    final_row = last + geometry.latency + (geometry.rows - 1) * geometry.cols // geometry.requant_lanes
    return final_row + 1


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("k", [1, 2, 7, 8, 9, 64])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_cycle_formula_equals_counting(shape, k, count):
    for lanes in (lanes for lanes in range(1, shape[1] + 1) if shape[1] % lanes == 0):
        geometry = Geometry(*shape, lanes, 29)
        assert geometry.cycles(k, count) == counted_cycles(geometry, k, count)


def test_no_cycle_is_lost_between_tiles_when_k_covers_the_drain():
    geometry = Geometry(8, 8, 1, 8, 29)
    assert geometry.cycles(8, 11) - geometry.cycles(8, 10) == 8
    assert geometry.cycles(7, 11) - geometry.cycles(7, 10) == 8
    assert geometry.cycles(64, 11) - geometry.cycles(64, 10) == 64


def test_ideal_cycles_use_every_multiplier():
    assert Geometry(8, 8, 1, 8, 29).ideal_cycles(64, 64, 64) == 4096
    assert Geometry(1, 8, 8, 8, 29).ideal_cycles(1, 128, 784) == 1568
