"""The core, an engine with plain valid and ready streams: the same products as through AXI, cycle by cycle."""

import cocotb
import numpy as np

from tb.coverage import Bins
from tb.sim_bench import case, check, fail, generator, require, reset, start_clock
from tb.sim_gemm import INPUTS, Gemm, random_gemm
from tb.sim_ports import port
from tb.sim_stream import Sink, Source, pauses

# Cycles without any transfer after which a run is given up.
PATIENCE = 3000


class CoreBench:
    """Streams and pulses of a core under test.

    Parameters
    ----------
    dut: the simulated core.
    rng: random numbers of noise and pauses.
    share: of the cycles in which each stream pauses.
    """

    def __init__(self, dut, rng: np.random.Generator, share: float):
        self.dut = dut
        self.job = Source(dut, "job", rng, pauses(rng, share))
        self.inputs = {name: Source(dut, name, rng, pauses(rng, share)) for name in INPUTS}
        self.outputs = Sink(dut, "outputs", pauses(rng, share))
        self.errors: int = 0
        self.done = self.cancelled = self.refused = self.clamped = 0
        self.cycles = dict.fromkeys(port("cycle").fields, 0)

    async def start(self) -> None:
        """Clock and reset."""
        self.dut.cancel.value = 0
        self.edge = start_clock(self.dut)
        await reset(self.dut, self.edge)

    def begin(self, gemm: Gemm, **changes: int) -> None:
        """Queue a job, with some of its settings changed."""
        settings = {name.lower(): value for name, value in (gemm.settings() | changes).items()}
        settings["format_bits"] = settings.pop("format")
        self.job.send(port("job__payload").pack(**{
            name: [value - 2**32 if value >= 2**31 and field.signed else value]
            for name, value in settings.items() for field in [port("job__payload").fields[name]]}))

    def send(self, gemm: Gemm) -> None:
        """Queue the packets of a job."""
        for name, packet in gemm.packets().items():
            payload = port(f"{name}__payload")
            size = payload.fields["keep"].width
            beats = -(-len(packet) // size)
            table = np.zeros(beats * size, np.uint8)
            table[:len(packet)] = np.frombuffer(packet, np.uint8)
            keep, last = payload.fields["keep"].offset, payload.fields["last"].offset
            self.inputs[name].send(
                data | (1 << min(size, len(packet) - beat * size)) - 1 << keep | (beat == beats - 1) << last
                for beat, data in enumerate(payload.fields["data"].pack(table.reshape(beats, size))))

    async def step(self) -> bool:
        """One clock cycle; returns whether anything moved."""
        await self.edge
        dut = self.dut
        moved = self.outputs.edge()
        for source in (self.job, *self.inputs.values()):
            moved |= source.edge() is not None
        self.errors |= dut.errors.value.to_unsigned()
        self.done += bool(dut.done.value)
        self.cancelled += bool(dut.cancelled.value)
        self.refused += bool(dut.refused.value)
        if hasattr(dut, "clamped"):
            self.clamped += int(dut.clamped.value)
        used = port("cycle").unpack([dut.cycle.value.to_unsigned()])
        for name in self.cycles:
            self.cycles[name] += int(used[name][0])
        return moved

    async def until(self, what, **facts: object) -> None:
        """Run until `what()`."""
        quiet = 0
        while not what():
            quiet = 0 if await self.step() else quiet + 1
            if quiet > PATIENCE:
                fail("the core hangs", done=self.done, left={n: s.left for n, s in self.inputs.items()}, **facts)

    async def until_done(self, jobs: int, **facts: object) -> None:
        """Run until so many jobs are done."""
        await self.until(lambda: self.done == jobs, **facts)

    def packet(self) -> np.ndarray:
        """The bytes that have come, which must be one packet."""
        payload = port("outputs__payload")
        size = payload.fields["keep"].width
        beats = self.outputs.received
        rows = payload.unpack(beats)
        whole = np.arange(len(beats)) < len(beats) - 1
        check(rows["last"], ~whole, "last of the output packet")
        keep = np.array([beat >> payload.fields["keep"].offset & (1 << size) - 1 for beat in beats], dtype=object)
        count = int(keep[-1]).bit_length()
        require(int(keep[-1]) == (1 << count) - 1 and all(int(k) == (1 << size) - 1 for k in keep[:-1]),
                "keep of the output packet", keep=[hex(k) for k in keep])
        beats.clear()
        return rows["data"].reshape(-1)[:(len(rows["data"]) - 1) * size + count]


@cocotb.test()
async def core_computes_products_exactly(dut):
    """Random products without and with pauses; pulses and cycles add up."""
    rng = generator("core")
    bins = Bins(case("coverage"))
    for share in (0.0, 0.3):
        bench = CoreBench(dut, rng, share)
        await bench.start()
        waves = clamped = 0
        for number in range(12):
            gemm = random_gemm(rng, 400)
            bench.begin(gemm)
            bench.send(gemm)
            await bench.until_done(number + 1, **gemm.facts())
            check(bench.packet(), gemm.expected, "outputs", job=number, **gemm.facts())
            waves += gemm.waves
            clamped += gemm.clamped
        # The count of the last row comes a few cycles before its bytes leave.
        check(bench.clamped, clamped, "clamped outputs")
        check(bench.cycles["waves"], waves, "waves")
        check([bench.errors, bench.refused, bench.cancelled], [0, 0, 0], "errors")
        await bench.step()
        require(not bool(dut.busy.value), "idle at the end")
        bins.hit("core.pauses" if share else "core.no_pauses")
    bins.save()


@cocotb.test()
async def core_refuses_and_cancels(dut):
    """A refused job takes no packet; a cancelled one takes them all; the next job is right."""
    rng = generator("core misuse")
    bins = Bins(case("coverage"))
    bench = CoreBench(dut, rng, 0.2)
    await bench.start()
    for number in range(4):
        gemm = random_gemm(rng, 400)
        bench.begin(gemm, K=0)
        await bench.until(lambda wanted=number: bench.refused == wanted + 1)
        require(bench.errors == 4, "K_RANGE alone is shown", errors=bench.errors)
        bench.errors = 0

        bench.begin(gemm)
        bench.send(gemm)
        for _ in range(int(rng.integers(5, 60))):
            await bench.step()
        if bench.done == number:
            dut.cancel.value = 1
            await bench.step()
            dut.cancel.value = 0
            seen = bench.cancelled
            await bench.until(lambda seen=seen: bench.cancelled == seen + 1)
            if bench.done == number:
                packet = bench.packet()
                require(packet[-1] == 0, "a cancelled packet ends with a zero byte", packet=packet[-8:])
                bins.hit("core.cancelled")
            check([source.left for source in bench.inputs.values()], [0, 0, 0], "left of cancelled packets")
        bench.outputs.received.clear()
        finished = bench.done + 1

        bench.begin(gemm)
        bench.send(gemm)
        await bench.until_done(finished, **gemm.facts())
        check(bench.packet(), gemm.expected, "outputs after a cancelled job", **gemm.facts())
        bench.done = number + 1
        bins.hit("core.refused")
    bins.save()
