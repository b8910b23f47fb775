"""The product of two operands without a DSP block: a row of a carry chain for each bit of one of them."""

from amaranth import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.delay import delay
from hdl.gated_add import carry_cells

__all__ = ["ProductRows", "ProductRowsEcp5"]

# Rows between two registers: more of them are slower, fewer take more registers.
ROWS_PER_STAGE = 2


class ProductRows(wiring.Component):
    """``o = a * b`` after `latency` cycles.

    Parameters
    ----------
    a_width, b_width : int
        At least 2.

    Attributes
    ----------
    latency : int
        A cycle for every `ROWS_PER_STAGE` of the ``min(a_width, b_width) - 1`` rows that add.

    Members
    -------
    a, b : In, signed
    o : Out, signed
    """

    def __init__(self, a_width: int, b_width: int):
        self.latency = -(-(min(a_width, b_width) - 1) // ROWS_PER_STAGE)
        super().__init__({
            "a": In(signed(a_width)),
            "b": In(signed(b_width)),
            "o": Out(signed(a_width + b_width)),
        })

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.o.eq(delay(m, self.a * self.b, self.latency, name="product"))
        return m


class ProductRowsEcp5(ProductRows):
    """`ProductRows` of CCU2C of Lattice ECP5, which multiply by a bit and add in the same cell.

    Row n adds the long operand, if bit n of the short one is set, to what the rows before have left
    above bit n; the last bit counts negative.
    """

    def elaborate(self, platform):
        m = Module()
        term, bits = (self.a, self.b) if len(self.a) >= len(self.b) else (self.b, self.a)
        rows = len(bits) - 1
        width = len(term) + 1
        total = Signal(signed(width), name="row_0")
        m.d.comb += total.eq(Mux(bits[0], term, 0))
        low = Signal(0)
        # What further rows need: the long operand, the other bits of the short one.
        bits = bits[1:]
        for row in range(1, rows + 1):
            low = Cat(low, total[0])
            base = Signal(signed(width), name=f"base_{row}")
            extended = Signal(signed(width), name=f"term_{row}")
            m.d.comb += [base.eq(total[1:].as_signed()), extended.eq(term)]
            total = carry_cells(m, base, extended, bits[0], subtract=row == rows, name=f"row_{row}")
            bits = bits[1:]
            # The first stage, which has row 0 too, is the one that may be shorter.
            if (rows - row) % ROWS_PER_STAGE == 0:
                registers = []
                for name, value in (("low", low), ("total", total), ("term", term), ("bits", bits)):
                    register = Signal(len(value), name=f"{name}_{row}", reset_less=True)
                    m.d.sync += register.eq(value)
                    registers.append(register)
                low, total, term, bits = registers
                term = term.as_signed()
        m.d.comb += self.o.eq(Cat(low, total))
        return m
