"""The core: an engine with plain valid/ready streams.

::

    job ─────────► JobCheck ───┐
    activations ─► PacketGate ─┤
    weights ─────► PacketGate ─┼► Pipeline ─► PacketExit ─► outputs
    channels ────► PacketGate ─┘
"""

from amaranth import Cat, Module, Mux, ResetSignal, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.byte_stream import byte_stream
from hdl.engine_config import EngineConfig
from hdl.job import Job, JobCheck
from hdl.packets import PacketExit, PacketGate
from hdl.pipeline import Pipeline
from hdl.prototype import Prototype
from hdl.registers import ERROR
from hdl.sequencer import Cycle

__all__ = ["Core"]


class Core(wiring.Component):
    """Matrix products from streams of bytes, job by job.

    Every job that is taken moves exactly one packet on each stream, in the order of the jobs. When
    jobs are cancelled, by `cancel` or by a wrong packet, what is left of their operand packets is
    taken and thrown away, and each of their output packets ends with one beat of one zero byte.

    Parameters
    ----------
    config : EngineConfig

    Members
    -------
    job : In, stream of `Job`
        Ready when one of two places is free and nothing is being cancelled.
    activations, weights, channels : In, `byte_stream`
    outputs : Out, `byte_stream`
    cancel : In
        Cancel all jobs.
    busy : Out
        A job is being checked, is unfinished or being cancelled.
    cancelling : Out
    done, cancelled, refused : Out
        A job's last output leaves; all cancelled jobs are gone; a job was refused.
    errors : Out, one bit for each field of register ERROR
        What went wrong in this cycle.
    clamped : Out
        Outputs that the clamp changed, to be added up.
    cycle : Out, Cycle
        What this cycle was used for.
    """

    def __init__(self, config: EngineConfig):
        self.config = config
        self.check = Prototype(JobCheck(config), "mac_job_check", has_reset=True)
        sizes = {"activations": config.act_bytes, "weights": config.weight_bytes, "channels": config.channel_bytes}
        # Only activations wait for room: there is always a place for all weights and channels of a job.
        self.gates = {
            name: Prototype(PacketGate(size, always_ready=name != "activations"), f"mac_{name}_gate", has_reset=True)
            for name, size in sizes.items()}
        self.exit = Prototype(PacketExit(config.out_bytes), "mac_outputs_exit", has_reset=True)
        self.pipeline = Prototype(Pipeline(config), "mac_pipeline", has_reset=True)
        self.latency = self.pipeline.component.datapath.latency
        self.raw_latency = self.pipeline.component.datapath.raw_latency
        self.prototypes = [self.check, *self.gates.values(), self.exit, self.pipeline]
        super().__init__({
            "job": In(stream.Signature(Job)),
            **{name: In(byte_stream(size)) for name, size in sizes.items()},
            "outputs": Out(byte_stream(config.out_bytes)),
            "cancel": In(1),
            "busy": Out(1),
            "cancelling": Out(1),
            "done": Out(1),
            "cancelled": Out(1),
            "refused": Out(1),
            "errors": Out(len(ERROR)),
            "clamped": Out(range(config.cols + 1)),
            "cycle": Out(Cycle),
        })

    def elaborate(self, platform):
        m = Module()
        check = self.check.instantiate(m, "check")
        gates = {name: gate.instantiate(m, f"{name}_gate") for name, gate in self.gates.items()}
        leaving = self.exit.instantiate(m, "outputs_exit")
        wipe = Signal()
        pipeline = self.pipeline.instantiate(m, "pipeline", reset=ResetSignal() | wipe)

        # A wrong packet or an abort wipes the pipeline until all that is owed has come and gone: what gates show it
        # meanwhile means nothing.
        cancel_now = Signal()
        over = Signal()
        m.d.comb += [
            cancel_now.eq(self.cancel | pipeline.stream_errors.any()),
            # A job that is being checked may yet come to owe packets.
            over.eq(self.cancelling & check.i.ready
                    & ~Cat(gate.owed for gate in gates.values()).any() & ~leaving.owed),
            wipe.eq(cancel_now | self.cancelling),
            self.cancelled.eq(over & ~cancel_now),
        ]
        with m.If(cancel_now):
            m.d.sync += self.cancelling.eq(1)
        with m.Elif(over):
            m.d.sync += self.cancelling.eq(0)

        jobs = Signal(range(3))
        m.d.sync += jobs.eq(Mux(self.cancelling, 0, jobs + check.issue - self.done))
        may_start = Signal()
        m.d.comb += [
            may_start.eq((jobs != 2) & ~pipeline.full & ~self.cancelling),
            check.i.payload.eq(self.job.payload),
            check.i.valid.eq(self.job.valid & may_start),
            self.job.ready.eq(check.i.ready & may_start),
            self.busy.eq((jobs != 0) | self.cancelling | ~check.i.ready),
            self.refused.eq(check.refuse),
            pipeline.issue.eq(check.issue),
            pipeline.plan.eq(check.plan),
        ]

        for name, gate in gates.items():
            wiring.connect(m, wiring.flipped(getattr(self, name)), gate.i)
            wiring.connect(m, gate.o, getattr(pipeline, name))
        wiring.connect(m, pipeline.outputs, leaving.i)
        wiring.connect(m, leaving.o, wiring.flipped(self.outputs))
        for border in (*gates.values(), leaving):
            m.d.comb += [border.issue.eq(check.issue), border.cancelling.eq(self.cancelling)]

        m.d.comb += [
            self.done.eq(leaving.done),
            self.errors.eq(Cat(check.errors, pipeline.stream_errors, pipeline.data_errors)),
            self.clamped.eq(pipeline.clamped),
        ]
        with m.If(jobs != 0):
            m.d.comb += self.cycle.eq(pipeline.cycle)
        return m
