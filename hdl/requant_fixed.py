"""Fixed-point rounding: the product of accumulator and multiplier, shifted right and rounded.

``v = (product + R) >> shift`` with R = 2^(shift-1) and, for the double-rounding modes when
shift > 31, another 2^30 whose sign is the accumulator's (DOUBLE) or positive (DOUBLE_UP).
The hardware adds no 2^(shift-1): it shifts by shift - 1, adds 1 and halves, which is the same.
"""

from amaranth import C, Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config, Mode

__all__ = ["ROUNDED", "FixedRound"]

# A rounded value before the zero point: saturated so far outside that any zero point and clamp of
# 9 bits still clamp it: -512 + 255 < -256 and 512 - 256 > 255.
ROUNDED = signed(11)


class FixedRound(wiring.Component):
    """Shift right, round, saturate to `ROUNDED`.

    Parameters
    ----------
    config : Config
        `fixed_modes` decides whether the extra 2^30 is built.

    Attributes
    ----------
    latency : int
        3 cycles (two shifts, round), 4 with a double-rounding mode.

    Members
    -------
    product : In, signed(63)
    negative : In
        Sign of the accumulator.
    shift : In, 2 to 62
    mode : In, Mode
        With several fixed-point modes only.
    o : Out, ROUNDED
    """

    def __init__(self, config: Config):
        self.modes = config.fixed_modes
        self.has_nudge = self.modes != (Mode.SINGLE,)
        self.latency = 3 + self.has_nudge
        members = {
            "product": In(signed(63)),
            "negative": In(1),
            "shift": In(unsigned(6)),
            "o": Out(ROUNDED),
        }
        if len(self.modes) > 1:
            members["mode"] = In(Mode)
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        product, shift = self.product, self.shift

        mode = self.mode if len(self.modes) > 1 else Const(self.modes[0], Mode)

        if self.has_nudge:
            s0_product = Signal(signed(63), reset_less=True)
            s0_shift = Signal(unsigned(6), reset_less=True)
            nudge_down = Signal()
            nudge_up = Signal()
            twice = Signal()
            m.d.comb += [
                twice.eq((mode != Mode.SINGLE) & (shift > 31)),
                nudge_down.eq(twice & (mode == Mode.DOUBLE) & self.negative),
                nudge_up.eq(twice & ~nudge_down),
            ]
            # 2^30 touches only the bits from 30 up.
            m.d.sync += [
                s0_product.eq(Cat(product[:30], product[30:].as_signed() + nudge_up - nudge_down)),
                s0_shift.eq(shift),
            ]
            product, shift = s0_product, s0_shift

        # Shift by shift - 1 in two steps: eights, then ones. Of the result 11 bits matter, and
        # whether the bits above them are all copies of the sign.
        by = Signal(unsigned(6))
        coarse = Signal(signed(63))
        m.d.comb += [by.eq(shift - 1), coarse.eq(product >> Cat(C(0, 3), by[3:]))]
        s1_low = Signal(signed(19), reset_less=True)
        s1_wide = Signal(reset_less=True)
        s1_negative = Signal(reset_less=True)
        s1_by = Signal(unsigned(3), reset_less=True)
        m.d.sync += [
            s1_low.eq(coarse[:19]),
            s1_wide.eq(coarse[18:] != coarse[-1].replicate(63 - 18)),
            s1_negative.eq(coarse[-1]),
            s1_by.eq(by[:3]),
        ]

        fine = Signal(signed(19))
        m.d.comb += fine.eq(s1_low >> s1_by)
        s2_halves = Signal(signed(11), reset_less=True)
        with m.If(s1_wide | (fine[10:] != s1_negative.replicate(9))):
            m.d.sync += s2_halves.eq(Mux(s1_negative, -1024, 1023))
        with m.Else():
            m.d.sync += s2_halves.eq(fine[:11])

        m.d.sync += self.o.eq((s2_halves + 1) >> 1)
        return m
