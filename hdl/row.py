"""One row of cells: activations pass from left to right, weights from top to bottom."""

from amaranth import Module, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.cell import Cell
from hdl.config import Config
from hdl.prototype import Prototype

__all__ = ["Row"]


class Row(wiring.Component):
    """`cols` cells that share a stream of activations.

    Parameters
    ----------
    config : Config

    Members
    -------
    a : In, [depth] signed
        Activations of the first `fanout` columns; every further `fanout` of them a cycle later.
    w, w_out : In, Out, [cols][depth] signed
        Weights from the row above, and for the row below one cycle later.
    bubble, first, done : In, [cols] bits
        Tokens of each cell (see `Cell`), column c ``config.skew(c)`` cycles after column 0.
    drain : Out, [cols] signed(acc_width)
    """

    def __init__(self, config: Config):
        self.config = config
        self.cell = Prototype(Cell(config), "mac_cell")
        self.prototypes = [self.cell]
        cell = self.cell.component.signature.members
        w_shape = data.ArrayLayout(cell["w"].shape, config.cols)
        super().__init__({
            "a": In(cell["a"].shape),
            "w": In(w_shape),
            "w_out": Out(w_shape),
            "bubble": In(config.cols),
            "first": In(config.cols),
            "done": In(config.cols),
            "drain": Out(data.ArrayLayout(signed(config.acc_width), config.cols)),
        })

    def elaborate(self, platform):
        m = Module()
        a = self.a
        for c in range(self.config.cols):
            cell = self.cell.instantiate(m, f"cell_c{c}")
            m.d.comb += [
                cell.a.eq(a),
                cell.w.eq(self.w[c]),
                cell.bubble.eq(self.bubble[c]),
                cell.first.eq(self.first[c]),
                cell.done.eq(self.done[c]),
                self.w_out[c].eq(cell.w_out),
                self.drain[c].eq(cell.drain),
            ]
            if self.config.skew(c + 1) > self.config.skew(c):
                a = cell.a_out
        return m
