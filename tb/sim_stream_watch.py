"""A watch on the AXI streams of an engine: rules of the protocol, counts of beats, and hangs."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cocotb.triggers import RisingEdge

from tb.sim_bench import fail, require
from tb.sim_gemm import INPUTS

__all__ = ["StreamWatch"]

# What a stream does, by valid and ready.
_DOES = {(True, True): "moves", (True, False): "waits", (False, True): "lacks", (False, False): "rests"}


class StreamWatch:
    """Looks at every stream in every cycle.

    Parameters
    ----------
    dut: the simulated engine.
    edge: the rising edge of its clock.
    patience: cycles without any beat after which a run that waits for something is given up.
    states: what to show then.

    Attributes
    ----------
    cycle: cycles since the start.
    taken: beats that each input stream has taken.
    refused: cycles in which each stream's beat waited for ready.
    idle: cycles in which each input stream was ready and nothing came.
    together: cycles by what the streams did at the same time, each one of "moves", "waits" (for ready), "lacks" (was
        ready for a beat that was not there) and "rests".
    beats: of the output packet that is on its way.
    packets, ends: output packets that have ended, and the data of their last beats.
    ended: the cycle in which the last one did.
    relax: beats may be withdrawn, because somebody resets the engine.
    prefix: of the wires of each stream.
    """

    def __init__(self, dut: Any, edge: RisingEdge, patience: int, states: Callable[[], dict[str, object]]):
        self.prefix = {name: f"s_axis_{name}" for name in INPUTS} | {"outputs": "m_axis_outputs"}
        self._wires = {name: tuple(getattr(dut, f"{prefix}_{wire}") for wire in ("tvalid", "tready"))
                       for name, prefix in self.prefix.items()}
        self._payload = tuple(getattr(dut, f"m_axis_outputs_{wire}") for wire in ("tdata", "tkeep", "tlast"))
        self._all = (1 << len(dut.m_axis_outputs_tkeep)) - 1
        self._edge, self._patience, self._states = edge, patience, states
        self.cycle = self.ended = self._quiet = 0
        self._wanted: list[str] = []
        self.relax = False
        self.refused = dict.fromkeys(self.prefix, 0)
        self.idle = dict.fromkeys(INPUTS, 0)
        self.together: Counter[tuple[str, ...]] = Counter()
        self.forget()

    def forget(self) -> None:
        """Start anew, as after a reset."""
        self.taken = dict.fromkeys(INPUTS, 0)
        self.beats = self.packets = 0
        self.ends: list[int] = []
        self._offered: tuple[int, int, int] | None = None

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """In this context something must move now and then; otherwise the streams may be quiet for ever."""
        if not self._wanted:
            self._quiet = 0
        self._wanted.append(what)
        try:
            yield
        finally:
            self._wanted.remove(what)

    async def run(self) -> None:
        """Watch until the test ends."""
        while True:
            await self._edge
            self.cycle += 1
            self._quiet += 1
            doing = []
            for name, wires in self._wires.items():
                valid, ready = (bool(wire.value) for wire in wires)
                does = _DOES[valid, ready]
                doing.append(does)
                if name == "outputs":
                    self._output(valid, ready)
                elif does == "moves":
                    self.taken[name] += 1
                    self._quiet = 0
                elif does == "waits":
                    self.refused[name] += 1
                elif does == "lacks":
                    self.idle[name] += 1
            self.together[tuple(doing)] += 1
            if self._wanted and self._quiet > self._patience:
                fail("the engine hangs", waits_for=self._wanted, cycle=self.cycle, **self._states())

    def _output(self, valid: bool, ready: bool) -> None:
        """One cycle of the output stream."""
        if self.relax:
            self._offered = None
        if not valid:
            require(self._offered is None, "outputs: valid was withdrawn before ready", cycle=self.cycle)
            return
        data, keep, last = (int(wire.value) for wire in self._payload)
        if self._offered is not None:
            require(self._offered == (data, keep, last), "outputs: the payload changed before ready",
                    cycle=self.cycle, was=self._offered, now=(data, keep, last))
        self._offered = (data, keep, last)
        if not ready:
            self.refused["outputs"] += 1
            return
        self._quiet = 0
        self._offered = None
        self.beats += 1
        if last:
            require(keep & (keep + 1) == 0 and keep != 0, "outputs: the last beat keeps its low bytes",
                    cycle=self.cycle, keep=f"{keep:b}")
            self.packets += 1
            self.ends.append(data)
            self.ended = self.cycle
            self.beats = 0
        else:
            require(keep == self._all, "outputs: a beat before the last is full", cycle=self.cycle, keep=f"{keep:b}")
