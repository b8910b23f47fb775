"""Cancelled jobs: ABORT in every phase, resets, and right results afterwards."""

import cocotb
import numpy as np

from tb.coverage import Bins
from tb.sim_axi import EngineBench, same
from tb.sim_bench import case, check, generator, require, rounds, some
from tb.sim_engine_run import run_jobs
from tb.sim_gemm import INPUTS, Gemm, random_gemm
from tb.sim_settle import settle


async def _begin(bench: EngineBench, rng: np.random.Generator, jobs: list[Gemm]) -> None:
    """START every job; packets are queued at once, or later for some of the streams."""
    await bench.clear()
    for job in jobs:
        await bench.begin(job.settings())


def _queue(bench: EngineBench, jobs: list[Gemm], streams: tuple[str, ...]) -> None:
    for job in jobs:
        packets = job.packets()
        bench.send({name: packets[name] for name in streams})


def _phase(bench: EngineBench, jobs: list[Gemm]) -> str:
    """How far the jobs are, by their beats."""
    taken, watch = bench.watch.taken, bench.watch
    if not any(taken.values()):
        return "unfed"
    if watch.beats or watch.packets:
        return "draining"
    whole = {name: sum(-(-len(job.packets()[name]) // bench.sources[name].byte_lanes) for job in jobs)
             for name in INPUTS}
    return "computing" if all(taken[name] >= whole[name] for name in INPUTS) else "loading"


def _plan(rng: np.random.Generator) -> tuple[list[Gemm], dict[str, float]]:
    jobs = [random_gemm(rng, 150) for _ in range(int(rng.integers(1, 3)))]
    names = (*INPUTS, "outputs")
    shares = [{}, {str(rng.choice(names)): 0.7}, dict.fromkeys(names, 0.4), {"outputs": 0.9}][int(rng.integers(4))]
    return jobs, shares


@cocotb.test()
async def abort_at_any_time_leaves_a_clean_engine(dut):
    """ABORT in every phase, with one and two jobs in flight, with packets that come before or after it."""
    rng = generator("abort")
    bins = Bins(case("coverage"))
    bench = EngineBench(dut, rng)
    await bench.start()
    for _ in range(rounds(24)):
        jobs, shares = _plan(rng)
        bench.pause(shares)
        bench.count_anew()
        await _begin(bench, rng, jobs)
        late = INPUTS if rng.random() < 0.15 else tuple(name for name in INPUTS if rng.random() < 0.2)
        _queue(bench, jobs, tuple(name for name in INPUTS if name not in late))
        await bench.cycles(int(rng.integers(1, rng.choice([60, 250, 400]))))
        bins.hit(f"engine.abort.{_phase(bench, jobs)}")
        bins.hit("engine.abort.two_jobs", len(jobs) - bench.watch.packets == 2)
        bins.hit("engine.abort.stalled", shares)
        await bench.command("ABORT")
        _queue(bench, jobs, late)
        done = await settle(bench, jobs, aborted=True)
        bins.hit("engine.abort.one_job_done", done == 1 and len(jobs) == 2)
        if done < len(jobs):
            same(await bench.flags("ERROR"), [], "ERROR after ABORT")
            bins.hit("engine.event.CANCELLED")
        bench.pause({})
        await run_jobs(bench, rng, [random_gemm(rng, 40)], bins=bins)
    bins.save()


@cocotb.test()
async def abort_right_after_start_cancels_the_job(dut):
    """ABORT in each of the cycles in which a job is being checked, alone and behind another job."""
    rng = generator("abort after start")
    bins = Bins(case("coverage"))
    bench = EngineBench(dut, rng)
    await bench.start()
    for others in (0, 1):
        for wait in some(rng, range(10)):
            bench.count_anew()
            jobs = [random_gemm(rng, 60) for _ in range(others + 1)]
            await _begin(bench, rng, jobs[:others])
            await bench.clear()
            await bench.until("STATUS", "READY")
            await bench.set(jobs[-1].settings())
            start = cocotb.start_soon(bench.command("START"))
            await bench.cycles(wait)
            abort = cocotb.start_soon(bench.command("ABORT"))
            await start
            await abort
            _queue(bench, jobs, INPUTS)
            done = await settle(bench, jobs, aborted=True)
            check(done, 0, "jobs that finish after an ABORT before their packets", others=others, wait=wait)
            bins.hit("engine.abort.in_check")
            await run_jobs(bench, rng, [random_gemm(rng, 40)], bins=bins)
    bins.save()


@cocotb.test()
async def nothing_starts_while_jobs_are_cancelled(dut):
    """STATUS of an engine that waits for the packets of cancelled jobs; START is lost then, with QUEUE_FULL."""
    rng = generator("start in abort")
    bench = EngineBench(dut, rng)
    await bench.start()
    for count in (1, 2):
        bench.count_anew()
        jobs = [random_gemm(rng, 60) for _ in range(count)]
        await _begin(bench, rng, jobs)
        bench.sink.pause = True
        await bench.command("ABORT")
        for command in (None, "START", "ABORT"):
            if command:
                await bench.command(command)
            await bench.cycles(8)
            same(await bench.flags("STATUS"), ["BUSY", "CANCELLING"], "STATUS in a cancellation", command=command)
        same(await bench.flags("ERROR"), ["QUEUE_FULL"], "ERROR of a START while jobs are cancelled")
        same(await bench.flags("EVENT"), ["REFUSED"], "EVENT of a START while jobs are cancelled")
        await bench.set({"ERROR": 2**32 - 1, "EVENT": 2**32 - 1})
        # Not before the last packet's end has left, which waits from the ABORT on.
        _queue(bench, jobs, INPUTS)
        with bench.watch.waiting("the packets of cancelled jobs"):
            while bench.watch.taken != bench.sent:
                await bench.edge
        await bench.cycles(20)
        same(await bench.flags("STATUS"), ["BUSY", "CANCELLING"], "STATUS while a last packet waits")
        bench.sink.pause = False
        check(await settle(bench, jobs, aborted=True), 0, "jobs that finish after an ABORT before their packets")
        await run_jobs(bench, rng, [random_gemm(rng, 40)])


@cocotb.test()
async def abort_without_a_job_changes_nothing(dut):
    """ABORT while idle: the engine is ready at once, and the next job is right."""
    rng = generator("idle abort")
    bench = EngineBench(dut, rng)
    await bench.start()
    for wait in (0, 1, 5, 20):
        await bench.command("ABORT")
        await bench.cycles(wait)
        await bench.until("STATUS", "READY")
        await bench.until("STATUS", "BUSY", False)
        await run_jobs(bench, rng, [random_gemm(rng, 40)])


@cocotb.test()
async def reset_at_any_time_forgets_everything(dut):
    """CONTROL.RESET with the streams reset likewise, and aresetn, in mid-job: everything is as at the start."""
    rng = generator("reset")
    bins = Bins(case("coverage"))
    bench = EngineBench(dut, rng)
    await bench.start()
    for number in range(rounds(24)):
        jobs, shares = _plan(rng)
        bench.pause(shares)
        await _begin(bench, rng, jobs)
        _queue(bench, jobs, INPUTS)
        await bench.cycles(int(rng.integers(1, rng.choice([60, 250, 400]))))
        if rng.random() < 0.3:
            # A reset also ends a cancellation that would never end.
            await bench.command("ABORT")
        if number % 2:
            await bench.reset()
            bins.hit("engine.reset.aresetn")
        else:
            await bench.reset_by_register()
            bins.hit("engine.reset.control")
        bench.pause({})
        await bench.cycles(int(rng.integers(0, 3)))
        for name, register in bench.registers.items():
            if register["access"] != "WO":
                check(await bench.read(name), register["reset"], f"{name} after reset")
        require(not bool(dut.irq.value), "no interrupt after reset")
        await run_jobs(bench, rng, [random_gemm(rng, 40) for _ in range(2)], bins=bins)
    bins.save()
