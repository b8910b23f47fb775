"""The whole engine at its limits, and with jobs that differ from their neighbours: each output bit exact."""

from itertools import product

import cocotb

from tb.coverage import Bins
from tb.sim_axi import STREAMS, EngineBench, same
from tb.sim_bench import case, check, generator, require, rounds, some, watches_inside
from tb.sim_engine_run import expect, run_jobs
from tb.sim_gemm import INPUTS, Gemm, gemm_of, job_cost, largest_n, legal, random_gemm
from tb.sim_layers import activations_of, built_modes, deciding_layers, tie_layers
from tb.sim_ports import description

# Cycles from the response to START until the job has been checked and counts as unfinished.
CHECKED = 3


@cocotb.test()
async def products_at_every_limit_are_exact(dut):
    """K, N, the beats of weights and the rows at their limits, alone and together as far as that is legal."""
    rng = generator("limits")
    bins = Bins(case("coverage"))
    config = description()["config"]
    rows, cols, depth = config["rows"], config["cols"], config["depth"]
    bench = EngineBench(dut, rng)
    await bench.start()
    for raw in [False] * bool(config["modes"]) + [True] * config["raw_output"]:
        mode = str(rng.choice(built_modes()))
        n_max, k_max, beats = largest_n(raw), config["k_max"], config["weight_beats"]
        k_beats = -(-k_max // depth)
        sizes = [
            (rows + 1, min(n_max, cols * max(beats // k_beats, 1)), k_max),
            (rows + 1, n_max, k_max),
            (40 * rows + 1, 1, 1),
            (40 * rows + 1, min(n_max, cols + 1), min(k_max, 2 * depth + 1)),
            _most_beats(n_max, k_max),
        ]
        # All beats of weights, all sets of channels, and all but one, in both places for jobs, where that is
        # short.
        full = [_most_beats(n_max, k_max), (rows, n_max, 1), *[(rows, n_max - cols, 1)] * (n_max > cols)]
        sizes += [size for size in full for _ in range(rounds(3)) if job_cost(*size, raw) <= 1500]
        fitting = [legal(m, n, k, raw) for m, n, k in sizes]
        jobs = [gemm_of(rng, m, n, k, mode, raw=raw, extreme=index % 2 == 1)
                for index, (m, n, k) in enumerate(fitting) if job_cost(m, n, k, raw) <= rounds(12000)]
        await run_jobs(bench, rng, jobs, bins=bins)
        # What is read as soon as it is there, and what is not there yet.
        slow = [(0.8, cols + 1, min(k_max, 40 * depth)), (0.95, min(n_max, 8 * cols), 1)]
        for name, (share, n, k) in some(rng, product(INPUTS, slow)):
            bench.pause({name: share})
            await run_jobs(bench, rng, [gemm_of(rng, *legal(rows + 1, n, k, raw), mode, raw=raw)], bins=bins)
        bench.pause({})
    bins.save()


def _most_beats(n_max: int, k_max: int) -> tuple[int, int, int]:
    """M, N and K of a job that has as many beats of weights as are legal."""
    config = description()["config"]
    best = (1, 1)
    for tiles in range(1, min(-(-n_max // config["cols"]), config["weight_beats"]) + 1):
        k_beats = min(config["weight_beats"] // tiles, -(-k_max // config["depth"]))
        best = max(best, (tiles, k_beats), key=lambda pair: pair[0] * pair[1])
    return config["rows"] + 1, min(n_max, best[0] * config["cols"]), min(k_max, best[1] * config["depth"])


@cocotb.test()
async def every_bit_of_the_parameters_decides(dut):
    """Channels that differ in one bit of bias, multiplier, shift or scale and in their result, on every lane; and
    channels beside ties, where each bit decides whatever the others are.
    """
    rng = generator("parameters")
    config = description()["config"]
    bench = EngineBench(dut, rng)
    await bench.start()
    _, n, _ = legal(1, config["n_max"], 1, False)
    for mode in config["modes"]:
        layers = [layer for first in range(config["requant_lanes"]) for layer in deciding_layers(mode, n, first)]
        layers += tie_layers(rng, mode, n)
        await run_jobs(bench, rng, [Gemm(layer, activations_of(rng, 1, layer)) for layer in layers])


@cocotb.test()
async def neighbouring_jobs_do_not_mix(dut):
    """Every pair of modes, formats, signedness and zero points in flight together."""
    rng = generator("neighbours")
    bins = Bins(case("coverage"))
    config = description()["config"]
    bench = EngineBench(dut, rng)
    await bench.start()
    kinds: list[tuple[str, bool]] = [(mode, False) for mode in config["modes"]]
    kinds += [(built_modes()[0], True)] * config["raw_output"]
    for shares in some(rng, ({}, {"outputs": 0.6}, {"outputs": 0.85})):
        bench.pause(shares)
        jobs: list[Gemm] = []
        for first in kinds:
            for second in kinds:
                for mode, raw in (first, second):
                    m, n, k = (int(x) for x in rng.integers(1, [2 * config["rows"] + 2, 7, 7]))
                    stage = (-128, -128, 127) if len(jobs) % 2 else (255, 0, 255)
                    jobs.append(gemm_of(rng, *legal(m, n, k, raw), mode, raw=raw, stage=stage))
        await run_jobs(bench, rng, jobs[:60], bins=bins)
    bins.save()


@cocotb.test()
async def a_third_job_may_start_whenever_the_first_has_left(dut):
    """START some cycles after the last beat of the first of two jobs: taken or refused, and all are right."""
    rng = generator("third")
    config = description()["config"]
    bench = EngineBench(dut, rng)
    await bench.start()
    refused = 0
    waits = [int(wait) for wait in rng.integers(0, description()["derived"]["drain_interval"] + 20, rounds(24))]
    for turn, wait in enumerate(waits):
        # The second job has nothing to compute yet when the first one ends, or is in the middle of it.
        busy = turn % 2 == 1
        second = (config["rows"] * 6, *(int(x) for x in rng.integers(1, 16, 2))) if busy else (config["rows"], 5, 3)
        # Of the first job's last panel one row is wanted, and the others come after it.
        sizes = [(int(rng.integers(0, 2)) * config["rows"] + 1, 5, 3), second, (2, 5, 3)]
        jobs = []
        for m, n, k in sizes:
            raw = bool(config["raw_output"] and (not config["modes"] or rng.integers(2)))
            jobs.append(gemm_of(rng, *legal(m, n, k, raw), str(rng.choice(built_modes())), raw=raw))
        bench.count_anew()
        await bench.clear()
        for job in jobs[:1 + busy]:
            bench.send(job.packets())
        for job in jobs[:2]:
            await bench.begin(job.settings())
        await bench.set(jobs[2].settings())
        with bench.watch.waiting("the first job"):
            while not bench.watch.packets:
                await bench.edge
        await bench.cycles(wait)
        await bench.command("START")
        if not busy:
            bench.send(jobs[1].packets())
        await bench.cycles(8)
        if "QUEUE_FULL" in await bench.flags("ERROR"):
            refused += 1
            await bench.set({"ERROR": 2**32 - 1, "EVENT": 2**32 - 1})
            await bench.begin(jobs[2].settings())
        bench.send(jobs[2].packets())
        for number, job in enumerate(jobs):
            await expect(bench, job, number=number, wait=wait)
        await bench.idle()
        same(await bench.flags("ERROR"), [], "ERROR")
    require(refused < len(waits), "places become free soon", refused=refused)


@cocotb.test()
async def jobs_alone_are_exact_and_offered_before_anyone_is_ready(dut):
    """No other job shares the engine, in either place for jobs; a stream's first beat does not wait for its reader."""
    rng = generator("alone")
    bench = EngineBench(dut, rng)
    await bench.start()
    for raw in [False] * bool(description()["config"]["modes"]) + [True] * description()["config"]["raw_output"]:
        for rows in (1, 255, 254):
            job = gemm_of(rng, *legal(rows, 1, 1, raw), built_modes()[0], raw=raw)
            bench.pause({"outputs": 1.0})
            bench.send(job.packets())
            await bench.begin(job.settings())
            with bench.watch.waiting("the first beat"):
                while not bool(dut.m_axis_outputs_tvalid.value):
                    await bench.edge
            bench.pause({})
            await expect(bench, job)
            await bench.idle()


@cocotb.test()
async def all_places_for_outputs_fill_while_nobody_reads(dut):
    """A reader that stops anywhere: both panels of outputs become whole, and a piece of them is offered."""
    rng = generator("full")
    config = description()["config"]
    rows, cols, depth = config["rows"], config["cols"], config["depth"]
    bench = EngineBench(dut, rng)
    await bench.start()
    for raw in [False] * bool(config["modes"]) + [True] * config["raw_output"]:
        for _ in range(rounds(6)):
            n, k = (int(x) for x in rng.integers(1, (3 * cols + 1, 3 * depth + 1)))
            # More than what is on its way from the panels to the reader, and what they hold.
            job = gemm_of(rng, *legal(12 * rows + 4 * config["out_bytes"], n, k, raw), built_modes()[0], raw=raw)
            # Of the first three panels as many beats as it may be.
            taken = int(rng.integers(len(job.expected) // (4 * config["out_bytes"]) + 1))
            bench.send(job.packets())
            await bench.begin(job.settings())
            with bench.watch.waiting("the last beat before a long pause"):
                while bench.watch.beats < taken:
                    await bench.edge
            bench.pause({"outputs": 1.0})
            await bench.cycles(200 + job_cost(*job.shape, raw))
            check(int(dut.m_axis_outputs_tvalid.value), 1, "outputs are offered")
            if watches_inside():
                buffer = dut.core.pipeline.output_buffer
                check([int(buffer.o__valid.value), buffer.whole.value.to_unsigned()],
                      [1, rows << rows.bit_length() | rows],
                      "a piece of outputs is offered, rows of both panels are whole", taken=taken, **job.facts())
            bench.pause({})
            await expect(bench, job)
            await bench.idle()


@cocotb.test()
async def cycles_last_from_start_to_the_last_output(dut):
    """CYCLES of a job alone is the time from its START to its last beat, whatever it waits for."""
    rng = generator("cycles")
    bench = EngineBench(dut, rng)
    await bench.start()
    for shares in ({}, *({name: 0.6} for name in STREAMS), {"channels": 0.9}, {"outputs": 0.9}):
        bench.pause(shares)
        for _ in range(rounds(3)):
            job = random_gemm(rng, 100)
            await bench.clear()
            await bench.set(job.settings())
            await bench.command("START")
            started = bench.watch.cycle
            # The channel parameters come last, at times after everything else has.
            packets = job.packets()
            bench.send({name: packets[name] for name in ("activations", "weights")})
            await bench.cycles(int(rng.integers(0, 60)))
            bench.send({"channels": packets["channels"]})
            await expect(bench, job)
            await bench.idle()
            took = bench.watch.ended - started
            check(await bench.read("CYCLES"), took - CHECKED, "CYCLES", took=took, pause=shares, **job.facts())
