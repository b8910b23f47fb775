"""Inputs of the golden model's fuzz tests, and what they are read back with, number by number."""

import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from golden.tests.exact import fraction
from tb.hostile import arrays, scalars, values

__all__ = ["POSITIVE", "SCALE", "SCALES", "WRONG", "at", "integer_array", "integers_of_shape", "mostly", "quiet",
           "single"]

# What the golden model refuses with.
WRONG = (TypeError, ValueError)


def mostly(legal: st.SearchStrategy[Any], hostile: st.SearchStrategy[Any] = scalars) -> st.SearchStrategy[Any]:
    """`legal`, and `hostile` now and then."""
    return st.integers(0, 11).flatmap(lambda roll: hostile if roll == 0 else legal)


POSITIVE = st.one_of(st.floats(2.0**-20, 4.0, width=32), st.floats(2.0**-20, 4.0, width=32), st.sampled_from(
    [2.0**-149, 2.0**-126, 2.0**-24, 1.0, 2.0**24, float(np.finfo(np.float32).max)]))
SCALE = mostly(POSITIVE)
SCALES = mostly(st.one_of(POSITIVE, st.lists(POSITIVE, min_size=1, max_size=3)), arrays())


def integer_array(draw: st.DrawFn, shape: tuple[int, ...], pick: st.SearchStrategy[int], kinds: list[str]
                  ) -> npt.NDArray[Any]:
    """An array of `shape` of what is picked."""
    count = int(np.prod(shape, dtype=int))
    return np.array([draw(pick) for _ in range(count)], np.int64).reshape(shape).astype(draw(st.sampled_from(kinds)))


@st.composite
def integers_of_shape(draw: st.DrawFn, shape: tuple[int, ...], kinds: list[str], low: int = -(2**63),
                      high: int = 2**63 - 1) -> Any:
    """An array of `shape` in low..high, or a list of it; something hostile in its place now and then."""
    if draw(st.integers(0, 11)) == 0:
        return draw(st.one_of(arrays(), arrays(shape=shape), values))
    kind = draw(st.sampled_from(kinds))
    info = np.iinfo(kind)
    least, most = max(low, int(info.min)), min(high, int(info.max))
    small = st.integers(min(max(least, -3), most), max(min(most, 3), least))
    x = integer_array(draw, shape, st.one_of(st.integers(least, most), st.sampled_from([least, most]), small), [kind])
    return x.tolist() if draw(st.integers(0, 5)) == 0 else x


def at(x: npt.ArrayLike, n: int) -> Any:
    """Element `n` of one number or one for each channel, as a Python number."""
    x = np.asarray(x)
    return (x if x.ndim == 0 else x[n]).item()


def single(x: npt.ArrayLike, n: int) -> Fraction:
    """Element `n` of one float32 value or one for each channel, as a fraction."""
    x = np.asarray(x)
    return fraction(np.float32(x if x.ndim == 0 else x[n]))


def quiet(call: Callable[[], Any]) -> Any:
    """What `call` returns: sums that wrap are meant, and the golden model says so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return call()
