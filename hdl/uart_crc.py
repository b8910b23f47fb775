"""The checksum of frames, a bit in a cycle: a line is far slower than that."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["RESIDUE", "Crc32"]

# CRC-32 as Ethernet and zlib have it, lowest bit first.
POLYNOMIAL = 0xEDB88320
# What is left after bytes and their checksum, lowest byte first.
RESIDUE = 0xDEBB20E3


class Crc32(wiring.Component):
    """CRC-32 of a row of bytes.

    Members
    -------
    clear : In
        Begin a new row; before its first byte.
    i : In, stream of bytes
        Ready every ninth cycle.
    state : Out
        Of the bytes so far when `i` is ready; their checksum is the complement.
    """

    def __init__(self):
        super().__init__({"clear": In(1), "i": In(stream.Signature(8)), "state": Out(32, init=0xFFFFFFFF)})

    def elaborate(self, platform):
        m = Module()
        byte = Signal(8)
        left = Signal(range(9))
        m.d.comb += self.i.ready.eq(left == 0)
        with m.If(self.clear):
            m.d.sync += [self.state.eq(self.state.init), left.eq(0)]
        with m.Elif(~self.i.ready):
            shifted = Cat(self.state[1:], 0)
            m.d.sync += [
                left.eq(left - 1),
                byte.eq(byte[1:]),
                self.state.eq(Mux(self.state[0] ^ byte[0], shifted ^ POLYNOMIAL, shifted)),
            ]
        with m.Elif(self.i.valid):
            m.d.sync += [byte.eq(self.i.payload), left.eq(8)]
        return m
