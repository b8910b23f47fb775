"""One block on one target: emit, map, place, and put the figures together."""

import json
import shutil
import statistics
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from gen.block import block_name, files
from gen.describe import parameters
from gen.synth.targets import PINS, TARGETS, Area, Part
from gen.synth.tools import FitError, place_and_route, synthesize
from gen.synth.wrapper import TOP, wrapper
from gen.write import write_all
from hdl.config import Config

__all__ = ["area", "measure"]

# Runs of place and route at a time; each has one thread and holds some hundred megabytes.
JOBS = 2


def area(target: str, block: str, config: Config, directory: Path, part: Part | None = None) -> Area:
    """What `block` takes on `target`, alone and without pins, after synthesis only."""
    part = part or TARGETS[target].parts[0]
    name = block_name(block, config)
    write_all(directory, files(block, config))
    return TARGETS[target].area(synthesize(part, [f"{name}.v"], name, directory))


def measure(target: str, block: str, config: Config, directory: Path, seeds: int = 3) -> dict[str, Any]:
    """The figures of `block` on the first part of `target` that it fits.

    Returns
    -------
    dict
        `target`, `part`, `block`, `name`, `config`; `lut`, `ff`, `dsp`, `ram` of the block alone;
        `macs`, multiplications in a cycle (0: a requantizer); and where there is place and route
        `mhz`, a list, one for each seed by rising rate, `median_mhz`, and `path`, the critical one
        of the median run. `note` says why there is none.
    """
    shutil.rmtree(directory, ignore_errors=True)
    name = block_name(block, config)
    figures: dict[str, Any] = {"target": target, "block": block, "name": name, "config": parameters(config),
                               "macs": 0 if block == "requant" else config.depth * (
                                   1 if block == "cell" else config.rows * config.cols)}
    for part in TARGETS[target].parts:
        taken = area(target, block, config, directory, part)
        figures |= {"part": part.name, **vars(taken), "mhz": [], "median_mhz": None, "path": "", "note": ""}
        if not part.tool:
            return figures | {"note": "no place and route"}
        if not fits(taken, part.holds):
            continue
        try:
            return figures | _clock_rates(part, name, directory, seeds)
        except FitError:
            continue
    return figures | {"note": f"does not fit {part.name}"}


def fits(taken: Area, holds: Area) -> bool:
    """Whether none of the sums is beyond what there is."""
    return all(number <= vars(holds)[kind] for kind, number in vars(taken).items())


def _clock_rates(part: Part, name: str, directory: Path, seeds: int) -> dict[str, Any]:
    """Place and route behind the wrapper with seeds 1, 2, ..."""
    description = json.loads((directory / f"{name}.json").read_text())
    (directory / f"{TOP}.v").write_text(wrapper(description))
    (directory / PINS).write_text(part.constraints())
    synthesize(part, [f"{name}.v", f"{TOP}.v"], TOP, directory)
    with ThreadPoolExecutor(JOBS) as pool:
        runs = list(pool.map(lambda seed: place_and_route(part, TOP, seed, directory), range(1, seeds + 1)))
    runs.sort(key=lambda run: run.mhz)
    median = runs[(len(runs) - 1) // 2]
    rates = [round(run.mhz, 1) for run in runs]
    return {"mhz": rates, "median_mhz": round(statistics.median_low(rates), 1), "path": median.path}
