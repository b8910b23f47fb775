"""The datapath: waves in, rows of results out.

::

    wave ─► MacArray ─► Direct or ─► lanes ─┬► Collect ─► buffer ─► outputs
                        Gather         ▲    └► Collect ─► buffer ─► accumulators
                                     load

Nothing between the wave and the output buffers can wait. Whoever sends waves asks `room` before a
tile's last one, and has the parameters of its channels loaded.
"""

from amaranth import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.array import MacArray, wave_signature
from hdl.collect import Collect, row_layout
from hdl.config import Config, Mode
from hdl.delay import delay
from hdl.gather import Direct, Gather
from hdl.lane import Lane, lane_load_signature
from hdl.prototype import Prototype
from hdl.requant import OutputStage
from hdl.row_buffer import RowBuffer

__all__ = ["Datapath", "outputs_layout"]

# One result of a lane on its way to the output: y, clamped.
RESULT = data.StructLayout({"y": 8, "clamped": 1})


def outputs_layout(config: Config) -> data.StructLayout:
    """One row of requantized results; `clamped` tells which of them the clamp changed."""
    return data.StructLayout({"data": data.ArrayLayout(8, config.cols), "last": 1, "clamped": config.cols})


class Datapath(wiring.Component):
    """Array, requantizers and output buffers.

    Parameters
    ----------
    config : Config
    set_width : int
        Bits that number the channel sets which the lanes hold.

    Attributes
    ----------
    latency, raw_latency : int
        Cycles from a tile's `last` wave to its row 0 at `outputs`, `accumulators`; row r follows
        ``r * groups`` cycles later.
    buffer_rows : int
        Rows that each output buffer holds: enough that an output which is always ready never
        holds back a tile.

    Members
    -------
    wave : In, stream that never waits
        As of `MacArray`; the `set` of a tile's `last` wave names its channel parameters.
    room : Out
        A `last` wave may enter: the one before is at least `drain_interval` cycles old, and every
        output buffer has `rows` free places.
    load : Out, [requant_lanes] streams that never wait
        Writes into the lanes' parameter memories.
    used, used_set : Out
        Results are being read in the last column, with the parameters of this set.
    stage, mode : In
        See `Requantizer`; constant while `busy`.
    outputs : Out, stream of `outputs_layout` (with modes)
    accumulators : Out, stream of `row_layout` of signed(32) (with `raw_output`)
    busy : Out
        A tile is unfinished or a row has not left.
    """

    def __init__(self, config: Config, set_width: int):
        self.config = config
        array = MacArray(config, set_width)
        gather = Direct(config, set_width) if config.groups == 1 else Gather(config, set_width)
        lane = Lane(config, set_width)
        row_ready = array.latency + config.last_skew + gather.latency + config.groups - 1
        self.raw_latency = row_ready + lane.raw_latency + RowBuffer.latency
        self.latency = row_ready + lane.latency + RowBuffer.latency
        # Rows claimed by the tiles of one latency, plus the tile that asks.
        in_flight = self.latency + config.drain_interval + 4
        self.buffer_rows = config.rows * (1 + -(-in_flight // config.drain_interval))

        self.array = Prototype(array, "mac_array", has_reset=True)
        shared = config.groups > 1
        self.gather = Prototype(gather, "mac_gather", has_clock=shared, has_reset=shared)
        self.lane = Prototype(lane, "mac_lane")
        self.prototypes = [self.array, self.gather, self.lane]
        if config.modes:
            self.collect_outputs = Prototype(
                Collect(config, RESULT), "mac_collect_outputs", has_clock=shared or config.last_skew > 0)
            self.buffer_outputs = Prototype(
                RowBuffer(outputs_layout(config), self.buffer_rows), "mac_buffer_outputs", has_reset=True)
            self.prototypes += [self.collect_outputs, self.buffer_outputs]
        if config.raw_output:
            self.collect_accumulators = Prototype(
                Collect(config, signed(32)), "mac_collect_accumulators", has_clock=shared or config.last_skew > 0)
            self.buffer_accumulators = Prototype(
                RowBuffer(row_layout(config, signed(32)), self.buffer_rows), "mac_buffer_accumulators", has_reset=True)
            self.prototypes += [self.collect_accumulators, self.buffer_accumulators]

        members = {
            "wave": In(wave_signature(config, set_width)),
            "room": Out(1, init=1),
            "load": In(lane_load_signature(config, set_width)).array(config.requant_lanes),
            "used": Out(1),
            "used_set": Out(set_width),
            "busy": Out(1),
        }
        if config.modes:
            members |= {"outputs": Out(stream.Signature(outputs_layout(config))), "stage": In(OutputStage)}
        if config.raw_output:
            members["accumulators"] = Out(stream.Signature(row_layout(config, signed(32))))
        if config.selectable:
            members["mode"] = In(Mode)
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        array = self.array.instantiate(m, "array")
        gather = self.gather.instantiate(m, "gather")
        wiring.connect(m, wiring.flipped(self.wave), array.wave)
        m.d.comb += [
            gather.drain.eq(array.drain),
            gather.drain_token.eq(array.token),
            self.used.eq(gather.valid),
            self.used_set.eq(gather.set[-1]),
        ]
        self._admit(m, self._results(m, gather))
        return m

    def _results(self, m, gather):
        """Lanes, collection and output buffers; returns the pops of the buffers."""
        config = self.config
        raws, results = [], []
        for index in range(config.requant_lanes):
            lane = self.lane.instantiate(m, f"lane_{index}")
            m.d.comb += [
                lane.acc.eq(gather.acc[index]),
                lane.set.eq(gather.set[index]),
                lane.group.eq(gather.group),
                lane.load.valid.eq(self.load[index].valid),
                lane.load.payload.eq(self.load[index].payload),
            ]
            raws.append(lane.raw)
            if config.modes:
                m.d.comb += lane.stage.eq(self.stage)
                results += [lane.y, lane.clamped]
            if config.selectable:
                m.d.comb += lane.mode.eq(self.mode)

        popped = []
        if config.modes:
            rows = self._collect(m, "outputs", results, self.lane.component.latency, gather)
            row = Signal(self.outputs.payload.shape())
            m.d.comb += row.last.eq(rows.payload.last)
            for c in range(config.cols):
                m.d.comb += [
                    row.data[c].eq(rows.payload.data[c].y),
                    row.clamped[c].eq(rows.payload.data[c].clamped),
                ]
            popped.append(self._buffer(m, "outputs", rows.valid, row))
        if config.raw_output:
            rows = self._collect(m, "accumulators", raws, Lane.raw_latency, gather)
            popped.append(self._buffer(m, "accumulators", rows.valid, rows.payload))
        return popped

    def _collect(self, m, name, lanes, latency, gather):
        """Rows of results that leave the lanes `latency` cycles after their accumulators entered."""
        collect = getattr(self, f"collect_{name}").instantiate(m, f"collect_{name}")
        m.d.comb += [
            collect.lanes.eq(Cat(lanes)),
            collect.token.valid.eq(delay(m, gather.token.valid, latency, name=f"{name}_valid", reset_less=False)),
            collect.token.last.eq(delay(m, gather.token.last, latency, name=f"{name}_last")),
        ]
        return collect.row

    def _buffer(self, m, name, valid, row):
        """`buffer_rows` rows at output `name`, never overrun thanks to `room`; returns its pop."""
        output = getattr(self, name)
        buffer = getattr(self, f"buffer_{name}").instantiate(m, f"buffer_{name}")
        popped = Signal(name=f"{name}_popped")
        m.d.comb += [
            buffer.i.payload.eq(row),
            buffer.i.valid.eq(valid),
            output.payload.eq(buffer.o.payload),
            output.valid.eq(buffer.o.valid),
            buffer.o.ready.eq(output.ready),
            popped.eq(output.valid & output.ready),
        ]
        return popped

    def _admit(self, m, popped):
        """Drive `room` and `busy`: count the claimed places of the output buffers."""
        config, wave = self.config, self.wave
        taken = Signal()
        m.d.comb += taken.eq(wave.valid & wave.payload.last)

        in_tile = Signal()
        with m.If(wave.valid):
            m.d.sync += in_tile.eq(~wave.payload.last)

        wait = Signal(range(config.drain_interval))
        with m.If(taken):
            m.d.sync += wait.eq(config.drain_interval - 1)
        with m.Elif(wait != 0):
            m.d.sync += wait.eq(wait - 1)

        # A register says whether there is room. Places are claimed a cycle late, so what the last two cycles took is
        # counted apart.
        took = Signal()
        m.d.sync += took.eq(taken)
        fits, busy = Mux(taken, config.drain_interval == 1, wait <= 1), in_tile | took
        for index, pop in enumerate(popped):
            claimed = Signal(range(self.buffer_rows + 1), name=f"claimed_{index}")
            m.d.sync += claimed.eq(claimed + Mux(took, config.rows, 0) - pop)
            none, one, two = (claimed <= self.buffer_rows - tiles * config.rows for tiles in (1, 2, 3))
            fits &= Mux(taken, Mux(took, two, one), Mux(took, one, none))
            busy |= claimed != 0
        m.d.sync += self.room.eq(fits)
        m.d.comb += self.busy.eq(busy)
