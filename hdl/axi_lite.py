"""AXI4-Lite, where software reaches the registers: a slave that makes one access at a time of it."""

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["AxiLite", "RegisterBus", "axi_lite_members"]

ADDRESS_WIDTH = 8

OKAY, SLVERR = 0, 2


def axi_lite_members(prefix: str = "") -> dict[str, wiring.Member]:
    """Wires of an AXI4-Lite slave with 32-bit data, each name with `prefix` before it."""
    members = {
        "awaddr": In(ADDRESS_WIDTH), "awprot": In(3), "awvalid": In(1), "awready": Out(1),
        "wdata": In(32), "wstrb": In(4), "wvalid": In(1), "wready": Out(1),
        "bresp": Out(2), "bvalid": Out(1), "bready": In(1),
        "araddr": In(ADDRESS_WIDTH), "arprot": In(3), "arvalid": In(1), "arready": Out(1),
        "rdata": Out(32), "rresp": Out(2), "rvalid": Out(1), "rready": In(1),
    }
    return {f"{prefix}{name}": member for name, member in members.items()}


class RegisterBus(wiring.Signature):
    """Accesses to 32-bit registers, as who asks sees them; addresses count registers.

    Members
    -------
    write : Out
        Write the bytes of `write_data` that `write_strobes` marks, in this cycle.
    write_address, write_data, write_strobes : Out
    write_ok : In
        The register can be written; belongs to `write_address` in the same cycle.
    read_address : Out
    read_data, read_ok : In
        Of `read_address` in the same cycle; reading changes nothing.
    """

    def __init__(self):
        super().__init__({
            "write": Out(1), "write_address": Out(ADDRESS_WIDTH - 2), "write_data": Out(32), "write_strobes": Out(4),
            "write_ok": In(1),
            "read_address": Out(ADDRESS_WIDTH - 2), "read_data": In(32), "read_ok": In(1),
        })


class AxiLite(wiring.Component):
    """Turn AXI4-Lite into register accesses: one response for each request, in order.

    Address and data of a write may come in any order. The next request is taken while a response
    waits, and carried out when that has left. Reads and writes do not wait for each other. What is
    not OK is answered by SLVERR and reads as 0; protection bits are not looked at, nor are the two
    lowest address bits (the strobes tell the bytes).

    Members
    -------
    (all of `axi_lite_members`)
    bus : Out, RegisterBus
    """

    def __init__(self):
        super().__init__(axi_lite_members() | {"bus": Out(RegisterBus())})

    def elaborate(self, platform):
        m = Module()
        bus = self.bus

        has_address = Signal()
        has_data = Signal()
        m.d.comb += [
            self.awready.eq(~has_address),
            self.wready.eq(~has_data),
            bus.write.eq(has_address & has_data & ~self.bvalid),
        ]
        with m.If(self.awvalid & self.awready):
            m.d.sync += [has_address.eq(1), bus.write_address.eq(self.awaddr[2:])]
        with m.If(self.wvalid & self.wready):
            m.d.sync += [has_data.eq(1), bus.write_data.eq(self.wdata), bus.write_strobes.eq(self.wstrb)]
        with m.If(bus.write):
            m.d.sync += [
                has_address.eq(0),
                has_data.eq(0),
                self.bvalid.eq(1),
                self.bresp.eq(_response(bus.write_ok)),
            ]
        with m.If(self.bvalid & self.bready):
            m.d.sync += self.bvalid.eq(0)

        asked = Signal()
        m.d.comb += self.arready.eq(~asked)
        with m.If(self.arvalid & self.arready):
            m.d.sync += [asked.eq(1), bus.read_address.eq(self.araddr[2:])]
        with m.If(asked & ~self.rvalid):
            m.d.sync += [
                asked.eq(0),
                self.rvalid.eq(1),
                self.rdata.eq(bus.read_data),
                self.rresp.eq(_response(bus.read_ok)),
            ]
        with m.If(self.rvalid & self.rready):
            m.d.sync += self.rvalid.eq(0)
        return m


def _response(ok):
    """OKAY or SLVERR, whose high bit is the difference."""
    return ~ok << 1
