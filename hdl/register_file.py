"""The registers of an engine in hardware: values that software sets, flags, commands, and what it reads."""

from amaranth import Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.axi_lite import RegisterBus
from hdl.counters import COUNTERS
from hdl.engine_config import EngineConfig
from hdl.registers import CONTROL, ERROR, EVENT, STATUS, Access, Register, registers

__all__ = ["RegisterFile", "file_members"]


def settings(config: EngineConfig) -> list[Register]:
    """The registers that describe a job."""
    return [register for register in registers(config)
            if register.access is Access.RW and register.name != "INTERRUPT_ENABLE"]


def file_members(config: EngineConfig) -> dict[str, wiring.Member]:
    """Members of `RegisterFile` but for its bus."""
    return {
        **{register.name.lower(): Out(32, init=register.reset) for register in settings(config)},
        "control": Out(data.StructLayout({field.name.lower(): 1 for field in CONTROL})),
        "status": In(len(STATUS)),
        "error_set": In(len(ERROR)),
        "event_set": In(len(EVENT)),
        **{name: In(32) for name in COUNTERS},
        "irq": Out(1),
    }


class RegisterFile(wiring.Component):
    """All that `registers` lists.

    Parameters
    ----------
    config : EngineConfig

    Members
    -------
    bus : In, RegisterBus
    m, n, k, mode, format, a_zero_point, zero_point, low, high : Out, 32 bits
        As written: whoever takes a job refuses what means nothing.
    control : Out, struct of `start`, `abort`, `reset`, `clear`
        1 for one cycle, the one after the write. `reset` also puts this register file into its
        state after reset, flags that are set in the same cycle included.
    status : In, bits as in STATUS
    error_set, event_set : In, bits as in ERROR and EVENT
        Set the flag; one that software clears in the same cycle stays set.
    cycles, waves, ..., jobs, clamped : In, 32 bits
        The counters, to be read.
    irq : Out
        An enabled event is set; one cycle later than the event.
    """

    def __init__(self, config: EngineConfig):
        self.registers = {register.name: register for register in registers(config)}
        super().__init__({"bus": In(RegisterBus())} | file_members(config))

    def elaborate(self, platform):
        m = Module()
        error = Signal(len(ERROR))
        happened = Signal(len(EVENT))
        interrupt_enable = Signal(len(EVENT))
        flags = {"ERROR": error, "EVENT": happened}
        # What can be read and is no constant.
        values = {"STATUS": self.status, "INTERRUPT_ENABLE": interrupt_enable, **flags}
        values |= {name.upper(): getattr(self, name) for name in COUNTERS}
        values |= {name: getattr(self, name.lower()) for name, register in self.registers.items()
                   if register.access is Access.RW and name not in values}

        m.d.sync += [
            self.control.eq(0),
            error.eq(error | self.error_set),
            happened.eq(happened | self.event_set),
            self.irq.eq((happened & interrupt_enable).any()),
        ]
        self._write(m, values, {"ERROR": self.error_set, "EVENT": self.event_set})
        with m.If(self.control.reset):
            m.d.sync += [values[name].eq(register.reset) for name, register in self.registers.items()
                         if register.access in (Access.RW, Access.W1C)]
        self._read(m, values)
        return m

    def _write(self, m, values, sets):
        """Take what is written; the registers' own set-up for this cycle has been stated before."""
        bus = self.bus
        mask = Cat(strobe.replicate(8) for strobe in bus.write_strobes)
        written = bus.write_data & mask
        with m.Switch(bus.write_address):
            for name, register in self.registers.items():
                if register.access is Access.RO:
                    continue
                with m.Case(register.offset >> 2):
                    m.d.comb += bus.write_ok.eq(1)
                    with m.If(bus.write):
                        if register.access is Access.WO:
                            m.d.sync += self.control.eq(written)
                        elif register.access is Access.W1C:
                            m.d.sync += values[name].eq(values[name] & ~written | sets[name])
                        else:
                            m.d.sync += values[name].eq(values[name] & ~mask | written)

    def _read(self, m, values):
        """Select what is read."""
        bus = self.bus
        with m.Switch(bus.read_address):
            for name, register in self.registers.items():
                # What has no value is a constant or, as 0, a command.
                with m.Case(register.offset >> 2):
                    m.d.comb += [bus.read_ok.eq(1), bus.read_data.eq(values.get(name, register.reset))]
