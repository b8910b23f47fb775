"""A pipelined 32 x 32-bit multiplier made of four 16-bit products, each the size of a DSP block."""

from amaranth import Cat, Module, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Multiplier
from hdl.product import Product, ProductEcp5
from hdl.prototype import Prototype

__all__ = ["Multiply"]


class Multiply(wiring.Component):
    """``o = a * b`` after `latency` cycles.

    With ``a = ah * 2^16 + al`` and ``b = bh * 2^16 + bl`` the product is
    ``(ah*bh * 2^32 + al*bl) + (ah*bl + al*bh) * 2^16``; the first pair does not overlap.

    Parameters
    ----------
    multiplier : Multiplier
        `ECP5` and `ECP5_CARRY` make the four products of its DSP blocks.

    Attributes
    ----------
    latency : int
        4 cycles: operands, products, cross sum, total; 5 with DSP blocks, products on their way to the adders.

    Members
    -------
    a : In, signed(32)
    b : In, unsigned(31)
    o : Out, signed(63)
    """

    def __init__(self, multiplier: Multiplier = Multiplier.BEHAVIOURAL):
        self.prototypes = []
        self.latency = 4
        if multiplier in (Multiplier.ECP5, Multiplier.ECP5_CARRY):
            # A bit more than 16, so that signed halves and unsigned ones are of one kind.
            self.product = Prototype(Product(17, 17), "mac_multiply_product", synthesis=ProductEcp5(17, 17))
            self.prototypes = [self.product]
            self.latency = 5
        super().__init__({
            "a": In(signed(32)),
            "b": In(unsigned(31)),
            "o": Out(signed(63)),
        })

    def elaborate(self, platform):
        m = Module()

        s2_lh = Signal(unsigned(31), reset_less=True)
        s2_hl = Signal(signed(32), reset_less=True)
        s3_ll = Signal(unsigned(32), reset_less=True)
        s3_hh = Signal(signed(31), reset_less=True)
        al, ah, bl, bh = self.a[:16], self.a[16:].as_signed(), self.b[:16], self.b[16:]
        if self.prototypes:
            s2_ll, s2_hh = Signal.like(s3_ll, name="s2_ll"), Signal.like(s3_hh, name="s2_hh")
            for name, s2, a, b in (("ll", s2_ll, al, bl), ("lh", s2_lh, al, bh), ("hl", s2_hl, ah, bl),
                                   ("hh", s2_hh, ah, bh)):
                product = self.product.instantiate(m, f"multiply_{name}")
                m.d.comb += [product.a.eq(a), product.b.eq(b), product.clear.eq(0)]
                # DSP blocks stand far apart: a register beside the adders.
                m.d.sync += s2.eq(product.o)
            m.d.sync += [s3_ll.eq(s2_ll), s3_hh.eq(s2_hh)]
        else:
            # The outer pair waits before its products and not after them: a product with two registers behind it is
            # dropped by Yosys 0.70 for iCE40.
            halves = []
            for stage in (1, 2):
                registers = []
                for name, half in (("al", al), ("ah", ah), ("bl", bl), ("bh", bh)):
                    register = Signal(half.shape(), name=f"s{stage}_{name}", reset_less=True)
                    m.d.sync += register.eq(half)
                    registers.append(register)
                halves.append(registers)
                al, ah, bl, bh = registers
            (al, ah, bl, bh), (s2_al, s2_ah, s2_bl, s2_bh) = halves
            m.d.sync += [s2_lh.eq(al * bh), s2_hl.eq(ah * bl), s3_ll.eq(s2_al * s2_bl), s3_hh.eq(s2_ah * s2_bh)]

        s3_outer = Signal(signed(63))
        s3_cross = Signal(signed(33), reset_less=True)
        m.d.comb += s3_outer.eq(Cat(s3_ll, s3_hh))
        m.d.sync += s3_cross.eq(s2_hl + s2_lh)

        # The low 16 bits are those of al * bl: the adder starts above them.
        s4_low = Signal(unsigned(16), reset_less=True)
        s4_high = Signal(signed(47), reset_less=True)
        m.d.sync += [
            s4_low.eq(s3_outer[:16]),
            s4_high.eq(s3_outer[16:].as_signed() + s3_cross),
        ]
        m.d.comb += self.o.eq(Cat(s4_low, s4_high))
        return m
