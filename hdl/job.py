"""Jobs: what software asks for, and the plan that is made of it when everything about it is legal."""

from amaranth import C, Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, ceil_log2

from hdl.config import Mode
from hdl.engine_config import EngineConfig
from hdl.registers import SETTING_ERRORS
from hdl.requant import OutputStage

__all__ = ["M_WIDTH", "Job", "JobCheck", "plan_layout"]

# Rows of a job: below 2^M_WIDTH.
M_WIDTH = 24


class Job(data.Struct):
    """A matrix product as the registers of these names describe it (`format_bits`: FORMAT)."""

    m: 32
    n: 32
    k: 32
    mode: 32
    format_bits: 32
    a_zero_point: signed(32)
    zero_point: signed(32)
    low: signed(32)
    high: signed(32)


def plan_layout(config: EngineConfig) -> data.StructLayout:
    """A legal job: numbers as wide as they can be, and what follows from them.

    `tiles`: ceil(N / cols); `beats`: ceil(K / depth); `weight_beats`: their product.
    """
    return data.StructLayout({
        "m": M_WIDTH,
        "n": bits_for(config.n_max),
        "k": bits_for(config.k_max),
        "tiles": bits_for(config.sets),
        "beats": bits_for(-(-config.k_max // config.depth)),
        "weight_beats": bits_for(config.weight_beats),
        "raw": 1,
        "mode": Mode,
        "stage": OutputStage,
        "a_zero_point": config.act_width,
        "a_unsigned": 1,
        "w_unsigned": 1,
    })


class JobCheck(wiring.Component):
    """Refuse an illegal job, plan a legal one; 3 cycles after it was taken.

    Parameters
    ----------
    config : EngineConfig

    Members
    -------
    i : In, stream of `Job`
        Not ready while a job is being checked.
    issue : Out
        `plan` is a legal job, in this cycle.
    plan : Out, `plan_layout`
    refuse : Out
        The job breaks the rules in `errors`.
    errors : Out, one bit for each of `SETTING_ERRORS`
    """

    def __init__(self, config: EngineConfig):
        self.config = config
        super().__init__({
            "i": In(stream.Signature(Job)),
            "issue": Out(1),
            "plan": Out(plan_layout(config)),
            "refuse": Out(1),
            "errors": Out(len(SETTING_ERRORS)),
        })

    def elaborate(self, platform):
        m = Module()
        config, plan = self.config, self.plan
        first_mode = config.modes[0] if config.modes else Mode.F32
        job = Signal(Job, reset_less=True)
        stage = Signal(3)
        m.d.comb += self.i.ready.eq(stage == 0)
        m.d.sync += stage.eq(Cat(self.i.valid & self.i.ready, stage))
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += job.eq(self.i.payload)

        wrong = Signal(len(SETTING_ERRORS), reset_less=True)
        tiles = Signal(plan.tiles.shape(), reset_less=True)
        beats = Signal(plan.beats.shape(), reset_less=True)
        m.d.sync += [
            wrong.eq(self._rules(job)),
            tiles.eq(ceil_div(job.n[:len(plan.n)], config.cols)),
            beats.eq(ceil_div(job.k[:len(plan.k)], config.depth)),
        ]
        product = Signal(len(tiles) + len(beats), reset_less=True)
        # Written out: a `*` that is used once a job would take a DSP block from the array.
        m.d.sync += product.eq(sum(Mux(bit, beats << place, 0) for place, bit in enumerate(tiles)))

        wrong_now = Signal(len(SETTING_ERRORS))
        position = [name for name, _ in SETTING_ERRORS].index("WEIGHTS_SIZE")
        # Sizes out of range make the product meaningless.
        too_large = (product > config.weight_beats) & ~wrong[:position].any()
        m.d.comb += [
            wrong_now.eq(wrong | too_large << position),
            self.issue.eq(stage[2] & (wrong_now == 0)),
            self.refuse.eq(stage[2] & (wrong_now != 0)),
            self.errors.eq(Mux(self.refuse, wrong_now, 0)),
            plan.m.eq(job.m), plan.n.eq(job.n), plan.k.eq(job.k),
            plan.tiles.eq(tiles), plan.beats.eq(beats), plan.weight_beats.eq(product),
            Cat(plan.raw, plan.a_unsigned, plan.w_unsigned).eq(job.format_bits),
            # Of several modes the first one has an integer bias, which accumulators are to have.
            plan.mode.eq(Mux(plan.raw & config.selectable, first_mode, job.mode[:3])),
            plan.stage.zero_point.eq(job.zero_point), plan.stage.low.eq(job.low), plan.stage.high.eq(job.high),
            plan.a_zero_point.eq(job.a_zero_point),
        ]
        return m

    def _rules(self, job):
        """Which of `SETTING_ERRORS` apply; those that need more time or the queue are 0."""
        config = self.config
        raw, a_unsigned = job.format_bits[0], job.format_bits[1]
        n_max = Mux(raw, config.raw_n_max, config.n_max)
        unsigned_top = 2**config.act_width - 1
        signed_top = 2 ** (config.act_width - 1) - 1
        if config.subtract:
            low = Mux(a_unsigned, 0, C(-signed_top - 1, signed(10)))
            high = Mux(a_unsigned, unsigned_top, C(signed_top, signed(10)))
            zero_point_wrong = (job.a_zero_point < low) | (job.a_zero_point > high)
        else:
            zero_point_wrong = job.a_zero_point != 0
        may_be = config.raw_output | 6 * config.subtract
        must_be = not config.modes
        outputs = (job.zero_point, job.low, job.high)
        int8 = Cat((value >= -128) & (value <= 127) for value in outputs).all()
        uint8 = Cat((value >= 0) & (value <= 255) for value in outputs).all()
        rules = {
            "M_RANGE": (job.m == 0) | (job.m >> M_WIDTH).any(),
            "N_RANGE": (job.n == 0) | (job.n > n_max),
            "K_RANGE": (job.k == 0) | (job.k > config.k_max),
            "MODE_RANGE": ~Cat(job.mode == mode.value for mode in config.modes).any() if config.modes else 0,
            "FORMAT_RANGE": (job.format_bits & ~C(may_be, 32)).any() | (~raw & must_be),
            "A_ZERO_POINT_RANGE": zero_point_wrong,
            "OUTPUT_RANGE": ~raw & ((job.low > job.high) | ~(int8 | uint8)),
        }
        return Cat(C(0, 1) | rules.get(name, 0) for name, _ in SETTING_ERRORS)


def ceil_div(value, divisor: int):
    """``ceil(value / divisor)`` by a constant: a multiplication, exact for every `value` of this width."""
    if divisor & (divisor - 1) == 0:
        return (value + (divisor - 1)) >> ceil_log2(divisor)
    shift = len(value) + 1 + bits_for(divisor)
    return ((value + (divisor - 1)) * -(-(1 << shift) // divisor)) >> shift
