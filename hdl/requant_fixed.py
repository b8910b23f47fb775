"""Fixed-point rounding: the product of accumulator and multiplier, shifted right and rounded.

``v = (product + R) >> shift`` with R = 2^(shift-1) and, for the double-rounding modes when
shift > 31, another 2^30 whose sign is the accumulator's (DOUBLE) or positive (DOUBLE_UP).
The hardware adds no 2^(shift-1): it shifts by shift - 1, and whoever adds the zero point adds 1 and
halves, which is the same. Values so far outside that any zero point and clamp of 9 bits still clamp
them are saturated: (-1024 + 1) / 2 + 255 < -256 and (1023 + 1) / 2 - 256 > 255.
"""

from amaranth import C, Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config, Mode

__all__ = ["FixedRound"]


class FixedRound(wiring.Component):
    """Shift right, saturate to 11 bits.

    Parameters
    ----------
    config : Config
        `fixed_modes` decides whether the extra 2^30 is built.

    Attributes
    ----------
    latency : int
        3 cycles (two shifts, saturation), 4 with a double-rounding mode.

    Members
    -------
    product : In, signed(63)
    negative : In
        Sign of the accumulator.
    by : In, 1 to 61
        ``shift - 1``.
    mode : In, Mode
        With several fixed-point modes only.
    o : Out, signed(11)
        In halves: the caller adds one half and drops the fraction.
    """

    def __init__(self, config: Config):
        self.modes = config.fixed_modes
        self.has_nudge = self.modes != (Mode.SINGLE,)
        self.latency = 3 + self.has_nudge
        members = {
            "product": In(signed(63)),
            "negative": In(1),
            "by": In(unsigned(6)),
            "o": Out(signed(11)),
        }
        if len(self.modes) > 1:
            members["mode"] = In(Mode)
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        product, by = self.product, self.by

        mode = self.mode if len(self.modes) > 1 else Const(self.modes[0], Mode)

        if self.has_nudge:
            s0_product = Signal(signed(63), reset_less=True)
            s0_by = Signal(unsigned(6), reset_less=True)
            nudge_down = Signal()
            nudge_up = Signal()
            twice = Signal()
            m.d.comb += [
                twice.eq((mode != Mode.SINGLE) & (by >= 31)),
                nudge_down.eq(twice & (mode == Mode.DOUBLE) & self.negative),
                nudge_up.eq(twice & ~nudge_down),
            ]
            # 2^30 touches only the bits from 30 up.
            m.d.sync += [
                s0_product.eq(Cat(product[:30], product[30:].as_signed() + nudge_up - nudge_down)),
                s0_by.eq(by),
            ]
            product, by = s0_product, s0_by

        # Shift in two steps: eights, then ones. Of the result 11 bits matter, and whether the bits
        # above them are all copies of the sign: byte for byte, beside the shift.
        s1_low = Signal(signed(19), reset_less=True)
        s1_differ = Signal(-(-(63 - 18) // 8), reset_less=True)
        s1_negative = Signal(reset_less=True)
        s1_by = Signal(unsigned(6), reset_less=True)
        negative = product[-1]
        m.d.sync += [
            s1_low.eq(product >> Cat(C(0, 3), by[3:])),
            s1_differ.eq(Cat(
                product[low:low + 8] != negative.replicate(len(product[low:low + 8])) for low in range(18, 63, 8))),
            s1_negative.eq(negative),
            s1_by.eq(by),
        ]

        # Whether there is anything but copies of the sign above is found out beside the shift too.
        s2_fine = Signal(signed(11), reset_less=True)
        s2_wide = Signal(2, reset_less=True)
        s2_negative = Signal(reset_less=True)
        above = Cat(s1_low[10 + by:] != s1_negative.replicate(9 - by) for by in range(8))
        m.d.sync += [
            s2_fine.eq(s1_low >> s1_by[:3]),
            s2_wide.eq(Cat(above.bit_select(s1_by[:3], 1), (s1_differ >> s1_by[3:]).any())),
            s2_negative.eq(s1_negative),
        ]
        m.d.sync += self.o.eq(Mux(s2_wide.any(), Mux(s2_negative, -1024, 1023), s2_fine))
        return m
