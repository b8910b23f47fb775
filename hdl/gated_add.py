"""An adder whose second operand can be left out: one carry cell for each bit, the gate included."""

from amaranth import Const, Instance, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["GatedAdd", "GatedAddEcp5", "carry_cells"]


class GatedAdd(wiring.Component):
    """``o = base + (gate ? term : 0)`` modulo 2^width.

    Parameters
    ----------
    width : int

    Members
    -------
    base, term : In, width bits
    gate : In
    o : Out, width bits
    """

    def __init__(self, width: int):
        super().__init__({"base": In(width), "term": In(width), "gate": In(1), "o": Out(width)})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.o.eq(self.base + Mux(self.gate, self.term, 0))
        return m


class GatedAddEcp5(GatedAdd):
    """`GatedAdd` as a chain of CCU2C of Lattice ECP5."""

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.o.eq(carry_cells(m, self.base, self.term, self.gate, subtract=False, name="carry"))
        return m


def carry_cells(m: Module, base, term, gate, *, subtract: bool, name: str):
    """``base + (gate ? term : 0)``, or ``base - ...``, as a chain of CCU2C of Lattice ECP5, two bits each.

    A bit is the exclusive or of a table and the carry that comes in; where the table gives 1 that
    carry goes on, elsewhere that of a second table over A and B, which is the first one with C and
    D at 0. D is held at 1, so that both can be chosen freely.

    Parameters
    ----------
    m : Module
        Receives the cells, called `name` and a number.
    base, term : Value
        Of one width, which is that of the sum.
    gate : Value
    subtract : bool
    name : str
    """
    table = 0
    for index in range(16):
        a, b, c, d = (index >> bit & 1 for bit in range(4))
        sum_without_carry = b ^ (a & c ^ subtract)
        table |= (sum_without_carry if d else b) << index
    out = Signal(len(base) + len(base) % 2, name=f"{name}_sum")
    carry = Const(subtract, 1)
    for pair in range(len(out) // 2):
        carry_out = Signal(name=f"{name}_carry_{pair}")
        ports = {}
        for half in range(2):
            bit = 2 * pair + half
            ports |= {f"i_A{half}": term[bit] if bit < len(term) else Const(0),
                      f"i_B{half}": base[bit] if bit < len(base) else Const(0),
                      f"i_C{half}": gate, f"i_D{half}": Const(1), f"o_S{half}": out[bit],
                      f"p_INJECT1_{half}": "NO", f"p_INIT{half}": Const(table, 16)}
        m.submodules[f"{name}_cell_{pair}"] = Instance("CCU2C", i_CIN=carry, o_COUT=carry_out, **ports)
        carry = carry_out
    return out[:len(base)]
