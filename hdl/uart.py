"""A UART: bytes of eight bits, lowest first, with one stop bit and no parity."""

from amaranth import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

__all__ = ["BIT_CYCLES_MIN", "UartReceiver", "UartTransmitter"]

# Fewest clock cycles of a bit: the middle of a bit must be told from its ends, and a checksum takes eight a byte.
BIT_CYCLES_MIN = 4


class UartReceiver(wiring.Component):
    """Bytes from a line that nothing is synchronous to.

    A start bit must still be low in its middle; all other bits are sampled in theirs. After a stop bit
    that is low, nothing begins until the line has been high.

    Parameters
    ----------
    bit_cycles : int
        Clock cycles of a bit.

    Members
    -------
    rx : In
        The line, high when idle.
    o : Out, stream of bytes, always ready
    error : Out
        A stop bit was low: there is no byte, but noise, a break, or another rate.
    """

    def __init__(self, bit_cycles: int):
        self.bit_cycles = bit_cycles
        super().__init__({
            "rx": In(1, init=1),
            "o": Out(stream.Signature(8, always_ready=True)),
            "error": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        line = Signal(init=1)
        m.submodules.synchronizer = FFSynchronizer(self.rx, line, init=1)
        timer = Signal(range(self.bit_cycles))
        due = Signal()
        left = Signal(3)
        m.d.comb += [due.eq(timer == 0), self.o.payload.eq(self._bits(m, line, due))]
        m.d.sync += timer.eq(timer - 1)
        with m.If(due):
            m.d.sync += timer.eq(self.bit_cycles - 1)

        with m.FSM(name="receiving"):
            with m.State("IDLE"):
                m.d.sync += timer.eq(self.bit_cycles // 2 - 1)
                with m.If(~line):
                    m.next = "START"
            with m.State("START"):
                m.d.sync += left.eq(7)
                with m.If(due):
                    with m.If(line):
                        m.next = "IDLE"
                    with m.Else():
                        m.next = "BITS"
            with m.State("BITS"), m.If(due):
                m.d.sync += left.eq(left - 1)
                with m.If(left == 0):
                    m.next = "STOP"
            with m.State("STOP"), m.If(due):
                m.d.comb += [self.o.valid.eq(line), self.error.eq(~line)]
                with m.If(line):
                    m.next = "IDLE"
                with m.Else():
                    m.next = "BREAK"
            with m.State("BREAK"), m.If(line):
                m.next = "IDLE"
        return m

    def _bits(self, m, line, due):
        """The last eight samples before this one, the oldest lowest."""
        bits = Signal(8)
        with m.If(due):
            m.d.sync += bits.eq(Cat(bits[1:], line))
        return bits


class UartTransmitter(wiring.Component):
    """Bytes onto a line.

    Parameters
    ----------
    bit_cycles : int
        Clock cycles of a bit.

    Members
    -------
    i : In, stream of bytes
    tx : Out
        The line, high when idle.
    """

    def __init__(self, bit_cycles: int):
        self.bit_cycles = bit_cycles
        super().__init__({"i": In(stream.Signature(8)), "tx": Out(1, init=1)})

    def elaborate(self, platform):
        m = Module()
        timer = Signal(range(self.bit_cycles))
        left = Signal(range(11))
        bits = Signal(9, init=0x1FF)
        m.d.comb += [self.i.ready.eq(left == 0), self.tx.eq(bits[0])]
        with m.If(self.i.ready):
            m.d.sync += timer.eq(self.bit_cycles - 1)
            with m.If(self.i.valid):
                m.d.sync += [bits.eq(Cat(0, self.i.payload)), left.eq(10)]
        with m.Elif(timer == 0):
            m.d.sync += [timer.eq(self.bit_cycles - 1), bits.eq(Cat(bits[1:], 1)), left.eq(left - 1)]
        with m.Else():
            m.d.sync += timer.eq(timer - 1)
        return m
