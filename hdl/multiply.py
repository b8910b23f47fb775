"""A pipelined 32 x 32-bit multiplier made of four 16-bit products, each the size of a DSP block."""

from amaranth import Cat, Module, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Multiply"]


class Multiply(wiring.Component):
    """``o = a * b`` after `latency` cycles.

    With ``a = ah * 2^16 + al`` and ``b = bh * 2^16 + bl`` the product is
    ``(ah*bh * 2^32 + al*bl) + (ah*bl + al*bh) * 2^16``; the first pair does not overlap.

    Attributes
    ----------
    latency : int
        4 cycles: operands, products, cross sum, total.

    Members
    -------
    a : In, signed(32)
    b : In, unsigned(31)
    o : Out, signed(63)
    """

    latency = 4

    def __init__(self):
        super().__init__({
            "a": In(signed(32)),
            "b": In(unsigned(31)),
            "o": Out(signed(63)),
        })

    def elaborate(self, platform):
        m = Module()

        s1_al = Signal(unsigned(16), reset_less=True)
        s1_ah = Signal(signed(16), reset_less=True)
        s1_bl = Signal(unsigned(16), reset_less=True)
        s1_bh = Signal(unsigned(15), reset_less=True)
        m.d.sync += [Cat(s1_al, s1_ah).eq(self.a), Cat(s1_bl, s1_bh).eq(self.b)]

        s2_ll = Signal(unsigned(32), reset_less=True)
        s2_lh = Signal(unsigned(31), reset_less=True)
        s2_hl = Signal(signed(32), reset_less=True)
        s2_hh = Signal(signed(31), reset_less=True)
        m.d.sync += [
            s2_ll.eq(s1_al * s1_bl),
            s2_lh.eq(s1_al * s1_bh),
            s2_hl.eq(s1_ah * s1_bl),
            s2_hh.eq(s1_ah * s1_bh),
        ]

        s3_outer = Signal(signed(63), reset_less=True)
        s3_cross = Signal(signed(33), reset_less=True)
        m.d.sync += [
            s3_outer.eq(Cat(s2_ll, s2_hh)),
            s3_cross.eq(s2_hl + s2_lh),
        ]

        # The low 16 bits are those of al * bl: the adder starts above them.
        s4_low = Signal(unsigned(16), reset_less=True)
        s4_high = Signal(signed(47), reset_less=True)
        m.d.sync += [
            s4_low.eq(s3_outer[:16]),
            s4_high.eq(s3_outer[16:].as_signed() + s3_cross),
        ]
        m.d.comb += self.o.eq(Cat(s4_low, s4_high))
        return m
