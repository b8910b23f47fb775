"""The engine's inside: jobs and their packets in, packets of results out; everything that a reset may wipe.

::

    activations ─► RowCutter ─► ActivationBuffer ─┐
    weights ─────► WeightBuffer ──────────────────┼► OperandStage ─► Datapath ─► OutputBuffer ─► Packer ─► outputs
    channels ────► ChannelMemory ─────────────────┘       ▲             ▲
                         └ parameters ────────────────────┼─────────────┘
                                             Sequencer ───┘
"""

from amaranth import Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.activation_buffer import ActivationBuffer
from hdl.byte_stream import byte_stream
from hdl.channel_memory import ChannelMemory, set_width
from hdl.datapath import Datapath
from hdl.engine_config import EngineConfig
from hdl.job import plan_layout
from hdl.operand_stage import OperandStage
from hdl.output_buffer import OutputBuffer
from hdl.packer import Packer
from hdl.prototype import Prototype
from hdl.registers import DATA_ERRORS, STREAM_ERRORS
from hdl.row_cutter import RowCutter
from hdl.sequencer import Cycle, Sequencer
from hdl.turn import Turn
from hdl.weight_buffer import WeightBuffer

__all__ = ["Pipeline"]


class Pipeline(wiring.Component):
    """Works through jobs in order, each part on a job of its own: the next one loads while one computes.

    Parameters
    ----------
    config : EngineConfig

    Members
    -------
    issue : In; plan : In, `plan_layout`
        One more job; at most two may be unfinished.
    full : Out
        Both places for plans are in use, even if the older job's packet has left: rows below its M
        are still on their way.
    activations, weights, channels : In, `byte_stream`
        One packet for each job, not before it is issued. In reset anything, which means nothing.
    outputs : Out, `byte_stream`
        One packet for each job.
    stream_errors : Out, one bit for each of `STREAM_ERRORS`
        A packet is wrong: nothing that follows means anything until reset.
    data_errors : Out, one bit for each of `DATA_ERRORS`
    clamped : Out
        Outputs that the clamp changed, to be added up.
    cycle : Out, Cycle
    """

    def __init__(self, config: EngineConfig):
        self.config = config
        parts = {
            "cutter": (RowCutter(config), "mac_row_cutter"),
            "activation_buffer": (ActivationBuffer(config), "mac_activation_buffer"),
            "weight_buffer": (WeightBuffer(config), "mac_weight_buffer"),
            "channel_memory": (ChannelMemory(config), "mac_channel_memory"),
            "sequencer": (Sequencer(config), "mac_sequencer"),
            "operand_stage": (OperandStage(config), "mac_operand_stage"),
            "datapath": (Datapath(config, set_width(config)), "mac_datapath"),
            "output_buffer": (OutputBuffer(config), "mac_output_buffer"),
            "packer": (Packer(config), "mac_packer"),
        }
        self.parts = {part: Prototype(component, name, has_reset=True) for part, (component, name) in parts.items()}
        self.prototypes = list(self.parts.values())
        self.datapath = parts["datapath"][0]
        super().__init__({
            "issue": In(1),
            "plan": In(plan_layout(config)),
            "full": Out(1),
            "activations": In(byte_stream(config.act_bytes)),
            "weights": In(byte_stream(config.weight_bytes, always_ready=True)),
            "channels": In(byte_stream(config.channel_bytes, always_ready=True)),
            "outputs": Out(byte_stream(config.out_bytes)),
            "stream_errors": Out(len(STREAM_ERRORS)),
            "data_errors": Out(len(DATA_ERRORS)),
            "clamped": Out(range(config.cols + 1)),
            "cycle": Out(Cycle),
        })

    def elaborate(self, platform):
        m = Module()
        cutter, activations, weights, channels, sequencer, operands, datapath, results, packer = (
            part.instantiate(m, name) for name, part in self.parts.items())
        plans = self._plans(m)

        for part in (cutter, weights, channels, sequencer, operands):
            m.d.comb += part.plan.eq(plans[(sequencer if part is operands else part).slot])
        for part in (cutter, weights, channels, sequencer, results):
            m.d.comb += part.issue.eq(self.issue)
        m.d.comb += [results.store_plan.eq(plans[results.store_slot]), results.send_plan.eq(plans[results.send_slot])]

        wiring.connect(m, wiring.flipped(self.activations), cutter.i)
        wiring.connect(m, wiring.flipped(self.weights), weights.i)
        wiring.connect(m, wiring.flipped(self.channels), channels.i)
        wiring.connect(m, cutter.o, activations.i)
        wiring.connect(m, operands.wave, datapath.wave)
        wiring.connect(m, results.o, packer.i)
        wiring.connect(m, packer.o, wiring.flipped(self.outputs))

        for load, write in zip(channels.load, datapath.load, strict=True):
            m.d.comb += [write.valid.eq(load.valid), write.payload.eq(load.payload)]
        self._read(m, activations, weights, channels, sequencer, operands)
        self._settings(m, plans[sequencer.slot], datapath, results)
        idle = Signal()
        m.d.comb += [
            idle.eq(operands.empty & ~datapath.busy),
            sequencer.idle.eq(idle),
            results.idle.eq(idle),
            operands.room.eq(datapath.room),
            activations.is_unsigned.eq(plans[cutter.slot].a_unsigned),
            self.cycle.eq(sequencer.cycle),
            self.full.eq(sequencer.full),
        ]
        # One register between the packets and whoever acts on their errors.
        m.d.sync += [
            self.stream_errors.eq(Cat((part.early, part.late, part.keep) for part in (cutter, weights, channels))),
            self.data_errors.eq(Cat(channels.illegal, activations.out_of_range | weights.out_of_range)),
        ]
        return m

    def _plans(self, m):
        """The plans of both jobs; job numbers as in `Turn`."""
        m.submodules.issue_turn = turn = Turn()
        plans = Signal(data.ArrayLayout(self.plan.shape(), 2), reset_less=True)
        m.d.comb += turn.done.eq(self.issue)
        with m.If(self.issue):
            m.d.sync += plans[turn.slot].eq(self.plan)
        self.issue_slot = turn.slot
        return plans

    def _read(self, m, activations, weights, channels, sequencer, operands):
        """What the sequencer asks for, out of the buffers and into the operand stage."""
        token = operands.token
        m.d.comb += [
            weights.issue_slot.eq(self.issue_slot),
            channels.issue_slot.eq(self.issue_slot),
            activations.beat.eq(sequencer.beat),
            weights.beat.eq(sequencer.weight_beat),
            weights.beat_slot.eq(sequencer.slot),
            channels.tile.eq(sequencer.tile),
            channels.tile_slot.eq(sequencer.slot),
            sequencer.a_available.eq(activations.available),
            sequencer.w_available.eq(weights.available),
            sequencer.set_available.eq(channels.available),
            sequencer.go.eq(operands.go),
            activations.read.eq(sequencer.read),
            weights.read.eq(sequencer.read),
            activations.release.eq(sequencer.release),
            operands.read.eq(sequencer.read),
            token.first.eq(sequencer.first),
            token.last.eq(sequencer.last),
            token.set.eq(Cat(sequencer.tile, sequencer.slot)),
            operands.a.eq(activations.o),
            operands.w.eq(weights.o),
        ]
        if self.config.subtract:
            m.d.comb += [
                channels.read.eq(sequencer.read),
                operands.weight_zero_point.eq(channels.weight_zero_point),
            ]

    def _settings(self, m, plan, datapath, results):
        """Rows to the output buffer, and the settings of the job that computes."""
        if self.config.modes:
            wiring.connect(m, datapath.outputs, results.outputs)
            m.d.comb += [datapath.stage.eq(plan.stage), self.clamped.eq(results.clamped)]
        if self.config.raw_output:
            wiring.connect(m, datapath.accumulators, results.accumulators)
        if self.config.selectable:
            m.d.comb += datapath.mode.eq(plan.mode)
