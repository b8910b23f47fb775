"""Save what a stack answered, for `make replay` to run through the hardware."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.oracles.stack import Comparison


def save(path: Path, mode: str, comparison: Comparison, count: int, seed: int) -> int:
    """Write up to `count` outputs that `compare(..., keep=True)` collected; returns how many.

    The file holds `mode`, and of each output acc int32, the factor (m int32 and s int8, or scale float32, in
    FBGEMM with bias float32), zp, qmin and qmax int16, and y int16 as the stack, not golden, computed it.
    Directed outputs come first and take three quarters at most; the rest is drawn from the random ones.
    """
    rng = np.random.default_rng(seed)
    parts = [
        _some(_join(comparison.columns, directed), room, rng)
        for directed, room in ((True, count - count // 4), (False, count))
    ]
    total = {name: np.concatenate([part[name] for part in parts])[:count] for name in parts[0]}
    path.parent.mkdir(parents=True, exist_ok=True)
    # NumPy cannot tell its own keywords from the names of arrays, and so neither can mypy.
    np.savez_compressed(path, mode=np.array(mode), **total)  # type: ignore[arg-type]
    return len(total["acc"])


def _join(columns: list[tuple[bool, dict[str, npt.NDArray[Any]]]], directed: bool) -> dict[str, npt.NDArray[Any]]:
    chosen = [c for is_directed, c in columns if is_directed == directed]
    return {name: np.concatenate([c[name] for c in chosen]) for name in chosen[0]}


def _some(columns: dict[str, npt.NDArray[Any]], room: int, rng: np.random.Generator) -> dict[str, npt.NDArray[Any]]:
    """Return `room` of the outputs at most, drawn without changing their order."""
    count = len(columns["acc"])
    if count <= room:
        return columns
    kept = np.sort(rng.choice(count, room, replace=False))
    return {name: x[kept] for name, x in columns.items()}
