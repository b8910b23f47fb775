"""A unit whose neighbours break the rules of the streams: what is withdrawn, what is replaced, and what reset mends."""

from typing import Any

import cocotb
import numpy as np

from tb.sim_bench import check, generator, require
from tb.sim_driver import Product, UnitDriver
from tb.sim_layers import activations_of, built_modes, layer_of
from tb.sim_ports import description
from tb.sim_stream import Source

STREAMS = ("activations", "weights", "channels")


class Wavering(Source):
    """A source that withdraws an offer which was not taken, in half of the cycles, and shows noise meanwhile."""

    def edge(self) -> int | None:
        """The payload that moved at this edge, if one did."""
        moved = super().edge()
        if self._offering and moved is None and self._rng.random() < 0.5:
            self._valid.value = 0
            self._payload.value = int.from_bytes(self._rng.bytes(self._width // 8 + 1), "little") >> (
                8 * (self._width // 8 + 1) - self._width)
            self._offering = False
        return moved


def products(rng: np.random.Generator) -> list[Product]:
    """A product of several tiles."""
    config = description()["config"]
    k = min(2 * config["depth"] + 1, description()["derived"]["k_bound"])
    layer = layer_of(rng, k, 2 * config["cols"], str(rng.choice(built_modes())), stage=(0, -128, 127))
    return [Product(layer, activations_of(rng, 2 * config["rows"], layer))]


@cocotb.test()
async def a_beat_that_is_withdrawn_never_was(dut):
    """Valid falls before ready, and comes back with the same payload later: all results are right."""
    rng = generator("withdrawn")
    for number in range(6):
        driver = UnitDriver(dut, rng, {"outputs": 0.6, "accumulators": 0.6} if number % 2 else {})
        withdrawn = [Wavering(dut, name, rng, lambda: False) for name in STREAMS]
        driver.activations, driver.weights, driver.channels = withdrawn
        await driver.start()
        await driver.run(products(rng))


@cocotb.test()
async def after_any_beats_a_reset_makes_the_next_product_right(dut):
    """Random valid, payload and control ports in every cycle; outputs keep the rules, and a reset mends the rest."""
    rng = generator("any")
    for share in (0.3, 0.95) * 3:
        driver = UnitDriver(dut, rng, {"outputs": share, "accumulators": share})
        await driver.start()
        ports = [getattr(dut, f"{name}__{wire}") for name in STREAMS for wire in ("valid", "payload")]
        ports += [getattr(dut, name) for name in ("mode", "stage", "a_zero_point", "a_unsigned", "w_unsigned", "clear")
                  if hasattr(dut, name)]
        for _ in range(150):
            for port in ports:
                port.value = noise(rng, len(port))
            await driver.edge
            # The sinks fail if an offer is withdrawn or changed.
            for sink in driver.sinks.values():
                sink.edge()
            require(dut.busy.value.is_resolvable and dut.errors.value.is_resolvable, "busy and errors are known")
        driver = UnitDriver(dut, rng)
        await driver.start()
        check([int(dut.busy.value), dut.errors.value.to_unsigned(), *(
            int(getattr(dut, f"{name}__valid").value) for name in driver.sinks)], [0, 0, *[0] * len(driver.sinks)],
            "busy, errors and valid after reset")
        await driver.run(products(rng))


def noise(rng: np.random.Generator, width: int) -> Any:
    """Random bits."""
    return int.from_bytes(rng.bytes(width // 8 + 1), "little") & (1 << width) - 1
