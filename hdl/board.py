"""A core and its serial line on a board: what the pins of an FPGA are connected to."""

from amaranth import Elaboratable, Module, ResetSignal
from amaranth.lib import io, wiring

from hdl.core import Core
from hdl.engine_config import EngineConfig
from hdl.prototype import Prototype
from hdl.uart_bridge import UartBridge

__all__ = ["Board"]


class Board(Elaboratable):
    """The top of a design for a platform of `amaranth_boards`, with its pins `uart` and, lit by a job, `led`.

    Not a component, for it has no ports but the pins that it requests. The core is an instance of the module that
    the generator emits, whose Verilog must be added to the platform.

    Parameters
    ----------
    config : EngineConfig
    name : str
        Of the core's module.
    bit_cycles, timeout : int
        As in `UartBridge`.
    """

    def __init__(self, config: EngineConfig, name: str, bit_cycles: int, timeout: int):
        self.bridge = UartBridge(config, bit_cycles, timeout)
        self.core = Prototype(Core(config), name, has_reset=True)

    def elaborate(self, platform):
        m = Module()
        m.submodules.bridge = bridge = self.bridge
        core = self.core.instantiate(m, "core", reset=ResetSignal(allow_reset_less=True) | bridge.core_reset)
        for name in ("job", "activations", "weights", "channels"):
            wiring.connect(m, getattr(bridge, name), getattr(core, name))
        wiring.connect(m, core.outputs, bridge.outputs)
        uart, led = platform.request("uart", 0, dir="-"), platform.request("led", 0, dir="-")
        m.submodules.rx = rx = io.Buffer("i", uart.rx)
        m.submodules.tx = tx = io.Buffer("o", uart.tx)
        m.submodules.lamp = lamp = io.Buffer("o", led)
        m.d.comb += [
            bridge.rx.eq(rx.i),
            tx.o.eq(bridge.tx),
            bridge.core_errors.eq(core.errors),
            core.cancel.eq(0),
            lamp.o.eq(core.busy),
        ]
        return m
