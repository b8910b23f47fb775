"""`make replay`: vectors that somebody else made, through the golden model and through the emitted hardware."""

from pathlib import Path
from typing import Any

import numpy as np

from gen.options import mode_of
from golden.linear import QuantizedLinear
from golden.modes import FACTORS
from tb.report import write_report
from tb.run import BUILD, generate, simulate
from tb.vectors import VectorError, VectorFile, load

__all__ = ["Difference", "replay", "replay_all"]

# What is printed in full; the report counts all.
SHOWN = 20


class Difference(Exception):
    """The results differ from the wanted ones; the message lists them."""


def replay(path: Path, mode: str | None = None, framework: str | None = None,
           directory: Path = BUILD / "replay") -> tuple[dict[str, Any], list[str]]:
    """Compare the wanted results in `path` with the golden model and with the hardware in simulation.

    Parameters
    ----------
    path
        See `tb.vectors`.
    mode, framework
        Rounding mode, or the inference stack that decides it; neither: as the file says.
    directory
        For Verilog and results.

    Returns
    -------
    dict
        `vectors`, `mode`, `framework`, `outputs`, `golden_differences`, `hardware_differences`.
    list[str]
        Index, input, got and want of the first `SHOWN` differences of each.

    Raises
    ------
    VectorError, ConfigError, SimulationError
        Bad input, an unknown stack, a simulation that failed.
    """
    if mode and framework:
        raise VectorError(f"mode must not be given beside framework {framework!r}, which decides it")
    loaded = load(path, mode_of(framework) if framework else mode)
    if isinstance(loaded, VectorFile):
        mode, want, golden = loaded.mode, loaded.fields["y"], loaded.golden()
        block = generate("requant", directory, modes=mode)
    else:
        layer, a, want = loaded
        mode, golden = layer.mode, layer.forward(a).astype(np.int64)
        block = generate("unit", directory, modes=mode, zero_points=_zero_points(layer))
    results = directory / "results.npy"
    results.unlink(missing_ok=True)
    simulate(block, "sim_replay", vectors=path.resolve(), mode=mode, results=results,
             rerun=f"make replay VECTORS={path} MODE={mode}")
    figures: dict[str, Any] = {
        "vectors": str(path), "mode": mode, "framework": framework, "outputs": int(want.size)}
    lines = []
    for name, got in (("golden", golden), ("hardware", np.load(results))):
        wrong = np.argwhere(np.asarray(got, np.int64) != want)
        figures[f"{name}_differences"] = len(wrong)
        for index in (tuple(int(i) for i in position) for position in wrong[:SHOWN]):
            lines.append(f"{name}: index {list(index)}, {_input(loaded, index)}, "
                         f"got {int(got[index])}, want {int(want[index])}")
        if len(wrong) > SHOWN:
            lines.append(f"{name}: and {len(wrong) - SHOWN:,} more")
    return figures, lines


def replay_all(paths: list[Path], mode: str | None = None, framework: str | None = None,
               report: str = "replay") -> str:
    """Replay every file, print a row for each, write build/reports/<report>.json; returns the verdict.

    Raises
    ------
    Difference
        If any result differs; the others are compared all the same.
    """
    rows: list[dict[str, Any]] = []
    lines: list[str] = []
    for path in paths:
        figures, differences = replay(path, mode, framework)
        if not rows:
            print(f"{'vectors':<40} {'mode':<10} {'outputs':>10} {'golden':>8} {'hardware':>8}  differences")
        rows.append(figures)
        lines += differences
        print(f"{path.name:<40} {figures['mode']:<10} {figures['outputs']:>10,} "
              f"{figures['golden_differences']:>8,} {figures['hardware_differences']:>8,}", flush=True)
    write_report(report, {"files": rows})
    if lines:
        raise Difference("\n".join(lines))
    return "golden and hardware give every wanted result"


def _zero_points(layer: QuantizedLinear) -> str:
    """How the unit must treat zero points for `layer`: at run time where they cannot be folded."""
    unsigned = layer.weights.dtype == np.uint8
    float_bias = layer.float_bias is not None and layer.a_zp != 0
    return "subtract" if unsigned or float_bias or np.any(layer.w_zp) else "fold"


def _input(loaded: Any, index: tuple[int, ...]) -> str:
    """The input of one output."""
    if isinstance(loaded, VectorFile):
        names = ("acc", *FACTORS[loaded.mode], "zp", "qmin", "qmax")
        return ", ".join(f"{name} {loaded.fields[name][index]}" for name in names)
    layer, a, _ = loaded
    return f"acc {int(layer.accumulators(a[index[0]:index[0] + 1])[0, index[1]])}, channel {index[1]}"
