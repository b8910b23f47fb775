"""Software models of a system around an engine: memory with caches, and AXI DMA cores in direct register mode.

Wherever the product guide of the core (PG021) calls something undefined or without effect, the model raises: a
driver that does it would hang or destroy data on hardware.
"""

from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

from tb.engine_model import EngineModel, Packet

__all__ = ["Buffer", "DmaCore", "Memory", "RegisterWindow"]


class Memory:
    """Physical memory from `base` up; `allocate` gives the program cached views of it.

    Members
    -------
    buffers: all that were allocated.
    """

    def __init__(self, size: int = 1 << 22, base: int = 0x8_1000_0000):
        self.data = np.random.default_rng(0).integers(0, 256, size, np.uint8)
        self.base = base
        self.buffers: list[Buffer] = []
        self._next = 0

    def allocate(self, size: int) -> "Buffer":
        """A buffer of `size` bytes, aligned to 64."""
        self.buffers.append(Buffer(self, self._next, size))
        self._next += -(-size // 64) * 64
        assert self._next <= self.data.size, "memory is full"
        return self.buffers[-1]

    def at(self, address: int, size: int) -> Packet | None:
        """The bytes at physical `address`; None where there is no memory."""
        start = address - self.base
        return self.data[start:start + size] if 0 <= start <= self.data.size - size else None


class Buffer:
    """A buffer whose cache writes nothing back and reads nothing anew unless it is told to."""

    def __init__(self, memory: Memory, start: int, size: int):
        self.physical_address = memory.base + start
        self._memory = memory.data[start:start + size]
        self._cache = np.zeros(size, np.uint8)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Packet:
        assert dtype in (None, np.uint8) and not copy
        return self._cache

    def flush(self) -> None:
        """Write the cache to memory."""
        self._memory[:] = self._cache

    def invalidate(self) -> None:
        """Read memory anew."""
        self._cache[:] = self._memory


class RegisterWindow:
    """An engine's registers as 32-bit words, as a mapping of them into memory gives."""

    def __init__(self, engine: EngineModel):
        self.engine = engine

    def __getitem__(self, index: int) -> np.uint32:
        return np.uint32(self.engine.read(4 * index))

    def __setitem__(self, index: int, value: int) -> None:
        self.engine.write(4 * index, int(value))


class _Channel:
    """One direction of a core."""

    def __init__(self) -> None:
        self.running = self.complete = False
        self.halted_for = 0         # reads of the status until a channel that was started runs
        self.errors = 0
        self.address = self.length = 0
        self.moving: Packet | None = None


class DmaCore:
    """A Xilinx AXI DMA core without scatter and gather, indexed by 32-bit words.

    Parameters
    ----------
    memory: what it reads and writes.
    engine: where its streams lead.
    stream: input stream that it feeds, or None.
    outputs: whether it takes the output stream.
    length_width: of the length register.

    Members
    -------
    writes: byte address and value of every write.
    fail: the next transfer ends with a slave error.
    """

    CONTROL, STATUS, ADDRESS, ADDRESS_HIGH, LENGTH = 0x00, 0x04, 0x18, 0x1C, 0x28
    HALTED, IDLE, SLAVE_ERROR, DECODE_ERROR, COMPLETE = 1 << 0, 1 << 1, 1 << 5, 1 << 6, 1 << 12

    def __init__(self, memory: Memory, engine: EngineModel, stream: str | None, *, outputs: bool = False,
                 length_width: int = 26):
        self.memory, self.engine, self.stream = memory, engine, stream
        self.present = {0x00: stream is not None, 0x30: outputs}
        self.length_mask = (1 << length_width) - 1
        self.channels = {0x00: _Channel(), 0x30: _Channel()}
        self.writes: list[tuple[int, int]] = []
        self.fail = False
        self._resetting = 0

    def __getitem__(self, index: int) -> np.uint32:
        base, offset = self._decode(index)
        channel = self.channels[base]
        self.engine.step()
        self._move()
        if offset == self.CONTROL:
            self._resetting = max(self._resetting - 1, 0)
            return np.uint32(channel.running | 1 << 1 | bool(self._resetting) << 2 | 1 << 16)
        if offset == self.STATUS:
            halted = not channel.running or channel.halted_for > 0
            channel.halted_for = max(channel.halted_for - 1, 0)
            idle = not halted and channel.length and channel.moving is None
            return np.uint32(self.HALTED * halted | self.IDLE * bool(idle) | channel.errors
                             | self.COMPLETE * channel.complete)
        assert offset == self.LENGTH, f"read of 0x{4 * index:02x}"
        return np.uint32(channel.length)

    def __setitem__(self, index: int, value: int) -> None:
        base, offset = self._decode(index)
        assert self.present[base], f"the core has no channel at 0x{base:02x}"
        assert not self._resetting, "written during reset"
        self.writes.append((4 * index, int(value)))
        channel = self.channels[base]
        if offset == self.CONTROL and value & 1 << 2:
            self._reset()
        elif offset == self.CONTROL:
            channel.halted_for = 3 if value & 1 and not channel.running else channel.halted_for
            channel.running = bool(value & 1)
        elif offset == self.STATUS:
            channel.complete = channel.complete and not value & self.COMPLETE
        elif offset == self.ADDRESS:
            channel.address = channel.address >> 32 << 32 | int(value)
        elif offset == self.ADDRESS_HIGH:
            channel.address = channel.address & 0xFFFFFFFF | int(value) << 32
        else:
            assert offset == self.LENGTH, f"write to 0x{4 * index:02x}"
            self._start(base, channel, int(value))

    def _decode(self, index: int) -> tuple[int, int]:
        base = 0x30 if 4 * index >= 0x30 else 0x00
        return base, 4 * index - base

    def _reset(self) -> None:
        """Both channels stop; packets that are under way end where they are."""
        for channel in self.channels.values():
            if channel.moving is not None and self.stream is not None:
                waiting = self.engine.offered[self.stream]
                self.engine.offered[self.stream] = deque(item for item in waiting if item is not channel.moving)
        self.channels = {0x00: _Channel(), 0x30: _Channel()}
        self._resetting = 4

    def _start(self, base: int, channel: _Channel, length: int) -> None:
        assert channel.running and not channel.halted_for, "started while halted: without effect"
        assert channel.moving is None, "started while moving: undefined"
        assert 0 < length <= self.length_mask, f"length {length} does not fit the register"
        assert not channel.complete, "completion of the packet before was not cleared"
        assert channel.address % 64 == 0, "address must be aligned without data realignment"
        channel.length = length
        data = self.memory.at(channel.address, length)
        if data is None or self.fail:
            channel.errors = self.SLAVE_ERROR if data is not None else self.DECODE_ERROR
            channel.running = self.fail = False
            return
        channel.moving = data
        if base == 0x00:
            channel.moving = data.copy()
            self.engine.offered[self.stream or ""].append(channel.moving)

    def _move(self) -> None:
        """Finish transfers whose packet was taken or has come."""
        send, receive = self.channels[0x00], self.channels[0x30]
        if send.moving is not None and not any(
                item is send.moving for item in self.engine.offered[self.stream or ""]):
            send.moving, send.complete = None, True
        if receive.moving is not None and self.engine.outputs:
            packet: npt.NDArray[np.uint8] = self.engine.outputs.popleft()
            assert packet.size <= receive.length, "packet is longer than its buffer: undefined"
            receive.moving[:packet.size] = packet
            receive.moving, receive.length, receive.complete = None, packet.size, True
