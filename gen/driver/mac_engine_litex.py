"""A Macaw matrix engine as a module of LiteX.

    self.mac = MacEngine(platform, "mac_engine_8x8x1.json")
    self.bus.add_slave("mac", self.mac.bus, SoCRegion(size=0x1000, cached=False))
    self.irq.add("mac", use_loc_if_exists=True)

The registers are at the bus address; the four streams are AXI4-Streams, for example for DMAs:

    self.comb += reader.source.connect(self.mac.activations, keep={"valid", "ready", "last", "data"})

Every byte of a beat counts but in the last one of a packet: `keep` must be driven, with all ones where all count.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from litex.gen import LiteXModule
from litex.soc.interconnect import axi
from litex.soc.interconnect.csr_eventmanager import EventManager, EventSourceLevel
from migen import ClockSignal, Instance, ResetSignal, Signal

__all__ = ["MacEngine"]

ADDRESS_WIDTH = 8
# The engine is the slave of streams that come, and the master of those that go.
COMING = ("activations", "weights", "channels")
GOING = ("outputs",)


class MacEngine(LiteXModule):
    """The engine, with its registers, streams and interrupt.

    Parameters
    ----------
    platform
        Gets the Verilog as a source; None: the caller adds it.
    description
        Path of the JSON description that was generated with the Verilog and lies beside it.
    clock_domain
        Of everything.

    Attributes
    ----------
    bus
        AXI4-Lite slave: the registers.
    activations, weights, channels, outputs
        AXI4-Streams: three sinks and a source.
    ev
        Event manager with one level interrupt, `engine`.
    """

    def __init__(self, platform: Any, description: str | os.PathLike[str], clock_domain: str = "sys"):
        path = Path(description)
        try:
            facts = json.loads(path.read_text())
            top, found = facts["name"], {port["name"]: port["width"] for port in facts["ports"]}
            widths = {name: found[f"s_axis_{name}_tdata"] for name in COMING}
            widths |= {name: found[f"m_axis_{name}_tdata"] for name in GOING}
        except (LookupError, RecursionError, TypeError, ValueError):
            raise ValueError(f"description must be that of an engine, not {path}") from None
        self.bus = axi.AXILiteInterface(data_width=32, address_width=32, clock_domain=clock_domain)
        reset = Signal()
        self.comb += reset.eq(ResetSignal(clock_domain))
        irq = Signal()
        ports: dict[str, Any] = {"i_aclk": ClockSignal(clock_domain), "i_aresetn": ~reset, "o_irq": irq}

        for name in ("aw", "ar"):
            channel = getattr(self.bus, name)
            ports[f"i_s_axil_{name}addr"] = channel.addr[:ADDRESS_WIDTH]
            ports[f"i_s_axil_{name}prot"] = channel.prot
        ports.update(
            i_s_axil_wdata=self.bus.w.data, i_s_axil_wstrb=self.bus.w.strb,
            o_s_axil_bresp=self.bus.b.resp,
            o_s_axil_rdata=self.bus.r.data, o_s_axil_rresp=self.bus.r.resp)
        for name in ("aw", "w", "ar", "b", "r"):
            along, back = ("o", "i") if name in ("b", "r") else ("i", "o")
            channel = getattr(self.bus, name)
            ports[f"{along}_s_axil_{name}valid"] = channel.valid
            ports[f"{back}_s_axil_{name}ready"] = channel.ready

        for name in (*COMING, *GOING):
            prefix, along, back = ("s_axis", "i", "o") if name in COMING else ("m_axis", "o", "i")
            endpoint = axi.AXIStreamInterface(widths[name], clock_domain=clock_domain)
            setattr(self, name, endpoint)
            for signal in ("data", "keep", "last", "valid"):
                ports[f"{along}_{prefix}_{name}_t{signal}"] = getattr(endpoint, signal)
            ports[f"{back}_{prefix}_{name}_tready"] = endpoint.ready

        self.ev = EventManager()
        self.ev.engine = EventSourceLevel()
        self.ev.finalize()
        self.comb += self.ev.engine.trigger.eq(irq)
        self.specials += Instance(top, name="mac_engine", **ports)
        if platform is not None:
            platform.add_source(str(path.with_suffix(".v")))
