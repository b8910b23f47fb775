"""The weight buffer: all weights of two jobs, one being loaded while the other one is used."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, ceil_log2

from hdl.activation_buffer import does_not_fit
from hdl.byte_stream import byte_stream
from hdl.engine_config import EngineConfig
from hdl.job import plan_layout

__all__ = ["WeightBuffer"]


class WeightBuffer(wiring.Component):
    """Packed weights in, one step of k for all columns out, as often as it takes.

    A beat of cols * depth weights comes as `weight_words` words of the stream; what it does not
    need of the last one is not kept. Beats have come in the order of their use, and a beat can be
    read as soon as it has come.

    Parameters
    ----------
    config : EngineConfig

    Members
    -------
    i : In, `byte_stream` of weight_bytes that never waits
        Packets of jobs that are issued. In reset anything, which means nothing.
    slot : Out; plan : In
        The plan of job `slot`, the job that is loaded; numbers as in `Turn`.
    issue, issue_slot : In
        A job is issued, and its number: what its half of the buffer held is forgotten.
    early, late, keep : Out
        The packet breaks the rule of this name.
    out_of_range : Out
        A weight needs more than `weight_width` bits.
    beat, beat_slot : In
        What to read: a beat of a job.
    available : Out
        It has come.
    read : In
        In the next cycle `o` is what `beat` names.
    o : Out, [cols][depth] raw weights
    """

    def __init__(self, config: EngineConfig):
        self.config = config
        super().__init__({
            "i": In(byte_stream(config.weight_bytes, always_ready=True)),
            "issue": In(1),
            "issue_slot": In(1),
            "slot": Out(1),
            "plan": In(plan_layout(config)),
            "early": Out(1),
            "late": Out(1),
            "keep": Out(1),
            "out_of_range": Out(1),
            "beat": In(range(config.weight_beats)),
            "beat_slot": In(1),
            "available": Out(1),
            "read": In(1),
            "o": Out(data.ArrayLayout(data.ArrayLayout(config.weight_width, config.depth), config.cols)),
        })

    def elaborate(self, platform):
        m = Module()
        config, plan, word = self.config, self.plan, self.i.payload
        part = config.weight_bytes * config.weight_width
        lanes = config.weight_words
        index_bits = ceil_log2(config.weight_beats)
        m.submodules.beats = beats = Memory(
            shape=data.ArrayLayout(part, lanes), depth=2 << index_bits, init=[])
        write = beats.write_port(granularity=1)
        read = beats.read_port()

        # Of each job the beats that have come; it is issued before it is asked for.
        filled = Signal(data.ArrayLayout(bits_for(config.weight_beats), 2), reset_less=True)
        mine = Signal(bits_for(config.weight_beats))
        lane = Signal(range(lanes))
        beat_end = Signal()
        final = Signal()
        m.d.comb += [
            mine.eq(filled[self.slot]),
            beat_end.eq(lane == lanes - 1),
            final.eq(beat_end & (mine + 1 == plan.weight_beats)),
            self.early.eq(self.i.valid & word.last & ~final),
            self.late.eq(self.i.valid & final & ~word.last),
            self.keep.eq(self.i.valid & ~word.keep.all()),
            write.en.eq(self.i.valid.replicate(lanes) & (1 << lane)),
            write.addr.eq(Cat(mine[:index_bits], self.slot)),
            write.data.as_value().eq(Cat(byte[:config.weight_width] for byte in word.data).replicate(lanes)),
        ]
        with m.If(self.i.valid):
            m.d.sync += self.slot.eq(self.slot ^ final)
            m.d.sync += lane.eq(Mux(beat_end, 0, lane + 1))
            with m.If(beat_end):
                m.d.sync += filled[self.slot].eq(mine + 1)
        with m.If(self.issue):
            m.d.sync += filled[self.issue_slot].eq(0)

        m.d.comb += [
            self.available.eq(self.beat < filled[self.beat_slot]),
            read.en.eq(self.read),
            read.addr.eq(Cat(self.beat[:index_bits], self.beat_slot)),
            self.o.eq(read.data.as_value()),
        ]
        wrong = [
            does_not_fit(byte, config.weight_width, plan.w_unsigned) for byte in word.data
        ] if config.weight_width < 8 else []
        m.d.comb += self.out_of_range.eq(self.i.valid & Cat(wrong).any())
        return m
