"""Frames on a line of bytes: where each begins and ends, and whether it came as it was sent.

A frame is ``END kind byte ... checksum END``: `kind` and at least one byte, then CRC-32 of both, lowest byte first.
Within it a byte that equals END or ESCAPE is sent as ESCAPE and a stand-in, so that an END is always the end of a
frame, whatever has gone before it. Nothing between two ENDs is no frame.
"""

from amaranth import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.uart_crc import RESIDUE, Crc32

__all__ = [
    "CHECKSUM_BYTES", "END", "ESCAPE", "ESCAPED_END", "ESCAPED_ESCAPE", "FRAME_ERRORS", "FrameReceiver", "marked_bytes",
]

END, ESCAPE, ESCAPED_END, ESCAPED_ESCAPE = 0xC0, 0xDB, 0xDC, 0xDD
CHECKSUM_BYTES = 4

# What can be wrong with a frame.
FRAME_ERRORS = ("framing", "escape", "checksum", "timeout", "length")


def marked_bytes(*, always_ready: bool = False) -> stream.Signature:
    """A stream of bytes of which some are the last of something."""
    return stream.Signature(data.StructLayout({"byte": 8, "last": 1}), always_ready=always_ready)


class FrameReceiver(wiring.Component):
    """The kind and the bytes of frames; the last byte of a frame is given only when the checksum is right.

    Five bytes are held back: the checksum, and the byte before it. After an error all is ignored up to the next
    END, or until nothing has come for `timeout` cycles.

    Parameters
    ----------
    timeout : int
        Cycles without a byte after which an unfinished frame is given up.

    Members
    -------
    i : In, stream of bytes, always ready
        At most one in ten cycles.
    framing : In
        A byte was lost.
    kind : Out
        First byte of the frame that `o` is from.
    o : Out, `marked_bytes`, always ready
    reject : In
        Ignore the rest of a frame that has begun.
    errors : Out, one bit for each of `FRAME_ERRORS`
        In the cycle in which it is found.
    """

    def __init__(self, timeout: int):
        self.timeout = timeout
        super().__init__({
            "i": In(stream.Signature(8, always_ready=True)),
            "framing": In(1),
            "kind": Out(8),
            "o": Out(marked_bytes(always_ready=True)),
            "reject": In(1),
            "errors": Out(data.StructLayout(dict.fromkeys(FRAME_ERRORS, 1))),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.crc = crc = Crc32()
        errors = self.errors
        ignoring, escaping, inside = Signal(), Signal(), Signal()
        held = Signal(range(CHECKSUM_BYTES + 2))
        queue = Signal(data.ArrayLayout(8, CHECKSUM_BYTES + 1))
        full = Signal()
        end, taken, byte = Signal(), Signal(), Signal(8)
        m.d.comb += [
            full.eq(held == CHECKSUM_BYTES + 1),
            end.eq(self.i.valid & (self.i.payload == END)),
            byte.eq(self.i.payload),
            crc.i.payload.eq(byte),
            crc.i.valid.eq(taken),
            self.o.payload.byte.eq(queue[0]),
        ]

        with m.If(end):
            m.d.comb += crc.clear.eq(1)
            m.d.sync += [inside.eq(0), ignoring.eq(0), escaping.eq(0), held.eq(0)]
            with m.If(inside & ~ignoring):
                with m.If(escaping):
                    m.d.comb += errors.escape.eq(1)
                with m.Elif(~full):
                    m.d.comb += errors.length.eq(1)
                with m.Elif(crc.state != RESIDUE):
                    m.d.comb += errors.checksum.eq(1)
                with m.Else():
                    m.d.comb += [self.o.valid.eq(1), self.o.payload.last.eq(1)]
        with m.Elif(self.i.valid & ~ignoring):
            with m.If(escaping):
                m.d.sync += escaping.eq(0)
                m.d.comb += taken.eq(1)
                with m.Switch(self.i.payload):
                    with m.Case(ESCAPED_END):
                        m.d.comb += byte.eq(END)
                    with m.Case(ESCAPED_ESCAPE):
                        m.d.comb += byte.eq(ESCAPE)
                    with m.Default():
                        m.d.comb += [taken.eq(0), errors.escape.eq(1)]
            with m.Elif(self.i.payload == ESCAPE):
                m.d.sync += [escaping.eq(1), inside.eq(1)]
            with m.Else():
                m.d.comb += taken.eq(1)

        started = Signal()
        with m.If(end):
            m.d.sync += started.eq(0)
        with m.If(taken):
            m.d.sync += [inside.eq(1), started.eq(1)]
            with m.If(~started):
                m.d.sync += self.kind.eq(byte)
            with m.Else():
                m.d.comb += self.o.valid.eq(full)
                m.d.sync += queue.eq(Cat(queue.as_value()[8:], byte))
                # While it fills, the oldest byte is not at the front yet.
                with m.If(~full):
                    m.d.sync += held.eq(held + 1)

        over = self._silence(m, inside | ignoring)
        m.d.comb += errors.timeout.eq(over & ~ignoring)
        with m.If(self.framing & ~ignoring):
            m.d.comb += errors.framing.eq(1)
        with m.If((errors.as_value().any() | self.reject & inside) & ~end):
            m.d.sync += ignoring.eq(1)
        with m.If(over):
            m.d.comb += crc.clear.eq(1)
            m.d.sync += [inside.eq(0), ignoring.eq(0), started.eq(0), escaping.eq(0), held.eq(0)]
        return m

    def _silence(self, m, waiting):
        """Whether nothing has come for long, while something should."""
        silence = Signal(range(self.timeout))
        over = Signal()
        with m.If(~waiting | self.i.valid | self.framing):
            m.d.sync += silence.eq(0)
        with m.Elif(silence == self.timeout - 1):
            m.d.sync += silence.eq(0)
            m.d.comb += over.eq(1)
        with m.Else():
            m.d.sync += silence.eq(silence + 1)
        return over
