"""Streams of bytes as AXI4-Stream has them: data, which bytes count, and the end of a packet."""

from amaranth import Cat
from amaranth.lib import data, stream

__all__ = ["byte_stream", "low_bytes"]


def byte_stream(count: int, *, always_ready: bool = False) -> stream.Signature:
    """A stream that moves up to `count` bytes in a cycle, the first one in the lowest bits."""
    shape = data.StructLayout({"data": data.ArrayLayout(8, count), "keep": count, "last": 1})
    return stream.Signature(shape, always_ready=always_ready)


def low_bytes(number, count: int):
    """`count` bits of which the lowest `number` are 1: `keep` of a beat with that many bytes."""
    return Cat(number > index for index in range(count))
