"""Argument checks shared by the golden model.

Each check returns the argument as an array of one known dtype, or raises an error of one line which says
what must hold and what was given.  `TypeError` means the wrong kind of number, `ValueError` a wrong value
or shape.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

INT32_MIN = -(2**31)
INT32_MAX = 2**31 - 1


def array(name: str, x: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return `x` as an array of any dtype; what is none, such as lists of different lengths, is a TypeError.

    >>> array("a", [[1, 2], [3]])
    Traceback (most recent call last):
    TypeError: a must be an array, or lists of numbers that are equally long, not list
    """
    try:
        return np.asarray(x)
    except (OverflowError, RecursionError, TypeError, ValueError):
        kind = type(x).__name__
        raise TypeError(f"{name} must be an array, or lists of numbers that are equally long, not {kind}") from None


def integers(
    name: str,
    x: npt.ArrayLike,
    low: int,
    high: int,
    *,
    ndim: int | None = None,
    shape: tuple[int, ...] | None = None,
) -> npt.NDArray[np.int64]:
    """Return `x` as int64 after checking that it holds integers in `low..high`, both included.

    Parameters
    ----------
    name: what the argument is called in error messages.
    x: Python integers or an array of any integer dtype, not empty.  Booleans, floats and objects are
        refused, even where their values are whole.
    low, high: the range of every element.
    ndim, shape: required dimensions; None leaves them free.

    >>> int(integers("shift", 5, 2, 62))
    5
    >>> integers("shift", [5, 63], 2, 62)
    Traceback (most recent call last):
    ValueError: shift[1] must be in 2..62, not 63
    """
    values = array(name, x)
    # Before the dtype, because NumPy calls an empty list float64.
    dimensions(name, values, ndim=ndim, shape=shape)
    if values.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers of at most 64 bits, not {values.dtype}")
    _every(name, values, (values >= low) & (values <= high), f"in {low}..{high}")
    return values.astype(np.int64)


def scales(name: str, x: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Return `x` as float32 after checking that each element is finite, > 0 and exactly a float32.

    Python floats and float64 arrays are welcome as long as float32 holds their values: a scale which had to
    be rounded here would be a scale that no inference stack was given.

    >>> scales("scale", 0.25)
    array(0.25, dtype=float32)
    >>> scales("scale", 0.1)
    Traceback (most recent call last):
    ValueError: scale must be a float32 value, not 0.1
    """
    values = array(name, x)
    dimensions(name, values)
    if values.dtype.kind != "f":
        raise TypeError(f"{name} must be floating point, not {values.dtype}")
    _every(name, values, np.isfinite(values) & (values > 0), "finite and > 0")
    with np.errstate(over="ignore", under="ignore"):
        rounded = values.astype(np.float32)
    _every(name, values, rounded == values, "a float32 value")
    return rounded


def floats(name: str, x: npt.ArrayLike, *, ndim: int | None = None) -> npt.NDArray[np.float32]:
    """Return `x` rounded to float32 after checking that it is real, finite (as float32 too) and not empty.

    >>> floats("x", [1, 0.5])
    array([1. , 0.5], dtype=float32)
    """
    values = array(name, x)
    dimensions(name, values, ndim=ndim)
    if values.dtype.kind not in "fiu":
        raise TypeError(f"{name} must be real numbers, not {values.dtype}")
    with np.errstate(over="ignore", under="ignore"):
        rounded = values.astype(np.float32)
    _every(name, values, np.isfinite(rounded), "finite in float32")
    return rounded


def per_channel(name: str, x: npt.NDArray[np.generic], channels: int | None) -> None:
    """Check that `x` is a scalar or has shape `(channels,)`; with channels None only a scalar will do.

    >>> per_channel("scale", np.ones(3), 4)
    Traceback (most recent call last):
    ValueError: scale must be a scalar or have shape (4,), not (3,)
    """
    if x.ndim == 0 or x.shape == (channels,):
        return
    choice = "a scalar" if channels is None else f"a scalar or have shape ({channels},)"
    raise ValueError(f"{name} must be {choice}, not {x.shape}")


def dimensions(
    name: str, x: npt.NDArray[np.generic], *, ndim: int | None = None, shape: tuple[int, ...] | None = None
) -> None:
    """Check that `x` is not empty and has the given dimensions; None leaves them free."""
    if x.size == 0:
        raise ValueError(f"{name} must not be empty, but has shape {x.shape}")
    if ndim is not None and x.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimensions, not {x.ndim}")
    if shape is not None and x.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, not {x.shape}")


def _every(name: str, x: npt.NDArray[np.generic], good: npt.NDArray[np.bool_] | np.bool_, what: str) -> None:
    """Raise ValueError naming the first element of `x` which is not `good`."""
    bad = np.argwhere(~np.asarray(good))
    if len(bad):
        index = tuple(int(i) for i in bad[0])
        where = f"[{', '.join(map(str, index))}]" if index else ""
        raise ValueError(f"{name}{where} must be {what}, not {x[index]}")
