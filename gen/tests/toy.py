"""An engine in miniature, which has the interfaces of a real one to clock, reset and registers, and nothing else."""

from amaranth import ClockDomain, ClockSignal, Module, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.axi_lite import axi_lite_members
from hdl.engine_config import EngineConfig
from hdl.prototype import Prototype
from hdl.register_port import RegisterPort

__all__ = ["ToyEngine"]


class ToyEngine(wiring.Component):
    """Registers, clocked by ports with the names of AXI."""

    def __init__(self, config: EngineConfig):
        self.port = Prototype(RegisterPort(config), "mac_registers", has_reset=True)
        self.prototypes = [self.port]
        super().__init__({"aclk": In(1), "aresetn": In(1), "irq": Out(1)} | axi_lite_members("s_axil_"))

    def elaborate(self, platform):
        """Connect all of it."""
        m = Module()
        m.domains.sync = ClockDomain()
        m.d.comb += [ClockSignal().eq(self.aclk), ResetSignal().eq(~self.aresetn)]
        port = self.port.instantiate(m, "registers")
        for name, member in axi_lite_members("s_axil_").items():
            inner, outer = getattr(port, name), getattr(self, name)
            m.d.comb += outer.eq(inner) if member.flow == Out else inner.eq(outer)
        m.d.comb += self.irq.eq(port.irq)
        return m
