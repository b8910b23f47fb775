"""What a user of the unit can do wrong: flags, their clearing, and right results afterwards."""

from dataclasses import replace
from typing import Any

import cocotb
import numpy as np

from tb.coverage import Bins
from tb.sim_bench import case, check, generator, require, reset, watches_inside
from tb.sim_driver import Product, UnitDriver
from tb.sim_layers import activations_of, built_modes, layer_of, longest_k
from tb.sim_ports import description, port

# Cycles after which a product has left whatever its size here.
LONGEST = 4000


@cocotb.test()
async def misuse_sets_its_flag_and_the_next_product_is_right(dut):
    """Every error flag, its clearing, the count of clamped outputs, and a reset in mid-tile."""
    rng = generator("misuse")
    bins = Bins(case("coverage"))
    config = description()["config"]
    mode = built_modes()[0]
    flags = list(port("errors").fields)
    driver = UnitDriver(dut, rng)
    await driver.start()

    async def flagged(*names: str) -> None:
        for _ in range(2):
            await driver.step()
        word = dut.errors.value.to_unsigned()
        check([word >> index & 1 for index in range(len(flags))], [name in names for name in flags],
              f"flags {flags}")
        for name in names:
            bins.hit(f"unit.error.{name}")
        dut.clear.value = 1
        await driver.step()
        dut.clear.value = 0
        await driver.step()
        await driver.step()
        check(dut.errors.value.to_unsigned(), 0, "flags after clear")

    async def good() -> None:
        layer = layer_of(rng, config["depth"], config["cols"], mode, stage=(0, -128, 127))
        await driver.run([Product(layer, activations_of(rng, config["rows"], layer))])

    def beats(count: int, **tokens: list[int]) -> tuple[list[int], list[int]]:
        a, w = port("activations__payload"), port("weights__payload")
        return (a.pack(data=np.zeros((count, config["rows"], config["depth"])), last=tokens["a_last"]),
                w.pack(data=np.zeros((count, config["cols"], config["depth"])), last=tokens["w_last"],
                       keep=tokens["keep"]))

    async def send(a: list[int], w: list[int]) -> None:
        driver.activations.send(a)
        driver.weights.send(w)
        await driver.finish(config["rows"])
        for sink in driver.sinks.values():
            sink.received.clear()

    # A first tile that asks to keep parameters: it waits for a set all the same.
    layer = layer_of(rng, config["depth"], config["cols"], mode, stage=(0, -128, 127))
    driver.configure(Product(layer, activations_of(rng, 1, layer)))
    driver.activations.send(beats(1, a_last=[1], w_last=[1], keep=[1])[0])
    driver.weights.send(beats(1, a_last=[1], w_last=[1], keep=[1])[1])
    for clear in (0, 0, 0, 1, 0, 0):
        dut.clear.value = clear
        await driver.step()
    # The flag shows while the tile waits, and an event in the cycle of `clear` still counts, two cycles later.
    check(dut.errors.value.to_unsigned(), 1 << flags.index("keep_mismatch"), "flags of a waiting tile")
    driver.channels.send(driver.channel_set(layer, 0))
    await send([], [])
    await flagged("keep_mismatch")
    await good()
    # The streams disagree about the end of the tile: the activations' word counts.
    await send(*beats(2, a_last=[0, 1], w_last=[1, 0], keep=[1, 1]))
    await flagged("last_mismatch")
    await good()

    if config["modes"]:
        dut.stage.value = port("stage").pack(zero_point=[0], low=[1], high=[0])[0]
        await send(*beats(1, a_last=[1], w_last=[1], keep=[1]))
        await flagged("clamp_range")
        await good()
        channels = port("channels__payload")
        fields = {name: [0] for name in channels.fields}
        legal = {"bias": [0], "multiplier": [0x3F800000], "shift": [2]}
        bad: list[dict[str, list[int]]]
        if mode in ("F32", "FBGEMM"):
            bad = [{"multiplier": [bits]} for bits in (0x7F800000, 0x7FC00000, 0xBF800000, 0x80000000)]
            if mode == "FBGEMM":
                bad += [{"bias": [0x7F800000]}, {"multiplier": [0x00000001]}, {"multiplier": [0x007FFFFF]}]
        else:
            bad = [{"multiplier": [1 << 31]}, {"shift": [0]}, {"shift": [1]}, {"shift": [63]}]
        for index, wrong in enumerate((*bad, *bad)):
            if index == len(bad):
                # What comes next goes to the other of the two places for sets.
                await good()
            right = fields | {name: legal[name] for name in legal if name in fields}
            # Among the channels of a whole set, so that the next product finds whole sets.
            words = channels.pack(**right) * config["cols"]
            words[index % config["cols"]] = channels.pack(**right | wrong)[0]
            driver.channels.send(words)
            for _ in range(config["cols"] + 2):
                await driver.step()
            # Not judged before a tile takes the set: until then the mode may change.
            check(dut.errors.value.to_unsigned(), 0, "flags before the set is taken")
            await send(*beats(1, a_last=[1], w_last=[1], keep=[0]))
            await flagged("illegal_channel")
            await good()
        # Two sets wait at once, one of them illegal, in both places: each is judged by its own channels.
        pairs: tuple[tuple[dict[str, list[int]], ...], ...] = (
            (bad[0], {}), ({}, bad[0]), ({},), (bad[0], {}), ({}, bad[0]))
        for pair in pairs:
            right = fields | {name: legal[name] for name in legal if name in fields}
            for wrong in pair:
                driver.channels.send([*channels.pack(**right) * (config["cols"] - 1), *channels.pack(**right | wrong)])
            for _ in range(2 * config["cols"] + 2):
                await driver.step()
            for wrong in pair:
                await send(*beats(1, a_last=[1], w_last=[1], keep=[0]))
                await flagged(*["illegal_channel"] * bool(wrong))
        await count_clamped(dut, rng, bins, mode)

    # A reset with rows on every part of their way, sets half loaded: nothing of it remains.
    for number in range(12):
        driver = UnitDriver(dut, rng, {"outputs": 0.5, "accumulators": 0.5, "channels": 0.3})
        await driver.start()
        busy_layer = layer_of(rng, 2 * config["depth"], 3 * config["cols"], mode, stage=(0, -128, 127))
        busy = Product(busy_layer, activations_of(rng, 4 * config["rows"], busy_layer))
        driver.configure(busy)
        driver.send(busy)
        for _ in range(int(rng.integers(1, 60 + 4 * config["cols"]))):
            await driver.step()
        driver = UnitDriver(dut, rng)
        await driver.start(reset_cycles=1 + 2 * (number % 2))
        for _ in range(6):
            await driver.step()
            require(dut.errors.value.to_unsigned() == 0, "no flag after reset", errors=dut.errors.value)
            if config["modes"]:
                check(dut.clamped.value.to_unsigned(), 0, "clamped outputs after reset")
        driver.channels.send(driver.channel_set(layer, 0))
        await send(*beats(1, a_last=[1], w_last=[1], keep=[1]))
        await flagged("keep_mismatch")
        await good()
    bins.save()


async def count_clamped(dut: Any, rng: np.random.Generator, bins: Bins, mode: str) -> None:
    """The counter equals the number of outputs, padding included, that a narrow clamp changed."""
    config = description()["config"]
    layer = layer_of(rng, longest_k(), 2 * config["cols"], mode, stage=(0, -20, 30), zero_points=False)
    product = Product(layer, activations_of(rng, 8 * config["rows"] - config["rows"] // 2, layer))
    # What is counted is counted when it leaves, however long that takes.
    driver = UnitDriver(dut, rng, {"outputs": 0.6, "accumulators": 0.6})
    await driver.start()
    await driver.run([product])
    # Complete when the unit is not busy any more.
    padded = np.concatenate([product.a, np.zeros_like(product.a[:-len(product.a) % config["rows"]])])
    free = replace(layer, qmin=-128, qmax=127).forward(padded)
    narrowed = (free < -20) | (free > 30)
    want = np.count_nonzero(narrowed)
    check(dut.clamped.value.to_unsigned(), want, "clamped outputs")
    bins.hit("unit.clamped_counted", want)
    if not watches_inside():
        return
    # What is counted stays, whatever it is, and every bit of it takes part when more comes.
    for high, low in ((0, 0xFFFF), (0x7FFF, 0xFFFF), *(rng.integers(0xFFFF, size=(10, 2)).tolist())):
        dut.clamped_high.value, dut.clamped_low.value = high, low
        await driver.step()
        for _ in range(3):
            await driver.step()
            check(dut.clamped.value.to_unsigned(), high << 16 | low, "clamped outputs that are held")
    # The last row to leave is one of many clamped outputs, and at times the one with which the lower half is full.
    rows = np.argsort(np.count_nonzero(narrowed[:, config["cols"]:], axis=1), kind="stable")[-config["rows"]:]
    short, more = Product(layer, padded[rows]), int(np.count_nonzero(narrowed[rows]))
    for high, low in ((0, 0xFFFF), (0x7FFF, 0xFFFF), (0x5555, 0x5555), (0x2AAA, 0xAAAA), (0x1234, 0x10000 - more)):
        dut.clamped_high.value, dut.clamped_low.value = high, low
        await driver.run([short])
        check(dut.clamped.value.to_unsigned(), (high << 16 | low) + more, "clamped outputs of many")
    # At its end it stays there, however much follows.
    dut.clamped_high.value, dut.clamped_low.value = 0xFFFF, 0xFFFF
    for _ in range(2):
        await driver.run([product])
        check(dut.clamped.value.to_unsigned(), 2**32 - 1, "clamped outputs, too many to count")
    await cleared(dut, driver)
    check(dut.clamped.value.to_unsigned(), 0, "clamped outputs after clear")
    # A reset about the cycle in which the lower half is full leaves nothing for the upper one.
    steps = 0
    driver = await filling(dut, rng, short, more)
    while steps == 0 or dut.clamped.value.to_unsigned() < 1 << 16:
        await driver.step()
        steps += 1
        require(steps < LONGEST, "the lower half to be full", steps=steps)
    for before in range(4):
        driver = await filling(dut, rng, short, more)
        for _ in range(steps - before):
            await driver.step()
        await reset(dut, driver.edge, 1)
        for _ in range(3):
            await driver.edge
            check(dut.clamped.value.to_unsigned(), 0, "clamped outputs after reset", before=before)


async def filling(dut: Any, rng: np.random.Generator, product: Product, clamped: int) -> UnitDriver:
    """Begin `product`, the last clamped one of whose outputs fills the counter's lower half."""
    driver = UnitDriver(dut, rng)
    await driver.start()
    dut.clamped_high.value, dut.clamped_low.value = 0, (1 << 16) - clamped
    driver.configure(product)
    driver.send(product)
    return driver


async def cleared(dut: Any, driver: UnitDriver) -> None:
    """Clear flags and counter."""
    dut.clear.value = 1
    await driver.step()
    dut.clear.value = 0
    await driver.step()
