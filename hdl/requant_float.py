"""Float32 requantization without a floating-point unit.

``v = rne_int(rne24(rne24(acc) * scale))``: rne24 rounds to 24 significant bits and rne_int to an
integer, both half to even (IEEE 754 roundTiesToEven). `FloatFromInt` does the inner rounding,
`FloatRound` the two outer ones; the multiplier of the mantissas stands between them.
"""

from amaranth import C, Cat, Module, Mux, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

__all__ = ["ROUNDED", "FloatFromInt", "FloatRound"]

# A rounded value before the zero point: saturated so far outside that any zero point and clamp of
# 9 bits still clamp it: -512 + 255 < -256 and 512 - 256 > 255.
ROUNDED = signed(11)


class FloatFromInt(wiring.Component):
    """Round an int32 to float32: ``|acc| ~ mantissa * 2^(8 - leading_zeros)``.

    Attributes
    ----------
    latency : int
        5 cycles: magnitude, two steps of normalization, two of rounding.

    Members
    -------
    acc : In, signed(32)
    negative : Out
    mantissa : Out, 0 or 2^23 to 2^24
        2^24 where rounding carried: no renormalization needed before the product.
    leading_zeros : Out, 0 to 31
        Of the 32-bit magnitude (31 for 0 too).
    """

    latency = 5

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

        # Whole bytes first, then the rest: how far is read off the value all at once.
        value, negative, zeros = s1_magnitude, s1_negative, []
        for stage, unit, digits in ((2, 8, 2), (3, 1, 3)):
            top = Signal(digits, name=f"s{stage}_top")
            shifted = Signal(unsigned(32), name=f"s{stage}_value", reset_less=True)
            stage_negative = Signal(name=f"s{stage}_negative", reset_less=True)
            stage_zeros = Signal(digits + len(zeros), name=f"s{stage}_zeros", reset_less=True)
            m.d.comb += top.eq(2**digits - 1)
            for count in reversed(range(2**digits - 1)):
                with m.If(value[32 - unit * (count + 1):32 - unit * count].any()):
                    m.d.comb += top.eq(count)
            m.d.sync += [
                shifted.eq(value << (top << ceil_log2(unit))),
                stage_negative.eq(negative),
                stage_zeros.eq(Cat(top, zeros)),
            ]
            value, negative, zeros = shifted, stage_negative, stage_zeros

        # The leading one is in bit 31: keep 24 bits, round on the other 8.
        s4_kept = Signal(unsigned(24), reset_less=True)
        s4_up = Signal(reset_less=True)
        s4_negative = Signal(reset_less=True)
        s4_zeros = Signal(5, reset_less=True)
        m.d.sync += [
            s4_kept.eq(value[8:]),
            s4_up.eq(round_up(value[8], value[7], value[:7].any())),
            s4_negative.eq(negative),
            s4_zeros.eq(zeros),
        ]
        m.d.sync += [
            self.mantissa.eq(s4_kept + s4_up),
            self.leading_zeros.eq(s4_zeros),
            self.negative.eq(s4_negative),
        ]
        return m


class FloatRound(wiring.Component):
    """Round the product of two mantissas to float32 and then to an integer, saturated to `ROUNDED`.

    Attributes
    ----------
    latency : int
        4 cycles: two of float32 rounding, shift, integer rounding.

    Members
    -------
    product : In, unsigned(49)
        Mantissa of the accumulator times mantissa of the scale: 0 or 2^46 to 2^48.
    exponent : In, signed(10)
        ``leading_zeros - biased exponent of the scale``, -355 to 183: larger is smaller.
    negative : In
    o : Out, ROUNDED
    """

    latency = 4

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
        m.d.comb += carry.eq(product[47])
        s1_kept = Signal(unsigned(24), reset_less=True)
        s1_up = Signal(reset_less=True)
        s1_place = Signal(signed(11), reset_less=True)
        s1_zero = Signal(reset_less=True)
        s1_negative = Signal(reset_less=True)
        m.d.sync += [
            s1_kept.eq(Mux(carry, product[24:48], product[23:47])),
            s1_up.eq(Mux(
                carry,
                round_up(product[24], product[23], product[:23].any()),
                round_up(product[23], product[22], product[:22].any()))),
            s1_place.eq(self.exponent + 105 - carry),
            s1_zero.eq(~product[46] & ~carry),
            s1_negative.eq(self.negative),
        ]

        s2_mantissa = Signal(unsigned(25), reset_less=True)
        s2_place = Signal(unsigned(4), reset_less=True)
        s2_huge = Signal(reset_less=True)
        s2_tiny = Signal(reset_less=True)
        s2_negative = Signal(reset_less=True)
        m.d.sync += [
            s2_mantissa.eq(s1_kept + s1_up),
            s2_place.eq(s1_place),
            s2_huge.eq((s1_place < 1) & ~s1_zero),
            s2_tiny.eq((s1_place > 10) | s1_zero),
            s2_negative.eq(s1_negative),
        ]

        # In units of one half: mantissa >> (n - 1) = mantissa >> (13 + place).
        window = Signal(unsigned(25 + 10))
        m.d.comb += window.eq(Cat(C(0, 10), s2_mantissa) >> s2_place)
        s3_halves = Signal(unsigned(11), reset_less=True)
        s3_sticky = Signal(reset_less=True)
        s3_negative = Signal(reset_less=True)
        m.d.sync += [
            s3_halves.eq(Mux(s2_huge, 1023, Mux(s2_tiny, 0, window[23:]))),
            s3_sticky.eq(window[:23].any() & ~s2_tiny | s2_huge),
            s3_negative.eq(s2_negative),
        ]

        rounded = Signal(unsigned(11))
        m.d.comb += rounded.eq(s3_halves[1:] + round_up(s3_halves[1], s3_halves[0], s3_sticky))
        m.d.sync += self.o.eq(Mux(s3_negative, -rounded, rounded))
        return m


def round_up(odd, half, rest):
    """Whether to add one, half to even: the dropped bits, `half` and then `rest`, are above half, or half and `odd`."""
    return half & (rest | odd)
