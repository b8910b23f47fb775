"""From pieces of any number of bytes to dense beats of a stream."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hdl.byte_stream import byte_stream, low_bytes
from hdl.engine_config import EngineConfig
from hdl.output_buffer import piece_layout

__all__ = ["Packer"]


class Packer(wiring.Component):
    """Join pieces of 1 to out_bytes bytes; only the beat at the end of a job may be partly filled.

    A piece is rotated to where it goes on behind the bytes that are held; what passes the end of
    the beat is held next.

    Parameters
    ----------
    config : EngineConfig

    Members
    -------
    i : In, stream of `piece_layout`
    o : Out, `byte_stream` of out_bytes
    """

    def __init__(self, config: EngineConfig):
        self.config = config
        super().__init__({
            "i": In(stream.Signature(piece_layout(config))),
            "o": Out(byte_stream(config.out_bytes)),
        })

    def elaborate(self, platform):
        m = Module()
        size, piece, beat = self.config.out_bytes, self.i.payload, self.o.payload
        # Reset, though never wanted then: only so can a proof of the export see that the last byte never is.
        held = Signal(8 * size)
        count = Signal(range(size))
        # The end of a job did not fit the beat before.
        ending = Signal()

        rotated = piece.data.as_value()
        for bit in range(ceil_log2(size)):
            step, before = 8 << bit, rotated
            rotated = Signal(8 * size, name=f"rotated_{bit}")
            m.d.comb += rotated.eq(Mux(count[bit], Cat(before[-step:], before[:-step]), before))
        together = Signal(8 * size)
        total = Signal(range(2 * size + 1))
        fills = Signal()
        ends = Signal()
        m.d.comb += [
            total.eq(Mux(ending, count, count + piece.count)),
            fills.eq(total >= size),
            ends.eq(ending | (piece.last & (total <= size))),
            self.o.valid.eq(ending | (self.i.valid & (fills | ends))),
            self.i.ready.eq(~ending & (self.o.ready | ~(fills | ends))),
            beat.data.as_value().eq(together),
            beat.keep.eq(low_bytes(total, size)),
            beat.last.eq(ends),
        ]
        for index in range(size):
            place = slice(8 * index, 8 * index + 8)
            m.d.comb += together[place].eq(Mux(count > index, held[place], rotated[place]))
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [
                held.eq(Mux(fills, rotated, together)),
                count.eq(Mux(ends, 0, total)),
                ending.eq(piece.last & ~ends),
            ]
        with m.If(ending & self.o.ready):
            m.d.sync += [ending.eq(0), count.eq(0)]
        return m
