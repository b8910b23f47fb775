"""The output-stationary array: rows x cols cells fed by waves.

A wave is one step of k. It enters all edges in one cycle; row r and column c delay it by r and c
cycles, so that cell (r, c) meets its operands r + c cycles after cell (0, 0). The same wavefront
finishes exactly one cell of each column in a cycle, so finished accumulators leave through one OR
for each column, with no capture register in the cells.

::

             w[0]   w[1]   w[2]
              │    [1]    [2]            [n]: delayed by n cycles
              ▼      ▼      ▼
    a[0] ───►cell──►cell──►cell
    a[1] [1]►cell──►cell──►cell
              │      │      │
              ▼      ▼      ▼
           drain[0] [1]    [2]           row 0 first; column c after column c - 1
"""

from functools import reduce
from operator import or_

from amaranth import Cat, Module, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.delay import delay
from hdl.prototype import Prototype
from hdl.row import Row

__all__ = ["MacArray", "drain_token", "wave_signature"]


def wave_signature(config: Config, set_width: int) -> stream.Signature:
    """One step of k at all edges; see `MacArray`."""

    def operands(width: int, lanes: int) -> data.ArrayLayout:
        return data.ArrayLayout(data.ArrayLayout(signed(width), config.depth), lanes)

    return stream.Signature(data.StructLayout({
        "a": operands(config.a_width, config.rows),
        "w": operands(config.w_width, config.cols),
        "first": 1,
        "last": 1,
        "set": set_width,
    }), always_ready=True)


def drain_token(set_width: int) -> data.StructLayout:
    """Rides with a column's accumulators; `last`: bottom row of a tile, `set`: as its `last` wave said."""
    return data.StructLayout({"valid": 1, "last": 1, "set": set_width})


class MacArray(wiring.Component):
    """`rows` x `cols` cells, skewed at the edges and drained by column.

    Parameters
    ----------
    config : Config
    set_width : int
        Bits of the `set` that a tile brings along.

    Attributes
    ----------
    latency : int
        Cycles from a tile's `last` wave to its row 0, column 0 at `drain`: ``cell latency + 1``.
        Row r of column c follows ``r + config.skew(c)`` cycles later.

    Members
    -------
    wave : In, stream that never waits
        Payload: `a` [rows][depth], `w` [cols][depth], `first`, `last` (the wave starts, ends a
        sum), `set` (of the `last` wave: comes back with the tile's results). A cycle without
        valid is a bubble. `last` waves must be at least `rows` cycles apart.
    drain : Out, [cols] signed(acc_width)
    token : Out, [cols] of `drain_token`
    """

    def __init__(self, config: Config, set_width: int = 1):
        self.config = config
        self.row = Prototype(Row(config), "mac_row")
        self.prototypes = [self.row]
        row = self.row.component
        self.first_latency = row.cell.component.first_latency
        self.latency = row.cell.component.latency + 1
        super().__init__({
            "wave": In(wave_signature(config, set_width)),
            "drain": Out(data.ArrayLayout(signed(config.acc_width), config.cols)),
            "token": Out(data.ArrayLayout(drain_token(set_width), config.cols)),
        })

    def elaborate(self, platform):
        m = Module()
        config, wave = self.config, self.wave.payload

        # first and last, delayed by 0, 1, 2, ... cycles: cells of one diagonal share a tap.
        taps = self.latency - 1 + config.rows - 1 + config.last_skew
        first_line = Signal(taps)
        last_line = Signal(taps)
        bubble_line = Signal(config.rows + config.last_skew)
        m.d.sync += [
            first_line.eq(Cat(self.wave.valid & wave.first, first_line)),
            last_line.eq(Cat(self.wave.valid & wave.last, last_line)),
            bubble_line.eq(Cat(~self.wave.valid, bubble_line)),
        ]

        def by_column(line):
            return Cat(line[config.skew(c)] for c in range(config.cols))

        bubbles = Cat(~self.wave.valid, bubble_line)[self.row.component.cell.component.bubble_latency:]
        w = Signal.like(wave.w, name="w_skewed")
        for c in range(config.cols):
            m.d.comb += w[c].eq(delay(m, wave.w[c], config.skew(c), name=f"w_skew_c{c}"))
        drains = []
        for r in range(config.rows):
            row = self.row.instantiate(m, f"row_r{r}")
            m.d.comb += [
                row.a.eq(delay(m, wave.a[r], r, name=f"a_skew_r{r}")),
                row.w.eq(w),
                row.bubble.eq(by_column(bubbles[r:])),
                # Line bit n holds the token of n + 1 cycles ago.
                row.first.eq(by_column(first_line[self.first_latency + r - 1:])),
                row.done.eq(by_column(last_line[self.first_latency + r:])),
            ]
            w = row.w_out
            drains.append(row.drain.as_value())
        drained = Signal.like(self.drain, reset_less=True)
        m.d.sync += drained.eq(balanced_or(drains))
        m.d.comb += self.drain.eq(drained)

        self._drain_tokens(m, last_line[self.latency - 2])
        return m

    def _drain_tokens(self, m: Module, done):
        """Tokens of the drain; `done`: cell (0, 0) shows a finished accumulator in this cycle."""
        config = self.config
        set_done = delay(m, self.wave.payload.set, self.latency - 1, name="set_done")
        token = Signal(self.token.shape().elem_shape)
        rows_left = Signal(range(config.rows), name="rows_left")
        with m.If(done):
            m.d.sync += [
                token.valid.eq(1),
                token.last.eq(config.rows == 1),
                token.set.eq(set_done),
                rows_left.eq(config.rows - 1),
            ]
        with m.Else():
            m.d.sync += [
                token.valid.eq(rows_left != 0),
                token.last.eq(rows_left == 1),
            ]
            with m.If(rows_left != 0):
                m.d.sync += rows_left.eq(rows_left - 1)
        line = Signal(data.ArrayLayout(token.shape(), config.last_skew), name="token_line")
        m.d.sync += line.eq(Cat(token, line))
        m.d.comb += [self.token[c].eq(Cat(token, line).word_select(config.skew(c), len(token.as_value())))
                     for c in range(config.cols)]


def balanced_or(values: list):
    """OR of `values` as a tree of logarithmic height."""
    while len(values) > 1:
        values = [reduce(or_, values[i:i + 2]) for i in range(0, len(values), 2)]
    return values[0]
