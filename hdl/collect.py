"""From lanes back to rows: results of one row of a tile, side by side."""

from amaranth import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config
from hdl.delay import delay
from hdl.gather import LaneToken

__all__ = ["Collect", "row_layout"]


def row_layout(config: Config, shape) -> data.StructLayout:
    """One row of a tile; `last` marks the bottom row."""
    return data.StructLayout({"data": data.ArrayLayout(shape, config.cols), "last": 1})


class Collect(wiring.Component):
    """Align the results of all columns of a row.

    One lane for each column: lane l waits for the last one, as many cycles as it is ahead, so that
    narrow results are delayed and not 32-bit accumulators. Fewer lanes: the results of the steps
    of a row, which come in successive cycles, are kept until its last step. Either way the row is
    complete as the last result comes.

    Parameters
    ----------
    config : Config
    shape
        Of one result.

    Members
    -------
    lanes : In, [requant_lanes] of `shape`
    token : In, LaneToken
        Of the last lane.
    row : Out, stream that never waits
        Payload: `row_layout`.
    """

    def __init__(self, config: Config, shape):
        self.config = config
        self.shape = shape
        super().__init__({
            "lanes": In(data.ArrayLayout(shape, config.requant_lanes)),
            "token": In(LaneToken),
            "row": Out(stream.Signature(row_layout(config, shape), always_ready=True)),
        })

    def elaborate(self, platform):
        m = Module()
        config, row = self.config, self.row
        m.d.comb += [row.valid.eq(self.token.valid), row.payload.last.eq(self.token.last)]
        if config.groups == 1:
            for lane in range(config.cols):
                m.d.comb += row.payload.data[lane].eq(
                    delay(m, self.lanes[lane], config.last_skew - config.skew(lane), name=f"deskew_c{lane}"))
        else:
            kept = Signal(self.lanes.shape().size * (config.groups - 1), reset_less=True)
            columns = Cat(kept, self.lanes)
            m.d.sync += kept.eq(columns[self.lanes.shape().size:])
            m.d.comb += row.payload.data.eq(columns)
        return m
