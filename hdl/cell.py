"""The dot-product cell: `depth` multipliers that feed one accumulator.

::

    a ──►[a_out]──┬────────────────────────────► a_out (next column)
                  ▼
    w ──►[w_out]─►×──►[product]─►Σ──►(+)──►[acc]──► drain = done ? acc : 0
             │                        ▲      │
             ▼                        └──────┘   first: the sum starts from 0
           w_out (next row)

A bubble is a wave of zero activations: it adds 0, so the cell needs neither valid nor enable.
"""

from amaranth import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hdl.config import Config

__all__ = ["Cell"]

# Levels of the adder tree between two registers.
TREE_LEVELS = 2


class Cell(wiring.Component):
    """Multiply `depth` operand pairs, sum the products, accumulate.

    Parameters
    ----------
    config : Config

    Attributes
    ----------
    first_latency : int
        Cycles from an operand at `a`, `w` to its sum at the accumulator's adder:
        ``2 + ceil(ceil(log2(depth)) / 2)``. `first` is given in that cycle.
    latency : int
        Cycles from an operand to the accumulator that includes it, ``first_latency + 1``.

    Members
    -------
    a, w : In, [depth] signed
    a_out, w_out : Out
        The operands one cycle later, for the neighbours.
    first : In
        The sum now at the adder starts a new accumulation.
    done : In
        Show the accumulator at `drain`.
    drain : Out, signed(acc_width)
        The accumulator while `done`, otherwise 0, so that a column is an OR of its cells.
    """

    def __init__(self, config: Config):
        self.config = config
        self.tree_latency = -(-ceil_log2(config.depth) // TREE_LEVELS)
        self.first_latency = 2 + self.tree_latency
        self.latency = self.first_latency + 1
        a_shape = data.ArrayLayout(signed(config.a_width), config.depth)
        w_shape = data.ArrayLayout(signed(config.w_width), config.depth)
        super().__init__({
            "a": In(a_shape),
            "w": In(w_shape),
            "a_out": Out(a_shape),
            "w_out": Out(w_shape),
            "first": In(1),
            "done": In(1),
            "drain": Out(signed(config.acc_width)),
        })

    def elaborate(self, platform):
        m = Module()
        config = self.config
        acc = Signal(signed(config.acc_width), reset_less=True)

        a_hop = Signal.like(self.a, reset_less=True)
        w_hop = Signal.like(self.w, reset_less=True)
        m.d.sync += [a_hop.eq(self.a), w_hop.eq(self.w)]
        m.d.comb += [self.a_out.eq(a_hop), self.w_out.eq(w_hop)]

        products = []
        for d in range(config.depth):
            product = Signal(signed(config.a_width + config.w_width), name=f"product_d{d}", reset_less=True)
            m.d.sync += product.eq(a_hop[d] * w_hop[d])
            products.append(product)

        step = add_tree(m, products)
        start = Signal.like(acc)
        m.d.comb += start.eq(Mux(self.first, 0, acc))
        m.d.sync += acc.eq(start + step)
        m.d.comb += self.drain.eq(Mux(self.done, acc, 0))
        return m


def add_tree(m: Module, terms: list):
    """Sum of `terms` by a pairwise tree with a register after every `TREE_LEVELS` levels and at its end."""
    level = 0
    while len(terms) > 1:
        level += 1
        registered = level % TREE_LEVELS == 0 or len(terms) <= 2
        sums = []
        for i in range(0, len(terms), 2):
            total = terms[i] + terms[i + 1] if i + 1 < len(terms) else terms[i]
            out = Signal(total.shape(), name=f"sum_l{level}_n{i // 2}", reset_less=True)
            domain = m.d.sync if registered else m.d.comb
            domain += out.eq(total)
            sums.append(out)
        terms = sums
    return terms[0]
