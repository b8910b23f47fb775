"""Packets at the border of the engine: one on each stream for every job, whatever happens to the job."""

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.byte_stream import byte_stream

__all__ = ["PacketExit", "PacketGate"]


class PacketGate(wiring.Component):
    """Let in the packets that jobs are waiting for; discard those of cancelled jobs.

    Parameters
    ----------
    count : int
        Bytes of the stream.
    always_ready : bool
        Whoever takes awaited packets never waits.

    Members
    -------
    i : In, `byte_stream`
    o : Out, `byte_stream`
    issue : In
        One more packet may come.
    cancelling : In
        Packets are discarded, whoever is at `o`.
    owed : Out
        A packet has not come to its end.
    """

    def __init__(self, count: int, *, always_ready: bool):
        super().__init__({
            "i": In(byte_stream(count)),
            "o": Out(byte_stream(count, always_ready=always_ready)),
            "issue": In(1),
            "cancelling": In(1),
            "owed": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        packets = Signal(range(4))
        m.d.comb += [
            self.owed.eq(packets != 0),
            self.o.payload.eq(self.i.payload),
            self.o.valid.eq(self.i.valid & self.owed),
            self.i.ready.eq(self.owed & (self.cancelling | self.o.ready)),
        ]
        m.d.sync += packets.eq(packets + self.issue - (self.i.valid & self.i.ready & self.i.payload.last))
        return m


class PacketExit(wiring.Component):
    """Let packets out through a register; end those of cancelled jobs with one beat of one zero byte.

    Parameters
    ----------
    count : int
        Bytes of the stream.

    Members
    -------
    i : In, `byte_stream`
    o : Out, `byte_stream`
    issue : In
        One more packet will leave.
    cancelling : In
        `i` shows nothing; packets are ended.
    owed : Out
        The last beat of a packet has not left.
    done : Out
        The last beat of a packet leaves that was not cancelled.
    """

    def __init__(self, count: int):
        super().__init__({
            "i": In(byte_stream(count)),
            "o": Out(byte_stream(count)),
            "issue": In(1),
            "cancelling": In(1),
            "owed": Out(1),
            "done": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        packets = Signal(range(4))
        beat = Signal(self.o.payload.shape(), name="beat", reset_less=True)
        closes = Signal(reset_less=True)
        take = Signal()
        last = Signal()
        m.d.comb += [
            self.i.ready.eq(~self.o.valid | self.o.ready),
            take.eq(self.i.ready & Mux(self.cancelling, packets != 0, self.i.valid)),
            last.eq(self.cancelling | self.i.payload.last),
            self.owed.eq((packets != 0) | self.o.valid),
            self.o.payload.eq(beat),
            self.done.eq(self.o.valid & self.o.ready & beat.last & ~closes),
        ]
        m.d.sync += packets.eq(packets + self.issue - (take & last))
        with m.If(self.i.ready):
            m.d.sync += self.o.valid.eq(take)
        with m.If(take):
            m.d.sync += [beat.eq(self.i.payload), closes.eq(self.cancelling)]
            with m.If(self.cancelling):
                m.d.sync += [beat.data.eq(0), beat.keep.eq(1), beat.last.eq(1)]
        return m
