"""Admission: when a pair of operand beats may enter the array as a wave.

Nothing behind the array can stall it, so whatever a tile will need is claimed before its last wave
enters: room for its rows in every output buffer, the columns' drain, its channel parameters.
"""

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.config import Config

__all__ = ["Admission"]


class Admission(wiring.Component):
    """Join activations and weights, find tile borders, hold back what has no room.

    A wave enters when both operands are there and

    * a `last` wave: the one before is at least `drain_interval` cycles old, and every output
      buffer has `rows` free places;
    * the wave that needs channel parameters (the last one; with zero points by `SUBTRACT` the
      first one): it keeps the current set, or the next set is loaded.

    Parameters
    ----------
    config : Config
    buffer_rows : int
        Rows that an output buffer holds.

    Members
    -------
    a_valid, a_last, w_valid, w_last, keep : In
        Of the two operand streams: the beat is the tile's last; the tile keeps the channel
        parameters of the tile before (the same on every beat of a tile).
    next_full, current_bank : In
        Of `Channels`.
    popped : In, one bit for each output buffer
        A row has left it.
    accept : Out
        The wave enters: both beats are taken.
    first, last, bank : Out
        Its tokens.
    advance : Out
        The tile takes the next parameter set.
    busy : Out
        A tile is unfinished or a row has not left.
    last_mismatch, keep_mismatch : Out
        The accepted beats disagree about the end of the tile (the activations' counts); the tile
        that is offered asks to keep parameters when none were loaded (it waits for the next set).
    """

    def __init__(self, config: Config, buffer_rows: int):
        self.config = config
        self.buffer_rows = buffer_rows
        self.buffers = bool(config.modes) + config.raw_output
        super().__init__({
            "a_valid": In(1),
            "a_last": In(1),
            "w_valid": In(1),
            "w_last": In(1),
            "keep": In(1),
            "next_full": In(1),
            "current_bank": In(1),
            "popped": In(self.buffers),
            "accept": Out(1),
            "first": Out(1),
            "last": Out(1),
            "bank": Out(1),
            "advance": Out(1),
            "busy": Out(1),
            "last_mismatch": Out(1),
            "keep_mismatch": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        config = self.config
        joined = Signal()
        in_tile = Signal()
        m.d.comb += [
            joined.eq(self.a_valid & self.w_valid),
            self.first.eq(~in_tile),
            self.last.eq(self.a_last),
        ]
        with m.If(self.accept):
            m.d.sync += in_tile.eq(~self.last)

        has_set = Signal()
        keeps = Signal()
        needs_set = Signal()
        set_ready = Signal()
        m.d.comb += [
            keeps.eq(self.keep & has_set),
            needs_set.eq(self.first if config.subtract else self.last),
            set_ready.eq(~needs_set | keeps | self.next_full),
            self.advance.eq(self.accept & needs_set & ~keeps),
        ]
        with m.If(self.advance):
            m.d.sync += has_set.eq(1)
        chosen = Signal()
        m.d.comb += chosen.eq(Mux(keeps, self.current_bank, ~self.current_bank))
        # Chosen by the first wave, the set is the current one for the rest of the tile.
        m.d.comb += self.bank.eq(Mux(needs_set, chosen, self.current_bank))

        room = self._room(m)
        m.d.comb += [
            self.accept.eq(joined & set_ready & (~self.last | room)),
            self.last_mismatch.eq(self.accept & (self.a_last != self.w_last)),
            # Shown while the tile waits, which may be for ever.
            self.keep_mismatch.eq(joined & needs_set & self.keep & ~has_set),
        ]
        return m

    def _room(self, m):
        """Whether a tile may end now; counts the claimed places of the output buffers."""
        config = self.config
        taken = Signal()
        m.d.comb += taken.eq(self.accept & self.last)

        wait = Signal(range(config.drain_interval))
        with m.If(taken):
            m.d.sync += wait.eq(config.drain_interval - 1)
        with m.Elif(wait != 0):
            m.d.sync += wait.eq(wait - 1)

        room = wait == 0
        busy = ~self.first
        for index in range(self.buffers):
            claimed = Signal(range(self.buffer_rows + 1), name=f"claimed_{index}")
            m.d.sync += claimed.eq(claimed + Mux(taken, config.rows, 0) - self.popped[index])
            room &= claimed <= self.buffer_rows - config.rows
            busy |= claimed != 0
        m.d.comb += self.busy.eq(busy)
        return room
