"""Raw operands, int8 or uint8, as signed numbers: what zero points are subtracted from."""

from amaranth import Cat

__all__ = ["difference", "extend"]


def extend(raw, is_unsigned):
    """`raw` bits as a signed number one bit wider, read as unsigned or two's complement."""
    return Cat(raw, raw[-1] & ~is_unsigned).as_signed()


def difference(operand, zero_point):
    """``operand - zero_point``, as the complement of a sum.

    A difference and the register behind it would go into the DSP blocks of 7-series, where Yosys 0.70 forgets how
    the register is cleared, and whoever else reads it.
    """
    return ~(~operand + zero_point)
