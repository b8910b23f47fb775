"""The product of two operands, in registers that a DSP block has of its own."""

from amaranth import ClockSignal, Const, Instance, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Product", "ProductEcp5"]


class Product(wiring.Component):
    """``o = a * b`` after `latency` cycles: operands and product are registered.

    Attributes
    ----------
    latency : int
        2 cycles.

    Members
    -------
    a, b : In, signed
    clear : In
        Take 0 for the product of the operands of the cycle before.
    o : Out, signed
    """

    latency = 2

    def __init__(self, a_width: int, b_width: int):
        super().__init__({
            "a": In(signed(a_width)),
            "b": In(signed(b_width)),
            "clear": In(1),
            "o": Out(signed(a_width + b_width)),
        })

    def elaborate(self, platform):
        m = Module()
        s1_a = Signal.like(self.a, reset_less=True)
        s1_b = Signal.like(self.b, reset_less=True)
        m.d.sync += [s1_a.eq(self.a), s1_b.eq(self.b), self.o.eq(Mux(self.clear, 0, s1_a * s1_b))]
        return m


class ProductEcp5(Product):
    """`Product` as one MULT18X18D of Lattice ECP5, with the registers of its operands and its output."""

    def elaborate(self, platform):
        m = Module()
        ports = {}
        for port, value in (("A", self.a), ("B", self.b)):
            extended = Signal(signed(18), name=f"{port.lower()}_extended")
            m.d.comb += extended.eq(value)
            ports |= {f"i_{port}{bit}": extended[bit] for bit in range(18)}
        ports |= {f"i_C{bit}": Const(0) for bit in range(18)}
        product = Signal(36)
        ports |= {f"o_P{bit}": product[bit] for bit in range(len(self.o))}
        # RST0 is for the output alone.
        for register, reset in (("INPUTA", 1), ("INPUTB", 1), ("OUTPUT", 0)):
            ports |= {f"p_REG_{register}_CLK": "CLK0", f"p_REG_{register}_CE": "CE0",
                      f"p_REG_{register}_RST": f"RST{reset}"}
        for index in range(1, 4):
            ports |= {f"i_CLK{index}": Const(0), f"i_CE{index}": Const(1), f"i_RST{index}": Const(0)}
        m.submodules.block = Instance(
            "MULT18X18D", **ports,
            p_REG_INPUTC_CLK="NONE", p_REG_PIPELINE_CLK="NONE",
            p_GSR="DISABLED", p_SOURCEB_MODE="B_C_DYNAMIC", p_RESETMODE="SYNC",
            i_SIGNEDA=Const(1), i_SIGNEDB=Const(1), i_SOURCEA=Const(0), i_SOURCEB=Const(0),
            i_CLK0=ClockSignal(), i_CE0=Const(1), i_RST0=self.clear)
        m.d.comb += self.o.eq(product)
        return m
