"""From what the buffers hold to a wave: zero points, the end of a ragged K, and the register before the array."""

from amaranth import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hdl.array import wave_signature
from hdl.channel_memory import set_width
from hdl.engine_config import EngineConfig
from hdl.job import plan_layout
from hdl.zero_points import difference, extend

__all__ = ["OperandStage", "wave_token"]


def wave_token(config: EngineConfig) -> data.StructLayout:
    """What goes with a wave through the reads."""
    return data.StructLayout({"first": 1, "last": 1, "set": set_width(config)})


class OperandStage(wiring.Component):
    """Two cycles from the read of operands to their wave, unless a tile's last wave has no room.

    Parameters
    ----------
    config : EngineConfig

    Members
    -------
    read : In; token : In
        Operands are being read: `a`, `w`, `weight_zero_point` show them in the next cycle.
    a : In, [rows][depth]; w : In, [cols][depth]
        Raw operands.
    weight_zero_point : In, [cols] (with `SUBTRACT`)
    plan : In
        Of the job that they belong to.
    room : In
        Of `Datapath`.
    go : Out
        Reads move on.
    wave : Out
        To `Datapath`.
    empty : Out
        No wave is on its way here.
    """

    def __init__(self, config: EngineConfig):
        self.config = config
        members = {
            "read": In(1),
            "token": In(wave_token(config)),
            "a": In(data.ArrayLayout(data.ArrayLayout(config.act_width, config.depth), config.rows)),
            "w": In(data.ArrayLayout(data.ArrayLayout(config.weight_width, config.depth), config.cols)),
            "plan": In(plan_layout(config)),
            "room": In(1),
            "go": Out(1),
            "wave": Out(wave_signature(config, set_width(config))),
            "empty": Out(1),
        }
        if config.subtract:
            members["weight_zero_point"] = In(data.ArrayLayout(config.weight_width, config.cols))
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        config, plan = self.config, self.plan

        has_operands = Signal()
        token = Signal(self.token.shape(), name="operands_token", reset_less=True)
        wave = Signal(self.wave.payload.shape(), name="wave_payload", reset_less=True)
        has_wave = Signal()
        m.d.comb += [
            self.go.eq(~(has_wave & wave.last & ~self.room)),
            self.wave.valid.eq(has_wave & self.go),
            self.wave.payload.eq(wave),
            self.empty.eq(~has_operands & ~has_wave),
        ]
        with m.If(self.go):
            m.d.sync += [has_operands.eq(self.read), token.eq(self.token), has_wave.eq(has_operands)]

        # The last wave of a ragged K: what lies beyond K adds nothing.
        rest = plan.k[:ceil_log2(config.depth)]
        for d in range(config.depth):
            inside = Signal(name=f"inside_{d}")
            m.d.comb += inside.eq(~token.last | (rest == 0) | (rest > d))
            for r in range(config.rows):
                with m.If(self.go):
                    m.d.sync += wave.a[r][d].eq(Mux(inside, self._activation(self.a[r][d]), 0))
        for c in range(config.cols):
            for d in range(config.depth):
                with m.If(self.go):
                    m.d.sync += wave.w[c][d].eq(self._weight(c, self.w[c][d]))
        with m.If(self.go):
            m.d.sync += [wave.first.eq(token.first), wave.last.eq(token.last), wave.set.eq(token.set)]
        return m

    def _activation(self, raw):
        config, plan = self.config, self.plan
        if not config.subtract:
            return raw.as_signed()
        zero_point = extend(plan.a_zero_point, plan.a_unsigned)
        return difference(extend(raw, plan.a_unsigned), zero_point)[:config.a_width].as_signed()

    def _weight(self, c, raw):
        config, plan = self.config, self.plan
        if not config.subtract:
            return raw.as_signed()
        zero_point = extend(self.weight_zero_point[c], plan.w_unsigned)
        return difference(extend(raw, plan.w_unsigned), zero_point)[:config.w_width].as_signed()
