"""The registers of an engine behind AXI4-Lite, with their counters: all that software talks to."""

from amaranth import Module, ResetInserter
from amaranth.lib import wiring

from hdl.axi_lite import AxiLite, axi_lite_members
from hdl.counters import COUNTERS, Counters
from hdl.engine_config import EngineConfig
from hdl.register_file import RegisterFile, file_members

__all__ = ["RegisterPort"]


class RegisterPort(wiring.Component):
    """`AxiLite`, `RegisterFile` and `Counters`, connected.

    Parameters
    ----------
    config : EngineConfig

    Members
    -------
    s_axil_awaddr, ..., s_axil_rready
        As `AxiLite`.
    m, ..., high, control, status, error_set, event_set, irq
        As `RegisterFile`.
    <name>_enable, clamped_add : In
        As `Counters`, which CONTROL's CLEAR clears and RESET resets.
    """

    def __init__(self, config: EngineConfig):
        self.config = config
        self.axi_lite = AxiLite()
        self.file = RegisterFile(config)
        self.counters = Counters(config.cols.bit_length())
        self.axi = axi_lite_members()
        self.passed = {name: member for name, member in file_members(config).items() if name not in COUNTERS}
        self.counted = {name: member for name, member in self.counters.signature.members.items()
                        if name not in (*COUNTERS, "clear")}
        super().__init__(axi_lite_members("s_axil_") | self.passed | self.counted)

    def elaborate(self, platform):
        m = Module()
        m.submodules.axi_lite = axi_lite = self.axi_lite
        m.submodules.file = file = self.file
        counters = self.counters
        m.submodules.counters = ResetInserter(file.control.reset)(counters)
        wiring.connect(m, axi_lite.bus, file.bus)
        for part, names, prefix in ((axi_lite, self.axi, "s_axil_"), (file, self.passed, ""),
                                    (counters, self.counted, "")):
            for name, member in names.items():
                inner, outer = getattr(part, name), getattr(self, f"{prefix}{name}")
                m.d.comb += outer.eq(inner) if member.flow == wiring.Out else inner.eq(outer)
        m.d.comb += counters.clear.eq(file.control.clear)
        m.d.comb += [getattr(file, name).eq(getattr(counters, name)) for name in COUNTERS]
        return m
