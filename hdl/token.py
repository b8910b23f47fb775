"""A register of one bit that is not shared with its equals: each of them stays near what it drives."""

from amaranth import ClockSignal, Const, Instance, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Token", "TokenEcp5"]


class Token(wiring.Component):
    """``o = i``, a cycle later.

    Members
    -------
    i : In
    o : Out
    """

    def __init__(self):
        super().__init__({"i": In(1), "o": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.o.eq(self.i)
        return m


class TokenEcp5(Token):
    """`Token` as a flip-flop cell of Lattice ECP5, which synthesis does not merge."""

    def elaborate(self, platform):
        m = Module()
        m.submodules.register = Instance(
            "TRELLIS_FF", p_GSR="DISABLED", p_CEMUX="1", p_CLKMUX="CLK", p_LSRMUX="LSR", p_REGSET="RESET",
            p_SRMODE="LSR_OVER_CE", i_CLK=ClockSignal(), i_LSR=Const(0), i_DI=self.i, o_Q=self.o)
        return m
