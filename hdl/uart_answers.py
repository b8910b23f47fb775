"""What goes back over the line: results, errors, and who is there."""

from amaranth import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.byte_stream import byte_stream
from hdl.engine_config import EngineConfig
from hdl.registers import ERROR, Access, registers
from hdl.uart_frame import FRAME_ERRORS, marked_bytes
from hdl.uart_records import ECHO_BYTES, RECORD_ERRORS

__all__ = ["ANSWERS", "LINE_ERRORS", "PROTOCOL", "UartAnswers"]

# First byte of the frames that are sent.
ANSWERS = {"hello": ord("H"), "outputs": ord("Y"), "errors": ord("E")}

# Version of all that docs/boards.md says of the line.
PROTOCOL = 1

LINE_ERRORS = (*FRAME_ERRORS, *RECORD_ERRORS)
ERROR_BYTES = 4


class UartAnswers(wiring.Component):
    """Send what there is to say, errors first, and reset the core when something is wrong.

    Parameters
    ----------
    config : EngineConfig

    Members
    -------
    line_errors : In, one bit for each of `LINE_ERRORS`
    core_errors : In, one bit for each field of register ERROR
    greeting : In
        Reset the core and say who is there.
    echo : In
        What the greeting said; must stay until it is answered.
    outputs : In, `byte_stream`
    core_reset : Out
    o : Out, `marked_bytes`
        Frames, from their kind on.
    abort : Out
        The frame of outputs that was begun will not be completed.
    """

    def __init__(self, config: EngineConfig):
        self.config = config
        super().__init__({
            "line_errors": In(len(LINE_ERRORS)),
            "core_errors": In(len(ERROR)),
            "greeting": In(1),
            "echo": In(8 * ECHO_BYTES),
            "outputs": In(byte_stream(1)),
            "core_reset": Out(1),
            "o": Out(marked_bytes()),
            "abort": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        # A flag each until they are sent. What the core says of its last cycle before a reset still counts.
        errors = Signal(data.StructLayout({"line": len(LINE_ERRORS), "core": 8 * ERROR_BYTES}))
        said = Signal.like(errors)
        greeted = Signal()
        found = Signal()
        m.d.comb += found.eq(self.line_errors.any() | self.core_errors.any())
        m.d.sync += [
            self.core_reset.eq(found | self.greeting),
            greeted.eq(greeted | self.greeting),
            errors.line.eq(errors.line | self.line_errors),
            errors.core.eq(errors.core | self.core_errors),
        ]

        index = Signal(range(64))
        moved = Signal()
        m.d.comb += moved.eq(self.o.valid & self.o.ready)
        with m.If(moved):
            m.d.sync += index.eq(index + 1)
        with m.FSM(name="answering"):
            with m.State("IDLE"):
                m.d.sync += index.eq(0)
                with m.If(errors.as_value().any()):
                    m.d.sync += [said.eq(errors), errors.line.eq(self.line_errors), errors.core.eq(self.core_errors)]
                    m.next = "ERRORS"
                with m.Elif(greeted):
                    m.d.sync += greeted.eq(self.greeting)
                    m.next = "HELLO"
                with m.Elif(self.outputs.valid & ~found & ~self.core_reset):
                    m.next = "OUTPUTS"
            with m.State("ERRORS"):
                answer = [ANSWERS["errors"], said.line, *(said.core[8 * i:8 * i + 8] for i in range(ERROR_BYTES))]
                self._send(m, index, answer)
                with m.If(moved & self.o.payload.last):
                    m.next = "IDLE"
            with m.State("HELLO"):
                answer = [ANSWERS["hello"], *(self.echo[8 * i:8 * i + 8] for i in range(ECHO_BYTES)), PROTOCOL,
                          *self._identity()]
                self._send(m, index, answer)
                with m.If(moved & self.o.payload.last):
                    m.next = "IDLE"
            with m.State("OUTPUTS"):
                kind = index == 0
                m.d.comb += [
                    self.o.payload.byte.eq(Mux(kind, ANSWERS["outputs"], self.outputs.payload.data[0])),
                    self.o.payload.last.eq(self.outputs.payload.last & ~kind),
                    self.o.valid.eq((kind | self.outputs.valid) & ~self.core_reset),
                    self.outputs.ready.eq(self.o.ready & ~kind & ~self.core_reset),
                    # Before its kind has been taken there is no frame.
                    self.abort.eq(self.core_reset & ~kind),
                ]
                # Which byte it is does not matter after the first.
                m.d.sync += index.eq(~kind | moved)
                with m.If(self.core_reset | (moved & self.o.payload.last)):
                    m.next = "IDLE"
        return m

    def _send(self, m, index, answer):
        """Offer byte `index` of a list."""
        m.d.comb += [self.o.valid.eq(1), self.o.payload.last.eq(index == len(answer) - 1)]
        with m.Switch(index):
            for number, byte in enumerate(answer):
                with m.Case(number):
                    m.d.comb += self.o.payload.byte.eq(byte)

    def _identity(self):
        """The registers that tell how an engine was built, lowest byte first."""
        known = {register.name: register for register in registers(self.config)}
        return [byte for register in known.values()
                if register.access is Access.RO and register.offset < known["CONTROL"].offset
                for byte in register.reset.to_bytes(4, "little")]
