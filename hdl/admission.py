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

    * a `last` wave: the datapath has `room`;
    * the wave that needs channel parameters (the last one; with zero points by `SUBTRACT` the
      first one): it keeps the current set, or the next set is loaded.

    Parameters
    ----------
    config : Config

    Members
    -------
    a_valid, a_last, w_valid, w_last, keep : In
        Of the two operand streams: the beat is the tile's last; the tile keeps the channel
        parameters of the tile before (the same on every beat of a tile).
    next_full, current_bank : In
        Of `Channels`.
    room : In
        Of `Datapath`.
    accept : Out
        The wave enters: both beats are taken.
    first, last, bank : Out
        Its tokens.
    advance : Out
        The tile takes the next parameter set.
    last_mismatch, keep_mismatch : Out
        The accepted beats disagree about the end of the tile (the activations' counts); the tile
        that is offered asks to keep parameters when none were loaded (it waits for the next set).
    """

    def __init__(self, config: Config):
        self.config = config
        super().__init__({
            "a_valid": In(1),
            "a_last": In(1),
            "w_valid": In(1),
            "w_last": In(1),
            "keep": In(1),
            "next_full": In(1),
            "current_bank": In(1),
            "room": In(1),
            "accept": Out(1),
            "first": Out(1),
            "last": Out(1),
            "bank": Out(1),
            "advance": Out(1),
            "last_mismatch": Out(1),
            "keep_mismatch": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
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
            needs_set.eq(self.first if self.config.subtract else self.last),
            set_ready.eq(~needs_set | keeps | self.next_full),
            self.advance.eq(self.accept & needs_set & ~keeps),
        ]
        with m.If(self.advance):
            m.d.sync += has_set.eq(1)
        chosen = Signal()
        m.d.comb += chosen.eq(Mux(keeps, self.current_bank, ~self.current_bank))
        m.d.comb += [
            # Chosen by the first wave, the set is the current one for the rest of the tile.
            self.bank.eq(Mux(needs_set, chosen, self.current_bank)),
            self.accept.eq(joined & set_ready & (~self.last | self.room)),
            self.last_mismatch.eq(self.accept & (self.a_last != self.w_last)),
            # Shown while the tile waits, which may be for ever.
            self.keep_mismatch.eq(joined & needs_set & self.keep & ~has_set),
        ]
        return m
