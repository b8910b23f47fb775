"""A lane: channel parameters, bias and requantizer of the columns that it serves."""

from amaranth import C, Cat, Module, Mux, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hdl.config import Config, Mode
from hdl.delay import delay
from hdl.prototype import Prototype
from hdl.requant import OutputStage, Requantizer

__all__ = ["Lane", "channel_layout", "lane_load_signature"]


def channel_layout(config: Config) -> data.StructLayout:
    """What requantization needs to know of one output channel."""
    members = {"bias": signed(32)}
    if config.modes:
        members["multiplier"] = unsigned(32)
    if config.fixed_modes:
        members["shift"] = unsigned(6)
    return data.StructLayout(members)


def lane_load_signature(config: Config, set_width: int) -> stream.Signature:
    """Writes into a lane's parameter memory: channel number `group` of the lane, in set `set`."""
    return stream.Signature(data.StructLayout({
        "set": set_width,
        "group": config.group_width,
        "channel": channel_layout(config),
    }), always_ready=True)


class Lane(wiring.Component):
    """Adds the bias of a channel (modulo 2^32; in mode FBGEMM a float32) and requantizes.

    Parameters
    ----------
    config : Config
    set_width : int
        Bits that number the parameter sets.

    Attributes
    ----------
    raw_latency : int
        2 cycles from `acc` to `raw`: parameters are read, the bias is added.
    latency : int
        Cycles from `acc` to `y`: ``raw_latency + Requantizer.latency``.

    Members
    -------
    acc : In, signed(acc_width)
    set, group : In
        Whose parameters: channel `group` of this lane in parameter set `set`.
    load : In, stream that never waits
        See `lane_load_signature`.
    stage, mode : In
        See `Requantizer`.
    raw : Out, signed(32)
        Accumulator with bias; in mode FBGEMM without.
    y, clamped : Out
        See `Requantizer`.
    """

    raw_latency = 2

    def __init__(self, config: Config, set_width: int):
        self.config = config
        self.set_width = set_width
        self.latency = self.raw_latency
        self.prototypes = []
        if config.modes:
            self.requantizer = Prototype(Requantizer(config), "mac_requant")
            self.latency += self.requantizer.component.latency
            self.prototypes = [self.requantizer]
        members = {
            "acc": In(signed(config.acc_width)),
            "set": In(set_width),
            "group": In(config.group_width),
            "load": In(lane_load_signature(config, set_width)),
            "raw": Out(signed(32)),
        }
        if config.modes:
            members |= {"stage": In(OutputStage), "y": Out(8), "clamped": Out(1)}
        if config.selectable:
            members["mode"] = In(Mode)
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        config = self.config
        m.submodules.parameters = parameters = Memory(
            shape=channel_layout(config), depth=1 << self.set_width + config.group_width, init=[])
        load = parameters.write_port()
        read = parameters.read_port()
        m.d.comb += [
            load.en.eq(self.load.valid),
            load.addr.eq(Cat(self.load.payload.group, self.load.payload.set)),
            load.data.eq(self.load.payload.channel),
            read.addr.eq(Cat(self.group, self.set)),
        ]

        acc = delay(m, self.acc, 1, name="acc_read")
        channel = read.data
        # FBGEMM's bias is a float32, added in the requantizer.
        m.d.sync += self.raw.eq(acc + Mux(self._float_bias(), 0, channel.bias))

        if config.modes:
            requantizer = self.requantizer.instantiate(m, "requantizer")
            m.d.comb += [
                requantizer.acc.eq(self.raw),
                requantizer.multiplier.eq(delay(m, channel.multiplier, 1, name="multiplier_bias")),
                requantizer.stage.eq(self.stage),
                self.y.eq(requantizer.y),
                self.clamped.eq(requantizer.clamped),
            ]
            if Mode.FBGEMM in config.modes:
                m.d.comb += requantizer.bias.eq(delay(m, channel.bias.as_unsigned(), 1, name="float_bias"))
            if config.fixed_modes:
                m.d.comb += requantizer.shift.eq(delay(m, channel.shift, 1, name="shift_bias"))
            if config.selectable:
                m.d.comb += requantizer.mode.eq(self.mode)
        return m

    def _float_bias(self):
        """Whether the bias field holds a float32."""
        if self.config.selectable and Mode.FBGEMM in self.config.modes:
            return self.mode == Mode.FBGEMM
        return C(self.config.modes == (Mode.FBGEMM,))
