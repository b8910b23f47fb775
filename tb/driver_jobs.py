"""How the delivered driver cuts a product into jobs: it runs, on a bus that only takes notes."""

from typing import Any

import numpy as np

from gen.driver.mac_engine import Engine
from golden.engine import Job

__all__ = ["jobs_of"]


def jobs_of(description: dict[str, Any], m: int, n: int, k: int) -> list[Job]:
    """The jobs of a product of [m, k] by [k, n] on the engine of `description`, in the driver's order."""
    bus = _Notes(description)
    config = description["config"]
    raw = not config["modes"]
    factor: dict[str, Any] = {}
    if not raw:
        mode = config["modes"][0]
        factor = {"mode": mode} | (
            {"scale": 1.0} if mode in ("F32", "FBGEMM") else {"multiplier": 2**30, "shift": 31})
    Engine(description, bus).matmul(np.zeros((m, k), np.int8), np.zeros((k, n), np.int8), raw=raw, **factor)
    return bus.jobs


class _Notes:
    """A bus whose engine is always ready, and whose results are 0; writes down every job that is started."""

    def __init__(self, description: dict[str, Any]):
        self.jobs: list[Job] = []
        self._names = {register["offset"]: register["name"] for register in description["registers"]}
        self._values = {register["offset"]: register["reset"] for register in description["registers"]}
        self._now: dict[str, int] = {}

    def read(self, offset: int) -> int:
        return self._values[offset]

    def write(self, offset: int, value: int) -> None:
        name = self._names[offset]
        self._now[name] = value
        if name == "CONTROL" and value & 1:
            self.jobs.append(Job(self._now["M"], self._now["N"], self._now["K"], bool(self._now["FORMAT"] & 1)))

    def send(self, stream: str, data: np.ndarray) -> None:
        pass

    def receive(self, count: int) -> int:
        return count

    def received(self, token: int) -> np.ndarray:
        return np.zeros(token, np.uint8)

    def sent(self) -> bool:
        return True

    def idle(self) -> None:
        pass

    def reset(self) -> None:
        pass
