"""What must have become of jobs that were cancelled, all of them or the later ones."""

import numpy as np

from tb.sim_axi import EngineBench, same
from tb.sim_bench import check, require
from tb.sim_engine_run import CYCLE_COUNTERS
from tb.sim_gemm import Gemm

__all__ = ["settle"]


async def settle(bench: EngineBench, jobs: list[Gemm], aborted: bool = False) -> int:
    """Wait until the engine has finished or cancelled all of `jobs`, and compare what they left.

    A job that has finished left its whole packet, and counts in JOBS. Any other left the first beats of it, closed by
    one beat of one zero byte. Counters and flags must have been clear when the jobs began. An ABORT (`aborted`) is
    answered by CANCELLED even if all jobs have finished.

    Returns
    -------
    int
        How many jobs have finished.
    """
    await bench.until("STATUS", "BUSY", False)
    same(await bench.flags("STATUS"), ["READY"], "STATUS of an engine that has cancelled its jobs")
    done = await bench.read("JOBS")
    events = await bench.flags("EVENT")
    facts = {"jobs": len(jobs), "done": done, "events": events, "shapes": [job.shape for job in jobs]}
    require(done <= len(jobs), "JOBS counts finished jobs", **facts)
    same(["CANCELLED" in events, "DONE" in events, "REFUSED" in events], [aborted or done < len(jobs), done > 0, False],
         "CANCELLED, DONE, REFUSED", **facts)
    require("SATURATED" not in events or any(job.clamped for job in jobs), "no SATURATED without a clamp", **facts)
    lanes = bench.sink.byte_lanes
    for number, job in enumerate(jobs):
        got = np.frombuffer(await bench.receive(), np.uint8)
        if number < done:
            check(got, job.expected, "outputs of a job that has finished", number=number, **job.facts(), **facts)
            continue
        require(len(got) % lanes == 1 % lanes and len(got) <= len(job.expected) + lanes,
                "a cancelled packet ends with a beat of one byte", number=number, bytes=len(got), **facts)
        check(got[-1], 0, "the byte that closes a cancelled packet", number=number, **facts)
        check(got[:-1], job.expected[:len(got) - 1], "what left of a cancelled job", number=number, **facts)
    ends = bench.watch.ends[-len(jobs):][done:]
    check(ends, np.zeros(len(jobs) - done), "the whole beat that closes a cancelled packet", **facts)
    await bench.idle()
    counters = {name: await bench.read(name) for name in ("CYCLES", *CYCLE_COUNTERS)}
    check(counters.pop("CYCLES"), sum(counters.values()), "CYCLES", counters=counters, **facts)
    return done
