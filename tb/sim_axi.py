"""The bench of an engine: registers over AXI4-Lite, packets over AXI4-Stream, and a watch on every stream."""

import logging
import warnings
from collections.abc import Iterator
from typing import Any, TypeAlias

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

from tb.sim_bench import PERIOD_NS, require
from tb.sim_gemm import INPUTS
from tb.sim_ports import description
from tb.sim_stream import pauses
from tb.sim_stream_watch import StreamWatch

__all__ = ["STREAMS", "EngineBench", "Frame", "same"]

STREAMS = (*INPUTS, "outputs")

Frame: TypeAlias = AxiStreamFrame

# cocotbext-axi still speaks the older dialect of cocotb.
warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"cocotbext\.")


class EngineBench:
    """An engine under test, with everything that the system around it would be.

    Parameters
    ----------
    dut: the simulated engine.
    rng: random numbers of the pauses.
    pause: share of cycles in which each stream pauses, by stream name; missing names never do.

    Attributes
    ----------
    registers: the description of each register, by name.
    sources, sink: the ends of the streams, as the system's direct memory access has them.
    watch: what moved on the streams.
    """

    def __init__(self, dut: Any, rng: np.random.Generator, pause: dict[str, float] | None = None):
        self.dut = dut
        self.info = description()
        self.registers = {register["name"]: register for register in self.info["registers"]}
        self._rng = rng
        logging.getLogger(f"cocotb.{dut._name}").setLevel(logging.ERROR)
        dut.aresetn.value = 0
        self.clock = Clock(dut.aclk, PERIOD_NS, unit="ns", impl="gpi")
        self.edge = RisingEdge(dut.aclk)
        wires = (dut.aclk, dut.aresetn)
        self.axil = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), *wires, reset_active_level=False)
        self.sources = {
            name: AxiStreamSource(AxiStreamBus.from_prefix(dut, f"s_axis_{name}"), *wires, reset_active_level=False)
            for name in INPUTS}
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis_outputs"), *wires, reset_active_level=False)
        self.watch = StreamWatch(dut, self.edge, 4 * self.info["config"]["weight_beats"] + 4000, self.states)
        self.sent = dict.fromkeys(INPUTS, 0)
        self.pause(pause or {})

    async def start(self) -> None:
        """Clock and reset."""
        self.clock.start(start_high=False)
        await self.reset()
        cocotb.start_soon(self.watch.run())

    async def reset(self) -> None:
        """Hold the reset for three cycles; what the streams had queued is forgotten."""
        self.dut.aresetn.value = 0
        self.watch.forget()
        await self.cycles(1)
        self.forget()
        await self.cycles(2)
        self.dut.aresetn.value = 1
        await self.cycles(1)

    async def reset_by_register(self) -> None:
        """Write RESET, and reset the ends of the streams at the same time."""
        self.watch.relax = True
        await self.command("RESET")
        self.forget()
        self.watch.relax = False

    def forget(self) -> None:
        """Reset the ends of all streams: packets that are queued or on their way are gone."""
        for end in (*self.sources.values(), self.sink):
            end.assert_reset()
            end.clear()
        self.count_anew()

    def count_anew(self) -> None:
        """Count beats and packets from 0; nothing may be on its way."""
        self.watch.forget()
        self.sent = dict.fromkeys(INPUTS, 0)

    async def cycles(self, count: int) -> None:
        """Wait `count` clock cycles."""
        for _ in range(count):
            await self.edge

    def pause(self, shares: dict[str, float]) -> None:
        """From now on pause each stream in this share of the cycles; missing names never pause."""
        for name, end in (*self.sources.items(), ("outputs", self.sink)):
            share = shares.get(name, 0.0)
            end.set_pause_generator(_endless(self._rng, share) if share else None)
            end.pause = False

    # Registers.

    async def write(self, name: str, value: int) -> None:
        """Write a whole register."""
        response = await self.axil.write(self.registers[name]["offset"], _word(value))
        same(response.resp, AxiResp.OKAY, f"response to a write of {name}")

    async def read(self, name: str) -> int:
        """Read a register."""
        response = await self.axil.read(self.registers[name]["offset"], 4)
        same(response.resp, AxiResp.OKAY, f"response to a read of {name}")
        return int.from_bytes(response.data, "little")

    def bit(self, register: str, field: str) -> int:
        """Mask of the one-bit field `field`."""
        (low,) = (entry["low"] for entry in self.registers[register]["fields"] if entry["name"] == field)
        return 1 << low

    def names(self, register: str, value: int) -> list[str]:
        """Names of the one-bit fields that are set in `value`; a bit without a name by its number."""
        names = {entry["low"]: entry["name"] for entry in self.registers[register]["fields"]}
        return [names.get(bit, f"bit {bit}") for bit in range(32) if value >> bit & 1]

    async def flags(self, register: str) -> list[str]:
        """Names of the bits of `register` that are set."""
        return self.names(register, await self.read(register))

    async def command(self, *names: str) -> None:
        """Write CONTROL."""
        await self.write("CONTROL", sum(self.bit("CONTROL", name) for name in names))

    async def until(self, register: str, field: str, value: bool = True) -> None:
        """Read `register` until its bit `field` is `value`."""
        with self.watch.waiting(f"{register}.{field} = {int(value)}"):
            while (field in await self.flags(register)) != value:
                pass

    async def set(self, values: dict[str, int]) -> None:
        """Write registers one after the other, without waiting for each response."""
        writes = [cocotb.start_soon(self.write(name, value)) for name, value in values.items()]
        for write in writes:
            await write

    async def clear(self) -> None:
        """Clear counters and flags."""
        await self.command("CLEAR")
        await self.set({"ERROR": 2**32 - 1, "EVENT": 2**32 - 1})

    # Jobs.

    async def begin(self, settings: dict[str, int]) -> None:
        """Write a job's registers, and START as soon as the engine is ready."""
        await self.set(settings)
        await self.until("STATUS", "READY")
        await self.command("START")

    def send(self, packets: dict[str, bytes]) -> None:
        """Queue packets, each a whole one, by stream."""
        for name, packet in packets.items():
            self.send_frame(name, Frame(packet))

    def send_frame(self, name: str, frame: Frame) -> None:
        """Queue one frame, which may be wrong on purpose."""
        self.sources[name].send_nowait(frame)
        self.sent[name] += -(-len(frame.tdata) // self.sources[name].byte_lanes)

    async def receive(self) -> bytes:
        """The next output packet, whose form the watch checks."""
        with self.watch.waiting("an output packet"):
            frame = await self.sink.recv()
        return bytes(frame.tdata)

    async def idle(self) -> None:
        """Wait until nothing is left to do; every beat that was sent must have been taken, and no more come out."""
        await self.until("STATUS", "BUSY", False)
        same(self.watch.taken, self.sent, "beats that were taken are those that were sent")
        require(self.sink.empty() and not self.watch.beats, "no output beyond the packets of the jobs",
                frames=self.sink.count())

    def states(self) -> dict[str, object]:
        """What a report about a hang shows."""
        inner = ("state", "fsm_state")
        found = {f"{scope._name}.{handle._name}": handle.value for scope in (self.dut, *_scopes(self.dut))
                 for handle in scope if handle._name in inner}
        return {
            "sent": self.sent, "taken": self.watch.taken, "queued": {n: s.count() for n, s in self.sources.items()},
            "beats of the output packet": self.watch.beats, "packets to receive": self.sink.count(),
            "handshakes": {
                name: {wire: str(getattr(self.dut, f"{self.watch.prefix[name]}_{wire}").value)
                       for wire in ("tvalid", "tready", "tlast")} for name in STREAMS},
            **found,
        }


def same(got: object, want: object, what: str, **facts: object) -> None:
    """Fail unless two things that are no arrays of numbers are equal."""
    require(got == want, what, got=got, want=want, **facts)


def _scopes(scope: Any) -> list[Any]:
    """Instances below `scope`."""
    inner = [handle for handle in scope if type(handle).__name__ == "HierarchyObject"]
    return inner + [deeper for one in inner for deeper in _scopes(one)]


def _word(value: int) -> bytes:
    return (value & (2**32 - 1)).to_bytes(4, "little")


def _endless(rng: np.random.Generator, share: float) -> Iterator[bool]:
    pause = pauses(rng, share)
    while True:
        yield pause()
