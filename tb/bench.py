"""`make bench`: cycles of the emitted hardware, shape by shape, against the model and against what is possible."""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from golden.cycles import Cycles, count
from golden.engine import EngineTiming, Job
from golden.roofline import Limits, Point, chart, limits
from golden.workloads import NETWORKS, SMALL, Layer
from tb.cycles import measure, program
from tb.driver_jobs import jobs_of
from tb.report import REPORTS, write_report
from tb.run import BUILD, Generated, generate

__all__ = ["CONFIGURATIONS", "BenchError", "bench", "table"]

# Buffers of a mid-size FPGA: sums of ResNet-50, 64 or 256 KiB of weights for a job.
NETWORK = {"k_max": 4608, "n_max": 1024, "weight_beats": 8192}

# Those of `NETWORK` run the networks too.
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "8x8x1": {"rows": 8, "cols": 8, **NETWORK},
    "8x8x4": {"rows": 8, "cols": 8, "depth": 4, **NETWORK},
    "4x4x4": {"rows": 4, "cols": 4, "depth": 4},
    "1x8x8": {"rows": 1, "cols": 8, "depth": 8, "out_bytes": 64},
    "16x16x1": {"rows": 16, "cols": 16},
    "8x8x1-subtract": {"rows": 8, "cols": 8, "zero_points": "subtract", "requant_lanes": 2, "raw_output": True},
}

# Whose roofline is drawn.
DRAWN = "8x8x4"


class BenchError(Exception):
    """The hardware does not take the cycles that the model says; the message is one line a difference."""


@dataclass(frozen=True)
class Row:
    """A measured product, with its jobs as the driver cuts it."""

    configuration: str
    network: str
    layer: Layer
    jobs: tuple[Job, ...]
    timing: EngineTiming
    simulators: tuple[str, ...]
    counters: Cycles

    @property
    def limits(self) -> Limits:
        """What the product needs at least."""
        return limits(self.timing, self.jobs)

    def figures(self) -> dict[str, Any]:
        """The row for machines."""
        found = self.limits
        return {
            "configuration": self.configuration, "network": self.network, "name": self.layer.name,
            "m": self.layer.m, "n": self.layer.n, "k": self.layer.k, "count": self.layer.count,
            "jobs": len(self.jobs), "simulators": self.simulators, **asdict(self.counters),
            "ideal_cycles": found.cycles["compute"], "utilization": found.cycles["compute"] / self.counters.cycles,
            "limits": found.cycles, "bound": found.bound, "of_bound": found.least / self.counters.cycles}


def bench(names: Sequence[str] = tuple(CONFIGURATIONS), directory: Path = BUILD / "bench") -> dict[str, Any]:
    """Simulate everything on the configurations `names`, and compare every counter with the model.

    Icarus runs the single products, Verilator the networks, and on their configurations the single products again.

    Returns
    -------
    dict
        `rows`, one dict a product; also written to build/reports/bench.json, beside roofline.svg.

    Raises
    ------
    BenchError
        A counter is not what the model predicts.
    SimulationError, VerilatorError
        A simulation failed, or a tool is missing.
    """
    started = time.monotonic()
    cores = {name: generate("core", directory / name, **CONFIGURATIONS[name]) for name in names}
    runs = [(name, core, simulator) for name, core in cores.items() for simulator in ("verilator", "icarus")
            if simulator == "icarus" or _has_networks(name)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        rows = _merge([row for part in pool.map(lambda run: _run(*run), runs) for row in part])
    figures = {"seconds": round(time.monotonic() - started, 1), "rows": [row.figures() for row in rows]}
    write_report("bench", figures)
    drawn = [row for row in rows if row.configuration == DRAWN]
    if drawn:
        points = [Point(row.layer.name, row.limits, row.counters.cycles) for row in drawn]
        (REPORTS / "roofline.svg").write_text(chart(f"Engine {DRAWN}", drawn[0].timing, points) + "\n")
    wrong = [f"{row.configuration} {row.layer.name} in {' and '.join(row.simulators)}: {row.counters}, not {want}"
             for row in rows if row.counters != (want := count(row.timing, row.jobs))]
    if wrong:
        raise BenchError("counters must be as the model says:\n" + "\n".join(wrong))
    return figures


def _has_networks(name: str) -> bool:
    return NETWORK.items() <= CONFIGURATIONS[name].items()


def _run(name: str, core: Generated, simulator: str) -> list[Row]:
    """Measure the products of a configuration in one simulator."""
    info = core.description()
    timing = EngineTiming.described(info)
    layers = [("", layer) for layer in SMALL]
    if simulator == "verilator":
        layers += [(network, layer) for network, members in NETWORKS.items() for layer in members]
    jobs = [tuple(jobs_of(info, layer.m, layer.n, layer.k)) for _, layer in layers]
    counters = measure(program(core, simulator), timing, jobs, core.directory / f"{simulator}.jobs")
    return [Row(name, network, layer, part, timing, (simulator,), found)
            for (network, layer), part, found in zip(layers, jobs, counters, strict=True)]


def _merge(rows: list[Row]) -> list[Row]:
    """One row for each product; simulators that differ are two rows, one of which the model will not match."""
    merged: dict[Any, Row] = {}
    for row in rows:
        key = row.configuration, row.network, row.layer, str(row.counters)
        simulators = merged[key].simulators if key in merged else ()
        merged[key] = Row(row.configuration, row.network, row.layer, row.jobs, row.timing,
                          (*simulators, *row.simulators), row.counters)
    return list(merged.values())


HEAD = ("", "jobs", "cycles", "ideal", "used", "bound by", "of it",
        "padding", "load", "weights", "channels", "outputs", "start+drain")


def table(figures: dict[str, Any]) -> str:
    """The figures as a student reads them: where the cycles of each product went, in percent of all its cycles."""
    lines: list[tuple[str, ...]] = []
    before = None
    for row in figures["rows"]:
        title = row["configuration"], row["network"]
        if title != before:
            lines += [(), (" ".join(title).strip(),), HEAD]
            before = title
        lines.append(cells(row))
    for configuration, network in dict.fromkeys((row["configuration"], row["network"]) for row in figures["rows"]):
        if network:
            total = whole(figures, configuration, network)
            lines.append((f"{configuration} {network}: all layers", "", f"{total['cycles']:,}",
                          f"{total['ideal']:,.0f}", f"{total['ideal'] / total['cycles']:.2%}"))
    widths = [max(len(line[i]) for line in lines if len(line) > 1 and len(line) > i) for i in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) if i in (0, 5) else cell.rjust(width)
                  for i, (cell, width) in enumerate(zip(line, widths, strict=False))).rstrip()
        for line in lines).strip("\n")


def whole(figures: dict[str, Any], configuration: str, network: str) -> dict[str, float]:
    """Cycles of all layers of a network, one after the other: measured ones, as often as they occur."""
    rows = [row for row in figures["rows"] if (row["configuration"], row["network"]) == (configuration, network)]
    return {"cycles": sum(row["count"] * row["cycles"] for row in rows),
            "ideal": sum(row["count"] * row["ideal_cycles"] for row in rows)}


def cells(row: dict[str, Any]) -> tuple[str, ...]:
    """One line of the table."""
    shape = f"{row['m']}x{row['n']}x{row['k']}"
    name = shape if row["name"] == shape else f"{row['name']} {shape}"
    lost = [row["waves"] - row["ideal_cycles"], *(row[f"wait_{what}"] for what in (
        "activations", "weights", "channels", "outputs")), row["drain"]]
    return (name, f"{row['jobs']}", f"{row['cycles']:,}", f"{row['ideal_cycles']:,.0f}", f"{row['utilization']:.2%}",
            row["bound"], f"{row['of_bound']:.2%}",
            *(f"{cycles / row['cycles']:.2%}" if cycles else "-" for cycles in lost))
