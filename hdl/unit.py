"""The unit: operand streams in, rows of results out.

::

    activations ──►┐ join
                   ├─────► zero points ─► Datapath ─► outputs, accumulators
    weights ──────►┘ Admission               ▲
    channels ───────────────► Channels ──────┘

Every stream waits for its partner; nothing between the operand streams and the output buffers does.
"""

from amaranth import C, Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.admission import Admission
from hdl.channels import Channels, channel_stream_layout
from hdl.collect import row_layout
from hdl.config import Config, Mode
from hdl.datapath import Datapath
from hdl.prototype import Prototype
from hdl.requant import OutputStage
from hdl.zero_points import difference, extend

__all__ = ["Errors", "Unit"]


class Errors(data.Struct):
    """Sticky flags: what a user of the streams did wrong."""

    last_mismatch: 1
    keep_mismatch: 1
    illegal_channel: 1
    clamp_range: 1


def operand_layout(config: Config, width: int, lanes: int, **tokens) -> data.StructLayout:
    """One step of k at one edge of the array: [lanes][depth] operands and tokens."""
    shape = width if config.subtract else signed(width)
    operands = data.ArrayLayout(data.ArrayLayout(shape, config.depth), lanes)
    return data.StructLayout({"data": operands, **tokens})


class Unit(wiring.Component):
    """``Y = requantize(A W + bias)``, tile by tile.

    A tile is `rows` x `cols` outputs: ceil(K / depth) beats of activations ([rows][depth]) and of
    weights ([cols][depth]), the last ones marked `last`; `rows` beats of results come back, row 0
    first. Unused operands of a ragged K must contribute 0: activations 0, or with zero points by
    `SUBTRACT` `a_zero_point`.

    Parameters
    ----------
    config : Config

    Attributes
    ----------
    cell_latency : int
        Cycles from the acceptance of a beat to the accumulator of cell (0, 0) that includes it;
        cell (r, c) follows ``r + config.skew(c)`` cycles later.
    set_interval : int
        Cycles between the last beats of two tiles that both take a new channel set, from the third
        set on: a set is free when the next one is at the last column, and takes `cols` beats to load.
    latency, raw_latency : int
        Cycles from the acceptance of a tile's last beat to its row 0 at `outputs`,
        `accumulators`; row r follows ``r * groups`` cycles later.
    buffer_rows : int
        Rows that each output buffer holds: enough that an output which is always ready never
        holds back a tile.

    Members
    -------
    activations : In, stream of `data` [rows][depth], `last`
    weights : In, stream of `data` [cols][depth], `last`, `keep`
        `keep`: see `Admission`.
    channels : In, stream of `channel_stream_layout`
    outputs : Out, stream of `row_layout` of 8 bits (with modes)
    accumulators : Out, stream of `row_layout` of signed(32) (with `raw_output`)
    stage : In, OutputStage; mode : In, Mode (several modes)
        Constant while `busy`.
    a_zero_point, a_unsigned, w_unsigned : In (with `SUBTRACT`)
        Raw zero point of the activations; operands and their zero points are unsigned. Constant
        while `busy`.
    busy : Out
        A tile is unfinished, a row has not left, or what it clamped is being counted.
    clamped : Out, 32 bits (with modes)
        Outputs that the clamp changed; stays at 2^32 - 1.
    errors : Out, Errors
    clear : In
        Set `clamped` and `errors` to 0, at any time; what happens in the same cycle still counts.
    """

    def __init__(self, config: Config):
        self.config = config
        datapath = Datapath(config, set_width=1)
        array, gather = datapath.array.component, datapath.gather.component
        self.cell_latency = array.latency - 1
        self.set_interval = array.latency + gather.latency + config.last_skew + 1 + config.cols
        self.raw_latency, self.latency = datapath.raw_latency, datapath.latency
        self.buffer_rows = datapath.buffer_rows

        self.datapath = Prototype(datapath, "mac_datapath", has_reset=True)
        self.channel_sets = Prototype(Channels(config), "mac_channels", has_reset=True)
        self.admission = Prototype(Admission(config), "mac_admission", has_reset=True)
        self.prototypes = [self.datapath, self.channel_sets, self.admission]

        members = {
            "activations": In(stream.Signature(
                operand_layout(config, config.act_width, config.rows, last=1))),
            "weights": In(stream.Signature(
                operand_layout(config, config.weight_width, config.cols, last=1, keep=1))),
            "channels": In(stream.Signature(channel_stream_layout(config))),
        }
        if config.modes:
            members |= {
                "outputs": Out(stream.Signature(row_layout(config, 8))),
                "stage": In(OutputStage),
                "clamped": Out(32),
            }
        if config.raw_output:
            members["accumulators"] = Out(stream.Signature(row_layout(config, signed(32))))
        if config.selectable:
            members["mode"] = In(Mode)
        if config.subtract:
            members |= {"a_zero_point": In(config.act_width), "a_unsigned": In(1), "w_unsigned": In(1)}
        super().__init__(members | {"busy": Out(1), "errors": Out(Errors), "clear": In(1)})

    def elaborate(self, platform):
        m = Module()
        datapath = self.datapath.instantiate(m, "datapath")
        channels = self.channel_sets.instantiate(m, "channel_sets")
        admission = self.admission.instantiate(m, "admission")

        self._operands(m, admission, channels, datapath)
        wiring.connect(m, wiring.flipped(self.channels), channels.i)
        m.d.comb += [
            channels.advance.eq(admission.advance),
            channels.used.eq(datapath.used),
            channels.used_bank.eq(datapath.used_set),
        ]
        for load, write in zip(channels.load, datapath.load, strict=True):
            m.d.comb += [write.valid.eq(load.valid), write.payload.eq(load.payload)]
        counting = self._results(m, channels, datapath)
        m.d.comb += self.busy.eq(datapath.busy | counting)
        self._flags(m, admission, channels)
        return m

    def _operands(self, m, admission, channels, datapath):
        """Operand streams through admission and zero points into the array."""
        config = self.config
        activations, weights, wave = self.activations, self.weights, datapath.wave
        m.d.comb += [
            admission.a_valid.eq(activations.valid),
            admission.a_last.eq(activations.payload.last),
            admission.w_valid.eq(weights.valid),
            admission.w_last.eq(weights.payload.last),
            admission.keep.eq(weights.payload.keep),
            admission.next_full.eq(channels.next_full),
            admission.current_bank.eq(channels.bank),
            admission.room.eq(datapath.room),
            activations.ready.eq(admission.accept),
            weights.ready.eq(admission.accept),
            wave.valid.eq(admission.accept),
            wave.payload.first.eq(admission.first),
            wave.payload.last.eq(admission.last),
            wave.payload.set.eq(admission.bank),
        ]
        if not config.subtract:
            m.d.comb += [
                wave.payload.a.eq(activations.payload.data),
                wave.payload.w.eq(weights.payload.data),
            ]
            return
        a_zero = Signal(signed(config.a_width))
        m.d.comb += a_zero.eq(extend(self.a_zero_point, self.a_unsigned))
        for r in range(config.rows):
            for d in range(config.depth):
                operand = extend(activations.payload.data[r][d], self.a_unsigned)
                m.d.comb += wave.payload.a[r][d].eq(difference(operand, a_zero))
        for c in range(config.cols):
            w_zero = Signal(signed(config.w_width), name=f"w_zero_c{c}")
            raw_zeros = channels.weight_zero_point
            raw_zero = Mux(admission.bank, raw_zeros[1][c], raw_zeros[0][c])
            m.d.comb += w_zero.eq(extend(raw_zero, self.w_unsigned))
            for d in range(config.depth):
                operand = extend(weights.payload.data[c][d], self.w_unsigned)
                m.d.comb += wave.payload.w[c][d].eq(difference(operand, w_zero))

    def _results(self, m, channels, datapath):
        """Rows to the output streams; returns whether clamped outputs are still being counted."""
        config = self.config
        counting = C(0)
        if config.modes:
            rows, row = datapath.outputs, self.outputs.payload
            m.d.comb += [
                datapath.stage.eq(self.stage),
                row.data.eq(rows.payload.data),
                row.last.eq(rows.payload.last),
                self.outputs.valid.eq(rows.valid),
                rows.ready.eq(self.outputs.ready),
            ]
            popped = Signal()
            of_row = Signal(config.cols, name="clamped_of_row")
            clamped = Signal(range(config.cols + 1), name="clamped_in_row")
            counting = Signal(3)
            m.d.comb += popped.eq(rows.valid & rows.ready)
            m.d.sync += [
                counting.eq(Cat(popped, counting)),
                of_row.eq(Mux(popped, rows.payload.clamped, 0)),
                clamped.eq(sum(of_row)),
            ]
            # The upper half follows a cycle later. Its bit 16, once set, stays and makes the others ones.
            low, high, carry = Signal(16, name="clamped_low"), Signal(17, name="clamped_high"), Signal()
            m.d.sync += [
                Cat(low, carry).eq(Mux(self.clear, 0, low) + clamped),
                high.eq(Mux(self.clear, 0, (high[:16] + carry) | (high & 1 << 16))),
            ]
            m.d.comb += self.clamped.eq(Cat(low, high) | high[16].replicate(32))
        if config.raw_output:
            wiring.connect(m, datapath.accumulators, wiring.flipped(self.accumulators))
        if config.selectable:
            m.d.comb += [datapath.mode.eq(self.mode), channels.mode.eq(self.mode)]
        return counting.any()

    def _flags(self, m, admission, channels):
        """Sticky errors."""
        clamp_range = Signal()
        if self.config.modes:
            # The sign of a difference: a carry chain where a comparison is a tree of LUTs.
            m.d.sync += clamp_range.eq((self.stage.high - self.stage.low)[-1])
        events = Cat(
            admission.last_mismatch,
            admission.keep_mismatch,
            channels.illegal,
            admission.accept & clamp_range)
        # A cycle later, because some of them are found late in theirs; `clear` is about what was before it.
        seen = Signal.like(events)
        m.d.sync += [seen.eq(events), self.errors.eq(Mux(self.clear, 0, self.errors.as_value() | seen))]
