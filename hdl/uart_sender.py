"""Frames, as `hdl.uart_frame` describes them, on their way out."""

from amaranth import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.uart_crc import Crc32
from hdl.uart_frame import CHECKSUM_BYTES, END, ESCAPE, ESCAPED_END, ESCAPED_ESCAPE, marked_bytes

__all__ = ["FrameSender"]


class FrameSender(wiring.Component):
    """Frames of the bytes that it is given.

    Members
    -------
    i : In, `marked_bytes`
        Kind and bytes of a frame.
    abort : In
        End the frame that is being sent at once, without its checksum.
    o : Out, stream of bytes
    """

    def __init__(self):
        super().__init__({"i": In(marked_bytes()), "abort": In(1), "o": Out(stream.Signature(8))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.crc = crc = Crc32()
        # What is sent: END as such, or a byte that may have to be escaped.
        mark, byte, valid, ready = Signal(), Signal(8), Signal(), Signal()
        self._escape(m, mark, byte, valid, ready)
        rest = Signal(8 * CHECKSUM_BYTES)
        left = Signal(range(CHECKSUM_BYTES + 1))
        m.d.comb += crc.i.payload.eq(self.i.payload.byte)
        with m.FSM(name="sending"):
            with m.State("IDLE"):
                m.d.comb += [valid.eq(self.i.valid), mark.eq(1), crc.clear.eq(1)]
                with m.If(valid & ready):
                    m.next = "BODY"
            with m.State("BODY"):
                m.d.comb += [
                    byte.eq(self.i.payload.byte),
                    valid.eq(self.i.valid & crc.i.ready & ~self.abort),
                    self.i.ready.eq(ready & crc.i.ready & ~self.abort),
                    crc.i.valid.eq(self.i.valid & self.i.ready),
                ]
                m.d.sync += left.eq(CHECKSUM_BYTES)
                with m.If(self.abort):
                    m.next = "END"
                with m.Elif(crc.i.valid & self.i.payload.last):
                    m.next = "SUM"
            with m.State("SUM"):
                m.d.sync += rest.eq(~crc.state)
                with m.If(self.abort):
                    m.next = "END"
                with m.Elif(crc.i.ready):
                    m.next = "CHECKSUM"
            with m.State("CHECKSUM"):
                m.d.comb += [byte.eq(rest[:8]), valid.eq(~self.abort)]
                with m.If(self.abort):
                    m.next = "END"
                with m.Elif(ready):
                    m.d.sync += [rest.eq(rest[8:]), left.eq(left - 1)]
                    with m.If(left == 1):
                        m.next = "END"
            with m.State("END"):
                m.d.comb += [mark.eq(1), valid.eq(1)]
                with m.If(ready):
                    m.next = "IDLE"
        return m

    def _escape(self, m, mark, byte, valid, ready):
        """`o`: an END for `mark`, a byte, or ESCAPE and what stands for the byte."""
        escaped = Signal()
        special = Signal()
        m.d.comb += [
            special.eq(~mark & ((byte == END) | (byte == ESCAPE))),
            self.o.valid.eq(valid),
            ready.eq(self.o.ready & (~special | escaped)),
        ]
        with m.If(mark):
            m.d.comb += self.o.payload.eq(END)
        with m.Elif(~special):
            m.d.comb += self.o.payload.eq(byte)
        with m.Elif(~escaped):
            m.d.comb += self.o.payload.eq(ESCAPE)
        with m.Elif(byte == END):
            m.d.comb += self.o.payload.eq(ESCAPED_END)
        with m.Else():
            m.d.comb += self.o.payload.eq(ESCAPED_ESCAPE)
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += escaped.eq(special & ~escaped)
        return m
