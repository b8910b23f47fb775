"""Read an array from a file: .npy, .npz or .csv."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


def read(path: Path, name: str | None = None) -> npt.NDArray[Any]:
    """Return the array of a file.

    Parameters
    ----------
    path: .npy, .npz, or .csv: numbers between commas, no header, as many in each line.
    name: which array of an .npz, may be left out if there is one only; must be None for others.

    A file that cannot be opened is an OSError; one that does not hold what its suffix says, or Python objects,
    is a ValueError.
    """
    if path.suffix not in (".npy", ".npz", ".csv"):
        raise ValueError(f"{path} must be .npy, .npz or .csv")
    if name is not None and path.suffix != ".npz":
        raise ValueError(f"{path} must be .npz for an array to be chosen by name")
    with path.open("rb") as file:
        if path.suffix == ".csv":
            return _parsed(path, lambda: _csv(path))
        # np.load given a path leaves a broken .npz open.
        loaded = _parsed(path, lambda: np.load(file, allow_pickle=False))
        if isinstance(loaded, np.ndarray):
            return loaded
        names = ", ".join(loaded.files) or "nothing"
        if name is None and len(loaded.files) != 1:
            raise ValueError(f"{path} must hold one array or a name must be given; it holds {names}")
        if name is not None and name not in loaded.files:
            raise ValueError(f"name must be one of {names}, not {name}")
        return _array(path, _parsed(path, lambda: loaded[name or loaded.files[0]]))


def read_all(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Return all arrays of an .npz file, whatever it is called; errors are those of `read`."""
    with path.open("rb") as file:
        loaded = _parsed(path, lambda: np.load(file, allow_pickle=False), ".npz")
        if isinstance(loaded, np.ndarray):
            raise ValueError(f"{path} must hold numbers as .npz does: it holds a single array")
        members = _parsed(path, lambda: {name: loaded[name] for name in loaded.files}, ".npz")
        return {name: _array(path, member) for name, member in members.items()}


def _csv(path: Path) -> npt.NDArray[np.float64]:
    with warnings.catch_warnings():  # of an empty file, which is refused where all empty arrays are
        warnings.simplefilter("ignore", UserWarning)
        return np.loadtxt(path, delimiter=",", ndmin=1)


def _array(path: Path, member: Any) -> npt.NDArray[Any]:
    """A member of an .npz file may be anything: NumPy hands over as bytes what is no array."""
    if not isinstance(member, np.ndarray):
        raise ValueError(f"{path} must hold arrays only")
    return member


def _parsed(path: Path, load: Callable[[], Any], suffix: str = "") -> Any:
    """Return what `load` makes of an open file.  NumPy, zipfile and zlib have a dozen errors for a damaged one."""
    try:
        return load()
    except Exception as error:
        lines = str(error).splitlines()
        reason = f": {lines[0]}" if path.suffix == ".csv" and lines else ""
        raise ValueError(f"{path} must hold numbers as {suffix or path.suffix} does{reason}") from None
