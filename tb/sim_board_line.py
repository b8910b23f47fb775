"""The pins of a board: its clock, and a serial line with a computer's port at the other end."""

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.handle import Immediate
from cocotb.task import resume
from cocotb.triggers import FallingEdge, Timer

from tb.sim_bench import PERIOD_NS, case, require

__all__ = ["Line", "SimulatedPort", "load"]


def load() -> ModuleType:
    """The host's script, from the files of the board, where it finds the driver beside it."""
    sys.path.insert(0, str(Path(case("description")).parent))
    return importlib.import_module("mac_uart")


class Line:
    """Clock and serial line of a board.

    Parameters
    ----------
    dut: the simulated board.
    rng: random numbers of the computer's baud rate, which is never exact.

    Attributes
    ----------
    came: bytes that the board has sent.
    """

    def __init__(self, dut: Any, rng: np.random.Generator):
        self.dut = dut
        self.bit_ps = int(case("bit_cycles")) * PERIOD_NS * 1000
        self.sent_bit_ps = round(self.bit_ps * rng.uniform(0.985, 1.015))
        pins = {handle._name.removesuffix("__io"): handle for handle in dut if handle._name.endswith("__io")}
        [self._clock] = [pin for name, pin in pins.items() if name.startswith("clk")]
        self._rx, self._tx = pins["uart_0__rx"], pins["uart_0__tx"]
        self._queue = bytearray()
        self.came = bytearray()
        self.sending = False

    def start(self) -> None:
        """The clock runs, the line is idle."""
        self._rx.value = Immediate(1)
        Clock(self._clock, PERIOD_NS, unit="ns", impl="gpi").start(start_high=False)
        cocotb.start_soon(self._receive())

    async def wait(self, byte_times: float) -> None:
        """Time of so many bytes."""
        await Timer(round(10 * self.bit_ps * byte_times), "ps")

    def send(self, data: bytes) -> None:
        """Queue bytes."""
        self._queue += data
        if not self.sending:
            self.sending = True
            cocotb.start_soon(self._send())

    async def hold(self, bits: float) -> None:
        """Hold the line low for so many bit times, and give it back."""
        while self.sending:
            await self.wait(1)
        self._rx.value = 0
        await Timer(round(bits * self.sent_bit_ps), "ps")
        self._rx.value = 1
        await self.wait(2)

    async def _send(self) -> None:
        while self._queue:
            bits = self._queue.pop(0) << 1 | 1 << 9
            for index in range(10):
                self._rx.value = bits >> index & 1
                await Timer(self.sent_bit_ps, "ps")
        self.sending = False

    async def _receive(self) -> None:
        """Every bit in its middle; start and stop bit must be what they are."""
        edge = FallingEdge(self._tx)
        while True:
            await edge
            await Timer(self.bit_ps // 2, "ps")
            bits = 0
            for index in range(10):
                bits |= int(self._tx.value) << index
                if index < 9:
                    await Timer(self.bit_ps, "ps")
            require(bits & 0x201 == 0x200, "a byte must have start and stop bit", bits=bin(bits))
            self.came.append(bits >> 1 & 255)


class SimulatedPort:
    """The computer's end of a line, as the host's script wants it. Used in a bridged function."""

    def __init__(self, line: Line):
        self.line = line

    @property
    def in_waiting(self) -> int:
        """Bytes that can be read."""
        return len(self.line.came)

    def read(self, size: int) -> bytes:
        """At most `size` bytes; waits for the time of some bytes if there are none."""
        if not self.line.came:
            resume(self.line.wait)(5)
        data = bytes(self.line.came[:size])
        del self.line.came[:size]
        return data

    def write(self, data: bytes) -> None:
        """Send `data`, and wait as long as it takes."""
        self.line.send(data)
        resume(self.line.wait)(len(data))
