"""Packets that break a rule: EARLY, LATE and KEEP anywhere, all jobs cancelled, and right results afterwards."""

import math

import cocotb
import numpy as np

from tb.coverage import Bins
from tb.sim_axi import EngineBench, Frame, same
from tb.sim_bench import case, check, generator, require, some, watches_inside
from tb.sim_engine_run import run_jobs
from tb.sim_gemm import INPUTS, Gemm, gemm_of, legal, random_gemm
from tb.sim_layers import built_modes
from tb.sim_ports import description
from tb.sim_settle import settle


def _broken(rng: np.random.Generator, stream: str, packet: bytes, lanes: int, what: str, where: str) -> Frame:
    """`packet` in beats of `lanes` bytes with one thing wrong in its first, a middle, its last, or any beat."""
    info = description()
    beats = -(-len(packet) // lanes)
    # What the engine counts the beats of a stream in: a middle beat ends such a group.
    group = {"activations": 1, "weights": info["derived"]["weight_words"], "channels": info["config"]["cols"]}[stream]
    middle = min(max(beats // 2 // group, 1) * group, beats) - 1
    beat = {"first": 0, "middle": middle, "last": beats - 1, "any": int(rng.integers(beats))}[where]
    keep = [1] * len(packet) + [0] * (beats * lanes - len(packet))
    data = packet + bytes(len(keep) - len(packet))
    if what == "EARLY":
        # The last beat that can be early is the last but one.
        end = max(min(beat, beats - 2), 0) + 1
        return Frame(data[:end * lanes], keep[:end * lanes])
    if what == "LATE":
        more = lanes * (beat + 1)
        return Frame(data + rng.bytes(more), keep + [1] * more)
    right = keep[beat * lanes:(beat + 1) * lanes]
    wrong = right
    while wrong == right:
        wrong = [int(bit) for bit in rng.integers(0, 2, lanes)] if rng.integers(2) else [
            int(lane < count) for count in [int(rng.integers(0, lanes + 1))] for lane in range(lanes)]
    return Frame(data, keep[:beat * lanes] + wrong + keep[(beat + 1) * lanes:])


def _several_beats(rng: np.random.Generator) -> Gemm:
    """A job with three beats or more on every stream, as far as the configuration allows that."""
    info = description()
    config = info["config"]
    raw = bool(config["raw_output"] and (not config["modes"] or rng.integers(2)))
    n, k = max(3, config["cols"] + int(rng.integers(1, 4))), 3 * config["depth"] + int(rng.integers(0, 3))
    _, n, k = legal(1, n, k, raw)
    m = -(-(2 * config["act_bytes"] + int(rng.integers(1, 1 + config["act_bytes"]))) // k) + int(rng.integers(0, 3))
    return gemm_of(rng, m, n, k, str(rng.choice(built_modes())), raw=raw)


@cocotb.test()
async def a_broken_packet_cancels_all_jobs_and_sets_its_bit_only(dut):
    """EARLY, LATE and KEEP on each stream at the first, a middle and the last beat, in one of one or two jobs."""
    rng = generator("packets")
    bins = Bins(case("coverage"))
    bench = EngineBench(dut, rng)
    await bench.start()
    for stream in INPUTS:
        for what in ("EARLY", "LATE", "KEEP"):
            for where in some(rng, ("first", "middle", "last", "any", "any")):
                jobs = [_several_beats(rng) for _ in range(int(rng.integers(1, 3)))]
                shortest = min(len(job.packets()[stream]) for job in jobs)
                if what == "EARLY" and shortest <= bench.sources[stream].byte_lanes:
                    # The only beat of a packet cannot end it early.
                    continue
                bench.pause([{}, {stream: 0.5}, {"outputs": 0.8}][int(rng.integers(3))])
                bench.count_anew()
                await bench.clear()
                for job in jobs:
                    await bench.begin(job.settings())
                victim = int(rng.integers(len(jobs)))
                for number, job in enumerate(jobs):
                    for name, packet in job.packets().items():
                        lanes = bench.sources[name].byte_lanes
                        bad = number == victim and name == stream
                        frame = _broken(rng, name, packet, lanes, what, where) if bad else Frame(packet)
                        bench.send_frame(name, frame)
                done = await settle(bench, jobs)
                facts = {"stream": stream, "error": what, "where": where, "victim": victim, "done": done}
                require(done <= victim, "the job with the broken packet does not finish", **facts)
                same(await bench.flags("ERROR"), [f"{stream.upper()}_{what}"], "ERROR", **facts)
                bins.hit(f"engine.error.{stream.upper()}_{what}")
                bins.hit(f"engine.error_at.{stream}.{where}")
                bins.hit("engine.error_with_two_jobs", len(jobs) == 2 and not done)
                bench.pause({})
                await run_jobs(bench, rng, [random_gemm(rng, 40)], bins=bins)
    bins.save()


@cocotb.test()
async def each_byte_of_a_beat_must_be_kept(dut):
    """KEEP on each stream for each single byte, in its first beat."""
    rng = generator("keep")
    bench = EngineBench(dut, rng)
    await bench.start()
    for stream in INPUTS:
        lanes = bench.sources[stream].byte_lanes
        for lane in some(rng, range(lanes)):
            job = _several_beats(rng)
            await bench.clear()
            await bench.begin(job.settings())
            for name, packet in job.packets().items():
                # What is not kept must be one of several beats: at the end of a packet it may be missing.
                keep = [1] * len(packet)
                if name == stream and len(packet) > lanes:
                    keep[lane] = 0
                bench.send_frame(name, Frame(packet, keep))
            wrong = len(job.packets()[stream]) > lanes
            check(await settle(bench, [job]), 0 if wrong else 1, "jobs that finish", stream=stream, lane=lane)
            same(await bench.flags("ERROR"), [f"{stream.upper()}_KEEP"] * wrong, "ERROR", stream=stream, lane=lane)
    await run_jobs(bench, rng, [random_gemm(rng, 40)])


@cocotb.test()
async def rows_are_awaited_however_many_there_shall_be(dut):
    """A job of 2^b rows and some, or of any number: all that come are computed and counted, and then the packet of
    activations ends EARLY.
    """
    rng = generator("rows")
    bench = EngineBench(dut, rng)
    await bench.start()
    config, derived = description()["config"], description()["derived"]
    # From the last operand to its output: of some tiles.
    quiet = 200 + 8 * derived["drain_interval"]
    for number in some(rng, range(24 + 12)):
        # Both places for jobs get such a job: alone or behind another one.
        before = [random_gemm(rng, 30)] * int(rng.integers(2))
        raw = bool(config["raw_output"] and (not config["modes"] or rng.integers(2)))
        _, n, k = legal(1, 2, 3, raw)
        # More than all buffers hold, in whole beats.
        whole = config["act_bytes"] // math.gcd(config["act_bytes"], k)
        m = -(-8 * config["rows"] // whole) * whole
        come = gemm_of(rng, m, n, k, str(rng.choice(built_modes())), raw=raw)
        # Counts go through 2^b while rows come, or hold any bits.
        wanted = max((1 << number) + int(rng.integers(4 * config["rows"])), m + 1) if number < 24 else int(
            rng.integers(m + 1, 1 << 24))
        bench.count_anew()
        await bench.clear()
        for job in (*before, come):
            await bench.begin(job.settings() | ({"M": wanted} if job is come else {}))
            bench.send(job.packets())
        # Of the last beats one stays out, and all panels that are whole become outputs.
        source = bench.sources["activations"]
        with bench.watch.waiting("the last beats"):
            while bench.watch.taken["activations"] < bench.sent["activations"] - 2:
                await bench.edge
        source.pause = True
        await bench.cycles(quiet)
        taken = config["act_bytes"] * (bench.watch.taken["activations"] - bench.sent["activations"]) + m * k
        panels = taken // (k * config["rows"]) * config["rows"]
        check(bench.watch.beats, panels * n * (4 if raw else 1) // config["out_bytes"], "beats of whole panels",
              rows=wanted, panels=panels)
        if watches_inside():
            pipeline = dut.core.pipeline
            left = [pipeline.cutter.rows_left, pipeline.sequencer.rows_left,
                    pipeline.output_buffer.store_rows_left, pipeline.output_buffer.send_rows_left]
            check([count.value.to_unsigned() for count in left], [wanted - taken // k, *[wanted - panels] * 3],
                  "rows that are left to cut, to compute, to store and to send", rows=wanted, taken=taken)
        source.pause = False
        done = await settle(bench, [*before, come])
        require(done <= len(before), "the job of many rows does not finish", rows=wanted, done=done)
        same(await bench.flags("ERROR"), ["ACTIVATIONS_EARLY"], "ERROR", rows=wanted)
    await run_jobs(bench, rng, [random_gemm(rng, 40)])
