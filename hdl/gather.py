"""From skewed columns to lanes.

With one lane for each column, `Direct` hands every column to its lane, skewed as it comes. With
fewer lanes, `Gather` stores the columns, which aligns them, and shows a row to the lanes in
`groups` steps: lane l takes column ``step * requant_lanes + l``.
"""

from amaranth import Cat, Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hdl.array import drain_token
from hdl.config import Config
from hdl.prototype import Prototype

__all__ = ["Direct", "Gather", "LaneToken"]


class LaneToken(data.Struct):
    """Rides with the results of the last lane: a row is complete (`valid`), and it is a tile's `last`."""

    valid: 1
    last: 1


def gather_signature(config: Config, set_width: int):
    """Ports that `Direct` and `Gather` share; lanes may be skewed, `token` belongs to the last one."""
    return {
        "drain": In(data.ArrayLayout(signed(config.acc_width), config.cols)),
        "drain_token": In(data.ArrayLayout(drain_token(set_width), config.cols)),
        "acc": Out(data.ArrayLayout(signed(config.acc_width), config.requant_lanes)),
        "set": Out(data.ArrayLayout(set_width, config.requant_lanes)),
        "group": Out(config.group_width),
        "valid": Out(1),
        "token": Out(LaneToken),
    }


class Direct(wiring.Component):
    """One lane for each column: wires.

    Attributes
    ----------
    latency : int
        0 cycles.

    Members
    -------
    drain, drain_token : In
        As the array gives them.
    acc, set : Out, [requant_lanes]
        For each lane; lane l is l cycles after lane 0.
    group : Out
        Which of its columns every lane is at.
    valid : Out
        The last lane is given an accumulator.
    token : Out, LaneToken
        Of the last lane.
    """

    latency = 0

    def __init__(self, config: Config, set_width: int):
        self.config = config
        super().__init__(gather_signature(config, set_width))

    def elaborate(self, platform):
        m = Module()
        last_column = self.drain_token[-1]
        m.d.comb += [
            self.acc.eq(self.drain),
            self.valid.eq(last_column.valid),
            self.token.valid.eq(last_column.valid),
            self.token.last.eq(last_column.last),
        ]
        for lane in range(self.config.cols):
            m.d.comb += self.set[lane].eq(self.drain_token[lane].set)
        return m


class Gather(wiring.Component):
    """Fewer lanes than columns: store, align, serve in `groups` steps.

    A store holds the rows that column 0 has finished while the last column, `last_skew` cycles
    later, has not been read yet: at most rows + (last_skew + 1) / groups + 2, as tiles are at least
    rows * groups cycles apart.

    Attributes
    ----------
    latency : int
        2 cycles from the last column's token to the first step of that row, and groups - 1 more
        to the row's `token`.

    Members
    -------
    As of `Direct`, but all lanes are in step.
    """

    def __init__(self, config: Config, set_width: int):
        self.config = config
        self.latency = 2
        self.depth = 1 << ceil_log2(config.rows + (config.last_skew + 1) // config.groups + 2)
        self.store = Prototype(
            ColumnStore(signed(config.acc_width), self.depth), "mac_column_store", has_reset=True)
        # Of the tokens what a valid one says.
        token = data.StructLayout({"last": 1, "set": set_width})
        self.token_store = Prototype(ColumnStore(token, self.depth), "mac_token_store", has_reset=True)
        self.prototypes = [self.store, self.token_store]
        super().__init__(gather_signature(config, set_width))

    def elaborate(self, platform):
        m = Module()
        config = self.config
        last_column = self.drain_token[-1]

        # `some` rows wait to be fetched. It and `final_step` are registers because everything below waits for `fetch`.
        waiting = Signal(range(self.depth + 1))
        some = Signal()
        step = Signal(config.group_width)
        serving = Signal()
        fetch = Signal()
        fetch_row = Signal(range(self.depth))
        final_step = Signal()
        m.d.comb += fetch.eq(some & (~serving | final_step))
        m.d.sync += some.eq(last_column.valid | (waiting > 1) | (some & ~fetch))
        with m.If(last_column.valid & ~fetch):
            m.d.sync += waiting.eq(waiting + 1)
        with m.Elif(fetch & ~last_column.valid):
            m.d.sync += waiting.eq(waiting - 1)
        with m.If(fetch):
            m.d.sync += [serving.eq(1), step.eq(0), fetch_row.eq(fetch_row + 1), final_step.eq(0)]
        with m.Elif(final_step):
            m.d.sync += [serving.eq(0), step.eq(0), final_step.eq(0)]
        with m.Elif(serving):
            m.d.sync += [step.eq(step + 1), final_step.eq(step == config.groups - 2)]

        tokens = self.token_store.instantiate(m, "tokens")
        m.d.comb += [
            tokens.i.last.eq(last_column.last), tokens.i.set.eq(last_column.set), tokens.write.eq(last_column.valid)]
        stores = [self.store.instantiate(m, f"store_c{c}") for c in range(config.cols)]
        for c, store in enumerate(stores):
            m.d.comb += [store.i.eq(self.drain[c]), store.write.eq(self.drain_token[c].valid)]
        for store in (tokens, *stores):
            m.d.comb += [store.read.eq(fetch), store.row.eq(fetch_row)]

        columns = Signal(data.ArrayLayout(
            data.ArrayLayout(signed(config.acc_width), config.requant_lanes), config.groups))
        m.d.comb += [
            columns.eq(Cat(store.o for store in stores)),
            self.acc.eq(columns[step]),
            self.set.eq(tokens.o.set.replicate(config.requant_lanes)),
            self.group.eq(step),
            self.valid.eq(serving),
            self.token.valid.eq(serving & final_step),
            self.token.last.eq(tokens.o.last),
        ]
        return m


class ColumnStore(wiring.Component):
    """A ring of rows: written in order, read by number, the value read held until the next read.

    Members
    -------
    i, write : In
        Append a value.
    read, row : In
        In the next cycle `o` is the value of `row`.
    o : Out
    """

    def __init__(self, shape, depth: int):
        self.shape, self.depth = shape, depth
        super().__init__({
            "i": In(shape),
            "write": In(1),
            "read": In(1),
            "row": In(range(depth)),
            "o": Out(shape),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.rows = rows = Memory(shape=self.shape, depth=self.depth, init=[])
        write = rows.write_port()
        read = rows.read_port()
        write_row = Signal(range(self.depth))
        with m.If(self.write):
            m.d.sync += write_row.eq(write_row + 1)
        m.d.comb += [
            write.en.eq(self.write),
            write.addr.eq(write_row),
            write.data.eq(self.i),
            read.en.eq(self.read),
            read.addr.eq(self.row),
            self.o.eq(read.data),
        ]
        return m
