"""The tile loop: which operands are read next, in which order, and what a cycle is lost to."""

from amaranth import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.engine_config import EngineConfig
from hdl.job import M_WIDTH, plan_layout
from hdl.turn import Turn

__all__ = ["Cycle", "Sequencer"]


class Cycle(data.Struct):
    """What the engine does in a cycle in which a job is unfinished: exactly one of these, or none without a job."""

    waves: 1
    wait_activations: 1
    wait_weights: 1
    wait_channels: 1
    wait_outputs: 1
    drain: 1


class Sequencer(wiring.Component):
    """For each job: for each panel of rows, for each tile of columns, for each beat of k: one wave.

    A panel of activations stays for all tiles of its rows, the weights stay for all panels: every
    operand is loaded once. A wave is read when its operands are there and nothing ahead of it
    waits (`go`); its tile's channel parameters must be there with the last wave, with zero points
    by `SUBTRACT` with the first one.

    Between jobs the datapath runs empty, because the settings of its output stage change.

    Parameters
    ----------
    config : EngineConfig

    Members
    -------
    issue : In; slot, full : Out; plan : In
        See `Turn`; the plan of job `slot`. A job ends here when its last result is in the output
        buffer, which no other part that takes operands or results does later.
    beat, weight_beat, tile : Out
        What is read: step of k, its place among the job's weights, number of the channel set.
    a_available, w_available, set_available : In
        It is there.
    go : In
        What was read before moves on in this cycle.
    read : Out
        The wave is read.
    first, last : Out
        Of its tile.
    release : Out
        With the last wave of a panel.
    idle : In
        No wave and no result is on its way.
    cycle : Out, Cycle
        One bit, or none if there is no job for this part.
    """

    def __init__(self, config: EngineConfig):
        self.config = config
        super().__init__({
            "issue": In(1),
            "slot": Out(1),
            "full": Out(1),
            "plan": In(plan_layout(config)),
            "beat": Out(range(-(-config.k_max // config.depth))),
            "weight_beat": Out(range(config.weight_beats)),
            "tile": Out(range(config.sets)),
            "a_available": In(1),
            "w_available": In(1),
            "set_available": In(1),
            "go": In(1),
            "read": Out(1),
            "first": Out(1),
            "last": Out(1),
            "release": Out(1),
            "idle": In(1),
            "cycle": Out(Cycle),
        })

    def elaborate(self, platform):
        m = Module()
        config, plan = self.config, self.plan
        m.submodules.turn = turn = Turn()
        m.d.comb += [turn.issue.eq(self.issue), self.slot.eq(turn.slot), self.full.eq(turn.full)]

        running = Signal()
        draining = Signal()
        rows_left = Signal(M_WIDTH, reset_less=True)
        last_tile = Signal()
        last_panel = Signal()
        set_ready = Signal()
        m.d.comb += [
            self.first.eq(self.beat == 0),
            self.last.eq(self.beat == plan.beats - 1),
            last_tile.eq(self.tile == plan.tiles - 1),
            last_panel.eq(rows_left <= config.rows),
            set_ready.eq(self.set_available | ~(self.first if config.subtract else self.last)),
            self.read.eq(running & self.a_available & self.w_available & set_ready & self.go),
            self.release.eq(self.read & self.last & last_tile),
            turn.done.eq(draining & self.idle),
        ]
        with m.If(self.read):
            m.d.sync += [
                self.beat.eq(Mux(self.last, 0, self.beat + 1)),
                self.weight_beat.eq(Mux(self.release, 0, self.weight_beat + 1)),
            ]
            with m.If(self.last):
                m.d.sync += self.tile.eq(Mux(last_tile, 0, self.tile + 1))
            with m.If(self.release):
                m.d.sync += rows_left.eq(rows_left - config.rows)
                with m.If(last_panel):
                    m.d.sync += [running.eq(0), draining.eq(1)]
        with m.If(~running):
            m.d.sync += [running.eq(turn.active & ~draining), rows_left.eq(plan.m)]
        with m.If(draining):
            m.d.sync += draining.eq(~self.idle)

        waits = running & ~self.read
        m.d.comb += [
            self.cycle.waves.eq(self.read),
            self.cycle.wait_outputs.eq(waits & ~self.go),
            self.cycle.wait_activations.eq(waits & self.go & ~self.a_available),
            self.cycle.wait_weights.eq(waits & self.go & self.a_available & ~self.w_available),
            self.cycle.wait_channels.eq(waits & self.go & self.a_available & self.w_available),
            self.cycle.drain.eq(~running),
        ]
        return m
