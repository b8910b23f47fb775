"""The dot-product cell: `depth` multipliers that feed one accumulator.

::

    a ──►[a_out]──┬────────────────────────────► a_out (next columns)
                  ▼
    w ──►[w_out]─►×──►[product]─►Σ──►(+)──►[acc]──► drain = show ? acc : 0
             │                        ▲      │
             ▼                        └──────┘   keep: otherwise the sum starts from 0
           w_out (next row)

A bubble is a wave whose products are taken as 0: it adds nothing, so the accumulator needs no enable.
"""

from amaranth import Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hdl.config import Config, Multiplier
from hdl.gated_add import GatedAdd, GatedAddEcp5
from hdl.mac_block import MacBlock, MacBlockGowin
from hdl.product import Product, ProductEcp5
from hdl.product_rows import ProductRows, ProductRowsEcp5
from hdl.prototype import Prototype
from hdl.token import Token, TokenEcp5

__all__ = ["Cell"]

# Those whose accumulator is of carry cells.
CARRY_CELLS = (Multiplier.ECP5, Multiplier.ECP5_CARRY)


class Cell(wiring.Component):
    """Multiply `depth` operand pairs, sum the products, accumulate.

    Parameters
    ----------
    config : Config
        `multiplier` chooses between operators, left to synthesis, and parts made of an FPGA's cells.

    Attributes
    ----------
    bubble_latency : int
        0 where the registers of operands are cleared; 1 with `ECP5` and, except with `ECP5_CARRY`,
        depths above 1, where those of products are.
    first_latency : int
        Cycles from an operand at `a`, `w` to the cycle before its sum is at the accumulator's adder:
        `first` is given in that one. ``1 + ceil(ceil(log2(depth)) / 2)`` with operators.
    latency : int
        Cycles from an operand to the accumulator that includes it, ``first_latency + 2``.

    Members
    -------
    a, w : In, [depth] signed
    bubble : In
        The products of the operands of `bubble_latency` cycles ago are taken as 0.
    a_out, w_out : Out
        The operands one cycle later, for the neighbours.
    first : In
        The sum at the adder in the next cycle starts a new accumulation.
    done : In
        Show the accumulator at `drain` in the next cycle.
    drain : Out, signed(acc_width)
        The accumulator when shown, otherwise 0, so that a column is an OR of its cells.
    """

    def __init__(self, config: Config):
        self.config = config
        multiplier, widths = config.multiplier, (config.a_width, config.w_width)
        levels = ceil_log2(config.depth)
        product_latency = 2
        # Synthesis merges two levels of operators into one.
        self.tree_levels = 1 if multiplier in CARRY_CELLS else 2
        tree_latency = -(-levels // self.tree_levels)
        self.product = self.accumulate = self.token = self.block = None
        if multiplier is Multiplier.ECP5:
            self.product = Prototype(Product(*widths), "mac_product", synthesis=ProductEcp5(*widths))
            # Far from a DSP block to the carry chain: a register on the way even where nothing is added.
            tree_latency = max(tree_latency, 1)
        elif multiplier is Multiplier.ECP5_CARRY:
            self.product = Prototype(ProductRows(*widths), "mac_product", synthesis=ProductRowsEcp5(*widths))
            product_latency = 1 + self.product.component.latency
        elif multiplier is Multiplier.GOWIN and config.depth == 1:
            self.block = Prototype(MacBlock(config), "mac_block", synthesis=MacBlockGowin(config))
        if multiplier in CARRY_CELLS:
            self.accumulate = Prototype(GatedAdd(config.acc_width), "mac_accumulate", has_clock=False,
                                        synthesis=GatedAddEcp5(config.acc_width))
            self.token = Prototype(Token(), "mac_token", synthesis=TokenEcp5())
        self.prototypes = [part for part in (self.product, self.accumulate, self.token, self.block) if part]
        self.first_latency = product_latency + tree_latency - 1
        self.latency = self.first_latency + 2
        # Operators that are summed: registers that can be cleared stay apart where Yosys 0.70, for iCE40, would put
        # that of one product into the DSP blocks of two.
        summed = config.depth > 1 and multiplier in (Multiplier.BEHAVIOURAL, Multiplier.GOWIN)
        self.bubble_latency = int(summed or multiplier is Multiplier.ECP5)
        a_shape = data.ArrayLayout(signed(config.a_width), config.depth)
        w_shape = data.ArrayLayout(signed(config.w_width), config.depth)
        super().__init__({
            "a": In(a_shape),
            "w": In(w_shape),
            "bubble": In(1),
            "a_out": Out(a_shape),
            "w_out": Out(w_shape),
            "first": In(1),
            "done": In(1),
            "drain": Out(signed(config.acc_width)),
        })

    def elaborate(self, platform):
        m = Module()
        acc = Signal(signed(self.config.acc_width), reset_less=True)
        show = Signal(reset_less=True)

        a_hop = Signal.like(self.a, reset_less=True)
        w_hop = Signal.like(self.w, reset_less=True)
        m.d.sync += [a_hop.eq(self.a), w_hop.eq(self.w)]
        if self.bubble_latency == 0:
            with m.If(self.bubble):
                m.d.sync += a_hop.eq(0)
        m.d.comb += [self.a_out.eq(a_hop), self.w_out.eq(w_hop)]

        if self.block:
            block = self.block.instantiate(m, "block")
            m.d.comb += [block.a.eq(a_hop[0]), block.b.eq(w_hop[0]), block.first.eq(self.first), acc.eq(block.o)]
            m.d.sync += show.eq(self.done)
        elif self.accumulate:
            self._accumulate_in_carry_cells(m, acc, show, self._step(m, a_hop, w_hop))
        else:
            # The accumulator is what is chosen where `start` is 0: Yosys 0.70 takes it for that on 7-series, whatever
            # is written.
            start = Signal(reset_less=True)
            step = self._step(m, a_hop, w_hop)
            m.d.sync += [start.eq(self.first), show.eq(self.done), acc.eq(Mux(start, 0, acc) + step)]

        m.d.comb += self.drain.eq(Mux(show, acc, 0))
        return m

    def _step(self, m, a_hop, w_hop):
        """What a cycle adds to the accumulator."""
        products = []
        for d in range(self.config.depth):
            if self.config.multiplier is Multiplier.ECP5:
                # Its operand registers are beside those of the hops.
                multiply = self.product.instantiate(m, f"multiply_d{d}")
                m.d.comb += [multiply.a.eq(self.a[d]), multiply.b.eq(self.w[d]), multiply.clear.eq(self.bubble)]
                product = multiply.o
            elif self.product:
                multiply = self.product.instantiate(m, f"multiply_d{d}")
                m.d.comb += [multiply.a.eq(a_hop[d]), multiply.b.eq(w_hop[d])]
                product = multiply.o
            else:
                product = Signal((a_hop[d] * w_hop[d]).shape(), name=f"product_d{d}", reset_less=True)
                m.d.sync += product.eq(a_hop[d] * w_hop[d])
                if self.bubble_latency:
                    with m.If(self.bubble):
                        m.d.sync += product.eq(0)
            products.append(product)
        if len(products) == 1 and self.config.multiplier is Multiplier.ECP5:
            step = Signal.like(products[0], name="step", reset_less=True)
            m.d.sync += step.eq(products[0])
            return step
        return add_tree(m, products, self.tree_levels)

    def _accumulate_in_carry_cells(self, m, acc, show, step):
        """Carry cells that leave out the accumulator where a sum starts; tokens beside what they drive."""
        accumulate = self.accumulate.instantiate(m, "accumulate")
        keep_token = self.token.instantiate(m, "keep_token")
        show_token = self.token.instantiate(m, "show_token")
        m.d.comb += [
            keep_token.i.eq(~self.first),
            show_token.i.eq(self.done), show.eq(show_token.o),
            accumulate.base.eq(step), accumulate.term.eq(acc), accumulate.gate.eq(keep_token.o),
        ]
        m.d.sync += acc.eq(accumulate.o)


def add_tree(m: Module, terms: list, levels: int):
    """Sum of `terms` by a pairwise tree with a register after every `levels` levels and at its end."""
    level = 0
    while len(terms) > 1:
        level += 1
        registered = level % levels == 0 or len(terms) <= 2
        sums = []
        for i in range(0, len(terms), 2):
            total = terms[i] + terms[i + 1] if i + 1 < len(terms) else terms[i]
            out = Signal(total.shape(), name=f"sum_l{level}_n{i // 2}", reset_less=True)
            domain = m.d.sync if registered else m.d.comb
            domain += out.eq(total)
            sums.append(out)
        terms = sums
    return terms[0]
