"""What software and streams can do wrong: every ERROR bit, what follows from it, and right results afterwards."""

from collections.abc import Iterator

import cocotb
import numpy as np

from tb.coverage import Bins
from tb.sim_axi import EngineBench, same
from tb.sim_bench import case, check, generator, require, rounds, runs_few, some
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
    written: dict[str, int] = {}
    for settings in (*_at_limits(rng), *(_near_limits(rng) for _ in range(rounds(150)))):
        want = refusals(settings)
        await bench.begin({name: value for name, value in settings.items() if written.get(name) != value})
        written = settings
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
            written = {}
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
            "MODE": (*range(9), 2**31, 2**32 - 8),
            "FORMAT": (*range(9), *(1 << bit | raw for bit in some(rng, range(3, 32)))),
            "LOW": (-129, -128, 127, 128, 2**16), "HIGH": (-129, -128, 127, 128, 255, 256, 2**16),
            "ZERO_POINT": (-129, -128, 127, 128, 255, 256, 2**16),
        }.items():
            for value in values:
                yield least | {name: value}
        # Each single bit, alone: what a register has and what it has not. Of few rounds an eighth.
        for name, value in least.items():
            for bit in range(raw, 32, 2):
                if not runs_few() or rng.integers(8) == 0:
                    yield least | {name: value ^ 1 << bit}
                    yield least | {"M": 0, "N": 0, "K": 0} | {name: 1 << bit}
        for low, high, zero_point in ((0, 255, 255), (0, 255, 256), (0, 256, 0), (-1, 255, 0), (0, 0, -1), (5, 4, 0),
                                      (0, 127, 200), (0, 127, -128), (0, 128, -1), (2**31 - 1, -(2**31), 0),
                                      (-128, -128, -128), (255, 255, 255), (-(2**31), 2**31 - 1, 0)):
            yield least | {"LOW": low, "HIGH": high, "ZERO_POINT": zero_point}
        # Both within the range of an output, in either order.
        for start in (-128, 0):
            for low, high in rng.integers(start, start + 256, (rounds(12), 2)).tolist():
                yield least | {"LOW": low, "HIGH": high, "ZERO_POINT": start}
        for unsigned in (0, 2):
            for zero_point in (-(2 ** (width - 1)) - 1, -(2 ** (width - 1)), -1, 0, 1, 2 ** (width - 1) - 1,
                               2 ** (width - 1), 2**width - 1, 2**width, 2**31 - 1, -(2**31)):
                yield least | {"A_ZERO_POINT": zero_point, "FORMAT": raw | unsigned}
        # As many beats of weights as there are, the fewest that are too many, and what is either by a single bit.
        for n_tiles, k_beats in _weight_limits(n_max):
            yield least | {"N": min(n_tiles * config["cols"], n_max),
                           "K": min(k_beats * config["depth"], config["k_max"])}
        yield least | {"N": n_max, "K": config["k_max"]}


def _weight_limits(n_max: int) -> list[tuple[int, int]]:
    """Tiles and beats of k whose product is the largest legal or the smallest illegal one, or is so by a single bit."""
    config = description()["config"]
    limit = config["weight_beats"]
    pairs = {tiles * beats: (tiles, beats) for tiles in range(1, -(-n_max // config["cols"]) + 1)
             for beats in range(1, -(-config["k_max"] // config["depth"]) + 1)}
    chosen = {max(product for product in pairs if product <= limit),
              *sorted(product for product in pairs if product > limit)[:1]}
    for bit in (1 << place for place in range(max(pairs).bit_length())):
        chosen.update([product for product in pairs if product > limit >= product & ~bit][:1])
        chosen.update([product for product in pairs if product <= limit < product | bit][:1])
    return [pairs[product] for product in chosen]


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
