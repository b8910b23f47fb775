"""What software and streams can do wrong: every ERROR bit, what follows from it, and right results afterwards."""

import math
from collections.abc import Iterator

import cocotb
import numpy as np

from tb.coverage import Bins
from tb.sim_axi import EngineBench, Frame, same
from tb.sim_bench import case, check, generator, require
from tb.sim_engine_run import run_jobs
from tb.sim_gemm import INPUTS, Gemm, gemm_of, largest_n, legal, random_gemm
from tb.sim_layers import built_modes, limits
from tb.sim_ports import description
from tb.sim_refusal import SETTING_ERRORS, refusals
from tb.sim_settle import settle

STREAM_ERRORS = tuple(f"{name.upper()}_{what}" for name in INPUTS for what in ("EARLY", "LATE", "KEEP"))
DATA_ERRORS = ("CHANNEL_RANGE", "OPERAND_RANGE")


@cocotb.test()
async def every_error_bit_has_a_stimulus(dut):
    """The description knows no other errors than the tests below."""
    (register,) = (register for register in description()["registers"] if register["name"] == "ERROR")
    names = [field["name"] for field in register["fields"]]
    same(sorted(names), sorted([*SETTING_ERRORS, "QUEUE_FULL", *STREAM_ERRORS, *DATA_ERRORS]), "bits of ERROR")
    check([field["low"] for field in register["fields"]], range(len(names)), "their positions")
    bench = EngineBench(dut, generator("none"))
    await bench.start()


@cocotb.test()
async def settings_are_refused_exactly_beyond_their_limits(dut):
    """Each bound legal at the limit and refused one beyond; random settings near the limits by the same rules."""
    rng = generator("settings")
    bins = Bins(case("coverage"))
    bench = EngineBench(dut, rng)
    await bench.start()
    for settings in (*_at_limits(rng), *(_near_limits(rng) for _ in range(150))):
        want = refusals(settings)
        await bench.begin(settings)
        await bench.cycles(8)
        facts = {"settings": settings}
        same(await bench.flags("ERROR"), want, "ERROR", **facts)
        same(await bench.flags("EVENT"), ["REFUSED"] if want else [], "EVENT", **facts)
        same("BUSY" in await bench.flags("STATUS"), not want, "BUSY", **facts)
        ready = [name for name in INPUTS if bool(getattr(dut, f"s_axis_{name}_tready").value)]
        require(not (want and ready), "a refused job takes no packets", ready=ready, **facts)
        for name in want:
            bins.hit(f"engine.error.{name}")
        bins.hit("engine.event.REFUSED", want)
        if want:
            await bench.clear()
        else:
            await bench.reset_by_register()
    await run_jobs(bench, rng, [random_gemm(rng, 40)], bins=bins)
    bins.save()


def _least(raw: bool) -> dict[str, int]:
    info = description()
    mode = info["modes"][info["config"]["modes"][0]] if info["config"]["modes"] else 0
    return {"M": 1, "N": 1, "K": 1, "MODE": mode, "FORMAT": int(raw), "A_ZERO_POINT": 0, "ZERO_POINT": 0, "LOW": -128,
            "HIGH": 127}


def _at_limits(rng: np.random.Generator) -> Iterator[dict[str, int]]:
    """Every bound of every register at the limit and one beyond, alone."""
    info = description()
    config = info["config"]
    width = config["act_width"]
    for raw in (False, True):
        least = _least(raw)
        n_max = largest_n(raw) or 1
        for name, values in {
            "M": (0, 1, 2**24 - 1, 2**24, 2**31, 2**32 - 1), "N": (0, n_max, n_max + 1, n_max + 2**16, 2**32 - 1),
            "K": (0, config["k_max"], config["k_max"] + 1, config["k_max"] + 2**17, 2**32 - 1),
            "MODE": (*range(9), 2**31, 2**32 - 8), "FORMAT": (*range(9), *(1 << bit | raw for bit in range(3, 32))),
            "LOW": (-129, -128, 127, 128, 2**16), "HIGH": (-129, -128, 127, 128, 255, 256, 2**16),
            "ZERO_POINT": (-129, -128, 127, 128, 255, 256, 2**16),
        }.items():
            for value in values:
                yield least | {name: value}
        # Each single bit, alone: what a register has and what it has not.
        for name, value in least.items():
            for bit in range(raw, 32, 2):
                yield least | {name: value ^ 1 << bit}
                yield least | {"M": 0, "N": 0, "K": 0} | {name: 1 << bit}
        for low, high, zero_point in ((0, 255, 255), (0, 255, 256), (0, 256, 0), (-1, 255, 0), (0, 0, -1), (5, 4, 0),
                                      (0, 127, 200), (0, 127, -128), (0, 128, -1), (2**31 - 1, -(2**31), 0),
                                      (-128, -128, -128), (255, 255, 255), (-(2**31), 2**31 - 1, 0)):
            yield least | {"LOW": low, "HIGH": high, "ZERO_POINT": zero_point}
        # Both within the range of an output, in either order.
        for start in (-128, 0):
            for low, high in rng.integers(start, start + 256, (12, 2)).tolist():
                yield least | {"LOW": low, "HIGH": high, "ZERO_POINT": start}
        for unsigned in (0, 2):
            for zero_point in (-(2 ** (width - 1)) - 1, -(2 ** (width - 1)), -1, 0, 1, 2 ** (width - 1) - 1,
                               2 ** (width - 1), 2**width - 1, 2**width, 2**31 - 1, -(2**31)):
                yield least | {"A_ZERO_POINT": zero_point, "FORMAT": raw | unsigned}
        # As many beats of weights as there are, and the fewest that are too many.
        for n_tiles, k_beats in _weight_limits(n_max):
            yield least | {"N": min(n_tiles * config["cols"], n_max),
                           "K": min(k_beats * config["depth"], config["k_max"])}
        yield least | {"N": n_max, "K": config["k_max"]}


def _weight_limits(n_max: int) -> list[tuple[int, int]]:
    """Tiles and beats of k whose product is the largest legal one, and the smallest illegal one if there is any."""
    config = description()["config"]
    limit = config["weight_beats"]
    most_beats = -(-config["k_max"] // config["depth"])
    pairs = [(tiles, beats) for tiles in range(1, -(-n_max // config["cols"]) + 1)
             for beats in (min(limit // tiles, most_beats), limit // tiles + 1) if 1 <= beats <= most_beats]
    fit = [pair for pair in pairs if pair[0] * pair[1] <= limit]
    illegal = [pair for pair in pairs if pair[0] * pair[1] > limit]
    return [max(fit, key=np.prod), *([min(illegal, key=np.prod)] if illegal else [])]


def _near_limits(rng: np.random.Generator) -> dict[str, int]:
    """Random settings, each legal or not, around what matters."""
    config = description()["config"]
    settings = _least(bool(rng.integers(2)))
    near = {"M": [1, 2**24], "N": [1, config["n_max"], largest_n(True)], "K": [1, config["k_max"]],
            "MODE": [0, 4], "FORMAT": [0, 1, 3, 7, 8], "LOW": [-128, 0], "HIGH": [0, 127, 255],
            "ZERO_POINT": [-128, 0, 127, 255], "A_ZERO_POINT": [0, 127, -128, 255]}
    for name in rng.choice(list(near), int(rng.integers(1, 5)), replace=False):
        settings[str(name)] = int(rng.choice(near[name])) + int(rng.integers(-1, 2))
    return settings


@cocotb.test()
async def a_third_job_is_refused_while_two_wait(dut):
    """QUEUE_FULL: that START is lost, and the two jobs are right, one of which may wait for its output alone."""
    rng = generator("queue")
    bins = Bins(case("coverage"))
    bench = EngineBench(dut, rng)
    await bench.start()
    for wait, leaving in ((0, False), (1, False), (7, False), (200, True)):
        bench.count_anew()
        await bench.clear()
        jobs = [random_gemm(rng, 60) for _ in range(2)]
        bench.sink.pause = leaving
        for job in jobs:
            await bench.begin(job.settings())
            if leaving and job is jobs[0]:
                bench.send(job.packets())
        await bench.cycles(wait)
        # Also in the very moment in which the second one is being checked.
        await bench.set({**random_gemm(rng, 60).settings(), "CONTROL": bench.bit("CONTROL", "START")})
        await bench.cycles(8)
        same(await bench.flags("ERROR"), ["QUEUE_FULL"], "ERROR of a third START")
        events = set(await bench.flags("EVENT")) - set(["SATURATED"] * leaving)
        same(events, {"REFUSED"}, "EVENT of a third START")
        same(await bench.flags("STATUS"), ["BUSY"], "STATUS with two jobs")
        bench.sink.pause = False
        for job in jobs[leaving:]:
            bench.send(job.packets())
        await bench.set({"ERROR": 2**32 - 1, "EVENT": 2**32 - 1})
        check(await settle(bench, jobs), 2, "jobs that finish")
        bins.hit("engine.error.QUEUE_FULL")
    bins.save()


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
            for where in ("first", "middle", "last", "any", "any"):
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
        for lane in range(lanes):
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
    """A job of 2^b rows and some: all that come are computed, and then its packet of activations ends EARLY."""
    rng = generator("rows")
    bench = EngineBench(dut, rng)
    await bench.start()
    config, derived = description()["config"], description()["derived"]
    # From the last operand to its output.
    quiet = 200 + 4 * derived["drain_interval"] * config["rows"]
    for number in range(24 * 5):
        # Both places for jobs get such a job: alone or behind another one.
        before = [random_gemm(rng, 30)] * int(rng.integers(2))
        raw = bool(config["raw_output"] and (not config["modes"] or rng.integers(2)))
        _, n, k = legal(1, 2, 3, raw)
        # More than all buffers hold, in whole beats.
        whole = config["act_bytes"] // math.gcd(config["act_bytes"], k)
        m = -(-8 * config["rows"] // whole) * whole
        come = gemm_of(rng, m, n, k, str(rng.choice(built_modes())), raw=raw)
        more = (0, 1, config["rows"], config["rows"] + 1, int(rng.integers(2, 4 * config["rows"])))[number // 24]
        wanted = min(max((1 << number % 24) + more, m + 1), 2**24 - 1)
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
        source.pause = False
        done = await settle(bench, [*before, come])
        require(done <= len(before), "the job of many rows does not finish", rows=wanted, done=done)
        same(await bench.flags("ERROR"), ["ACTIVATIONS_EARLY"], "ERROR", rows=wanted)
    await run_jobs(bench, rng, [random_gemm(rng, 40)])


@cocotb.test()
async def data_that_means_nothing_is_flagged_and_the_job_ends(dut):
    """CHANNEL_RANGE and OPERAND_RANGE: the other channels, rows and the next job are right."""
    rng = generator("data")
    bins = Bins(case("coverage"))
    config = description()["config"]
    bench = EngineBench(dut, rng)
    await bench.start()
    for mode in config["modes"]:
        for offset, size, bits in _illegal(mode):
            job = gemm_of(rng, *legal(config["rows"] + 1, config["cols"] + 2, 2, False), mode)
            channel = int(rng.integers(job.shape[1]))
            packets = {name: bytearray(packet) for name, packet in job.packets().items()}
            at = channel * description()["derived"]["channel_bytes"] + offset
            packets["channels"][at:at + size] = bits.to_bytes(size, "little")
            got = await _run_flagged(bench, job, packets, "CHANNEL_RANGE", bins, mode=mode, offset=offset, bits=bits)
            want = job.expected.reshape(job.shape[:2])
            check(np.delete(got.reshape(want.shape), channel, 1), np.delete(want, channel, 1), "other channels")
    for stream in ("activations", "weights"):
        width = config[{"activations": "act_width", "weights": "weight_width"}[stream]]
        for _ in range(6 * (width < 8)):
            raw = not config["modes"]
            job = gemm_of(rng, *legal(config["rows"] + 1, config["cols"] + 1, 3, raw), built_modes()[0], raw=raw)
            packets = {name: bytearray(packet) for name, packet in job.packets().items()}
            kind = (job.a if stream == "activations" else job.layer.weights).dtype.type
            low, high = limits(width, kind)
            index = int(rng.integers(len(packets[stream])))
            packets[stream][index] = int(rng.choice([low - 1, high + 1])) & 255
            got = await _run_flagged(bench, job, packets, "OPERAND_RANGE", bins, stream=stream, index=index)
            if stream == "activations":
                want = job.expected.reshape(job.shape[0], -1)
                row = index // job.shape[2]
                check(np.delete(got.reshape(want.shape), row, 0), np.delete(want, row, 0), "other rows")
    await run_jobs(bench, rng, [random_gemm(rng, 40)], bins=bins)
    bins.save()


def _illegal(mode: str) -> list[tuple[int, int, int]]:
    """Offset in a record, bytes and value of what must not be there in `mode`."""
    if mode in ("F32", "FBGEMM"):
        wrong = [(4, 4, bits) for bits in (0x7F800000, 0x7FC00000, 0xBF800000, 0x80000000)]
        if mode == "FBGEMM":
            wrong += [(4, 4, bits) for bits in (0x00000001, 0x007FFFFF)]
            wrong += [(0, 4, bits) for bits in (0x7F800000, 0xFF800000, 0x7FC00000)]
        return wrong
    # Shifts that would be legal if their highest bits were cut off, too.
    return [(4, 4, 1 << 31), *((8, 1, shift) for shift in (0, 1, 63, 66, 130, 255))]


async def _run_flagged(bench: EngineBench, job: Gemm, packets: dict[str, bytearray], error: str, bins: Bins,
                       **facts: object) -> np.ndarray:
    """Run a job whose packets hold something illegal; returns its output bytes."""
    await bench.clear()
    await bench.begin(job.settings())
    bench.send({name: bytes(packet) for name, packet in packets.items()})
    got = np.frombuffer(await bench.receive(), np.uint8)
    await bench.idle()
    same(await bench.flags("ERROR"), [error], "ERROR", **facts)
    require("DONE" in await bench.flags("EVENT"), "the job ends as usual", **facts)
    check(await bench.read("JOBS"), 1, "JOBS", **facts)
    check(len(got), len(job.expected), "bytes of the output", **facts)
    bins.hit(f"engine.error.{error}")
    return got
