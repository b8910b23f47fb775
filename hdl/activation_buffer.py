"""The activation buffer: two panels of `rows` rows, one being loaded while the other one is used."""

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hdl.engine_config import EngineConfig
from hdl.prototype import Prototype
from hdl.row_cutter import row_word_layout

__all__ = ["ActivationBuffer"]


class ActivationBuffer(wiring.Component):
    """Words of rows in, one step of k for all rows out.

    Each row has a memory of its own, so that bytes that came one after the other leave at the same
    time as those of the other rows. A memory word is as wide as the stream or as `depth` operands,
    whichever is wider. What has come can be read at once, without waiting for the whole panel.

    Parameters
    ----------
    config : EngineConfig

    Members
    -------
    i : In, stream of `row_word_layout`
    is_unsigned : In
        The operands that come are.
    out_of_range : Out
        An operand that comes needs more than `act_width` bits.
    beat : In
        Step of k to be read, from the panel that was not released yet.
    available : Out
        All rows of the panel have it.
    read : In
        In the next cycle `o` is what `beat` names.
    o : Out, [rows][depth] raw operands
    release : In
        The panel is not needed any more after this cycle's read.
    """

    def __init__(self, config: EngineConfig):
        self.config = config
        self.word_bytes = max(config.act_bytes, config.depth)
        self.words = -(-config.k_max // self.word_bytes)
        self.row = Prototype(RowMemory(config, self.word_bytes, self.words), "mac_activation_row")
        self.prototypes = [self.row]
        super().__init__({
            "i": In(stream.Signature(row_word_layout(config))),
            "is_unsigned": In(1),
            "out_of_range": Out(1),
            "beat": In(range(-(-config.k_max // config.depth))),
            "available": Out(1),
            "read": In(1),
            "o": Out(data.ArrayLayout(data.ArrayLayout(config.act_width, config.depth), config.rows)),
            "release": In(1),
        })

    def elaborate(self, platform):
        m = Module()
        config, word = self.config, self.i.payload
        lanes = self.word_bytes // config.act_bytes
        beat_bits = ceil_log2(self.word_bytes // config.depth)

        # Where the next word goes: panel, row, memory word, part of it.
        panel = Signal()
        row = Signal(range(config.rows))
        address = Signal(range(self.words))
        lane = Signal(range(lanes))
        full = Signal(2)
        # Memory words of the panel's last row that are there: those of the other rows came before.
        filled = Signal(range(self.words + 1))
        write = Signal()
        word_end = Signal()
        panel_end = Signal()
        last_row = Signal()
        m.d.comb += [
            self.i.ready.eq(~full.bit_select(panel, 1)),
            write.eq(self.i.valid & self.i.ready),
            word_end.eq(word.row_end | (lane == lanes - 1)),
            last_row.eq(word.final_row | (row == config.rows - 1)),
            panel_end.eq(write & word.row_end & last_row),
        ]
        with m.If(write):
            m.d.sync += lane.eq(Mux(word_end, 0, lane + 1))
            with m.If(word_end):
                m.d.sync += address.eq(Mux(word.row_end, 0, address + 1))
            with m.If(word.row_end):
                m.d.sync += row.eq(Mux(last_row, 0, row + 1))
            with m.If(word_end & last_row):
                m.d.sync += filled.eq(Mux(word.row_end, 0, filled + 1))

        used = Signal()
        with m.If(self.release):
            m.d.sync += [used.eq(~used), full.bit_select(used, 1).eq(0)]
        with m.If(panel_end):
            m.d.sync += [panel.eq(~panel), full.bit_select(panel, 1).eq(1)]
        index = self.beat >> beat_bits
        # A panel that is not full is the one that is being loaded.
        m.d.comb += self.available.eq(full.bit_select(used, 1) | (index < filled))

        operands = Cat(byte[:config.act_width] for byte in word.data)
        columns = []
        for r in range(config.rows):
            memory = self.row.instantiate(m, f"row_r{r}")
            m.d.comb += [
                memory.write.eq((write & (row == r)).replicate(lanes) & (1 << lane)),
                memory.write_address.eq(Cat(address, panel)),
                memory.i.eq(operands),
                memory.read.eq(self.read),
                memory.read_address.eq(Cat(index[:len(address)], used)),
            ]
            columns.append(memory.o)
        part = Signal(beat_bits, reset_less=True)
        with m.If(self.read):
            m.d.sync += part.eq(self.beat)
        size = config.depth * config.act_width
        for r, column in enumerate(columns):
            m.d.comb += self.o[r].as_value().eq(column.word_select(part, size))

        wrong = [
            (word.count > index) & does_not_fit(byte, config.act_width, self.is_unsigned)
            for index, byte in enumerate(word.data)
        ] if config.act_width < 8 else []
        m.d.comb += self.out_of_range.eq(write & Cat(wrong).any())
        return m


def does_not_fit(byte, width: int, is_unsigned):
    """Whether `byte` is no number of `width` bits: the bits above it must repeat the sign, or be 0."""
    sign = byte[width - 1] & ~is_unsigned
    return Cat(bit != sign for bit in byte[width:]).any()


class RowMemory(wiring.Component):
    """One row of both panels.

    Members
    -------
    i : In, act_bytes operands
    write : In, one bit for each part of a word that is as wide as `i`
    write_address : In
    read, read_address : In
        In the next cycle `o` is this word; it stays until the next read.
    o : Out, word_bytes operands
    """

    def __init__(self, config: EngineConfig, word_bytes: int, words: int):
        self.part = config.act_bytes * config.act_width
        self.lanes = word_bytes // config.act_bytes
        self.address_width = 1 + ceil_log2(words)
        super().__init__({
            "i": In(self.part),
            "write": In(self.lanes),
            "write_address": In(self.address_width),
            "read": In(1),
            "read_address": In(self.address_width),
            "o": Out(self.part * self.lanes),
        })

    def elaborate(self, platform):
        m = Module()
        shape = data.ArrayLayout(self.part, self.lanes)
        m.submodules.words = words = Memory(shape=shape, depth=1 << self.address_width, init=[])
        write = words.write_port(granularity=1)
        read = words.read_port()
        m.d.comb += [
            write.en.eq(self.write),
            write.addr.eq(self.write_address),
            write.data.eq(self.i.replicate(self.lanes)),
            read.en.eq(self.read),
            read.addr.eq(self.read_address),
            self.o.eq(read.data),
        ]
        return m
