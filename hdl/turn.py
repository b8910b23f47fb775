"""Whose turn it is: jobs are numbered 0, 1, 0, 1, ... and every part works through them in order."""

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Turn"]


class Turn(wiring.Component):
    """The job that one part of the engine works on.

    Members
    -------
    issue : In
        There is one more job; never more than two are unfinished.
    done : In
        This part has finished its job.
    active : Out
        There is a job for this part.
    slot : Out
        Its number, 0 or 1.
    full : Out
        There are two: another one would take the place of the first.
    """

    issue: In(1)
    done: In(1)
    active: Out(1)
    slot: Out(1)
    full: Out(1)

    def elaborate(self, platform):
        m = Module()
        waiting = Signal(range(3))
        m.d.sync += [waiting.eq(waiting + self.issue - self.done), self.slot.eq(self.slot ^ self.done)]
        m.d.comb += [self.active.eq(waiting != 0), self.full.eq(waiting == 2)]
        return m
