"""A product and its accumulator in one DSP block."""

from amaranth import ClockSignal, Const, Instance, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config

__all__ = ["MacBlock", "MacBlockGowin"]


class MacBlock(wiring.Component):
    """``o = (first ? 0 : o) + a * b`` with a register for the product.

    Parameters
    ----------
    config : Config

    Attributes
    ----------
    latency : int
        2 cycles from operands to the accumulator that includes them.

    Members
    -------
    a, b : In, signed
    first : In
        The product of the operands of this cycle starts a new sum.
    o : Out, signed(acc_width)
    """

    latency = 2

    def __init__(self, config: Config):
        self.config = config
        super().__init__({
            "a": In(signed(config.a_width)),
            "b": In(signed(config.w_width)),
            "first": In(1),
            "o": Out(signed(config.acc_width)),
        })

    def elaborate(self, platform):
        m = Module()
        product = Signal((self.a * self.b).shape(), reset_less=True)
        keep = Signal(reset_less=True)
        acc = Signal.like(self.o, reset_less=True)
        m.d.sync += [product.eq(self.a * self.b), keep.eq(~self.first), acc.eq(Mux(keep, acc, 0) + product)]
        m.d.comb += self.o.eq(acc)
        return m


class MacBlockGowin(MacBlock):
    """`MacBlock` as one MULTALU18X18 of Gowin, which adds the product to its accumulator or to 0."""

    def elaborate(self, platform):
        m = Module()
        keep = Signal(reset_less=True)
        m.d.sync += keep.eq(~self.first)
        a, b = Signal(signed(18), name="a_extended"), Signal(signed(18), name="b_extended")
        out = Signal(54)
        m.d.comb += [a.eq(self.a), b.eq(self.b), self.o.eq(out)]
        m.submodules.block = Instance(
            "MULTALU18X18",
            p_PIPE_REG=Const(1, 1), p_OUT_REG=Const(1, 1), p_MULTALU18X18_MODE=0,
            i_CLK=ClockSignal(), i_CE=Const(1), i_RESET=Const(0), i_A=a, i_B=b, i_C=Const(0, 54), i_D=Const(0, 54),
            i_CASI=Const(0, 55), i_ASIGN=Const(1), i_BSIGN=Const(1), i_DSIGN=Const(0), i_ACCLOAD=keep, o_DOUT=out)
        return m
