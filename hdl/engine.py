"""The engine: the core behind AXI4-Lite registers and AXI4-Stream ports."""

from amaranth import Cat, ClockDomain, ClockSignal, Module, ResetSignal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.axi_lite import axi_lite_members
from hdl.core import Core
from hdl.engine_config import EngineConfig
from hdl.job import Job
from hdl.prototype import Prototype
from hdl.register_port import RegisterPort
from hdl.registers import ERROR
from hdl.sequencer import Cycle

__all__ = ["Engine"]

# AXI name and core name of each stream; the engine is the slave of those that come.
SLAVES = ("activations", "weights", "channels")
MASTER = "outputs"


def axi_stream_members(prefix: str, count: int, *, comes: bool) -> dict[str, wiring.Member]:
    """Wires of an AXI4-Stream of `count` bytes."""
    along, back = (In, Out) if comes else (Out, In)
    return {
        f"{prefix}_tdata": along(8 * count),
        f"{prefix}_tkeep": along(count),
        f"{prefix}_tlast": along(1),
        f"{prefix}_tvalid": along(1),
        f"{prefix}_tready": back(1),
    }


class Engine(wiring.Component):
    """Matrix products for a processor and its direct memory access.

    Parameters
    ----------
    config : EngineConfig

    Members
    -------
    aclk, aresetn : In
        Clock and synchronous reset, active low, of everything.
    s_axil_... : AXI4-Lite slave
        The registers of `hdl.registers`.
    s_axis_activations_..., s_axis_weights_..., s_axis_channels_..., m_axis_outputs_... : AXI4-Stream
        As the streams of `Core`.
    irq : Out
        An enabled event is set.
    """

    def __init__(self, config: EngineConfig):
        self.config = config
        core = Core(config)
        self.latency, self.raw_latency = core.latency, core.raw_latency
        self.core = Prototype(core, "mac_core", has_reset=True)
        self.registers = Prototype(RegisterPort(config), "mac_registers", has_reset=True)
        self.prototypes = [self.core, self.registers]
        sizes = dict(zip(SLAVES, (config.act_bytes, config.weight_bytes, config.channel_bytes), strict=True))
        members = {"aclk": In(1), "aresetn": In(1)} | axi_lite_members("s_axil_")
        for name, count in sizes.items():
            members |= axi_stream_members(f"s_axis_{name}", count, comes=True)
        members |= axi_stream_members(f"m_axis_{MASTER}", config.out_bytes, comes=False)
        super().__init__(members | {"irq": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain()
        m.d.comb += [ClockSignal().eq(self.aclk), ResetSignal().eq(~self.aresetn)]
        registers = self.registers.instantiate(m, "registers")
        core = self.core.instantiate(m, "core", reset=ResetSignal() | registers.control.reset)

        for name, member in axi_lite_members("s_axil_").items():
            outer, inner = getattr(self, name), getattr(registers, name)
            m.d.comb += inner.eq(outer) if member.flow == In else outer.eq(inner)
        for name in SLAVES:
            self._stream(m, f"s_axis_{name}", getattr(core, name), comes=True)
        self._stream(m, f"m_axis_{MASTER}", core.outputs, comes=False)

        # A START that nobody hears is an error of its own.
        deaf = registers.control.start & ~core.job.ready
        position = [field.name for field in ERROR].index("QUEUE_FULL")
        job = core.job.payload
        m.d.comb += [
            core.job.valid.eq(registers.control.start),
            *(job[name].eq(getattr(registers, name.removesuffix("_bits"))) for name, _ in data.Layout.cast(Job)),
            core.cancel.eq(registers.control.abort),
            registers.status.eq(Cat(core.busy, core.job.ready, core.cancelling)),
            registers.error_set.eq(core.errors | deaf << position),
            registers.event_set.eq(Cat(core.done, core.cancelled, core.refused | deaf, core.clamped != 0)),
            registers.cycles_enable.eq(core.cycle.as_value().any()),
            *(getattr(registers, f"{name}_enable").eq(core.cycle[name]) for name, _ in data.Layout.cast(Cycle)),
            registers.jobs_enable.eq(core.done),
            registers.clamped_add.eq(core.clamped),
            self.irq.eq(registers.irq),
        ]
        return m

    def _stream(self, m, prefix, inner, *, comes):
        """An AXI4-Stream is a `byte_stream` under other names."""
        outer = {name: getattr(self, f"{prefix}_{name}") for name in ("tdata", "tkeep", "tlast", "tvalid", "tready")}
        payload = inner.payload
        pairs = [(outer["tdata"], payload.data.as_value()), (outer["tkeep"], payload.keep),
                 (outer["tlast"], payload.last), (outer["tvalid"], inner.valid)]
        for axi, own in pairs:
            m.d.comb += own.eq(axi) if comes else axi.eq(own)
        m.d.comb += outer["tready"].eq(inner.ready) if comes else inner.ready.eq(outer["tready"])
