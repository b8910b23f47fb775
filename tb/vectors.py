"""The file format of `make replay`: vectors of a requantizer, or whole layers, with the results they must give.

A .npz file. Vectors: `acc` int32 [count]; `zp`, `qmin`, `qmax`; the wanted `y`; and the factor, `m` int32 with
`s` int8, or `scale` float32 (mode FBGEMM: with `bias` float32). Layers: `a` [M, K] and `w` [K, N], int8 or uint8;
`bias` int32 [N] (FBGEMM: float32); `a_zp`, `w_zp`, `y_zp`, `qmin`, `qmax`; the factor for each channel; the wanted
`y` [M, N]. Scalars stand for all. A text `mode` may be stored too.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from golden import array_file, check
from golden.linear import QuantizedLinear
from golden.modes import FACTORS, requantize

__all__ = ["Stage", "VectorError", "VectorFile", "load"]

Array = npt.NDArray[Any]
FACTOR_FIELDS = {name for names in FACTORS.values() for name in names}
VECTOR_FIELDS = {"acc", "zp", "qmin", "qmax", "y", "mode"} | FACTOR_FIELDS
LAYER_FIELDS = {"a", "w", "bias", "a_zp", "w_zp", "y_zp", "qmin", "qmax", "y", "mode"} | FACTOR_FIELDS

IntArray = npt.NDArray[np.int64]
Stage = tuple[int, int, int]


class VectorError(ValueError):
    """The file cannot be used; the message is one line."""


@dataclass(frozen=True)
class VectorFile:
    """Vectors of a requantizer: every field [count]; `fields` holds `acc`, the factor, `zp`, `qmin`, `qmax`, `y`."""

    mode: str
    fields: dict[str, Array]

    def __len__(self) -> int:
        return len(self.fields["acc"])

    def stages(self) -> list[tuple[Stage, npt.NDArray[np.intp]]]:
        """Each output stage (zero point, lowest, highest) and the vectors that use it."""
        table = np.stack([self.fields[name] for name in ("zp", "qmin", "qmax")], axis=1)
        unique, inverse = np.unique(table, axis=0, return_inverse=True)
        stages = []
        for number, (zp, low, high) in enumerate(unique.tolist()):
            stages.append(((zp, low, high), np.flatnonzero(inverse.reshape(-1) == number)))
        return stages

    def golden(self) -> IntArray:
        """Results of the golden model, [count]."""
        y = np.zeros(len(self), np.int64)
        for stage, where in self.stages():
            part = {name: self.fields[name][where] for name in ("acc", *FACTORS[self.mode])}
            y[where] = requantize(self.mode, part["acc"], part, *stage)
        return y


def load(path: Path, mode: str | None) -> VectorFile | tuple[QuantizedLinear, Array, IntArray]:
    """Read and check a file.

    Parameters
    ----------
    path: the .npz file.
    mode: rounding mode; None takes the one in the file.

    Returns
    -------
    A `VectorFile`; or of a layer file the layer, its activations [M, K] and the wanted results [M, N].

    Raises
    ------
    VectorError
        With what must hold and what was given.
    """
    try:
        data = array_file.read_all(path)
    except OSError as error:
        raise VectorError(f"vectors must be a .npz file, not {path} ({error.strerror})") from None
    except ValueError:
        raise VectorError(f"vectors must be a .npz file without pickled objects, not {path}") from None
    mode = mode or (str(data["mode"]) if "mode" in data else None)
    _check_names(path, data)
    if mode not in FACTORS:
        raise VectorError(f"mode must be one of {', '.join(FACTORS)}, given or in the file, not {mode!r}")
    try:
        return _layer(data, mode) if "a" in data else _vectors(data, mode)
    except (ValueError, TypeError) as error:
        raise VectorError(f"{path}: {error}") from None


def _check_names(path: Path, data: dict[str, Array]) -> None:
    """Refuse fields that nobody would read: a misspelt one must not pass for one that was left out."""
    known = LAYER_FIELDS if "a" in data else VECTOR_FIELDS
    unknown = sorted(data.keys() - known)
    if unknown:
        raise VectorError(f"{path}: fields must be among {', '.join(sorted(known))}, not {unknown[0]}")


def _take(data: dict[str, Array], name: str, what: str) -> Array:
    if name not in data:
        raise VectorError(f"{what} must have a field {name}, not only {', '.join(sorted(data))}")
    return data[name]


def _vectors(data: dict[str, Array], mode: str) -> VectorFile:
    """Vectors of `mode` from the arrays of a file, checked and broadcast."""
    what = f"vectors of mode {mode}"
    acc = check.integers("acc", _take(data, "acc", what), check.INT32_MIN, check.INT32_MAX, ndim=1)
    fields: dict[str, Array] = {"acc": acc}
    limits = {"m": (0, 2**31 - 1), "s": (2, 62), "zp": (-256, 255), "qmin": (-256, 255), "qmax": (-256, 255),
              "y": (-256, 255)}
    for name in (*FACTORS[mode], "zp", "qmin", "qmax", "y"):
        value = _take(data, name, what)
        if name == "scale":
            value = check.scales(name, value)
        elif name == "bias":
            value = check.floats(name, value)
        else:
            value = check.integers(name, value, *limits[name])
        if value.shape not in ((), acc.shape):
            raise VectorError(f"{name} must be one number or of shape {list(acc.shape)}, not {list(value.shape)}")
        fields[name] = np.broadcast_to(value, acc.shape)
    wrong = np.flatnonzero(fields["qmin"] > fields["qmax"])
    if len(wrong):
        raise VectorError(f"qmin must be at most qmax, not {fields['qmin'][wrong[0]]} above "
                          f"{fields['qmax'][wrong[0]]} (vector {wrong[0]})")
    return VectorFile(mode, fields)


def _layer(data: dict[str, Array], mode: str) -> tuple[QuantizedLinear, Array, IntArray]:
    """The layer of `mode` from the arrays of a file, its activations and wanted results."""
    what = f"a layer of mode {mode}"
    a, w = _take(data, "a", what), _take(data, "w", what)
    if a.dtype != w.dtype:
        raise VectorError(f"a and w must both be int8 or both be uint8, not {a.dtype} and {w.dtype}")
    if a.ndim != 2 or w.ndim != 2 or a.shape[1] != w.shape[0]:
        raise VectorError(f"a must be [M, K] and w [K, N], not {list(a.shape)} and {list(w.shape)}")
    channels = w.shape[1]
    names = FACTORS[mode]
    factor: dict[str, Any] = {name: _take(data, name, what) for name in names if name != "bias"}
    bias = data.get("bias", np.zeros(channels, np.float32 if mode == "FBGEMM" else np.int32))
    if bias.shape not in ((), (channels,)):
        raise VectorError(f"bias must be one number or of shape [{channels}], not {list(bias.shape)}")
    if mode == "FBGEMM":
        factor["float_bias"], bias = bias, np.zeros(channels, np.int32)
    scalars: dict[str, Any] = {
        name: int(check.integers(name, _take(data, name, what), -256, 255, ndim=0))
        for name in ("a_zp", "y_zp", "qmin", "qmax")}
    layer = QuantizedLinear(
        weights=w, bias=np.broadcast_to(bias, channels), w_zp=data.get("w_zp", np.int64(0)), mode=mode,
        **scalars, **factor)
    shape = (len(a), channels)
    return layer, a, check.integers("y", _take(data, "y", what), -128, 255, shape=shape)
