"""`make sim`: the digits network on emitted Verilog, and the table that says how it went."""

import json
import sys
import time
from pathlib import Path
from typing import Any

from gen.block import parameters as parameters_of
from gen.options import configuration
from golden import digits
from golden.matmul import largest_k
from tb.report import icarus_version, write_report
from tb.run import BUILD, ROOT, Recording, SimulationError, generate, simulate

__all__ = ["DigitsError", "recognize", "table"]

WIDTHS = (8, 4, 2)

# Waves of this many cycles are kept: the first layer's first tiles.
RECORDED_CYCLES = 400


class DigitsError(ValueError):
    """The configuration cannot run the network; the message is one line."""


def recognize(parameters: dict[str, Any], images: int | None = None, directory: Path = BUILD / "sim") -> dict[str, Any]:
    """Run the network in simulation.

    Parameters
    ----------
    parameters
        Of the engine; its first mode is used.
    images
        How many of the stored test images; None: all.
    directory
        For Verilog, waves and figures.

    Returns
    -------
    dict
        The figures of the table; also written to build/reports/sim.json.

    Raises
    ------
    DigitsError, SimulationError
        The configuration cannot run the network, or the simulation failed.
    """
    data = digits.load()
    count = len(data.images) if images is None else images
    if not 1 <= count <= len(data.images):
        raise DigitsError(f"images must be from 1 to {len(data.images)}, not {count}")
    _check(configuration(parameters, block="engine"), max(weights.shape[0] for weights in data.weights))
    engine = generate("engine", directory, **parameters)
    waves = directory / f"{engine.name}.fst"
    figures_file = directory / "figures.json"
    figures_file.unlink(missing_ok=True)
    started = time.monotonic()
    failure: SimulationError | None = None
    try:
        simulate(engine, "sim_digits", record=Recording(waves, RECORDED_CYCLES), progress=_bar,
                 driver=directory / "mac_engine.py", images=count, figures=figures_file, rerun="make sim")
    except SimulationError as error:
        # With mismatches the figures are there, and the table shows them before the run fails.
        if not figures_file.exists():
            raise
        failure = error
    figures = json.loads(figures_file.read_text())
    figures |= {
        "seconds": round(time.monotonic() - started, 1),
        "block": engine.name,
        "icarus": icarus_version(),
        "verilog": str(engine.verilog.relative_to(ROOT)),
        "waves": str(waves.relative_to(ROOT)),
        "config": engine.description()["config"],
    }
    write_report("sim", figures)
    if failure:
        print(table(figures))
        raise failure
    return figures


def _check(config: Any, k: int) -> None:
    """Refuse a configuration that cannot run layers of `k` inputs."""
    if not config.modes:
        raise DigitsError("modes must not be empty: the network's layers are requantized")
    if parameters_of(config)["modes"] == ["FBGEMM"]:
        raise DigitsError("modes must not be FBGEMM alone: the network's zero points are folded into integer biases")
    for name in ("act_width", "weight_width"):
        if getattr(config, name) not in WIDTHS:
            raise DigitsError(f"{name} must be 8, 4 or 2 for the digits network, not {getattr(config, name)}")
    bound = largest_k(2 ** (config.a_width - 1), 2 ** (config.w_width - 1), config.acc_width)
    if k > min(bound, config.k_max):
        raise DigitsError(f"acc_width and k_max must allow sums of K = {k}, not {min(bound, config.k_max)}")


def table(figures: dict[str, Any]) -> str:
    """The figures as a student reads them."""
    rows = [
        ("float32 accuracy", f"{figures['float32_accuracy']:.2%}", "the trained network in NumPy"),
        ("golden accuracy", f"{figures['golden_accuracy']:.2%}", "the quantized network, golden model"),
        ("hardware accuracy", f"{figures['hardware_accuracy']:.2%}", "the quantized network, emitted Verilog"),
        ("outputs compared", f"{figures['outputs_compared']:,}", "of every layer, hardware against golden"),
        ("mismatches", f"{figures['mismatches']:,}", "must be 0"),
        ("clock cycles", f"{figures['cycles']:,}", f"for {figures['images']} images"),
        ("utilization", f"{figures['utilization']:.1%}", "of the multipliers, over all cycles"),
        ("simulation speed", f"{figures['simulated_cycles_per_second']:,.0f}", "clock cycles per second"),
    ]
    title = f"Handwritten digits on {figures['block']}, mode {figures['mode']}, Icarus Verilog {figures['icarus']}"
    lines = [title, ""]
    lines += [f"  {name:<18} {value:>10}  {note}" for name, value, note in rows]
    lines += [
        "",
        f"  Verilog  {figures['verilog']}",
        f"  waves    {figures['waves']} (the first {RECORDED_CYCLES} cycles)",
        "  figures  build/reports/sim.json",
    ]
    return "\n".join(lines)


def _bar(done: int, total: int) -> None:
    """A progress bar, where somebody watches."""
    if sys.stderr.isatty():
        filled = 40 * done // total
        print(f"\r  {'#' * filled}{'.' * (40 - filled)} {done}/{total} images",
              end="\n" if done == total else "", file=sys.stderr, flush=True)
