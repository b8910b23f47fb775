"""Random products on an engine, with random stalls, each output bit exact: for the regression and `make gemm`."""

import json
import time
from collections import Counter
from pathlib import Path

import cocotb
import numpy as np
import numpy.typing as npt

from tb.coverage import Bins
from tb.sim_axi import STREAMS, EngineBench
from tb.sim_bench import case, generator
from tb.sim_engine_run import cover_stalls, run_jobs
from tb.sim_gemm import INPUTS, Gemm, random_gemm

# Share of cycles in which streams pause, plan by plan: none, each alone, all together, and the output almost always.
PLANS: list[dict[str, float]] = [
    {}, *({name: 0.7} for name in STREAMS), *(dict.fromkeys(STREAMS, share) for share in (0.2, 0.5)), {"outputs": 0.9},
    {"activations": 0.8, "outputs": 0.8},
    dict.fromkeys(INPUTS, 0.8)]


@cocotb.test()
async def random_products_are_exact_whatever_stalls(dut):
    """MACAW_GEMMS products, two in flight, each about at most MACAW_BUDGET cycles; counts go to MACAW_FIGURES."""
    rng = generator(f"random {case('part')}")
    bins = Bins(case("coverage"))
    bench = EngineBench(dut, rng)
    await bench.start()
    wanted, budget = int(case("gemms", "40")), int(case("budget", "160"))
    figures: Counter[str] = Counter(gemms=0, outputs=0, mismatches=0, lost_beats=0, cycles=0)
    started = time.monotonic()

    def count(job: Gemm, got: npt.NDArray[np.uint8]) -> None:
        size = 4 if job.raw else 1
        wrong = got != job.expected if got.shape == job.expected.shape else np.ones_like(job.expected)
        figures["gemms"] += 1
        figures["outputs"] += job.shape[0] * job.shape[1]
        figures["mismatches"] += int(wrong.reshape(-1, size).any(axis=1).sum())

    try:
        plan = 0
        while figures["gemms"] < wanted:
            shares = PLANS[plan % len(PLANS)]
            plan += 1
            bench.pause(shares)
            jobs = [random_gemm(rng, budget) for _ in range(min(int(rng.integers(1, 9)), wanted - figures["gemms"]))]
            await run_jobs(bench, rng, jobs, bins=bins, on_output=count)
            cover_stalls(bins, bench, shares)
            cocotb.log.info("progress %d %d", figures["gemms"], wanted)
    finally:
        figures["cycles"] = bench.watch.cycle
        figures["lost_beats"] = sum(abs(bench.sent[name] - bench.watch.taken[name]) for name in INPUTS)
        seconds = round(time.monotonic() - started, 2)
        if case("figures"):
            Path(case("figures")).write_text(json.dumps({**figures, "seconds": seconds}))
    bins.save()
