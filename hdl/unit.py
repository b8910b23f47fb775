"""The unit: operand streams in, rows of results out.

::

    activations ──►┐ join                                          ┌► Collect ─► buffer ─► outputs
                   ├─────► zero points ─► MacArray ─► Direct or ─► lanes
    weights ──────►┘ Admission                        Gather    ▲  └► Collect ─► buffer ─► accumulators
    channels ───────────────────────────► Channels ─────────────┘

Every stream waits for its partner; nothing between the operand streams and the output buffers does.
"""

from amaranth import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from hdl.admission import Admission
from hdl.array import MacArray
from hdl.channels import Channels, channel_stream_layout
from hdl.collect import Collect, row_layout
from hdl.config import Config, Mode
from hdl.delay import delay
from hdl.gather import Direct, Gather
from hdl.lane import Lane
from hdl.prototype import Prototype
from hdl.requant import OutputStage

__all__ = ["Errors", "Unit"]

# One result of a lane on its way to the output: y, clamped.
RESULT = data.StructLayout({"y": 8, "clamped": 1})

# Cycles from the write of a row into an empty output buffer to its valid at the output.
BUFFER_LATENCY = 2


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
        cell (r, c) follows r + c cycles later.
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
        A tile is unfinished or a row has not left.
    clamped : Out, 32 bits (with modes)
        Outputs that the clamp changed; stays at 2^32 - 1.
    errors : Out, Errors
    clear : In
        Set `clamped` and `errors` to 0, at any time; what happens in the same cycle still counts.
    """

    def __init__(self, config: Config):
        self.config = config
        array, gather, lane = MacArray(config), Direct(config) if config.groups == 1 else Gather(config), Lane(config)
        self.cell_latency = array.latency - 1
        self.set_interval = array.latency + gather.latency + 2 * config.cols
        row_ready = array.latency + config.cols - 1 + gather.latency + config.groups - 1
        self.raw_latency = row_ready + lane.raw_latency + BUFFER_LATENCY
        self.latency = row_ready + lane.latency + BUFFER_LATENCY
        # Rows claimed by the tiles of one latency, plus the tile that asks.
        in_flight = self.latency + config.drain_interval + 2
        self.buffer_rows = config.rows * (1 + -(-in_flight // config.drain_interval))

        self.array = Prototype(array, "mac_array", has_reset=True)
        shared = config.groups > 1
        self.gather = Prototype(gather, "mac_gather", has_clock=shared, has_reset=shared)
        self.channel_sets = Prototype(Channels(config), "mac_channels", has_reset=True)
        self.admission = Prototype(Admission(config, self.buffer_rows), "mac_admission", has_reset=True)
        self.lane = Prototype(lane, "mac_lane")
        self.prototypes = [self.array, self.gather, self.channel_sets, self.admission, self.lane]
        if config.modes:
            self.collect_outputs = Prototype(
                Collect(config, RESULT), "mac_collect_outputs", has_clock=config.cols > 1)
            self.prototypes.append(self.collect_outputs)
        if config.raw_output:
            self.collect_accumulators = Prototype(
                Collect(config, signed(32)), "mac_collect_accumulators", has_clock=config.cols > 1)
            self.prototypes.append(self.collect_accumulators)

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
        array = self.array.instantiate(m, "array")
        gather = self.gather.instantiate(m, "gather")
        channels = self.channel_sets.instantiate(m, "channel_sets")
        admission = self.admission.instantiate(m, "admission")

        self._operands(m, admission, channels, array)
        m.d.comb += [gather.drain.eq(array.drain), gather.drain_token.eq(array.token)]
        wiring.connect(m, wiring.flipped(self.channels), channels.i)
        m.d.comb += [
            channels.advance.eq(admission.advance),
            channels.used.eq(gather.valid),
            channels.used_bank.eq(gather.bank[-1]),
        ]
        popped, clamped = self._results(m, gather, channels)
        m.d.comb += [admission.popped.eq(Cat(popped)), self.busy.eq(admission.busy)]
        self._flags(m, admission, channels, clamped)
        return m

    def _operands(self, m, admission, channels, array):
        """Operand streams through admission and zero points into the array."""
        config = self.config
        activations, weights, wave = self.activations, self.weights, array.wave
        m.d.comb += [
            admission.a_valid.eq(activations.valid),
            admission.a_last.eq(activations.payload.last),
            admission.w_valid.eq(weights.valid),
            admission.w_last.eq(weights.payload.last),
            admission.keep.eq(weights.payload.keep),
            admission.next_full.eq(channels.next_full),
            admission.current_bank.eq(channels.bank),
            activations.ready.eq(admission.accept),
            weights.ready.eq(admission.accept),
            wave.valid.eq(admission.accept),
            wave.payload.first.eq(admission.first),
            wave.payload.last.eq(admission.last),
            wave.payload.bank.eq(admission.bank),
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
                m.d.comb += wave.payload.a[r][d].eq(operand - a_zero)
        for c in range(config.cols):
            w_zero = Signal(signed(config.w_width), name=f"w_zero_c{c}")
            raw_zeros = channels.weight_zero_point
            raw_zero = Mux(admission.bank, raw_zeros[1][c], raw_zeros[0][c])
            m.d.comb += w_zero.eq(extend(raw_zero, self.w_unsigned))
            for d in range(config.depth):
                operand = extend(weights.payload.data[c][d], self.w_unsigned)
                m.d.comb += wave.payload.w[c][d].eq(operand - w_zero)

    def _results(self, m, gather, channels):
        """Lanes, collection and output buffers; returns their pops and the count of clamped outputs."""
        config = self.config
        raws, results = [], []
        for index in range(config.requant_lanes):
            lane = self.lane.instantiate(m, f"lane_{index}")
            m.d.comb += [
                lane.acc.eq(gather.acc[index]),
                lane.bank.eq(gather.bank[index]),
                lane.group.eq(gather.group),
                lane.load.valid.eq(channels.load[index].valid),
                lane.load.payload.eq(channels.load[index].payload),
            ]
            raws.append(lane.raw)
            if config.modes:
                m.d.comb += lane.stage.eq(self.stage)
                results += [lane.y, lane.clamped]
            if config.selectable:
                m.d.comb += lane.mode.eq(self.mode)
        if config.selectable:
            m.d.comb += channels.mode.eq(self.mode)

        popped, clamped = [], 0
        if config.modes:
            rows = self._collect(m, "outputs", results, self.lane.component.latency, gather)
            columns = rows.payload.data
            row = Signal(self.outputs.payload.shape())
            m.d.comb += row.last.eq(rows.payload.last)
            for c in range(config.cols):
                m.d.comb += row.data[c].eq(columns[c].y)
            popped.append(self._buffer(m, "outputs", rows.valid, row, self.outputs))
            clamped = Signal(range(config.cols + 1), name="clamped_in_row")
            flags = Cat(columns[c].clamped for c in range(config.cols))
            m.d.sync += clamped.eq(Mux(rows.valid, sum(flags), 0))
        if config.raw_output:
            rows = self._collect(m, "accumulators", raws, Lane.raw_latency, gather)
            popped.append(self._buffer(m, "accumulators", rows.valid, rows.payload, self.accumulators))
        return popped, clamped

    def _collect(self, m, name, lanes, latency, gather):
        """Rows of results that leave the lanes `latency` cycles after their accumulators entered."""
        collect = getattr(self, f"collect_{name}").instantiate(m, f"collect_{name}")
        tokens = delay(m, Cat(gather.valid, gather.token), latency, name=f"{name}_tokens", reset_less=False)
        m.d.comb += [collect.lanes.eq(Cat(lanes)), Cat(collect.valid, collect.token).eq(tokens)]
        return collect.row

    def _buffer(self, m, name, valid, row, output):
        """A FIFO of `buffer_rows` rows, never overrun thanks to `Admission`; returns its pop."""
        bits = row.shape().size
        m.submodules[f"buffer_{name}"] = fifo = SyncFIFOBuffered(width=bits, depth=self.buffer_rows)
        popped = Signal(name=f"{name}_popped")
        m.d.comb += [
            fifo.w_data.eq(row),
            fifo.w_en.eq(valid),
            output.payload.eq(fifo.r_data),
            output.valid.eq(fifo.r_rdy),
            fifo.r_en.eq(output.ready),
            popped.eq(output.valid & output.ready),
        ]
        return popped

    def _flags(self, m, admission, channels, clamped):
        """Sticky errors and the count of clamped outputs."""
        clamp_range = self.stage.low > self.stage.high if self.config.modes else 0
        events = Cat(
            admission.last_mismatch,
            admission.keep_mismatch,
            channels.illegal,
            admission.accept & clamp_range)
        m.d.sync += self.errors.eq(Mux(self.clear, 0, self.errors.as_value()) | events)
        if not self.config.modes:
            return
        total = Signal(33)
        m.d.comb += total.eq(Mux(self.clear, 0, self.clamped) + clamped)
        m.d.sync += self.clamped.eq(Mux(total[32], 2**32 - 1, total))


def extend(raw, is_unsigned):
    """`raw` bits as a signed number one bit wider, read as unsigned or two's complement."""
    return Cat(raw, raw[-1] & ~is_unsigned).as_signed()
