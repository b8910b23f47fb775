"""The bench of an engine's registers: an AXI4-Lite master with random pauses, and a watch on its bus."""

import logging
import warnings
from collections.abc import Iterator
from typing import Any

import cocotb
from cocotb.triggers import ReadOnly, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

from tb.coverage import SETTINGS
from tb.sim_bench import check, generator, require, reset, start_clock
from tb.sim_ports import description
from tb.sim_stream import pauses

__all__ = ["COMMANDS", "SETTINGS", "WORD", "RegisterBench"]

# cocotbext-axi still speaks the older dialect of cocotb.
warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"cocotbext\.")

WORD = 2**32 - 1
COMMANDS = ("START", "ABORT", "RESET", "CLEAR")


class RegisterBench:
    """The registers under test.

    Parameters
    ----------
    dut: the simulated registers.
    share: share of cycles in which each channel of the bus pauses.

    Attributes
    ----------
    axil: the master.
    edge: trigger of the rising clock edge.
    by_name: description of each register.
    cycle: clock cycles since the start.
    address_first, data_first: writes whose address (data) was taken before their data (address).
    commands: cycle and value of each pulse of the port `control`.
    answers: cycles in which a response to a write appeared.
    """

    def __init__(self, dut: Any, share: float):
        self.dut = dut
        logging.getLogger(f"cocotb.{dut._name}").setLevel(logging.WARNING)
        self.by_name = {register["name"]: register for register in description()["registers"]}
        self.rng = generator("registers")
        self.cycle = 0
        self.address_first = self.data_first = 0
        self.commands: list[tuple[int, int]] = []
        self.answers: list[int] = []
        self.share = share
        self.inputs = [entry["name"] for entry in description()["ports"] if entry["direction"] == "input"
                       and not entry["name"].startswith(("s_axil_", "clk", "rst"))]

    async def start(self) -> "RegisterBench":
        """Clock, reset, master and watch."""
        dut = self.dut
        for name in self.inputs:
            getattr(dut, name).value = 0
        self.edge: RisingEdge = start_clock(dut)
        # Without the reset wire: the master would print what it throws away.
        self.axil = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk)
        await reset(dut, self.edge)
        for channel in (self.axil.write_if.aw_channel, self.axil.write_if.w_channel, self.axil.write_if.b_channel,
                        self.axil.read_if.ar_channel, self.axil.read_if.r_channel):
            channel.set_pause_generator(self._pauses())
        cocotb.start_soon(self._watch())
        return self

    def _pauses(self) -> Iterator[bool]:
        pause = pauses(self.rng, self.share)
        while True:
            yield pause()

    async def _watch(self) -> None:
        """Valid and payload stay until they are taken; each request has one response."""
        dut = self.dut
        held: dict[str, tuple[int, ...]] = {}
        addresses = datas = answers = reads = data_answers = 0
        while True:
            await ReadOnly()
            self.cycle += 1
            moved = {name: bool(int(getattr(dut, f"s_axil_{name}valid").value)
                                and int(getattr(dut, f"s_axil_{name}ready").value))
                     for name in ("aw", "w", "b", "ar", "r")}
            for name, wires in (("b", ("bvalid", "bresp")), ("r", ("rvalid", "rresp", "rdata"))):
                now = tuple(int(getattr(dut, f"s_axil_{wire}").value) for wire in wires)
                if name in held:
                    check(now, held.pop(name), f"{wires} while they wait", cycle=self.cycle)
                if name == "b" and now[0] and answers == len(self.answers):
                    self.answers.append(self.cycle)
                if now[0] and not moved[name]:
                    held[name] = now
            addresses, datas, answers = addresses + moved["aw"], datas + moved["w"], answers + moved["b"]
            reads, data_answers = reads + moved["ar"], data_answers + moved["r"]
            require(answers <= min(addresses, datas) and data_answers <= reads, "a response without a request",
                    cycle=self.cycle)
            require(max(addresses, datas) <= answers + 2 and reads <= data_answers + 2, "too many requests are taken",
                    cycle=self.cycle)
            self.address_first += moved["aw"] and not moved["w"] and addresses > datas
            self.data_first += moved["w"] and not moved["aw"] and datas > addresses
            if int(dut.control.value):
                self.commands.append((self.cycle, int(dut.control.value)))
            await self.edge

    async def write(self, name: str, value: int, want: AxiResp = AxiResp.OKAY) -> None:
        """Write a whole register."""
        await self.put(self.by_name[name]["offset"], (value & WORD).to_bytes(4, "little"), want)

    async def put(self, address: int, data: bytes, want: AxiResp = AxiResp.OKAY) -> None:
        """Write bytes within a register."""
        response = await self.axil.write(address, data)
        check(response.resp, want, f"response to a write of {address:#x}")

    async def read(self, name: str) -> int:
        """Read a register."""
        return await self.get(self.by_name[name]["offset"])

    async def get(self, address: int, want: AxiResp = AxiResp.OKAY) -> int:
        """Read a word."""
        response = await self.axil.read(address, 4)
        check(response.resp, want, f"response to a read of {address:#x}")
        return int.from_bytes(response.data, "little")

    async def settle(self) -> None:
        """Wait for what a write has started."""
        for _ in range(3):
            await self.edge

    def width(self, name: str) -> int:
        """Bits of a register of which each has its own meaning, or of all."""
        return len(self.by_name[name]["fields"])

    async def check_resets(self) -> None:
        """Every register holds its value after reset, at the ports too."""
        for name, register in self.by_name.items():
            want = 0 if name == "STATUS" else register["reset"]
            check(await self.read(name), want, f"{name} after reset")
        self.check_ports({name: self.by_name[name]["reset"] for name in SETTINGS})

    def check_ports(self, values: dict[str, int]) -> None:
        """The ports of the settings show `values`."""
        for name, value in values.items():
            check(int(getattr(self.dut, name.lower()).value), value, f"port {name.lower()}")
