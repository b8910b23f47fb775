"""Counters of an engine: what its clock cycles went into, finished jobs, clamped outputs."""

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.registers import CYCLE_COUNTERS

__all__ = ["COUNTERS", "Counters"]

# Those that count by one, in the order of their registers.
ENABLED = (*(name.lower() for name, _ in CYCLE_COUNTERS), "jobs")
COUNTERS = (*ENABLED, "clamped")

LIMIT = 2**32 - 1


class Counters(wiring.Component):
    """All counters, of 32 bits each.

    Parameters
    ----------
    clamped_width : int
        Bits of the number of outputs that are clamped in a cycle.

    Members
    -------
    <name>_enable : In
        For each of `ENABLED`: count this cycle or job; modulo 2^32.
    clamped_add : In, clamped_width bits
        Count so many clamped outputs; the counter stays at 2^32 - 1.
    clear : In
        Set all to 0; what happens in the same cycle still counts.
    <name> : Out, 32 bits
        For each of `COUNTERS`.
    """

    def __init__(self, clamped_width: int):
        super().__init__(
            {f"{name}_enable": In(1) for name in ENABLED} | {"clamped_add": In(clamped_width), "clear": In(1)}
            | {name: Out(32) for name in COUNTERS})

    def elaborate(self, platform):
        m = Module()
        for name in ENABLED:
            count, enable = getattr(self, name), getattr(self, f"{name}_enable")
            m.d.sync += count.eq(Mux(self.clear, 0, count) + enable)
        total = Signal(33)
        m.d.comb += total.eq(Mux(self.clear, 0, self.clamped) + self.clamped_add)
        m.d.sync += self.clamped.eq(Mux(total[32], LIMIT, total))
        return m
