"""Channel parameters: two sets, so that the next tile's are loaded while this tile computes.

A set is `cols` channels, in the order of the columns. It waits once all are there, becomes the
current one when a tile asks for the next set, and its place is free again when results of a tile
with another set leave the last column.
"""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config, Mode
from hdl.lane import channel_layout, lane_load_signature

__all__ = ["Channels", "channel_stream_layout", "illegal_channel"]


def channel_stream_layout(config: Config) -> data.StructLayout:
    """One output channel; with zero points by `SUBTRACT` also its weights' zero point, raw."""
    members = dict(channel_layout(config).members)
    if config.subtract:
        members["weight_zero_point"] = config.weight_width
    return data.StructLayout(members)


class Channels(wiring.Component):
    """Hand channel parameters to the lanes, set by set.

    Parameters
    ----------
    config : Config

    Members
    -------
    i : In, stream
        One channel in a beat, in order of columns.
    load : Out, [requant_lanes] streams that never wait
        Writes into the lanes' parameter memories.
    next_full : Out
        A set waits behind the current one.
    advance : In
        The next set becomes the current one.
    bank : Out
        The current set.
    used : In
        Results of set `used_bank` are being read in the last column.
    used_bank : In
    weight_zero_point : Out, [2][cols] (with `SUBTRACT`)
        Of both sets.
    illegal : Out
        The set that a tile takes holds an `illegal_channel`.
    mode : In, Mode
        With several modes only.
    """

    def __init__(self, config: Config):
        self.config = config
        members = {
            "i": In(stream.Signature(channel_stream_layout(config))),
            "load": Out(lane_load_signature(config, 1)).array(config.requant_lanes),
            "next_full": Out(1),
            "advance": In(1),
            "bank": Out(1, init=1),
            "used": In(1),
            "used_bank": In(1),
            "illegal": Out(1),
        }
        if config.subtract:
            members["weight_zero_point"] = Out(data.ArrayLayout(
                data.ArrayLayout(config.weight_width, config.cols), 2))
        if config.selectable:
            members["mode"] = In(Mode)
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        config = self.config
        # Sets that wait for a tile, and places for more: sets come, are taken and are released in turn.
        waiting = Signal(range(3))
        free = Signal(range(3), init=2)
        load_bank = Signal()
        lane = Signal(range(config.requant_lanes))
        group = Signal(config.group_width)
        beat = Signal()
        last_lane = Signal()
        set_end = Signal()
        # A set is released by the first result of another one. The first set that is used is set 0.
        draining_bank = Signal()
        freed = Signal()
        m.d.comb += [
            self.i.ready.eq(free != 0),
            beat.eq(self.i.valid & self.i.ready),
            last_lane.eq(lane == config.requant_lanes - 1),
            set_end.eq(beat & last_lane & (group == config.groups - 1)),
            self.next_full.eq(waiting != 0),
            freed.eq(self.used & (self.used_bank != draining_bank)),
        ]
        m.d.sync += [
            waiting.eq(waiting + set_end - self.advance),
            free.eq(free + freed - set_end),
            load_bank.eq(load_bank ^ set_end),
            self.bank.eq(self.bank ^ self.advance),
            draining_bank.eq(draining_bank ^ freed),
        ]
        with m.If(beat):
            m.d.sync += lane.eq(Mux(last_lane, 0, lane + 1))
            with m.If(last_lane):
                m.d.sync += group.eq(Mux(set_end, 0, group + 1))

        # A cycle later, on the way to all lanes.
        loaded = Signal.like(self.load[0].payload, reset_less=True)
        m.d.sync += [loaded.set.eq(load_bank), loaded.group.eq(group)]
        m.d.sync += [loaded.channel[field].eq(self.i.payload[field]) for field in channel_layout(config).members]
        for index, load in enumerate(self.load):
            # A channel that is written in a reset is written again.
            valid = Signal(name=f"load_valid_{index}", reset_less=True)
            m.d.sync += valid.eq(beat & (lane == index))
            m.d.comb += [load.valid.eq(valid), load.payload.eq(loaded)]

        if config.subtract:
            zero_points = Signal(self.weight_zero_point.shape(), reset_less=True)
            column = Signal(range(config.cols))
            m.d.comb += [column.eq(group * config.requant_lanes + lane), self.weight_zero_point.eq(zero_points)]
            with m.If(beat):
                m.d.sync += zero_points[load_bank][column].eq(self.i.payload.weight_zero_point)
        self._check(m, beat, load_bank, (lane == 0) & (group == 0))
        return m

    def _check(self, m, beat, load_bank, starts):
        """Drive `illegal`: what a set holds is judged by the mode in which a tile takes it."""
        found = {}
        for name, value in channel_errors(self.config, self.i.payload).items():
            of_set = Signal(2, name=f"wrong_{name}", reset_less=True)
            now = of_set.bit_select(load_bank, 1)
            with m.If(beat):
                m.d.sync += now.eq(value | (now & ~starts))
            found[name] = of_set.bit_select(~self.bank, 1)
        mode = self.mode if self.config.selectable else None
        m.d.comb += self.illegal.eq(self.advance & judged(self.config, found, mode))


def channel_errors(config: Config, channel, shift=None) -> dict:
    """What is wrong with `channel` for each kind of mode that is built; `shift` as it came, if it is wider there."""
    wrong = {}
    if config.fixed_modes:
        shift = channel.shift if shift is None else shift
        wrong["fixed"] = channel.multiplier[31] | (shift < 2) | (shift > 62)
    if config.float_modes:
        wrong["float"] = channel.multiplier[31] | channel.multiplier[23:31].all()
    if Mode.FBGEMM in config.modes:
        # A sum of up to 2^128 makes of a subnormal scale more than the 0 that it is taken for.
        subnormal = ~channel.multiplier[23:31].any() & channel.multiplier[:23].any()
        wrong["bias"] = channel.bias[23:31].all() | subnormal
    return wrong


def judged(config: Config, wrong: dict, mode):
    """Of `channel_errors` the ones that matter in `mode`."""
    is_float = not config.fixed_modes
    is_fbgemm = config.modes == (Mode.FBGEMM,)
    if config.selectable:
        is_float = Cat(mode == one for one in config.float_modes).any()
        is_fbgemm = mode == Mode.FBGEMM
    return Mux(is_float, wrong.get("float", 0), wrong.get("fixed", 0)) | (is_fbgemm & wrong.get("bias", 0))


def illegal_channel(config: Config, channel, mode, shift=None):
    """Whether `channel` holds what `mode` cannot use.

    Fixed-point modes: a shift outside 2..62 or a multiplier of 2^31 or more. Float modes: a scale
    that is negative, infinite or not a number (FBGEMM: or subnormal, or a bias that is infinite or
    not a number). `shift`: as it came, where that is wider than the field.
    """
    return judged(config, channel_errors(config, channel, shift), mode)
