"""A delay line, written as one wide shift register."""

from amaranth import Cat, Module, Signal, Value

__all__ = ["delay"]


def delay(m: Module, value, cycles: int, *, name: str, reset_less: bool = True):
    """`value` as it was `cycles` clock cycles ago.

    Parameters
    ----------
    m : Module
        Receives the registers: one signal called `name` of ``cycles * len(value)`` bits.
    value : ValueCastable with a shape, or Value
    cycles : int
        0 returns `value` itself.
    reset_less : bool
        False for validity: after a reset the line then holds zeros.

    Returns
    -------
    A signal of the shape of `value`; with 0 cycles, `value`.
    """
    if cycles == 0:
        return value
    bits = Value.cast(value)
    line = Signal(len(bits) * cycles, name=f"{name}_line", reset_less=reset_less)
    out = Signal(value.shape(), name=name)
    m.d.sync += line.eq(Cat(bits, line))
    m.d.comb += Value.cast(out).eq(line[-len(bits):])
    return out
