"""Counts against fractions in every order and division of the data; divergence against its definition."""

import math
from fractions import Fraction

import numpy as np
import pytest

from golden.histogram import BINS, LOWEST, Histogram, divergence
from golden.tests.exact import fraction


def filled(*batches: object) -> Histogram:
    h = Histogram()
    for batch in batches:
        h.add(batch)  # type: ignore[arg-type]
    return h


def exact_counts(x: np.ndarray) -> tuple[int, dict[int, int]]:
    """The exponent of the narrowest power of two of which BINS cover every value, and what is in each bin."""
    values = [fraction(v) for v in x.ravel()]
    exponent = LOWEST
    while any(not -BINS <= math.floor(v / Fraction(2) ** exponent) < BINS or abs(v) >= BINS * Fraction(2) ** exponent
              for v in values):
        exponent += 1
    bins = [math.floor(v / Fraction(2) ** exponent) for v in values]
    return exponent, {b: bins.count(b) for b in set(bins)}


@pytest.mark.parametrize("seed", range(6))
def test_counts_are_those_of_fractions_however_divided(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = (rng.normal(0, 1, 120) * 10.0 ** rng.uniform(-8, 8, 120)).astype(np.float32)
    exponent, want = exact_counts(x)
    shuffled = rng.permutation(x)
    for batches in ([x], np.array_split(x, 7), list(x), np.array_split(shuffled, 3)):
        h = filled(*batches)
        assert h.exponent == exponent
        assert {int(b) - BINS: int(h.counts[b]) for b in np.flatnonzero(h.counts)} == want
        assert (h.low, h.high) == (float(x.min()), float(x.max()))


@pytest.mark.parametrize("value", [1.0, -1.0, 2.0**127, -(2.0**-149), 2.0**-138, 3.4e38])
def test_powers_of_two_and_extremes_have_a_bin(value: float) -> None:
    h = filled([1e-44], [value])
    j = int(np.flatnonzero(h.counts)[0 if value < 0 else -1])
    assert h.edges[j] <= np.float32(value) < h.edges[j + 1] and h.counts.sum() == 2


def test_widening_loses_no_count() -> None:
    h = Histogram()
    for exponent in range(-149, 128, 3):
        h.add([2.0**exponent, -(2.0**exponent)])
    assert h.counts.sum() == 2 * len(range(-149, 128, 3))
    assert h.counts[:BINS].sum() == h.counts[BINS:].sum()


def test_at_least_half_of_a_side_is_used() -> None:
    for largest in np.random.default_rng(1).uniform(0.01, 100, 50).astype(np.float32):
        assert np.flatnonzero(filled([largest]).counts)[0] - BINS >= BINS // 2


def test_sums_are_those_of_the_values_in_each_bin() -> None:
    x = [0.5, 0.5, 0.75, -3.0, 1000.0]
    h = filled(x[:2], x[2:4], x[4:])
    means = h.sums[h.counts > 0] / h.counts[h.counts > 0]
    assert h.exponent == -1 and means.tolist() == [-3.0, 1.75 / 3, 1000.0]


def test_zeros_are_counted_apart() -> None:
    h = filled([0.0, -0.0], [0.0, 1.0, 1e-9])
    assert h.zeros == 3 and h.counts[BINS] == 4
    assert filled([0.0]).exponent == LOWEST


def test_magnitudes_fold_both_sides() -> None:
    h = filled([1.0, -1.0 - 2.0**-10, 1.5, 0.0])  # a bin of -|x| is open at the other end
    assert h.exponent == -10
    assert {int(b): int(h.magnitudes[b]) for b in np.flatnonzero(h.magnitudes)} == {0: 1, 1024: 2, 1536: 1}


def test_a_refused_batch_changes_nothing() -> None:
    h = filled([1.0])
    for batch, message in (
        ([5.0, math.nan], "batch[1] must be finite in float32, not nan"),
        ([math.inf], "batch[0] must be finite in float32, not inf"),
        ([], "batch must not be empty, but has shape (0,)"),
    ):
        with pytest.raises(ValueError) as raised:
            h.add(batch)
        assert str(raised.value) == message
    assert (h.counts.sum(), h.low, h.high, h.exponent) == (1, 1.0, 1.0, -10)


# Divergence -------------------------------------------------------------------------------------------------


def exact_divergence(counts: list[int], start: int, stop: int, levels: int) -> float:
    """By its definition, P and Q as fractions; only the logarithm is a double."""
    inside = counts[start:stop]
    p = inside.copy()
    p[0] += sum(counts[:start])
    p[-1] += sum(counts[stop:])
    q = [Fraction(0)] * len(inside)
    for level in range(levels):
        group = [j for j in range(len(inside)) if math.floor(Fraction(j * levels, len(inside))) == level]
        used = [j for j in group if inside[j]]
        for j in used:
            q[j] = Fraction(sum(inside[i] for i in group), len(used))
    if any(u and not v for u, v in zip(p, q, strict=True)):
        return math.inf
    return math.fsum(
        Fraction(u, sum(p)) * math.log(Fraction(u, sum(p)) / (v / sum(q))) for u, v in zip(p, q, strict=True) if u
    )


@pytest.mark.parametrize("seed", range(40))
def test_divergence_equals_its_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 4, int(rng.integers(2, 24)))
    counts[rng.integers(len(counts))] += 1
    start = int(rng.integers(0, len(counts)))
    stop = int(rng.integers(start + 1, len(counts) + 1))
    levels = int(rng.integers(1, stop - start + 1))
    got, want = divergence(counts, start, stop, levels), exact_divergence(counts.tolist(), start, stop, levels)
    assert got == want or abs(got - want) < 1e-13


def test_divergence_is_zero_where_every_bin_keeps_a_level_and_nothing_is_clipped() -> None:
    assert divergence(np.array([5, 0, 1, 7]), 0, 4, 4) == 0.0


def test_divergence_is_infinite_where_clipped_values_meet_an_empty_bin() -> None:
    assert divergence(np.array([5, 0, 1]), 0, 2, 1) == math.inf
    assert divergence(np.array([1, 0, 0]), 1, 3, 1) == math.inf
