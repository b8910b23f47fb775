"""From a dense stream of bytes to words that start where the rows of a matrix start."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hdl.byte_stream import byte_stream, low_bytes
from hdl.engine_config import EngineConfig
from hdl.job import plan_layout
from hdl.turn import Turn

__all__ = ["RowCutter", "row_word_layout"]


def row_word_layout(config: EngineConfig) -> data.StructLayout:
    """Bytes of one row: `count` of them; the last word of its row (`row_end`), in the last row of the job."""
    return data.StructLayout({
        "data": data.ArrayLayout(8, config.act_bytes),
        "count": range(config.act_bytes + 1),
        "row_end": 1,
        "final_row": 1,
    })


class RowCutter(wiring.Component):
    """Cut packets of M * K bytes into rows of K.

    Rows begin at any byte of a beat, at the same one (`phase`) for all words of a row: a word is
    the bytes from `phase` on of the beat before and of the present one. A word leaves in every
    cycle in which the beats for it are there.

    ::

        beats      | 0 1 2 3 | 4 5 6 7 | 8 9 a b |          K = 6, 4 bytes a beat
        words      | 0 1 2 3 | 4 5 . . |                    row 0, phase 0
                                 | 6 7 8 9 | a b . . |      row 1, phase 2

    Parameters
    ----------
    config : EngineConfig

    Members
    -------
    i : In, `byte_stream` of act_bytes
    o : Out, stream of `row_word_layout`
    issue : In; slot : Out; plan : In
        See `Turn`; the plan of job `slot`.
    early, late, keep : Out
        The packet breaks the rule of this name; nothing moves until reset.
    """

    def __init__(self, config: EngineConfig):
        self.config = config
        super().__init__({
            "i": In(byte_stream(config.act_bytes)),
            "o": Out(stream.Signature(row_word_layout(config))),
            "issue": In(1),
            "slot": Out(1),
            "plan": In(plan_layout(config)),
            "early": Out(1),
            "late": Out(1),
            "keep": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        size, plan, word = self.config.act_bytes, self.plan, self.o.payload
        m.submodules.turn = turn = Turn()
        m.d.comb += [turn.issue.eq(self.issue), self.slot.eq(turn.slot)]

        running = Signal()
        rows_left = Signal.like(plan.m, init=0, reset_less=True)
        bytes_left = Signal.like(plan.k, init=0, reset_less=True)
        phase = Signal(ceil_log2(size), reset_less=True)
        held = Signal(self.i.payload.shape(), reset_less=True)
        has_held = Signal()

        # The word: `count` bytes from `phase` on, which may reach into the next beat.
        row_end = Signal()
        final = Signal()
        span = Signal(range(2 * size))
        needs_next = Signal()
        empties_held = Signal()
        m.d.comb += [
            row_end.eq(bytes_left <= size),
            final.eq(row_end & (rows_left == 1)),
            word.count.eq(Mux(row_end, bytes_left, size)),
            word.row_end.eq(row_end),
            word.final_row.eq(rows_left == 1),
            span.eq(phase + word.count),
            needs_next.eq(span > size),
            empties_held.eq(span >= size),
        ]
        both = Cat(held.data, self.i.payload.data)
        for bit in range(len(phase)):
            before = both
            both = Signal(len(before), name=f"shifted_{bit}")
            m.d.comb += both.eq(Mux(phase[bit], before[8 << bit:], before))
        m.d.comb += word.data.eq(both)

        step = Signal()
        m.d.comb += [
            self.early.eq(running & has_held & held.last & (needs_next | (empties_held & ~final))),
            self.o.valid.eq(running & has_held & (~needs_next | self.i.valid) & ~self.early),
            step.eq(self.o.valid & self.o.ready),
            # After the final word comes another job's packet.
            self.i.ready.eq(running & ~self.early & (
                ~has_held | (step & Mux(final, needs_next, empties_held)))),
            turn.done.eq(step & final),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [held.eq(self.i.payload), has_held.eq(1)]
        with m.Elif(step & empties_held):
            m.d.sync += has_held.eq(0)
        with m.If(step):
            m.d.sync += [phase.eq(span), bytes_left.eq(bytes_left - size)]
            with m.If(row_end):
                m.d.sync += [bytes_left.eq(plan.k), rows_left.eq(rows_left - 1)]
            with m.If(final):
                m.d.sync += [running.eq(0), has_held.eq(0)]
        with m.If(~running):
            m.d.sync += [running.eq(turn.active), rows_left.eq(plan.m), bytes_left.eq(plan.k), phase.eq(0)]

        # Judged with the word that uses up a beat; the final word uses up its last beat.
        end_keep = Mux(needs_next, self.i.payload.keep, held.keep)
        end_count = Signal(range(size + 1))
        m.d.comb += [
            end_count.eq(Mux(needs_next, span - size, span)),
            self.late.eq(step & final & ~Mux(needs_next, self.i.payload.last, held.last)),
            self.keep.eq(step & (
                (final & (end_keep != low_bytes(end_count, size)))
                | ((needs_next | (empties_held & ~final)) & ~held.keep.all()))),
        ]
        return m
