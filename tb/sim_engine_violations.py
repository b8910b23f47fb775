"""An engine whose neighbours break the rules of AXI: its own answers keep them, and a reset mends the rest."""

from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

from tb.sim_axi import EngineBench, same
from tb.sim_bench import PERIOD_NS, generator, require, rounds
from tb.sim_engine_run import run_jobs
from tb.sim_gemm import INPUTS, random_gemm
from tb.sim_ports import description
from tb.sim_violations import noise

# Channels of the engine's answers: valid, ready, payload.
ANSWERS = {
    "s_axil_b": ("s_axil_bvalid", "s_axil_bready", ("s_axil_bresp",)),
    "s_axil_r": ("s_axil_rvalid", "s_axil_rready", ("s_axil_rresp", "s_axil_rdata")),
    "m_axis_outputs": ("m_axis_outputs_tvalid", "m_axis_outputs_tready",
                       tuple(f"m_axis_outputs_{wire}" for wire in ("tdata", "tkeep", "tlast"))),
}


class Answers:
    """Every answer stays until it is taken; there is none without a request, and each is OKAY or SLVERR."""

    def __init__(self, dut: Any):
        self._dut = dut
        self._offered: dict[str, tuple[str, ...] | None] = dict.fromkeys(ANSWERS)
        self.taken = {"aw": 0, "w": 0, "ar": 0, "b": 0, "r": 0}

    def edge(self) -> None:
        """Look at one edge of the clock."""
        dut = self._dut
        for name in self.taken:
            valid, ready = (getattr(dut, f"s_axil_{name}{wire}").value for wire in ("valid", "ready"))
            self.taken[name] += bool(valid) and bool(ready)
        for name, (valid, ready, payload) in ANSWERS.items():
            offer = None
            if bool(getattr(dut, valid).value):
                offer = tuple(str(getattr(dut, wire).value) for wire in payload)
            before = self._offered[name]
            require(before in (None, offer), f"{name}: an answer stays until it is taken", was=before, now=offer)
            if offer and name != "m_axis_outputs":
                require(offer[0] in ("00", "10"), f"{name}: OKAY or SLVERR", response=offer[0])
            self._offered[name] = None if bool(getattr(dut, ready).value) else offer
        taken = self.taken
        require(taken["b"] <= min(taken["aw"], taken["w"]) and taken["r"] <= taken["ar"], "no answer without a request",
                taken=taken)


@cocotb.test()
@cocotb.parametrize(number=range(4))
async def after_anything_on_all_wires_a_reset_makes_the_next_product_right(dut, number):
    """Random valid, ready and payload on every channel in every cycle: requests withdrawn, changed, out of order."""
    rng = generator(f"all wires {number}")
    inputs = [getattr(dut, entry["name"]) for entry in description()["ports"]
              if entry["direction"] == "input" and entry["name"] not in ("aclk", "aresetn")]
    clock = Clock(dut.aclk, PERIOD_NS, unit="ns", impl="gpi")
    clock.start(start_high=False)
    edge = RisingEdge(dut.aclk)
    for handle in inputs:
        handle.value = 0
    dut.aresetn.value = 0
    for _ in range(3):
        await edge
    dut.aresetn.value = 1
    await edge
    answers = Answers(dut)
    # Some ports change often and others seldom, another share for each.
    shares = rng.choice([0.1, 0.5, 0.9], len(inputs))
    for _ in range(400):
        for handle, share in zip(inputs, shares, strict=True):
            if rng.random() < share:
                value = noise(rng, len(handle))
                # Addresses that exist, more often than chance has it; small sizes, so that jobs start.
                value = value % 20 * 4 if handle._name.endswith("addr") and rng.random() < 0.8 else value
                value = value & 3 if handle._name.endswith("wdata") and rng.random() < 0.8 else value
                handle.value = value
        await edge
        answers.edge()
    require(answers.taken["b"] > 5 and answers.taken["r"] > 5, "requests were answered", taken=answers.taken)
    clock.stop()
    bench = EngineBench(dut, rng)
    await bench.start()
    flags = [await bench.flags(name) for name in ("STATUS", "ERROR", "EVENT")]
    same(flags, [["READY"], [], []], "STATUS, ERROR, EVENT after reset")
    await run_jobs(bench, rng, [random_gemm(rng, 60) for _ in range(3)])


@cocotb.test()
async def after_anything_on_the_streams_a_reset_by_register_makes_the_next_product_right(dut):
    """A job whose beats are withdrawn, replaced and repeated at random; RESET ends it wherever it is."""
    rng = generator("streams")
    bench = EngineBench(dut, rng)
    await bench.start()
    for _ in range(rounds(8)):
        bench.watch.relax = True
        for source in bench.sources.values():
            source.assert_reset(True)
        await bench.begin(random_gemm(rng, 60).settings())
        wires = [getattr(dut, f"s_axis_{name}_{wire}") for name in INPUTS for wire in (
            "tvalid", "tdata", "tkeep", "tlast")]
        last_share = float(rng.choice([0.02, 0.5]))
        for _ in range(int(rng.integers(20, 200))):
            for wire in wires:
                ones = (1 << len(wire)) - 1
                value = noise(rng, len(wire))
                if wire._name.endswith("tlast"):
                    value = int(rng.random() < last_share)
                elif wire._name.endswith("tkeep") and rng.random() < 0.9:
                    value = ones
                wire.value = value
            await bench.edge
        for name in INPUTS:
            getattr(dut, f"s_axis_{name}_tvalid").value = 0
        await bench.command("RESET")
        for source in bench.sources.values():
            source.assert_reset(False)
        bench.forget()
        bench.watch.relax = False
        same(await bench.flags("STATUS"), ["READY"], "STATUS after RESET")
        await run_jobs(bench, rng, [random_gemm(rng, 60) for _ in range(2)])
