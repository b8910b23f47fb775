"""Loading of channel parameters: all channels of two jobs, one being loaded while the other one is used."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, ceil_log2

from hdl.byte_stream import byte_stream
from hdl.channels import channel_stream_layout, illegal_channel
from hdl.engine_config import EngineConfig
from hdl.job import plan_layout
from hdl.lane import channel_layout, lane_load_signature

__all__ = ["ChannelMemory", "set_width"]


def set_width(config: EngineConfig) -> int:
    """Bits of a channel set's number: its number in the job, and above it that of the job."""
    return ceil_log2(config.sets) + 1


class ChannelMemory(wiring.Component):
    """Records of channels in, writes into the lanes' parameter memories out.

    The lanes hold the parameters themselves; here is kept how many sets of `cols` channels are
    there and, where they are subtracted, the zero points of the weights. A record holds from byte
    0 on: bias, multiplier (4 bytes each), shift, zero point of the weights (1 byte each).

    Parameters
    ----------
    config : EngineConfig

    Members
    -------
    i : In, `byte_stream` of channel_bytes that never waits
        One record in a beat, of jobs that are issued. In reset anything, which means nothing.
    slot : Out; plan : In
        The plan of job `slot`, the job that is loaded; numbers as in `Turn`.
    issue, issue_slot : In
        A job is issued, and its number: what its half of the memories held is forgotten.
    early, late, keep : Out
        The packet breaks the rule of this name.
    illegal : Out
        See `illegal_channel`.
    load : Out, [requant_lanes] streams that never wait
        Writes into the lanes' parameter memories.
    tile, tile_slot : In
        A channel set of a job.
    available : Out
        It has come.
    read : In
        In the next cycle `weight_zero_point` is the set's.
    weight_zero_point : Out, [cols] (with `SUBTRACT`)
    """

    def __init__(self, config: EngineConfig):
        self.config = config
        members = {
            "i": In(byte_stream(config.channel_bytes, always_ready=True)),
            "issue": In(1),
            "issue_slot": In(1),
            "slot": Out(1),
            "plan": In(plan_layout(config)),
            "early": Out(1),
            "late": Out(1),
            "keep": Out(1),
            "illegal": Out(1),
            "load": Out(lane_load_signature(config, set_width(config))).array(config.requant_lanes),
            "tile": In(range(config.sets)),
            "tile_slot": In(1),
            "available": Out(1),
        }
        if config.subtract:
            members["read"] = In(1)
            members["weight_zero_point"] = Out(data.ArrayLayout(config.weight_width, config.cols))
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        config, plan, record = self.config, self.plan, self.i.payload.data.as_value()
        channel = Signal(channel_stream_layout(config))
        m.d.comb += channel.bias.eq(record[:32])
        if config.modes:
            m.d.comb += channel.multiplier.eq(record[32:64])
        shift = record[64:72] if config.fixed_modes else None
        if config.fixed_modes:
            m.d.comb += channel.shift.eq(shift)
        if config.subtract:
            m.d.comb += channel.weight_zero_point.eq(record[72:80])

        # Of each job the sets that have come; it is issued before it is asked for.
        loaded = Signal(data.ArrayLayout(bits_for(config.sets), 2), reset_less=True)
        mine = Signal(bits_for(config.sets))
        number = Signal(set_width(config))
        channels = Signal.like(plan.n, init=0)
        lane = Signal(range(config.requant_lanes))
        group = Signal(config.group_width)
        take = self.i.valid
        final = Signal()
        last_lane = Signal()
        set_end = Signal()
        m.d.comb += [
            mine.eq(loaded[self.slot]),
            number.eq(Cat(mine[:ceil_log2(config.sets)], self.slot)),
            final.eq(channels + 1 == plan.n),
            last_lane.eq(lane == config.requant_lanes - 1),
            set_end.eq(final | (last_lane & (group == config.groups - 1))),
            self.early.eq(take & self.i.payload.last & ~final),
            self.late.eq(take & final & ~self.i.payload.last),
            self.keep.eq(take & ~self.i.payload.keep.all()),
            # Accumulators go out without having met a scale.
            self.illegal.eq(take & ~plan.raw & illegal_channel(config, channel, plan.mode, shift)),
        ]
        with m.If(take):
            m.d.sync += self.slot.eq(self.slot ^ final)
            m.d.sync += [channels.eq(Mux(final, 0, channels + 1)), lane.eq(Mux(last_lane, 0, lane + 1))]
            with m.If(last_lane):
                m.d.sync += group.eq(group + 1)
            with m.If(set_end):
                m.d.sync += [lane.eq(0), group.eq(0), loaded[self.slot].eq(mine + 1)]
        with m.If(self.issue):
            m.d.sync += loaded[self.issue_slot].eq(0)
        m.d.comb += self.available.eq(self.tile < loaded[self.tile_slot])

        for index, load in enumerate(self.load):
            m.d.comb += [
                load.valid.eq(take & (lane == index)),
                load.payload.set.eq(number),
                load.payload.group.eq(group),
            ]
            for field in channel_layout(config).members:
                m.d.comb += load.payload.channel[field].eq(channel[field])

        if config.subtract:
            m.submodules.zero_points = zero_points = Memory(
                shape=self.weight_zero_point.shape(), depth=1 << set_width(config), init=[])
            write = zero_points.write_port(granularity=1)
            read = zero_points.read_port()
            column = Signal(range(config.cols))
            m.d.comb += [
                column.eq(group * config.requant_lanes + lane),
                write.en.eq(take.replicate(config.cols) & (1 << column)),
                write.addr.eq(number),
                write.data.as_value().eq(channel.weight_zero_point.replicate(config.cols)),
                read.en.eq(self.read),
                read.addr.eq(Cat(self.tile[:ceil_log2(config.sets)], self.tile_slot)),
                self.weight_zero_point.eq(read.data),
            ]
        return m
