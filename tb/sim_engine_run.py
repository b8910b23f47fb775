"""Jobs on an engine from start to end: every output, every beat, every counter."""

from collections.abc import Callable
from itertools import combinations

import cocotb
import numpy as np
import numpy.typing as npt

from tb.coverage import MODES, Bins
from tb.sim_axi import STREAMS, EngineBench, same
from tb.sim_bench import check
from tb.sim_gemm import INPUTS, Gemm, largest_n
from tb.sim_ports import description

__all__ = ["CYCLE_COUNTERS", "cover_jobs", "cover_stalls", "expect", "run_jobs"]

# Every cycle with an unfinished job counts in one of these, and in CYCLES.
CYCLE_COUNTERS = ("WAVES", "WAIT_ACTIVATIONS", "WAIT_WEIGHTS", "WAIT_CHANNELS", "WAIT_OUTPUTS", "DRAIN")


Look = Callable[[Gemm, npt.NDArray[np.uint8]], None]


async def expect(bench: EngineBench, job: Gemm, on_output: Look | None = None, **facts: object) -> None:
    """Receive and compare the next output packet; before that `on_output` may look at it."""
    got = np.frombuffer(await bench.receive(), np.uint8)
    if on_output:
        on_output(job, got)
    check(got, job.expected, "outputs", **job.facts(), **facts, cycle=bench.watch.cycle)


async def run_jobs(bench: EngineBench, rng: np.random.Generator, jobs: list[Gemm], *, bins: Bins | None = None,
                   on_output: Look | None = None) -> dict[str, int]:
    """Run `jobs` in order, as many in flight as the engine takes, and compare everything.

    Packets are queued before START or after it; the registers hold noise as soon as START was written.

    Parameters
    ----------
    bench: the engine, idle.
    rng: random numbers for those choices.
    jobs: what to run.
    bins: coverage to count in.
    on_output: called with each job and its output bytes, before they are compared.

    Returns
    -------
    dict
        The counters, which started from 0.
    """
    await bench.clear()
    begun, before = 0, bench.watch.packets

    async def produce() -> None:
        nonlocal begun
        for job in jobs:
            early = rng.random() < 0.5
            if early:
                bench.send(job.packets())
            await bench.begin(job.settings())
            begun += 1
            if bins:
                bins.hit("engine.two_in_flight", begun - (bench.watch.packets - before) == 2)
            if not early:
                bench.send(job.packets())
            if rng.random() < 0.3:
                await bench.set({name: int(rng.integers(2**32)) for name in job.settings()})
                if bins:
                    bins.hit("engine.rewritten_while_busy", begun > bench.watch.packets - before)

    producer = cocotb.start_soon(produce())
    for number, job in enumerate(jobs):
        await expect(bench, job, on_output, number=number)
    await producer
    await bench.idle()
    counters = {name: await bench.read(name) for name in ("CYCLES", *CYCLE_COUNTERS, "JOBS", "CLAMPED")}
    facts = {"shapes": [job.shape for job in jobs], "counters": counters}
    clamped = sum(job.clamped for job in jobs)
    check(counters["JOBS"], len(jobs), "JOBS", **facts)
    check(counters["WAVES"], sum(job.waves for job in jobs), "WAVES", **facts)
    check(counters["CYCLES"], sum(counters[name] for name in CYCLE_COUNTERS), "CYCLES", **facts)
    check(counters["CLAMPED"], clamped, "CLAMPED", **facts)
    same(await bench.flags("ERROR"), [], "ERROR")
    same(await bench.flags("EVENT"), ["DONE"] + ["SATURATED"] * (clamped > 0), "EVENT")
    if bins:
        cover_jobs(bins, jobs)
        for name in CYCLE_COUNTERS:
            bins.hit(f"engine.counter.{name}", counters[name])
    return counters


def cover_jobs(bins: Bins, jobs: list[Gemm]) -> None:
    """Count what `jobs` have met."""
    info = description()
    config = info["config"]
    for before, job in zip([None, *jobs], jobs, strict=False):
        layer, (m, n, k) = job.layer, job.shape
        settings = job.settings()
        for name, size, tile in (("m", m, config["rows"]), ("n", n, config["cols"]), ("k", k, config["depth"])):
            bins.hit(f"engine.shape.single_{name}", size == 1)
            bins.hit(f"engine.shape.ragged_{name}", size % tile)
            bins.hit(f"engine.shape.several_tiles_{name}", size > tile)
        beats = -(-n // config["cols"]) * -(-k // config["depth"])
        bins.hit("engine.limit.k_max", k == config["k_max"])
        bins.hit("engine.limit.n_max", n == config["n_max"] and not job.raw)
        bins.hit("engine.limit.raw_n_max", job.raw and n == largest_n(raw=True))
        bins.hit("engine.limit.weight_beats", beats == config["weight_beats"])
        bins.hit("engine.shape.many_rows", m > 40 * config["rows"])
        bins.hit("engine.partial_beat.activations", m * k % config["act_bytes"])
        bins.hit("engine.partial_beat.outputs", len(job.expected) % config["out_bytes"])
        bins.hit(f"engine.format.{'raw' if job.raw else np.dtype(layer.output_dtype).name}")
        if config["zero_points"] == "SUBTRACT":
            bins.hit(f"engine.format.a_{job.a.dtype.name}")
            bins.hit(f"engine.format.w_{layer.weights.dtype.name}")
            bins.hit("engine.zero_points.subtracted", layer.a_zp)
            bins.hit("engine.zero_points.per_channel", np.size(layer.w_zp) > 1)
        else:
            bins.hit("engine.zero_points.folded", layer.a_zp)
        if not job.raw:
            assert layer.mode in MODES
            bins.hit(f"engine.mode.{layer.mode}")
            bins.hit("engine.corner.zero_point", layer.y_zp in (-128, 127, 255))
            bins.hit("engine.corner.single_value_clamp", layer.qmin == layer.qmax)
        bins.hit("engine.corner.bias_int32_end", np.isin(layer.bias, (-(2**31), 2**31 - 1)).any())
        if before is not None:
            was = before.settings()
            bins.hit("engine.change.mode", was["MODE"] != settings["MODE"])
            bins.hit("engine.change.format", was["FORMAT"] != settings["FORMAT"])
            bins.hit("engine.change.zero_point", was["ZERO_POINT"] != settings["ZERO_POINT"])


def cover_stalls(bins: Bins, bench: EngineBench, shares: dict[str, float]) -> None:
    """Count which streams made the engine wait, and which it made wait."""
    for name in STREAMS:
        bins.hit(f"engine.stall.{name}_pause", shares.get(name))
        bins.hit(f"engine.stall.{name}_refused", bench.watch.refused[name])
    for name in INPUTS:
        bins.hit(f"engine.stall.{name}_awaited", bench.watch.idle[name])
    watched = tuple(bench.watch.prefix)
    for doing in bench.watch.together:
        states = dict(zip(watched, doing, strict=True))
        for one, other in combinations(STREAMS, 2):
            if "rests" not in (states[one], states[other]):
                bins.hit(f"engine.cross.{one}_{states[one]}.{other}_{states[other]}")
