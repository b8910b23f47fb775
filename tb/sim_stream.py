"""Both ends of a valid/ready stream: a source, a sink that checks the protocol, and when they pause."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

__all__ = ["Pause", "Sink", "Source", "pauses"]

Pause = Callable[[], bool]


def pauses(rng: np.random.Generator, share: float) -> Pause:
    """Pause in `share` of the cycles, in bursts of random length; 0 never pauses."""
    left = 0
    idle = False

    def pause() -> bool:
        nonlocal left, idle
        if share == 0:
            return False
        if left == 0:
            idle = rng.random() < share
            left = int(rng.integers(1, 5))
        left -= 1
        return idle

    return pause


class Source:
    """Sends payloads over the stream `name` of `dut`.

    `edge` is called at every rising edge of the clock, before the registers change. Between valid
    payloads the lines carry noise: what is not valid must not matter.
    """

    def __init__(self, dut: Any, name: str, rng: np.random.Generator, pause: Pause):
        self.name = name
        self._payload = getattr(dut, f"{name}__payload")
        self._valid = getattr(dut, f"{name}__valid")
        self._ready = getattr(dut, f"{name}__ready")
        self._width = len(self._payload)
        self._rng, self._pause = rng, pause
        self._queue: deque[int] = deque()
        self._offering = False
        self.sent = 0
        self.waited = 0
        self.paused = 0
        self._valid.value = 0
        self._payload.value = 0

    def send(self, payloads: Iterable[int]) -> None:
        """Append `payloads` to what is to be sent."""
        self._queue.extend(payloads)

    @property
    def left(self) -> int:
        """Payloads that have not been taken."""
        return len(self._queue)

    def withdraw(self) -> list[int]:
        """Take back what has not been offered; call while nothing is offered."""
        rest = list(self._queue)
        self._queue.clear()
        return rest

    def edge(self) -> int | None:
        """The payload that moved at this edge, if one did."""
        moved = None
        if self._offering:
            if not bool(self._ready.value):
                self.waited += 1
                return None
            moved = self._queue.popleft()
            self.sent += 1
        offer = bool(self._queue) and not self._pause()
        if offer:
            self._payload.value = self._queue[0]
        elif self._offering:
            self._payload.value = int.from_bytes(self._rng.bytes((self._width + 7) // 8), "little") >> (
                -self._width % 8)
        self.paused += bool(self._queue) and not offer
        if offer != self._offering:
            self._valid.value = offer
            self._offering = offer
        return moved


class Sink:
    """Takes payloads from the stream `name` of `dut`; fails if an offer is withdrawn or changed."""

    def __init__(self, dut: Any, name: str, pause: Pause):
        self.name = name
        self._payload = getattr(dut, f"{name}__payload")
        self._valid = getattr(dut, f"{name}__valid")
        self._ready = getattr(dut, f"{name}__ready")
        self._pause = pause
        self._taking = False
        self._offered: int | None = None
        self.received: list[int] = []
        self.refused = 0
        self._ready.value = 0

    def edge(self) -> bool:
        """Whether a payload moved at this edge."""
        offer = self._payload.value.to_unsigned() if bool(self._valid.value) else None
        if self._offered is not None:
            assert offer is not None, f"{self.name}: valid was withdrawn before ready"
            assert offer == self._offered, f"{self.name}: payload changed before ready"
        moved = False
        if offer is not None and self._taking:
            self.received.append(offer)
            moved = True
        self._offered = offer if offer is not None and not moved else None
        self.refused += self._offered is not None
        take = not self._pause()
        if take != self._taking:
            self._ready.value = take
            self._taking = take
        return moved
