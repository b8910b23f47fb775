"""The registers in the engine: addresses, interrupt and counters, in connection with jobs."""

import cocotb
import numpy as np
from cocotbext.axi import AxiResp

from tb.coverage import Bins
from tb.sim_axi import EngineBench, same
from tb.sim_bench import case, check, generator, require, rounds
from tb.sim_engine_run import CYCLE_COUNTERS, expect
from tb.sim_gemm import gemm_of, legal, random_gemm
from tb.sim_ports import description
from tb.sim_stream import pauses

ADDRESSES = range(0, 256, 4)


def _stall(bench: EngineBench, rng: np.random.Generator, share: float) -> None:
    """Let every channel of the bus pause at random; a share of 0 ends that."""
    write, read = bench.axil.write_if, bench.axil.read_if
    for channel in (write.aw_channel, write.w_channel, write.b_channel, read.ar_channel, read.r_channel):
        pause = pauses(rng, share)
        channel.set_pause_generator(iter(pause, None) if share else None)
        channel.pause = False


@cocotb.test()
async def every_address_answers_as_described(dut):
    """Reset values, constants, read and write, SLVERR for everything else, with pauses on the bus and without."""
    rng = generator("registers")
    bins = Bins(case("coverage"))
    bench = EngineBench(dut, rng)
    await bench.start()
    by_offset = {register["offset"]: register for register in description()["registers"]}
    bus = {name: bool(getattr(dut, f"s_axil_{name}").value)
           for name in ("awready", "wready", "bvalid", "arready", "rvalid")}
    same(bus, {name: name.endswith("ready") for name in bus}, "a bus at rest takes requests and answers none")
    for share in (0.0, 0.5):
        _stall(bench, rng, share)
        state = {offset: register["reset"] for offset, register in by_offset.items()}
        for offset in (int(x) for x in rng.permutation(ADDRESSES)):
            register = by_offset.get(offset)
            answer = await bench.axil.read(offset, 4)
            same(answer.resp, AxiResp.OKAY if register else AxiResp.SLVERR, f"response to a read of {offset:#x}")
            want = 0 if register is None or register["access"] == "WO" else state[offset]
            check(int.from_bytes(answer.data, "little"), want, f"register {offset:#x}")
            # The lowest bits of an address mean nothing.
            byte = int(rng.integers(1, 4))
            answer = await bench.axil.read(offset + byte, 4 - byte)
            check(int.from_bytes(answer.data, "little"), want >> 8 * byte, f"register {offset:#x} from byte {byte}")
            # Commands have tests of their own: 0 is none.
            commands = register is not None and register["access"] == "WO"
            # The whole word, and then a part of it.
            for first, last in ((0, 3), sorted(int(x) for x in rng.integers(0, 4, 2))):
                value = 0 if commands else int(rng.integers(2**32))
                part = value.to_bytes(4, "little")[first:last + 1]
                answer = await bench.axil.write(offset + first, part)
                writable = register is not None and register["access"] != "RO"
                same(answer.resp, AxiResp.OKAY if writable else AxiResp.SLVERR, f"response to a write of {offset:#x}")
                if register and register["access"] == "RW":
                    mask = int.from_bytes(b"\xff" * len(part), "little") << 8 * first
                    exists = sum((1 << field["width"]) - 1 << field["low"] for field in register["fields"])
                    if register["name"] != "INTERRUPT_ENABLE":
                        exists = 2**32 - 1
                    state[offset] = (state[offset] & ~mask | value & mask) & exists
        for offset, register in by_offset.items():
            if register["access"] != "WO":
                check(await bench.read(register["name"]), state[offset], f"{register['name']} afterwards")
        bins.hit("engine.registers.stalled", share)
        await bench.command("RESET")
    config = description()["config"]
    same([await bench.read(name) for name in ("K_MAX", "N_MAX", "WEIGHT_BEATS")],
         [config[name] for name in ("k_max", "n_max", "weight_beats")], "limits that software reads")
    bins.save()


@cocotb.test()
async def interrupt_follows_the_enabled_events(dut):
    """Every EVENT bit with every mask; a bit written as 1 is cleared, and no other; the same for ERROR."""
    rng = generator("interrupt")
    bins = Bins(case("coverage"))
    config = description()["config"]
    bench = EngineBench(dut, rng)
    await bench.start()
    raw = not config["modes"]
    mode = "F32" if raw else config["modes"][0]
    await bench.clear()

    # Refused; done, with a clamp that bites; cancelled.
    job = gemm_of(rng, *legal(config["rows"] + 1, 2, 3, raw), mode, raw=raw, stage=(0, 5, 6))
    await bench.begin(job.settings() | {"M": 0, "K": 0})
    await bench.cycles(8)
    bench.send(job.packets())
    await bench.begin(job.settings())
    await expect(bench, job)
    await bench.idle()
    await bench.begin(job.settings())
    await bench.cycles(6)
    await bench.command("ABORT")
    bench.send(job.packets())
    await bench.receive()
    await bench.until("STATUS", "BUSY", False)
    events = ["DONE", "CANCELLED", "REFUSED"] + ["SATURATED"] * (job.clamped > 0)
    same(await bench.flags("EVENT"), events, "EVENT")
    same(await bench.flags("ERROR"), ["M_RANGE", "K_RANGE"], "ERROR")
    for name in events:
        bins.hit(f"engine.event.{name}")

    left = sum(bench.bit("EVENT", name) for name in events)
    for name in rng.permutation(events):
        for mask in range(16):
            await bench.write("INTERRUPT_ENABLE", mask)
            await bench.cycles(3)
            same(bool(dut.irq.value), bool(left & mask), "interrupt", mask=mask, event=left)
            bins.hit("engine.interrupt", left & mask)
        await bench.write("EVENT", bench.bit("EVENT", str(name)))
        left &= ~bench.bit("EVENT", str(name))
        same(await bench.read("EVENT"), left, "EVENT after a bit was cleared", bit=name)
    await bench.write("ERROR", bench.bit("ERROR", "K_RANGE"))
    same(await bench.flags("ERROR"), ["M_RANGE"], "ERROR after a bit was cleared")
    # Flags are sticky: CLEAR is for counters.
    await bench.command("CLEAR")
    same(await bench.flags("ERROR"), ["M_RANGE"], "ERROR after CLEAR")
    bins.save()


@cocotb.test()
async def clear_in_mid_job_counts_from_there(dut):
    """CLEAR sets every counter to 0 and disturbs no job; counters then go on and still add up."""
    rng = generator("clear")
    bench = EngineBench(dut, rng, {"activations": 0.3})
    await bench.start()
    for _ in range(rounds(6)):
        jobs = [random_gemm(rng, 100) for _ in range(2)]
        await bench.clear()
        for job in jobs:
            await bench.begin(job.settings())
            bench.send(job.packets())
        await bench.cycles(int(rng.integers(1, 120)))
        await bench.command("CLEAR")
        for job in jobs:
            await expect(bench, job)
        await bench.idle()
        counters = {name: await bench.read(name) for name in ("CYCLES", *CYCLE_COUNTERS, "JOBS")}
        check(counters["CYCLES"], sum(counters[name] for name in CYCLE_COUNTERS), "CYCLES", counters=counters)
        require(counters["JOBS"] <= 2 and counters["WAVES"] <= sum(job.waves for job in jobs), "counts after CLEAR",
                counters=counters)
    await bench.command("CLEAR")
    for name in ("CYCLES", *CYCLE_COUNTERS, "JOBS", "CLAMPED"):
        check(await bench.read(name), 0, f"{name} after CLEAR")
