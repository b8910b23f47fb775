"""All rounding modes by name: which numbers make up the factor of each, and one call for any of them."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from golden.fbgemm import requantize_fbgemm
from golden.requant import REQUANTIZE

FACTORS: dict[str, tuple[str, ...]] = {
    "F32": ("scale",),
    "SINGLE": ("m", "s"),
    "DOUBLE": ("m", "s"),
    "DOUBLE_UP": ("m", "s"),
    "FBGEMM": ("bias", "scale"),
}
"""Names of the factor, in the order in which the mode's function takes them after `acc`."""

_FUNCTIONS: dict[str, Callable[..., npt.NDArray[np.int32]]] = {**REQUANTIZE, "FBGEMM": requantize_fbgemm}


def requantize(
    mode: str, acc: npt.ArrayLike, factor: Mapping[str, npt.ArrayLike | None], zp: npt.ArrayLike, qmin: int, qmax: int
) -> npt.NDArray[np.int32]:
    """Requantize `acc` in `mode`.

    Parameters
    ----------
    mode: a key of `FACTORS`.
    factor: what `FACTORS[mode]` names; anything else in it is ignored.
    acc, zp, qmin, qmax: see the function of the mode, in `golden.requant` or `golden.fbgemm`.

    >>> requantize("F32", [-1, 3], {"scale": 0.5}, 0, -128, 127).tolist()
    [0, 2]
    >>> requantize("DOUBLE", [-1, 3], {"m": 2**30, "s": 31}, 0, -128, 127).tolist()
    [0, 2]
    """
    check_mode(mode)
    missing = [name for name in FACTORS[mode] if factor.get(name) is None]
    if missing:
        raise ValueError(f"factor of mode {mode} must have {' and '.join(FACTORS[mode])}, {missing[0]} is missing")
    return _FUNCTIONS[mode](acc, *(factor[name] for name in FACTORS[mode]), zp, qmin, qmax)


def check_mode(mode: str) -> None:
    """Refuse a `mode` that is none.

    >>> check_mode("UP")
    Traceback (most recent call last):
    ValueError: mode must be one of F32, SINGLE, DOUBLE, DOUBLE_UP, FBGEMM, not 'UP'
    """
    if not isinstance(mode, str) or mode not in FACTORS:
        raise ValueError(f"mode must be one of {', '.join(FACTORS)}, not {mode!r}")
