"""The counters as software reads them: jobs over AXI, with all packets offered before START, against the model."""

import cocotb

from golden.cycles import count
from golden.engine import EngineTiming, Job
from tb.sim_axi import EngineBench, same
from tb.sim_bench import generator
from tb.sim_engine_run import CYCLE_COUNTERS, expect
from tb.sim_gemm import gemm_of, legal
from tb.sim_layers import built_modes
from tb.sim_ports import description

# Ragged in everything; bound by the array, by weights, by outputs; accumulators.
SHAPES = ((17, 13, 11, False), (24, 16, 40, False), (1, 40, 40, False), (40, 9, 2, False), (9, 7, 30, True))


@cocotb.test()
async def registers_count_the_cycles_of_the_model(dut):
    """Single jobs that start when all of their beats wait at the ports, and an output that is always ready."""
    rng = generator("bench")
    bench = EngineBench(dut, rng)
    await bench.start()
    timing = EngineTiming.described(description())
    for shape in SHAPES:
        m, n, k = legal(*shape)
        raw = shape[3]
        gemm = gemm_of(rng, m, n, k, built_modes()[0], raw=raw)
        await bench.clear()
        bench.send(gemm.packets())
        await bench.cycles(20)
        await bench.begin(gemm.settings())
        await expect(bench, gemm)
        await bench.idle()
        # Rows of a job with int32 results that it does not want are still on their way.
        await bench.cycles(timing.latency)
        counters = {name: await bench.read(name) for name in ("CYCLES", *CYCLE_COUNTERS)}
        want = count(timing, [Job(m, n, k, raw)])
        same(counters, {name: getattr(want, name.lower()) for name in counters}, "counters", shape=(m, n, k, raw))
