"""Ports as the JSON description gives them: packing of structured payloads into integers and back."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Field", "Port", "description", "port"]


def description() -> dict[str, Any]:
    """The JSON description of the block under test; MACAW_DESCRIPTION names its file."""
    return _read(Path(os.environ["MACAW_DESCRIPTION"]))


@cache
def _read(path: Path) -> dict[str, Any]:
    """Read once: tests ask for it in every cycle."""
    return json.loads(path.read_text())


def port(name: str) -> "Port":
    """The port called `name` of the block under test."""
    for entry in description()["ports"]:
        if entry["name"] == name:
            return Port(entry)
    raise KeyError(f"the block has no port {name!r}")


class Field:
    """One field of a port: an integer, or an array of integers with the first index slowest."""

    def __init__(self, entry: dict[str, Any]):
        self.offset: int = entry["offset"]
        self.width: int = entry["width"]
        self.signed: bool = entry["signed"]
        self.shape: tuple[int, ...] = tuple(entry["shape"])
        self.count = int(np.prod(self.shape, dtype=int))

    def pack(self, values: npt.ArrayLike) -> list[int]:
        """Bits of [beats, *shape] values, shifted to the field's offset, one integer for each beat.

        A negative value may be given to an unsigned field, as the bits of a signed operand.
        """
        table = np.asarray(values, dtype=np.int64).reshape(-1, self.count)
        low, high = -(1 << (self.width - 1)), (1 << (self.width - self.signed)) - 1
        if table.size and (table.min() < low or table.max() > high):
            raise ValueError(f"values must fit {self.width} bits, not {table.min()}..{table.max()}")
        bits = (table[:, :, None] >> np.arange(self.width)) & 1
        rows = np.packbits(bits.reshape(len(table), -1).astype(np.uint8), axis=1, bitorder="little")
        return [int.from_bytes(row.tobytes(), "little") << self.offset for row in rows]

    def unpack(self, payloads: list[int]) -> npt.NDArray[np.int64]:
        """Values of [beats] payloads, [beats, *shape]."""
        total = self.count * self.width
        size = (total + 7) // 8
        mask = (1 << total) - 1
        raw = b"".join(((word >> self.offset) & mask).to_bytes(size, "little") for word in payloads)
        table = np.frombuffer(raw, np.uint8).reshape(len(payloads), size)
        bits = np.unpackbits(table, axis=1, bitorder="little")[:, :total]
        weights = 1 << np.arange(self.width, dtype=np.int64)
        if self.signed:
            weights[-1] = -weights[-1]
        values = bits.reshape(len(payloads), self.count, self.width).astype(np.int64) @ weights
        return values.reshape(len(payloads), *self.shape)


class Port:
    """One port of the block under test."""

    def __init__(self, entry: dict[str, Any]):
        self.name: str = entry["name"]
        self.width: int = entry["width"]
        self.fields = {name: Field(field) for name, field in entry.get("fields", {}).items()}

    def pack(self, **values: npt.ArrayLike) -> list[int]:
        """One payload for each beat from [beats, ...] values of every field."""
        if values.keys() != self.fields.keys():
            raise ValueError(f"{self.name} has fields {sorted(self.fields)}, not {sorted(values)}")
        packed = [self.fields[name].pack(value) for name, value in values.items()]
        if len({len(column) for column in packed}) > 1:
            raise ValueError(f"fields of {self.name} must have the same number of beats")
        return [sum(columns) for columns in zip(*packed, strict=True)]

    def unpack(self, payloads: list[int]) -> dict[str, npt.NDArray[np.int64]]:
        """[beats, ...] values of every field."""
        return {name: field.unpack(payloads) for name, field in self.fields.items()}
