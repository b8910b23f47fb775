"""Adds a float32 to a rounded int32, as FBGEMM adds its bias: one IEEE 754 addition, half to even.

The larger operand keeps its place, the smaller one is shifted to it with three more bits; the last
of them also says whether anything was shifted out. The sum is then an integer, and `FloatFromInt`
normalizes and rounds it. Exponents are wider than float32's, so that nothing under- or overflows.
"""

from amaranth import C, Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.delay import delay
from hdl.prototype import Prototype
from hdl.requant_float import FloatFromInt

__all__ = ["FloatAdd"]

# A larger distance of exponents shifts the smaller operand out altogether.
FAR = 28


class FloatAdd(wiring.Component):
    """``a + b``, rounded to 24 significant bits.

    Parameters
    ----------
    rounding : Prototype of FloatFromInt
        Normalizes and rounds the sum.

    Attributes
    ----------
    latency : int
        8 cycles: order, align, add, and `FloatFromInt`.

    Members
    -------
    negative, mantissa, leading_zeros : In
        The operand a, as `FloatFromInt` gives it.
    b : In, 32 bits
        The operand b, finite, in IEEE 754 binary32.
    sum_negative, sum_mantissa : Out
        Of the sum; the mantissa is 0 or 2^23 to 2^24.
    sum_leading_zeros : Out, signed(9)
        ``|a + b| = sum_mantissa * 2^(8 - sum_leading_zeros)``.
    """

    latency = 3 + FloatFromInt.latency

    def __init__(self, rounding: Prototype):
        self.round = rounding
        self.prototypes = [rounding]
        super().__init__({
            "negative": In(1),
            "mantissa": In(unsigned(25)),
            "leading_zeros": In(unsigned(5)),
            "b": In(32),
            "sum_negative": Out(1),
            "sum_mantissa": Out(unsigned(25)),
            "sum_leading_zeros": Out(signed(9)),
        })

    def elaborate(self, platform):
        m = Module()
        b = Signal(data.StructLayout({"fraction": 23, "exponent": 8, "negative": 1}))
        b_normal = Signal()
        b_mantissa = Signal(unsigned(24))
        m.d.comb += [
            b.as_value().eq(self.b),
            b_normal.eq(b.exponent != 0),
            b_mantissa.eq(Cat(b.fraction, b_normal)),
        ]

        # Exponents of the last bits: 8 - leading zeros, and biased - 150 (subnormal: -149).
        a_exponent = Signal(signed(9))
        b_exponent = Signal(signed(9))
        distance = Signal(signed(10))
        a_large = Signal()
        m.d.comb += [
            a_exponent.eq(8 - self.leading_zeros),
            b_exponent.eq(Mux(b_normal, b.exponent, 1) - 150),
            distance.eq(a_exponent - b_exponent),
            a_large.eq((distance >= 0) & (self.mantissa != 0)),
        ]
        s1_large = Signal(unsigned(25), reset_less=True)
        s1_small = Signal(unsigned(25), reset_less=True)
        s1_negative = Signal(reset_less=True)
        s1_subtract = Signal(reset_less=True)
        s1_exponent = Signal(signed(9), reset_less=True)
        s1_shift = Signal(range(FAR + 1), reset_less=True)
        apart = Signal(unsigned(9))
        m.d.comb += apart.eq(Mux(distance < 0, -distance, distance))
        m.d.sync += [
            s1_large.eq(Mux(a_large, self.mantissa, b_mantissa)),
            s1_small.eq(Mux(a_large, b_mantissa, self.mantissa)),
            s1_negative.eq(Mux(a_large, self.negative, b.negative)),
            s1_subtract.eq(self.negative != b.negative),
            s1_exponent.eq(Mux(a_large, a_exponent, b_exponent)),
            s1_shift.eq(Mux(apart > FAR, FAR, apart)),
        ]

        shifted = Signal(unsigned(25 + FAR))
        m.d.comb += shifted.eq(Cat(C(0, FAR), s1_small) >> s1_shift)
        s2_large = Signal(unsigned(28), reset_less=True)
        s2_small = Signal(unsigned(28), reset_less=True)
        s2_negative = Signal(reset_less=True)
        s2_subtract = Signal(reset_less=True)
        lost = FAR - 3
        m.d.sync += [
            s2_large.eq(Cat(C(0, 3), s1_large)),
            s2_small.eq(Cat(shifted[lost] | shifted[:lost].any(), shifted[lost + 1:])),
            s2_negative.eq(s1_negative),
            s2_subtract.eq(s1_subtract),
        ]

        s3_sum = Signal(signed(32), reset_less=True)
        magnitude = Signal(signed(30))
        m.d.comb += magnitude.eq(Mux(s2_subtract, s2_large - s2_small, s2_large + s2_small))
        m.d.sync += s3_sum.eq(Mux(s2_negative, -magnitude, magnitude))

        rounded = self.round.instantiate(m, "round")
        exponent = delay(m, s1_exponent, self.latency - 1, name="exponent")
        m.d.comb += [
            rounded.acc.eq(s3_sum),
            self.sum_negative.eq(rounded.negative),
            self.sum_mantissa.eq(rounded.mantissa),
            # The sum's last bit is worth 2^(exponent - 3).
            self.sum_leading_zeros.eq(rounded.leading_zeros - exponent + 3),
        ]
        return m
