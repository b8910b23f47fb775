"""The output buffer: two panels of `rows` rows, from tiles to whole rows."""

from amaranth import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, ceil_log2

from hdl.collect import row_layout
from hdl.datapath import outputs_layout
from hdl.engine_config import EngineConfig
from hdl.job import M_WIDTH, plan_layout
from hdl.turn import Turn

__all__ = ["OutputBuffer", "piece_layout"]


def piece_layout(config: EngineConfig) -> data.StructLayout:
    """The next `count` bytes of the output; `last`: of a job."""
    return data.StructLayout({
        "data": data.ArrayLayout(8, config.out_bytes),
        "count": range(config.out_bytes + 1),
        "last": 1,
    })


class OutputBuffer(wiring.Component):
    """Rows of tiles in, bytes of whole rows out, without what lies beyond M and N.

    The tiles of a panel come one after the other; its rows can leave when its last tile is there.
    A memory word holds the same row of `slices` neighbouring tiles, as many as fit the stream, or
    an int32 row, which takes four of them.

    Parameters
    ----------
    config : EngineConfig

    Attributes
    ----------
    slices : int
        Tiles in a memory word.

    Members
    -------
    outputs, accumulators : In, streams as of `Datapath`
    issue : In; store_slot, send_slot : Out; store_plan, send_plan : In
        See `Turn`; the plans of the jobs whose results come and leave.
    idle : In
        No result is on its way.
    o : Out, stream of `piece_layout`
    clamped : Out
        Number of outputs in the row that came in the cycle before which the clamp changed.
    """

    def __init__(self, config: EngineConfig):
        self.config = config
        self.slices = max(1 << max(config.out_bytes // config.cols, 1).bit_length() - 1, 4 * config.raw_output)
        self.words = -(-config.sets // self.slices)
        members = {
            "issue": In(1),
            "store_slot": Out(1),
            "store_plan": In(plan_layout(config)),
            "send_slot": Out(1),
            "send_plan": In(plan_layout(config)),
            "idle": In(1),
            "o": Out(stream.Signature(piece_layout(config))),
        }
        if config.modes:
            members |= {"outputs": In(stream.Signature(outputs_layout(config))), "clamped": Out(range(config.cols + 1))}
        if config.raw_output:
            members["accumulators"] = In(stream.Signature(row_layout(config, signed(32))))
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        config = self.config
        slice_bits = 8 * config.cols
        address_bits = ceil_log2(self.words) + ceil_log2(config.rows) + 1
        m.submodules.panels = panels = Memory(
            shape=data.ArrayLayout(slice_bits, self.slices), depth=1 << address_bits, init=[])
        # Of each panel: whole and not yet sent; rows that are whole.
        full = Signal(2)
        whole = Signal(data.ArrayLayout(range(config.rows + 1), 2))
        write = panels.write_port(granularity=1)
        read = panels.read_port()
        self._store(m, write, full, whole)
        self._send(m, read, full, whole)
        return m

    def _store(self, m, port, full, whole):
        """Rows of tiles into the panel that is being filled."""
        config, plan = self.config, self.store_plan
        m.submodules.store_turn = turn = Turn()
        panel = Signal(name="store_panel")
        row = Signal(range(config.rows), name="store_row")
        tile = Signal(range(config.sets), name="store_tile")
        rows_left = Signal(M_WIDTH, name="store_rows_left", reset_less=True)
        columns_left = Signal(bits_for(config.n_max), name="store_columns_left", reset_less=True)
        running = Signal(name="storing")
        bottom = Signal(name="store_bottom")
        last_tile = Signal(name="store_last_tile")
        last_panel = Signal(name="store_last_panel")
        take = Signal(name="store_take")
        ready = Signal(name="store_ready")

        rows = []
        if config.modes:
            rows.append(self.outputs)
        if config.raw_output:
            rows.append(self.accumulators)
        # Rows below M are taken and not stored.
        real = Signal(name="store_real")
        raw = Signal(name="store_raw")
        chosen = rows[0].valid if len(rows) == 1 else Mux(raw, rows[1].valid, rows[0].valid)
        m.d.comb += [
            turn.issue.eq(self.issue),
            self.store_slot.eq(turn.slot),
            real.eq(rows_left > row),
            ready.eq(running & ~(real & full.bit_select(panel, 1))),
            take.eq(chosen & ready),
            bottom.eq(row == config.rows - 1),
            last_tile.eq(tile == plan.tiles - 1),
            last_panel.eq(rows_left <= config.rows),
            turn.done.eq(take & bottom & last_tile & last_panel),
        ]
        if len(rows) == 1:
            m.d.comb += rows[0].ready.eq(ready)
        else:
            # The rows that nobody wants are thrown away as they come.
            m.d.comb += [rows[0].ready.eq(ready | raw), rows[1].ready.eq(ready | ~raw)]
        with m.If(take):
            m.d.sync += row.eq(Mux(bottom, 0, row + 1))
            with m.If(bottom):
                m.d.sync += [
                    tile.eq(Mux(last_tile, 0, tile + 1)),
                    columns_left.eq(Mux(last_tile, plan.n, columns_left - config.cols)),
                ]
            with m.If(last_tile & real):
                m.d.sync += whole[panel].eq(row + 1)
                with m.If(bottom | (rows_left == row + 1)):
                    m.d.sync += [panel.eq(~panel), full.bit_select(panel, 1).eq(1)]
            with m.If(bottom & last_tile):
                m.d.sync += rows_left.eq(rows_left - config.rows)
                with m.If(last_panel):
                    m.d.sync += running.eq(0)
        # The rows that were not wanted may still be on their way when the job's last one is stored.
        with m.If(~running):
            m.d.sync += [running.eq(turn.active & self.idle), rows_left.eq(plan.m), columns_left.eq(plan.n)]
            with m.If(self.idle):
                m.d.sync += raw.eq(plan.raw)

        word = {}
        if config.modes:
            at = Signal(self.slices, name="byte_slices")
            m.d.comb += at.eq(1 << tile[:ceil_log2(self.slices)])
            word[0] = at, tile >> ceil_log2(self.slices), self.outputs.payload.data.as_value().replicate(self.slices)
            inside = Cat(columns_left > c for c in range(config.cols)) & (rows_left > row).replicate(config.cols)
            counted = Signal(config.cols)
            m.d.sync += counted.eq(Mux(
                take & ~raw, self.outputs.payload.clamped & inside, 0))
            m.d.comb += self.clamped.eq(sum(counted))
        if config.raw_output:
            quads = self.slices // 4
            at = Signal(self.slices, name="word_slices")
            m.d.comb += at.eq(15 << (4 * tile[:ceil_log2(quads)]))
            word[1] = at, tile >> ceil_log2(quads), self.accumulators.payload.data.as_value().replicate(quads)
        where, address, values = (word[min(word)] if len(word) == 1 else (
            Mux(raw, int32, int8) for int8, int32 in zip(word[0], word[1], strict=True)))
        m.d.comb += [
            port.en.eq(Mux(take & real, where, 0)),
            port.addr.eq(Cat(address[:ceil_log2(self.words)], row, panel)),
            port.data.as_value().eq(values),
        ]

    def _send(self, m, port, full, whole):
        """Whole rows of the oldest panel, piece by piece."""
        config, plan, size = self.config, self.send_plan, self.config.out_bytes
        m.submodules.send_turn = turn = Turn()
        word_bytes = self.slices * config.cols
        pieces = -(-word_bytes // size)
        panel = Signal(name="send_panel")
        row = Signal(range(config.rows), name="send_row")
        word = Signal(range(self.words), name="send_word")
        piece = Signal(range(pieces), name="send_piece")
        rows_left = Signal(M_WIDTH, name="send_rows_left", reset_less=True)
        row_bytes = Signal(bits_for(max(config.n_max, 4 * config.raw_n_max)), name="send_row_bytes")
        bytes_left = Signal.like(row_bytes, name="send_bytes_left", reset_less=True)
        running = Signal(name="sending")
        go = Signal(name="send_go")
        read = Signal(name="send_read")
        word_end = Signal(name="send_word_end")
        row_end = Signal(name="send_row_end")
        panel_end = Signal(name="send_panel_end")
        count = Signal(range(size + 1), name="send_count")
        # Bytes of the last piece of a word.
        rest = word_bytes - (pieces - 1) * size
        here = Mux(piece == pieces - 1, rest, size)
        m.d.comb += [
            turn.issue.eq(self.issue),
            self.send_slot.eq(turn.slot),
            row_bytes.eq(Mux(plan.raw, plan.n << 2, plan.n)),
            go.eq(~self.o.valid | self.o.ready),
            read.eq(running & (row < whole[panel]) & go),
            word_end.eq(piece == pieces - 1),
            row_end.eq(bytes_left <= here),
            panel_end.eq(read & row_end & ((row == config.rows - 1) | (rows_left == 1))),
            count.eq(Mux(row_end, bytes_left, here)),
            turn.done.eq(read & row_end & (rows_left == 1)),
            port.en.eq(read),
            port.addr.eq(Cat(word, row, panel)),
        ]
        shown = Signal.like(piece, name="shown_piece", reset_less=True)
        offered = Signal(data.StructLayout({"count": range(size + 1), "last": 1}), name="offered", reset_less=True)
        m.d.comb += self.o.payload.data.eq(port.data.as_value().word_select(shown, 8 * size))
        m.d.comb += [self.o.payload.count.eq(offered.count), self.o.payload.last.eq(offered.last)]
        with m.If(go):
            m.d.sync += [self.o.valid.eq(read), offered.count.eq(count), offered.last.eq(turn.done), shown.eq(piece)]
        with m.If(read):
            m.d.sync += [
                piece.eq(Mux(word_end | row_end, 0, piece + 1)),
                bytes_left.eq(Mux(row_end, row_bytes, bytes_left - here)),
            ]
            with m.If(row_end):
                m.d.sync += [word.eq(0), row.eq(row + 1), rows_left.eq(rows_left - 1)]
            with m.Elif(word_end):
                m.d.sync += word.eq(word + 1)
            with m.If(panel_end):
                m.d.sync += [
                    row.eq(0), panel.eq(~panel), full.bit_select(panel, 1).eq(0), whole[panel].eq(0)]
            with m.If(turn.done):
                m.d.sync += running.eq(0)
        with m.If(~running):
            m.d.sync += [running.eq(turn.active), rows_left.eq(plan.m), bytes_left.eq(row_bytes)]
