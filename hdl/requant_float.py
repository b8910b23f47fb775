"""Float32 requantization without a floating-point unit.

``v = rne_int(rne24(rne24(acc) * scale))``: rne24 rounds to 24 significant bits and rne_int to an
integer, both half to even (IEEE 754 roundTiesToEven). `FloatFromInt` does the inner rounding,
`FloatRound` the two outer ones; the multiplier of the mantissas stands between them.
"""

from amaranth import C, Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.requant_fixed import ROUNDED

__all__ = ["FloatFromInt", "FloatRound"]


class FloatFromInt(wiring.Component):
    """Round an int32 to float32: ``|acc| ~ mantissa * 2^(8 - leading_zeros)``.

    Attributes
    ----------
    latency : int
        4 cycles: magnitude, two steps of normalization, rounding.

    Members
    -------
    acc : In, signed(32)
    negative : Out
    mantissa : Out, 0 or 2^23 to 2^24
        2^24 where rounding carried: no renormalization needed before the product.
    leading_zeros : Out, 0 to 31
        Of the 32-bit magnitude (31 for 0 too).
    """

    latency = 4

    def __init__(self):
        super().__init__({
            "acc": In(signed(32)),
            "negative": Out(1),
            "mantissa": Out(unsigned(25)),
            "leading_zeros": Out(unsigned(5)),
        })

    def elaborate(self, platform):
        m = Module()

        s1_negative = Signal(reset_less=True)
        s1_magnitude = Signal(unsigned(32), reset_less=True)
        m.d.sync += [
            s1_negative.eq(self.acc < 0),
            s1_magnitude.eq(Mux(self.acc < 0, -self.acc, self.acc)),
        ]

        value, zeros, negative = s1_magnitude, [], s1_negative
        for stage, steps in ((2, (16, 8)), (3, (4, 2, 1))):
            for step in steps:
                zero = Signal(name=f"s{stage}_zero_{step}")
                shifted = Signal(unsigned(32), name=f"s{stage}_shifted_{step}")
                m.d.comb += [
                    zero.eq(value[32 - step:] == 0),
                    shifted.eq(Mux(zero, value << step, value)),
                ]
                value = shifted
                zeros.insert(0, zero)
            registered = Signal(unsigned(32), name=f"s{stage}_value", reset_less=True)
            stage_zeros = Signal(len(zeros), name=f"s{stage}_zeros", reset_less=True)
            stage_negative = Signal(name=f"s{stage}_negative", reset_less=True)
            m.d.sync += [registered.eq(value), stage_zeros.eq(Cat(zeros)), stage_negative.eq(negative)]
            value, zeros, negative = registered, list(stage_zeros), stage_negative

        # The leading one is in bit 31: keep 24 bits, round on the other 8.
        m.d.sync += [
            self.mantissa.eq(half_even(value[8:], value[7], value[:7].any())),
            self.leading_zeros.eq(Cat(zeros)),
            self.negative.eq(negative),
        ]
        return m


class FloatRound(wiring.Component):
    """Round the product of two mantissas to float32 and then to an integer, saturated to `ROUNDED`.

    Attributes
    ----------
    latency : int
        3 cycles: float32 rounding, shift, integer rounding.

    Members
    -------
    product : In, unsigned(49)
        Mantissa of the accumulator times mantissa of the scale: 0 or 2^46 to 2^48.
    exponent : In, signed(10)
        ``leading_zeros - biased exponent of the scale``, -355 to 183: larger is smaller.
    negative : In
    o : Out, ROUNDED
    """

    latency = 3

    def __init__(self):
        super().__init__({
            "product": In(unsigned(49)),
            "exponent": In(signed(10)),
            "negative": In(1),
            "o": Out(ROUNDED),
        })

    def elaborate(self, platform):
        m = Module()
        product = self.product

        # The value is mantissa * 2^-n with n = exponent + 119 - carry, where the product's
        # leading one is in bit 46 + carry (2^48, from two full mantissas, cannot occur: a scale's
        # mantissa is at most 2^24 - 1). Only n = 15..24 gives a value that is neither saturated
        # nor 0: `place` = n - 14.
        carry = Signal()
        place = Signal(signed(11))
        m.d.comb += [
            carry.eq(product[47]),
            place.eq(self.exponent + 105 - carry),
        ]
        s1_mantissa = Signal(unsigned(25), reset_less=True)
        s1_place = Signal(unsigned(4), reset_less=True)
        s1_huge = Signal(reset_less=True)
        s1_tiny = Signal(reset_less=True)
        s1_negative = Signal(reset_less=True)
        m.d.sync += [
            s1_mantissa.eq(Mux(
                carry,
                half_even(product[24:48], product[23], product[:23].any()),
                half_even(product[23:47], product[22], product[:22].any()))),
            s1_place.eq(place),
            s1_huge.eq((place < 1) & (product != 0)),
            s1_tiny.eq((place > 10) | (product == 0)),
            s1_negative.eq(self.negative),
        ]

        # In units of one half: mantissa >> (n - 1) = mantissa >> (13 + place).
        window = Signal(unsigned(25 + 10))
        m.d.comb += window.eq(Cat(C(0, 10), s1_mantissa) >> s1_place)
        s2_halves = Signal(unsigned(11), reset_less=True)
        s2_sticky = Signal(reset_less=True)
        s2_negative = Signal(reset_less=True)
        m.d.sync += [
            s2_halves.eq(Mux(s1_huge, 1023, Mux(s1_tiny, 0, window[23:]))),
            s2_sticky.eq(window[:23].any() & ~s1_tiny | s1_huge),
            s2_negative.eq(s1_negative),
        ]

        rounded = Signal(unsigned(11))
        m.d.comb += rounded.eq(half_even(s2_halves[1:], s2_halves[0], s2_sticky))
        m.d.sync += self.o.eq(Mux(s2_negative, -rounded, rounded))
        return m


def half_even(kept, half, rest):
    """`kept` plus one where the dropped bits, `half` and then `rest`, are above half, or half and `kept` odd."""
    return kept + (half & (rest | kept[0]))
