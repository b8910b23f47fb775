"""The requantizer: from an int32 accumulator to a clamped output, one result a cycle.

::

             ┌ float32 modes ─► FloatFromInt (► FloatAdd) ─┐            ┌─► FloatRound ─┐
    acc ─────┤                                             ├► Multiply ─┤               ├► + zero point ► clamp ► y
             └ fixed-point modes ─► delay ─────────────────┘            └─► FixedRound ─┘

A configuration gets only the paths of its modes. `FloatAdd` is there for FBGEMM, whose bias is a
float32; mode F32 beside it adds 0.
"""

from amaranth import C, Cat, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config, Mode
from hdl.delay import delay
from hdl.float_add import FloatAdd
from hdl.multiply import Multiply
from hdl.prototype import Prototype
from hdl.requant_fixed import FixedRound
from hdl.requant_float import FloatFromInt, FloatRound

__all__ = ["OUTPUT", "OutputStage", "Requantizer"]

# Results before the zero point, in units of one half.
HALVES = signed(12)

# Zero point and clamp bounds: 9 bits hold int8 and uint8.
OUTPUT = signed(9)


class OutputStage(data.Struct):
    """What a whole layer shares: output zero point and clamp bounds, `low` <= `high`."""

    zero_point: OUTPUT
    low: OUTPUT
    high: OUTPUT


class Requantizer(wiring.Component):
    """``y = clamp(round(acc * multiplier) + zero_point, low, high)``.

    Parameters
    ----------
    config : Config
        `modes` (at least one).

    Attributes
    ----------
    latency : int
        Cycles from `acc` to `y`: 9 for SINGLE alone, 10 for other fixed-point modes, 15 with F32;
        with FBGEMM 8 more than with F32; one more with DSP blocks by name (see `Multiply`).
    float_from_int_latency, float_add_latency, multiply_latency, float_round_latency, fixed_round_latency : int
        Of the parts that there are.

    Members
    -------
    acc : In, signed(32)
    multiplier : In, 32 bits
        Fixed-point modes: integer below 2^31. Float modes: bits of a positive IEEE 754 float32.
    shift : In, 2 to 62
        With fixed-point modes only.
    bias : In, 32 bits
        With FBGEMM only: bits of a finite float32; below 2^125 if the multiplier is subnormal.
    mode : In, Mode
        With several modes only; constant while results are on their way.
    stage : In, OutputStage
        Constant while results are on their way, and the cycle before.
    y : Out, 8 bits
        Two's complement or unsigned, as the clamp bounds say.
    clamped : Out
        The clamp changed the value.
    """

    def __init__(self, config: Config):
        self.config = config
        self.has_float = bool(config.float_modes)
        self.has_add = Mode.FBGEMM in config.modes
        self.has_fixed = bool(config.fixed_modes)
        self.multiply = Prototype(Multiply(config.multiplier), "mac_multiply")
        self.prototypes = [self.multiply]
        self.multiply_latency = self.multiply.component.latency
        self.front_latency = self.round_latency = 0
        if self.has_float:
            self.float_from_int = Prototype(FloatFromInt(), "mac_float_from_int")
            self.float_round = Prototype(FloatRound(), "mac_float_round")
            self.prototypes += [self.float_from_int, self.float_round]
            self.float_from_int_latency = self.front_latency = FloatFromInt.latency
            self.float_round_latency = self.round_latency = FloatRound.latency
        if self.has_add:
            self.float_add = Prototype(FloatAdd(self.float_from_int), "mac_float_add")
            self.prototypes.append(self.float_add)
            self.float_add_latency = FloatAdd.latency
            self.front_latency += self.float_add_latency
        if self.has_fixed:
            self.fixed_round = Prototype(FixedRound(config), "mac_fixed_round")
            self.prototypes.append(self.fixed_round)
            self.fixed_round_latency = self.fixed_round.component.latency
            self.round_latency = max(self.round_latency, self.fixed_round_latency)
        self.latency = self.front_latency + self.multiply_latency + self.round_latency + 2
        members = {
            "acc": In(signed(32)),
            "multiplier": In(32),
            "stage": In(OutputStage),
            "y": Out(8),
            "clamped": Out(1),
        }
        if self.has_fixed:
            members["shift"] = In(unsigned(6))
        if self.has_add:
            members["bias"] = In(32)
        if config.selectable:
            members["mode"] = In(Mode)
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        multiply = self.multiply.instantiate(m, "multiply")
        halves = Signal(HALVES)

        if self.has_float and self.has_fixed:
            is_float = Signal()
            m.d.comb += is_float.eq(Cat(self.mode == mode for mode in self.config.float_modes).any())
            float_a, float_b, float_halves = self._float_path(m, multiply.o)
            fixed_a, fixed_b, fixed_halves = self._fixed_path(m, multiply.o)
            m.d.comb += [
                multiply.a.eq(Mux(is_float, float_a, fixed_a)),
                multiply.b.eq(Mux(is_float, float_b, fixed_b)),
                halves.eq(Mux(is_float, float_halves, fixed_halves)),
            ]
        else:
            path = self._float_path if self.has_float else self._fixed_path
            a, b, result = path(m, multiply.o)
            m.d.comb += [multiply.a.eq(a), multiply.b.eq(b), halves.eq(result)]

        # Rounded and with the zero point, v is ((halves + 1) >> 1) + zero_point, of which a byte
        # is needed. v < low just where halves < 2 * (low - zero_point) - 1, and v > high just where
        # halves > 2 * (high - zero_point): nothing waits for the sum.
        stage = self.stage
        lowest = Signal(signed(11), reset_less=True)
        highest = Signal(signed(11), reset_less=True)
        m.d.sync += [
            lowest.eq(Cat(C(1, 1), stage.low - stage.zero_point - 1)),
            highest.eq(Cat(C(0, 1), stage.high - stage.zero_point)),
        ]
        doubled = Signal(9)
        v = Signal(8, reset_less=True)
        below = Signal(reset_less=True)
        above = Signal(reset_less=True)
        above_lowest = Signal(signed(13))
        below_highest = Signal(signed(13))
        m.d.comb += [
            doubled.eq(halves + Cat(C(1, 1), stage.zero_point)),
            above_lowest.eq(halves - lowest),
            below_highest.eq(highest - halves),
        ]
        m.d.sync += [v.eq(doubled[1:]), below.eq(above_lowest[-1]), above.eq(below_highest[-1])]
        m.d.sync += [
            self.y.eq(Mux(below, stage.low, Mux(above, stage.high, v))),
            self.clamped.eq(below | above),
        ]
        return m

    def _float_path(self, m, product):
        """Operands of the multiplier and result of the float modes, in halves."""
        float_round = self.float_round.instantiate(m, "float_round")
        negative, acc_mantissa, leading_zeros = self._float_acc(m)

        # A subnormal scale is below 2^-126: its product with anything below 2^125 rounds to 0.
        scale = Signal(data.StructLayout({"fraction": 23, "exponent": 8}))
        normal = Signal()
        mantissa = Signal(unsigned(24))
        m.d.comb += [
            Value.cast(scale).eq(delay(m, self.multiplier[:31], self.front_latency, name="float_scale")),
            normal.eq(scale.exponent != 0),
            mantissa.eq(Mux(normal, Cat(scale.fraction, normal), 0)),
        ]
        exponent = Signal(signed(10))
        m.d.comb += exponent.eq(leading_zeros - scale.exponent)
        m.d.comb += [
            float_round.product.eq(product[:49]),
            float_round.exponent.eq(delay(m, exponent, self.multiply_latency, name="float_exponent")),
            float_round.negative.eq(delay(m, negative, self.multiply_latency, name="float_negative")),
        ]
        late = self.round_latency - self.float_round_latency
        result = delay(m, float_round.o, late, name="float_rounded")
        return acc_mantissa, mantissa, Cat(C(0, 1), result).as_signed()

    def _float_acc(self, m):
        """Sign, mantissa and leading zeros of the accumulator as a float32, with FBGEMM's bias added."""
        from_int = self.float_from_int.instantiate(m, "float_from_int")
        m.d.comb += from_int.acc.eq(self.acc)
        if not self.has_add:
            return from_int.negative, from_int.mantissa, from_int.leading_zeros
        float_add = self.float_add.instantiate(m, "float_add")
        bias = self.bias
        if self.config.selectable:
            bias = Mux(self.mode == Mode.FBGEMM, bias, 0)
        m.d.comb += [
            float_add.negative.eq(from_int.negative),
            float_add.mantissa.eq(from_int.mantissa),
            float_add.leading_zeros.eq(from_int.leading_zeros),
            float_add.b.eq(delay(m, bias, self.float_from_int_latency, name="float_bias")),
        ]
        return float_add.sum_negative, float_add.sum_mantissa, float_add.sum_leading_zeros

    def _fixed_path(self, m, product):
        """Operands of the multiplier and result of the fixed-point modes, in halves to be rounded."""
        fixed_round = self.fixed_round.instantiate(m, "fixed_round")
        by = Signal(unsigned(6), reset_less=True)
        m.d.sync += by.eq(self.shift - 1)
        acc = delay(m, self.acc, self.front_latency, name="fixed_acc")
        multiplier = delay(m, self.multiplier[:31], self.front_latency, name="fixed_multiplier")
        m.d.comb += [
            fixed_round.product.eq(product),
            fixed_round.negative.eq(delay(m, acc[31], self.multiply_latency, name="fixed_negative")),
            fixed_round.by.eq(delay(m, by, self.front_latency + self.multiply_latency - 1, name="fixed_by")),
        ]
        if len(self.config.fixed_modes) > 1:
            m.d.comb += fixed_round.mode.eq(self.mode)
        late = self.round_latency - self.fixed_round_latency
        return acc, multiplier, delay(m, fixed_round.o, late, name="fixed_halves")
