"""A core at the end of a serial line: frames in, a frame for each answer out. docs/boards.md has the protocol.

::

    rx ─► UartReceiver ─► FrameReceiver ─► UartRecords ─► job, activations, weights, channels
    tx ◄─ UartTransmitter ◄─ FrameSender ◄─ UartAnswers ◄─ outputs, errors
"""

from amaranth import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.byte_stream import byte_stream
from hdl.config import ConfigError
from hdl.engine_config import EngineConfig
from hdl.job import Job
from hdl.registers import ERROR
from hdl.uart import BIT_CYCLES_MIN, UartReceiver, UartTransmitter
from hdl.uart_answers import UartAnswers
from hdl.uart_frame import FrameReceiver
from hdl.uart_records import UartRecords
from hdl.uart_sender import FrameSender

__all__ = ["UartBridge"]


class UartBridge(wiring.Component):
    """Everything between a serial line and a core.

    Whatever goes wrong, on the line or in the core, resets the core and is answered. A frame of outputs gets its
    checksum only after the last operand has come, which it has when all checksums were right.

    Parameters
    ----------
    config : EngineConfig
        Of the core; streams of activations, weights and outputs must move one byte in a cycle.
    bit_cycles : int
        Clock cycles of a bit on the line.
    timeout : int
        Clock cycles without a byte after which an unfinished frame is given up.

    Members
    -------
    rx : In
    tx : Out
    job, activations, weights, channels : Out, as the core takes them
    outputs : In, as the core gives them
    core_errors : In
        The core's `errors`.
    core_reset : Out
        Put the core into its state after reset.
    """

    def __init__(self, config: EngineConfig, bit_cycles: int, timeout: int):
        for name in ("act_bytes", "weight_bytes", "out_bytes"):
            if getattr(config, name) != 1:
                raise ConfigError(f"{name} must be 1 behind a UART, not {getattr(config, name)}")
        if bit_cycles < BIT_CYCLES_MIN:
            raise ConfigError(f"a bit must take {BIT_CYCLES_MIN} clock cycles at least, not {bit_cycles}")
        self.config, self.bit_cycles, self.timeout = config, bit_cycles, timeout
        super().__init__({
            "rx": In(1, init=1),
            "tx": Out(1, init=1),
            "job": Out(stream.Signature(Job)),
            "activations": Out(byte_stream(1)),
            "weights": Out(byte_stream(1)),
            "channels": Out(byte_stream(config.channel_bytes)),
            "outputs": In(byte_stream(1)),
            "core_errors": In(len(ERROR)),
            "core_reset": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = UartReceiver(self.bit_cycles)
        m.submodules.frames = frames = FrameReceiver(self.timeout)
        m.submodules.records = records = UartRecords(self.config)
        m.submodules.answers = answers = UartAnswers(self.config)
        m.submodules.sender = sender = FrameSender()
        m.submodules.transmitter = transmitter = UartTransmitter(self.bit_cycles)

        wiring.connect(m, receiver.o, frames.i)
        wiring.connect(m, frames.o, records.i)
        wiring.connect(m, answers.o, sender.i)
        wiring.connect(m, sender.o, transmitter.i)
        for name in ("job", "activations", "weights", "channels"):
            wiring.connect(m, getattr(records, name), wiring.flipped(getattr(self, name)))
        wiring.connect(m, wiring.flipped(self.outputs), answers.outputs)

        wrong = Signal(len(frames.errors.as_value()) + len(records.errors.as_value()))
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
            frames.framing.eq(receiver.error),
            records.kind.eq(frames.kind),
            records.broken.eq(frames.errors.as_value().any()),
            frames.reject.eq(records.errors.as_value().any() | self.core_errors.any()),
            wrong.eq(Cat(frames.errors, records.errors)),
            answers.line_errors.eq(wrong),
            answers.core_errors.eq(self.core_errors),
            answers.greeting.eq(records.greeting),
            answers.echo.eq(records.echo),
            sender.abort.eq(answers.abort),
            records.clear.eq(self.core_reset),
            self.core_reset.eq(answers.core_reset),
        ]
        return m
