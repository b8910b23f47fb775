"""The buffer between a pipeline that cannot wait and an output that can."""

from amaranth import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

__all__ = ["RowBuffer"]


class RowBuffer(wiring.Component):
    """A queue that is never overrun, because whoever fills it counts its places.

    Without the question whether there is room, no path leads from its level to the memory's write port.

    Parameters
    ----------
    shape
        Of a row.
    depth : int
        Rows that it holds, at least 2.

    Attributes
    ----------
    latency : int
        2 cycles from `i` to `o`, when empty.

    Members
    -------
    i : In, stream that never waits
    o : Out, stream
    """

    latency = 2

    def __init__(self, shape, depth: int):
        self.shape, self.depth = shape, depth
        super().__init__({
            "i": In(stream.Signature(shape, always_ready=True)),
            "o": Out(stream.Signature(shape)),
        })

    def elaborate(self, platform):
        m = Module()
        # The row at the output is still in the memory, whose read port holds it.
        m.submodules.rows = rows = Memory(shape=self.shape, depth=self.depth, init=[])
        write = rows.write_port()
        read = rows.read_port()
        # Of `waiting` rows in front of the read port there are some: a register, because much depends on it.
        waiting = Signal(range(self.depth + 1))
        some = Signal()
        write_row = Signal(range(self.depth))
        read_row = Signal(range(self.depth))
        m.d.comb += [
            write.en.eq(self.i.valid),
            write.addr.eq(write_row),
            write.data.eq(self.i.payload),
            read.en.eq(some & (~self.o.valid | self.o.ready)),
            read.addr.eq(read_row),
            self.o.payload.eq(read.data),
        ]
        m.d.sync += some.eq(write.en | (waiting > 1) | (some & ~read.en))
        with m.If(write.en & ~read.en):
            m.d.sync += waiting.eq(waiting + 1)
        with m.Elif(read.en & ~write.en):
            m.d.sync += waiting.eq(waiting - 1)
        with m.If(write.en):
            m.d.sync += write_row.eq(Mux(write_row == self.depth - 1, 0, write_row + 1))
        with m.If(read.en):
            m.d.sync += [self.o.valid.eq(1), read_row.eq(Mux(read_row == self.depth - 1, 0, read_row + 1))]
        with m.Elif(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        return m
