"""Bytes of frames become what a core takes: a job, records of channels, bytes of activations and weights."""

from amaranth import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.byte_stream import byte_stream
from hdl.engine_config import EngineConfig
from hdl.job import Job
from hdl.uart_frame import marked_bytes

__all__ = ["ECHO_BYTES", "KINDS", "RECORD_ERRORS", "UartRecords"]

# First byte of the frames that come. Those in MORE may be small letters too: the packet goes on in another frame.
KINDS = {"hello": ord("H"), "job": ord("J"), "channels": ord("C"), "weights": ord("W"), "activations": ord("A")}
MORE = ("channels", "weights", "activations")
MORE_BIT = 5

ECHO_BYTES = 4
JOB_BYTES = Job.as_shape().size // 8

# Less than the cycles of a byte on the fastest line, more than a core needs.
PATIENCE = 32

# What can be wrong with the bytes of a frame.
RECORD_ERRORS = ("command", "size", "overrun")


class UartRecords(wiring.Component):
    """Gather bytes to records, and offer each to the stream that its frame is for.

    A record must be taken within `PATIENCE` cycles, before the next byte can come: nothing is queued here.

    Parameters
    ----------
    config : EngineConfig

    Members
    -------
    kind : In
    i : In, `marked_bytes`, always ready
    broken : In
        The frame will not be completed.
    clear : In
        Forget what has not been taken.
    job, activations, weights, channels : Out
    greeting : Out
        A hello has come, with these bytes:
    echo : Out
    errors : Out, one bit for each of `RECORD_ERRORS`
    """

    def __init__(self, config: EngineConfig):
        self.config = config
        super().__init__({
            "kind": In(8),
            "i": In(marked_bytes(always_ready=True)),
            "broken": In(1),
            "clear": In(1),
            "job": Out(stream.Signature(Job)),
            "activations": Out(byte_stream(1)),
            "weights": Out(byte_stream(1)),
            "channels": Out(byte_stream(config.channel_bytes)),
            "greeting": Out(1),
            "echo": Out(8 * ECHO_BYTES),
            "errors": Out(data.StructLayout(dict.fromkeys(RECORD_ERRORS, 1))),
        })

    def elaborate(self, platform):
        m = Module()
        sizes = {"hello": ECHO_BYTES, "job": JOB_BYTES, "channels": self.config.channel_bytes,
                 "weights": 1, "activations": 1}
        # One register for all: the latest bytes are the highest.
        record = Signal(8 * max(sizes.values()))
        number = Signal(range(JOB_BYTES + 1))
        chosen = {name: Signal(name=f"is_{name}") for name in KINDS}
        waiting = {name: Signal(name=f"{name}_waiting") for name in KINDS}
        last = Signal()
        known, whole, single = Signal(), Signal(), Signal()
        for name, code in KINDS.items():
            pattern = f"{code:08b}"
            if name in MORE:
                pattern = f"{pattern[:7 - MORE_BIT]}-{pattern[8 - MORE_BIT:]}"
            m.d.comb += chosen[name].eq(self.kind.matches(pattern))
            with m.If(chosen[name]):
                m.d.comb += [known.eq(1), whole.eq(number == sizes[name] - 1), single.eq(name not in MORE)]

        taken, is_waiting = Signal(), Signal()
        waited = Signal(range(PATIENCE))
        errors = self.errors
        m.d.comb += [
            is_waiting.eq(Cat(waiting.values()).any()),
            # A job and a hello have one record.
            errors.command.eq(self.i.valid & ~known),
            errors.size.eq(self.i.valid & known & (whole ^ self.i.payload.last) & (self.i.payload.last | single)),
            errors.overrun.eq(is_waiting & (waited == PATIENCE - 1)),
            taken.eq(self.i.valid & ~errors.command & ~errors.size),
            self.greeting.eq(waiting["hello"]),
            self.echo.eq(record[-8 * ECHO_BYTES:]),
            self.job.payload.eq(record[-8 * JOB_BYTES:]),
        ]
        with m.If(self.i.valid):
            m.d.sync += number.eq(number + 1)
            with m.If(whole | self.i.payload.last | ~taken):
                m.d.sync += number.eq(0)
        with m.If(is_waiting):
            m.d.sync += waited.eq(waited + 1)
        with m.Else():
            m.d.sync += waited.eq(0)
        with m.If(self.broken):
            m.d.sync += number.eq(0)
        with m.If(taken):
            m.d.sync += [
                record.eq(record >> 8), record[-8:].eq(self.i.payload.byte),
                last.eq(self.i.payload.last & ~self.kind[MORE_BIT])]

        for name in sizes:
            over = 1
            if name != "hello":
                outgoing = getattr(self, name)
                m.d.comb += outgoing.valid.eq(waiting[name])
                over = outgoing.ready
                if name in MORE:
                    m.d.comb += [
                        outgoing.payload.data.eq(record[-8 * sizes[name]:]),
                        outgoing.payload.keep.eq(-1),
                        outgoing.payload.last.eq(last)]
            with m.If(taken & whole & chosen[name]):
                m.d.sync += waiting[name].eq(1)
            with m.Elif(over | self.clear):
                m.d.sync += waiting[name].eq(0)
        return m

