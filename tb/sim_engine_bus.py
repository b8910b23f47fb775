"""The shipped Python driver on the simulated engine: its bus, made of the bench's registers and streams."""

import importlib.util
import sys
from types import ModuleType

import numpy as np
from cocotb.task import resume

from tb.sim_axi import EngineBench
from tb.sim_bench import case

__all__ = ["SimulatedBus", "load"]


def load() -> ModuleType:
    """The driver, from the file beside the Verilog."""
    spec = importlib.util.spec_from_file_location("shipped_driver", case("driver"))
    assert spec is not None and spec.loader is not None
    module = sys.modules["shipped_driver"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class SimulatedBus:
    """The driver's bus: the bench's registers and streams. Used in a bridged function."""

    def __init__(self, bench: EngineBench):
        self.bench = bench
        self._tokens = 0
        self._packets: dict[int, np.ndarray] = {}
        self._arrived = 0
        # What could receive is idle until a packet is expected.
        bench.sink.pause = True

    def read(self, offset: int) -> int:
        """A register."""
        return int.from_bytes(resume(self.bench.axil.read)(offset, 4).data, "little")

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        resume(self.bench.axil.write)(offset, int(value).to_bytes(4, "little"))

    def send(self, stream: str, data: np.ndarray) -> None:
        """Queue a packet."""
        self.bench.send({stream: data.tobytes()})

    def receive(self, count: int) -> int:
        """Expect a packet."""
        self.bench.watch.relax = False
        self.bench.sink.pause = False
        self._tokens += 1
        return self._tokens - 1

    def received(self, token: int) -> np.ndarray | None:
        """The packet of `token`, once."""
        while not self.bench.sink.empty():
            self._packets[self._arrived] = np.frombuffer(bytes(self.bench.sink.recv_nowait().tdata), np.uint8)
            self._arrived += 1
        self.bench.sink.pause = self._arrived == self._tokens
        return self._packets.pop(token, None)

    def sent(self) -> bool:
        """Whether all packets have left."""
        return all(source.idle() for source in self.bench.sources.values())

    def idle(self) -> None:
        """Let the simulation go on."""
        resume(self.bench.cycles)(20)

    def reset(self) -> None:
        """Forget all packets."""
        self.bench.watch.relax = True
        self.bench.forget()
        self.bench.sink.pause = True
        self._arrived = self._tokens
        self._packets.clear()
