"""Ranges against brute force: every edge for percentile and entropy, every tried range for the squared error."""

import math
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
import pytest

from golden import observers
from golden.histogram import BINS
from golden.observers import MSE, OBSERVERS, Entropy, MinMax, Observer, Percentile
from golden.quantize import asymmetric, dequantize, quantize, symmetric
from golden.tests.exact import fraction
from golden.tests.test_histogram import exact_divergence

NAMES = list(OBSERVERS)


def shown(make: Callable[[], Observer], *batches: object) -> Observer:
    observer = make()
    for batch in batches:
        observer.observe(batch)  # type: ignore[arg-type]
    return observer


def sample(seed: int, count: int, kind: int) -> np.ndarray:
    """Normal, one-sided, or with outliers."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, count)
    x = [x, np.maximum(x, 0), -np.abs(x), np.append(x, [9.0, -4.0])][kind]
    return x.astype(np.float32)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("symmetric_", [False, True])
def test_range_is_the_same_however_the_data_are_divided(name: str, symmetric_: bool) -> None:
    x = np.round(sample(1, 3000, 3) * 64) / 64  # sums of such values are exact in any order
    ranges = {shown(OBSERVERS[name], *batches).range(4, symmetric_)
              for batches in ([x], np.array_split(x, 9), [x[::-1]], [x[:1], x[1:]], [x.reshape(-1, 2)])}
    assert len(ranges) == 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("symmetric_", [False, True])
@pytest.mark.parametrize("kind", range(4))
@pytest.mark.parametrize("bits", [8, 4, 2])
def test_range_contains_zero_and_never_exceeds_the_values(name: str, symmetric_: bool, kind: int, bits: int) -> None:
    x = sample(2, 500, kind)
    low, high = shown(OBSERVERS[name], x).range(bits, symmetric_)
    if symmetric_:
        assert -low == high and 0 < high <= np.abs(x).max()
    else:
        assert min(x.min(), 0) <= low <= 0 <= high <= max(x.max(), 0) and low < high


@pytest.mark.parametrize("name", NAMES)
def test_quantization_is_that_of_the_range(name: str) -> None:
    observer = shown(OBSERVERS[name], sample(3, 400, 3))
    for bits in (8, 4, 2):
        for signed in (True, False):
            got, want = observer.quantization(bits, signed=signed), asymmetric(observer.range(bits), bits, signed)
            assert (got.scale, got.zero_point, got.low, got.high) == (want.scale, want.zero_point, want.low, want.high)
        got, want = observer.quantization(bits, symmetric=True), symmetric(observer.range(bits, True), bits)
        assert (got.scale, got.zero_point, got.low, got.high) == (want.scale, want.zero_point, want.low, want.high)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("symmetric_", [False, True])
def test_constant_tensor_keeps_its_value(name: str, symmetric_: bool) -> None:
    for value in (3.0, -3.0, 1e-30, 2.0**20):
        observer = shown(OBSERVERS[name], [value] * 5, [value])
        q = observer.quantization(symmetric=symmetric_)
        assert np.allclose(dequantize(quantize([value], q), q), value, rtol=2e-7, atol=0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("symmetric_", [False, True])
def test_tensor_of_zeros_has_an_empty_range_and_scale_one(name: str, symmetric_: bool) -> None:
    observer = shown(OBSERVERS[name], [0.0, -0.0], [[0.0]])
    assert observer.range(8, symmetric_) == (0.0, 0.0)
    assert observer.quantization(symmetric=symmetric_).scale == 1


@pytest.mark.parametrize("name", NAMES)
def test_no_data_is_refused(name: str) -> None:
    message = r"^observer must see a batch before it is asked for a range$"
    for symmetric_ in (False, True):
        with pytest.raises(ValueError, match=message):
            OBSERVERS[name]().range(8, symmetric_)
        with pytest.raises(ValueError, match=message):
            OBSERVERS[name]().quantization(symmetric=symmetric_)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("batch", "error", "message"),
    [
        ([1.0, math.nan], ValueError, "batch[1] must be finite in float32, not nan"),
        ([[math.inf]], ValueError, "batch[0, 0] must be finite in float32, not inf"),
        ([1e39], ValueError, "batch[0] must be finite in float32, not 1e+39"),
        (np.zeros((0, 3)), ValueError, "batch must not be empty, but has shape (0, 3)"),
        (["a"], TypeError, "batch must be real numbers, not <U1"),
    ],
)
def test_bad_batch_is_refused_and_changes_nothing(
    name: str, batch: object, error: type[Exception], message: str
) -> None:
    observer = shown(OBSERVERS[name], [-1.0, 2.0])
    before = observer.range()
    with pytest.raises(error) as raised:
        observer.observe(batch)  # type: ignore[arg-type]
    assert str(raised.value) == message and observer.range() == before


def test_bad_quantization_is_refused() -> None:
    observer = shown(MinMax, [1.0])
    with pytest.raises(ValueError, match=r"^integers of a symmetric quantization must be signed$"):
        observer.quantization(symmetric=True, signed=False)
    with pytest.raises(ValueError, match=r"^bits must be one of 8, 4, 2, not 3$"):
        observer.quantization(bits=3)


@pytest.mark.parametrize("kind", range(4))
def test_minmax_is_the_limits(kind: int) -> None:
    x = sample(4, 100, kind)
    low, high = min(float(x.min()), 0.0), max(float(x.max()), 0.0)
    observer = shown(MinMax, *np.array_split(x, 5))
    assert observer.range() == (low, high)
    assert observer.range(symmetric=True) == (-max(-low, high), max(-low, high))


# Percentile -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("percentile", [50, 90, 99, 99.5, 100])
@pytest.mark.parametrize("kind", range(4))
def test_percentile_cuts_no_more_than_allowed_and_one_bin_less_would(percentile: float, kind: int) -> None:
    x = sample(5, 1000, kind)
    observer = shown(lambda: Percentile(percentile), *np.array_split(x, 3))
    low, high = observer.range()
    width = 2.0**observer.histogram.exponent
    allowed = Fraction(len(x)) * (100 - Fraction(percentile)) / 100
    side = allowed // 2
    assert (x < low).sum() <= side and (x >= high).sum() <= side + (high == x.max()) * len(x)
    if low < 0 and low > x.min():
        assert low / width == int(low / width) and (x < low + width).sum() > side
    if high > 0 and high < x.max():
        assert high / width == int(high / width) and (x >= high - width).sum() > side
    _, bound = observer.range(symmetric=True)
    assert (np.abs(x) > bound).sum() <= allowed
    if bound < np.abs(x).max():
        assert bound / width == int(bound / width) and (np.abs(x) > bound - width).sum() > int(allowed)


def test_percentile_100_is_minmax() -> None:
    x = sample(6, 300, 3)
    assert shown(lambda: Percentile(100), x).range() == shown(MinMax, x).range()


@pytest.mark.parametrize("percentile", [0, -1, 100.5, math.nan])
def test_percentile_out_of_range_is_refused(percentile: float) -> None:
    with pytest.raises(ValueError) as raised:
        Percentile(percentile)
    assert str(raised.value) == f"percentile must be > 0 and <= 100, not {percentile}"


# Entropy ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", range(4))
@pytest.mark.parametrize("symmetric_", [False, True])
def test_entropy_is_the_best_of_all_edges(monkeypatch: pytest.MonkeyPatch, kind: int, symmetric_: bool) -> None:
    monkeypatch.setattr("golden.histogram.BINS", 64)
    monkeypatch.setattr("golden.observers.BINS", 64)
    x = sample(7, 400, kind)
    observer = shown(Entropy, *np.array_split(x, 2))
    width = 2.0**observer.histogram.exponent
    bins = [math.floor(fraction(v) / Fraction(width)) for v in x if v]
    if symmetric_:
        bins = [max(b, -1 - b) for b in bins]
    first, last = min([*bins, 0]), max([*bins, -1]) + 1
    counts = [bins.count(b) for b in range(first, last)]
    levels = 2 ** (3 if symmetric_ else 4)
    losses = {}
    for t in range(1, 65):
        start, stop = max(-t, first) - first, min(t, last) - first
        if stop - start >= levels:
            losses[t] = exact_divergence(counts, start, stop, levels)
    low, high = observer.range(4, symmetric_)
    got = max(-low, high) / width if max(-low, high) < np.abs(x).max() else max(-first, last)
    least = min(losses.values())
    assert abs(losses[min(math.ceil(got), max(losses))] - least) < 1e-12


def test_entropy_ignores_exact_zeros() -> None:
    x = np.abs(sample(8, 2000, 0))
    assert shown(Entropy, x).range(4) == shown(Entropy, x, np.zeros(100_000)).range(4)


def test_entropy_cuts_an_outlier() -> None:
    x = np.append(sample(9, 20_000, 0), np.float32(60))
    low, high = shown(Entropy, x).range(4)
    assert high < 10 and low > -10


# Squared error ----------------------------------------------------------------------------------------------


def exact_error(x: np.ndarray, limits: tuple[float, float], bits: int, symmetric_: bool) -> Fraction:
    """The sum of squared errors, from the definition of the integers."""
    q = (symmetric if symmetric_ else asymmetric)(np.array(limits, np.float32), bits)
    scale, zero_point = fraction(q.scale), int(q.zero_point)
    total = Fraction(0)
    for v in x:
        step = round(np.float32(v) / q.scale)  # Python rounds half to even
        level = min(max(step + zero_point, q.low), q.high) - zero_point
        total += (fraction(np.float32(level * scale)) - fraction(v)) ** 2
    return total


def every_range(x: np.ndarray, steps: int, symmetric_: bool) -> Iterator[tuple[float, float]]:
    low, high = min(float(x.min()), 0.0), max(float(x.max()), 0.0)
    for i in range(1, steps + 1):
        if symmetric_:
            bound = max(-low, high) * (i / steps)
            yield -bound, bound
        else:
            yield from ((low * (i / steps), high * (j / steps)) for j in range(1, steps + 1))


@pytest.mark.parametrize("kind", range(4))
@pytest.mark.parametrize("symmetric_", [False, True])
@pytest.mark.parametrize("bits", [4, 2])
def test_mse_is_the_best_of_all_tried_ranges(
    monkeypatch: pytest.MonkeyPatch, kind: int, symmetric_: bool, bits: int
) -> None:
    steps = 10
    monkeypatch.setattr(observers, "STEPS", steps)
    x = np.unique(np.round(sample(10 + kind, 40, kind) * 32) / 32)
    observer = shown(MSE, *np.array_split(x, 3))
    assert observer.histogram.counts.max() == 1  # so that each bin's mean is its value
    errors = {r: exact_error(x, r, bits, symmetric_) for r in every_range(x, steps, symmetric_)}
    got = observer.range(bits, symmetric_)
    nearest = min(errors, key=lambda r: abs(r[0] - got[0]) + abs(r[1] - got[1]))
    assert math.isclose(nearest[0], got[0], abs_tol=1e-12) and math.isclose(nearest[1], got[1], abs_tol=1e-12)
    assert float(errors[nearest] - min(errors.values())) <= 1e-9 * float(min(errors.values()))


@pytest.mark.parametrize("bits", [8, 4, 2])
@pytest.mark.parametrize("symmetric_", [False, True])
def test_mse_is_never_worse_than_the_others(bits: int, symmetric_: bool) -> None:
    for kind in range(4):
        x = sample(20 + kind, 5000, kind)

        def error(observer: Observer, x: np.ndarray = x) -> float:
            q = observer.quantization(bits, symmetric_)
            return float(np.square(dequantize(quantize(x, q), q) - x, dtype=np.float64).sum())

        got = error(shown(MSE, x))
        assert all(got <= 1.02 * error(shown(OBSERVERS[name], x)) for name in NAMES)


def test_bins_of_both_modules_agree() -> None:
    assert observers.BINS == BINS
