"""Raw operands, int8 or uint8, as signed numbers: what zero points are subtracted from."""

from amaranth import Cat

__all__ = ["extend"]


def extend(raw, is_unsigned):
    """`raw` bits as a signed number one bit wider, read as unsigned or two's complement."""
    return Cat(raw, raw[-1] & ~is_unsigned).as_signed()
