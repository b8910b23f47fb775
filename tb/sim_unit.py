"""The whole unit: quantized products through its streams, bit by bit and cycle by cycle."""

import warnings
from dataclasses import replace
from functools import partial
from typing import Any

import cocotb
import numpy as np

from golden.matmul import largest_k
from tb.coverage import Bins
from tb.sim_bench import case, check, generator, require, rounds, some
from tb.sim_driver import Product, UnitDriver
from tb.sim_layers import activations_of, built_modes, deciding_layers, layer_of, limits, longest_k, tie_layers
from tb.sim_ports import description, port
from tb.sim_stream import Sink
from tb.sim_vectors import products_below_a_power_of_two
from tb.sim_watch import Watch

STREAMS = ("activations", "weights", "channels", "outputs", "accumulators")


@cocotb.test()
async def cycles_equal_the_published_formula(dut):
    """Tiles shorter than, as long as and longer than the drain, without pauses; outputs too."""
    rng = generator("cycles")
    bins = Bins(case("coverage"))
    config = description()["config"]
    for mode in built_modes():
        drain = description()["derived"]["drain_interval"]
        # Enough short tiles to fill the output buffer twice, were it not emptied.
        many = 2 * description()["timing"]["buffer_rows"] // config["rows"]
        for beats, m_tiles, n_tiles in some(rng, (
                (1, 1, 1), (1, 4, 1), (1, many, 1), (drain, 3, 1), (drain + 2, 5, 1), (2, 1, 6), (drain + 9, 1, 5))):
            driver = UnitDriver(dut, rng)
            await driver.start()
            k = min(beats * config["depth"], description()["derived"]["k_bound"])
            layer = layer_of(rng, k, n_tiles * config["cols"], mode)
            product = Product(layer, activations_of(rng, m_tiles * config["rows"], layer))
            driver.configure(product)
            # Loaded before the first wave, parameters cost no cycle of a single channel block.
            count = driver.send(product)
            queued = driver.activations.withdraw(), driver.weights.withdraw()
            for _ in range(2 * config["cols"] + 2):
                await driver.step()
            driver.activations.send(queued[0])
            driver.weights.send(queued[1])
            await driver.finish(count * config["rows"])
            got = driver.cycles_taken()
            want = driver.geometry.cycles(k, count, new_sets=n_tiles > 1)
            check(got, want, "cycles", k=k, tiles=count, new_sets=n_tiles > 1, mode=mode)
            for name, what in (("shorter_than_drain", driver.geometry.beats(k) < drain),
                               ("as_long_as_drain", driver.geometry.beats(k) == drain),
                               ("longer_than_drain", driver.geometry.beats(k) > drain)):
                bins.hit(f"unit.tile.{name}", what)
    bins.save()


@cocotb.test()
async def products_match_without_pauses(dut):
    """Ragged sizes on every side, operands at the ends of their range, every mode, wrapped bias."""
    rng = generator("products")
    bins = Bins(case("coverage"))
    config = description()["config"]
    rows, cols, depth = config["rows"], config["cols"], config["depth"]
    subtract = config["zero_points"] == "SUBTRACT"
    stages = [None, (-128, -128, 127), (128, 0, 255), (5, 5, 127)]
    for mode in built_modes():
        for index, (m, k, n) in some(rng, enumerate((
                (rows, depth, cols), (rows + 1, depth + 1, cols + 1), (2 * rows, longest_k(), 2 * cols),
                (3 * rows - 1, 2 * depth, cols), (1, 1, 1)))):
            k = min(k, description()["derived"]["k_bound"])
            unsigned = subtract and index % 2 == 1
            wraps = index == 3 and mode != "FBGEMM"
            layer = layer_of(rng, k, n, mode, extreme=index == 2, unsigned=unsigned, stage=stages[index % 4],
                             zero_points=not wraps)
            if wraps:
                layer.bias[0] = 2**31 - 1
                layer.bias[-1] = -(2**31)
            product = Product(layer, activations_of(rng, m, layer, extreme=index == 2))
            watch = Watch(dut)
            driver = UnitDriver(dut, rng, on_cycle=watch)
            await driver.start()
            with warnings.catch_warnings():
                # Sums that wrap are meant here; the golden model says so.
                warnings.simplefilter("ignore", RuntimeWarning)
                await driver.run([product])
            watch.compare([product])
            bins.hit("unit.bias_wraps", wraps)
            bins.hit("unit.tile.ragged_m", m % rows)
            bins.hit("unit.tile.ragged_n", n % cols)
            bins.hit("unit.tile.ragged_k", k % depth)
            bins.hit("unit.tile.single_beat", k <= depth)
            bins.hit("unit.tile.keeps_channels", m > rows)
            bins.hit("unit.tile.new_channels", n > cols)
            bins.hit("unit.zero_points.fold", not subtract and layer.a_zp)
            bins.hit("unit.zero_points.subtract_signed", subtract and layer.a_zp and not unsigned)
            bins.hit("unit.zero_points.subtract_unsigned", subtract and layer.a_zp and unsigned)
        bins.hit(f"unit.mode.{mode}", config["modes"])
    bins.hit("unit.shared_lanes", config["requant_lanes"] < cols)
    bins.hit("unit.raw_only", not config["modes"])
    bins.save()


@cocotb.test()
async def channel_parameters_take_every_value(dut):
    """Bias, multiplier and shift from their whole ranges; clamps that lie in each part of the output's range."""
    config = description()["config"]
    rng = generator("parameters")
    rows, cols = config["rows"], config["cols"]
    for mode in config["modes"]:
        for stage in some(rng, ((0, -128, 127), (255, 0, 255), (-128, -128, -1), (127, -128, -128), (-1, 127, 127))):
            layer = layer_of(rng, config["depth"], 4 * cols, mode, stage=stage, zero_points=False)
            n = len(layer.bias)
            layer.bias[:] = rng.integers(-(2**31), 2**31, n) if mode != "FBGEMM" else 0
            if layer.m is not None and layer.s is not None:
                layer.m[:] = rng.integers(0, 2**31, n)
                layer.s[:] = rng.integers(2, 63, n)
            if layer.scale is not None:
                # Every legal float, and half of them where results are neither 0 nor saturated.
                bits = rng.integers(0x00800000 if mode == "FBGEMM" else 0, 0x7F800000, n, dtype=np.int32)
                bits[::2] = rng.integers(0x2F000000, 0x3F800000, len(bits[::2]), dtype=np.int32)
                layer.scale[:] = bits.view(np.float32)
                # A sum that is its bias alone, and rounds up to a power of two when it is multiplied.
                for channel, (acc, mantissa) in zip(range(1, n, 2), products_below_a_power_of_two(), strict=False):
                    layer.weights[:, channel] = 0
                    layer.bias[channel] = acc * (mode == "F32")
                    layer.scale[channel] = mantissa * 2.0 ** -int(rng.integers(36, 52))
            if layer.float_bias is not None:
                layer.float_bias[:] = (rng.integers(0, 0x7F800000, n) | rng.integers(0, 2, n) << 31).astype(
                    np.uint32).view(np.float32)
            driver = UnitDriver(dut, rng)
            await driver.start()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                await driver.run([Product(layer, activations_of(rng, rows, layer))])


@cocotb.test()
async def products_match_whatever_pauses(dut):
    """Random pauses on every stream alone and on all together."""
    rng = generator("pauses")
    bins = Bins(case("coverage"))
    config = description()["config"]
    plans: list[dict[str, float]] = [{name: 0.7} for name in STREAMS]
    plans += [dict.fromkeys(STREAMS, share) for share in (0.2, 0.5)]
    plans += [{"outputs": 0.9, "accumulators": 0.9}, {"channels": 0.9}]
    for number, pause in some(rng, enumerate(plans)):
        mode = built_modes()[number % len(built_modes())]
        watch = Watch(dut)
        driver = UnitDriver(dut, rng, pause, on_cycle=watch)
        await driver.start()
        k = int(rng.integers(1, longest_k() + 1))
        unsigned = number % 2 == 0
        first = layer_of(rng, k, config["cols"] * int(rng.integers(1, 4)), mode, unsigned=unsigned)
        products = [Product(first, activations_of(rng, config["rows"] * int(rng.integers(1, 4)), first))]
        for _ in range(2):
            # Back to back with the same control ports: other weights and channels.
            other = layer_of(rng, int(rng.integers(1, longest_k() + 1)), 2 * config["cols"] - 1, mode,
                             unsigned=unsigned)
            layer = replace(other, a_zp=first.a_zp, y_zp=first.y_zp, qmin=first.qmin, qmax=first.qmax)
            products.append(Product(layer, activations_of(rng, int(rng.integers(1, 20)), layer)))
        await driver.run(products)
        watch.compare(products)
        bins.hit("unit.stall.activations_pause", driver.activations.paused)
        bins.hit("unit.stall.weights_pause", driver.weights.paused)
        bins.hit("unit.stall.channels_pause", driver.channels.paused)
        bins.hit("unit.stall.activations_wait", driver.activations.waited)
        bins.hit("unit.stall.weights_wait", driver.weights.waited)
        bins.hit("unit.stall.channels_wait", driver.channels.waited)
        bins.hit("unit.stall.channels_starve", pause == {"channels": 0.9} and driver.activations.waited)
        for name, sink in driver.sinks.items():
            bins.hit(f"unit.stall.{name}_refuse", sink.refused)
    bins.save()


@cocotb.test()
async def every_bit_of_the_parameters_decides(dut):
    """Channels that differ in one bit of bias, multiplier, shift or scale, and in their result."""
    rng = generator("parameters")
    for mode in built_modes():
        (layer,) = deciding_layers(mode, 64)
        driver = UnitDriver(dut, rng)
        await driver.start()
        await driver.run([Product(layer, activations_of(rng, 1, layer))])


@cocotb.test()
async def no_bit_of_a_parameter_depends_on_another_one(dut):
    """Products beside ties, where each bit of bias, multiplier or scale decides, whatever the others are."""
    rng = generator("independent")
    for mode in description()["config"]["modes"]:
        (layer,) = tie_layers(rng, mode, rounds(1000))
        driver = UnitDriver(dut, rng)
        await driver.start()
        await driver.run([Product(layer, activations_of(rng, 1, layer))])


@cocotb.test()
async def no_tile_begins_with_a_part_of_its_channels(dut):
    """All but the last channel of a set, in both places for sets, and everything else that the tile needs."""
    rng = generator("part")
    config = description()["config"]
    driver = UnitDriver(dut, rng)
    await driver.start()
    for _ in range(4):
        layer = layer_of(rng, 1, config["cols"], built_modes()[0], stage=(0, -128, 127), zero_points=False)
        product = Product(layer, activations_of(rng, config["rows"], layer))
        before = driver.activations.sent
        driver.configure(product)
        driver.send(product)
        channels = driver.channels.withdraw()
        driver.channels.send(channels[:-1])
        for _ in range(config["cols"] + 20):
            await driver.step()
        check(driver.activations.sent, before, "beats before the last channel")
        driver.channels.send(channels[-1:])
        await driver.finish(config["rows"])
        for name, sink in driver.sinks.items():
            got = port(f"{name}__payload").unpack(sink.received)["data"]
            sink.received.clear()
            check(got, product.results(name), name)


@cocotb.test()
async def tiles_wait_for_room_and_for_nothing_else(dut):
    """A last wave enters as soon as the last wave before is old enough and each output buffer has room for a tile more.

    A place is free again two cycles after its row has left.
    """
    rng = generator("room")
    info = description()
    rows, cols, drain = info["config"]["rows"], info["config"]["cols"], info["derived"]["drain_interval"]
    for beats, pause in some(rng, ((1, 0.5), (1, 0.9), (2, 0.0), (2, 0.7))):
        layer = layer_of(rng, beats * info["config"]["depth"], cols, built_modes()[0])
        product = Product(layer, activations_of(rng, 24 * rows, layer))
        driver = UnitDriver(dut, rng, {"outputs": pause, "accumulators": pause})
        tiles = driver.send(product)
        # Everything is there when the reset ends.
        for source in (driver.activations, driver.weights, driver.channels):
            source.edge()
        await driver.start(reset_cycles=1)
        driver.configure(product)
        ended: list[int] = []
        left: dict[str, list[int]] = {name: [] for name in driver.sinks}
        while len(ended) < tiles:
            cycle, sent = driver.cycle, driver.activations.sent
            before = {name: len(sink.received) for name, sink in driver.sinks.items()}
            await driver.step()
            entered = driver.activations.sent > sent
            if ended and sent % beats == beats - 1:
                room = cycle - ended[-1] >= drain and all(
                    (len(ended) + 1) * rows - sum(leaves <= cycle - 2 for leaves in leaving)
                    <= info["timing"]["buffer_rows"] for leaving in left.values())
                check(entered, room, "a tile's last wave enters", cycle=cycle, tiles=len(ended), beats=beats)
            else:
                require(entered or (not ended and cycle < 2 * cols + 9), "a wave waits for nothing", cycle=cycle)
            for name, sink in driver.sinks.items():
                left[name] += [cycle] * (len(sink.received) - before[name])
            if entered and sent % beats == beats - 1:
                ended.append(cycle)
        # Its first tile needs all of its channels, which come one a cycle.
        check(ended[0], cols + beats - 1 if driver.subtract else max(cols, beats - 1), "the first tile enters")
        await driver.finish(tiles * rows)


@cocotb.test()
async def results_are_offered_to_readers_that_wait_for_them(dut):
    """Ready rises only when valid has risen, or when buffers have long been full."""
    rng = generator("offers")
    config = description()["config"]
    driver = UnitDriver(dut, rng)
    driver.sinks = {name: Sink(dut, name, partial(waits, getattr(dut, f"{name}__valid"))) for name in driver.sinks}
    await driver.start()
    layer = layer_of(rng, 1, 2 * config["cols"], built_modes()[0])
    await driver.run([Product(layer, activations_of(rng, 2 * config["rows"], layer))])
    # Readers that come when the buffers are full, and take few rows at a time then.
    for period, share in some(rng, ((120, 110), (60, 58))):
        driver = UnitDriver(dut, rng)
        driver.sinks = {name: Sink(dut, name, partial(rests, driver, period, share)) for name in driver.sinks}
        await driver.start()
        await driver.run([Product(layer, activations_of(rng, 12 * config["rows"], layer))])


def rests(driver: UnitDriver, period: int, share: int) -> bool:
    """Pause for the first `share` of every `period` cycles."""
    return driver.cycle % period < share


def waits(valid: Any) -> bool:
    """Pause while `valid` is low."""
    return not bool(valid.value)


@cocotb.test()
async def longest_sum_is_exact(dut):
    """K at the overflow bound with the largest products, where it takes at most some thousand beats."""
    config, derived = description()["config"], description()["derived"]
    k = derived["k_bound"]
    if -(-k // config["depth"]) > 6000:
        k = 100 * config["depth"]
    rng = generator("longest")
    subtract = config["zero_points"] == "SUBTRACT"
    layer = layer_of(rng, k, config["cols"], built_modes()[0], unsigned=subtract)
    kind = layer.weights.dtype.type
    (a_low, _), (w_low, w_high) = limits(config["act_width"], kind), limits(config["weight_width"], kind)
    layer = replace(
        layer, weights=np.full_like(layer.weights, w_high if subtract else w_low), bias=layer.bias * 0,
        a_zp=limits(config["act_width"], kind)[1] if subtract else 0, w_zp=w_low if subtract else 0)
    largest = (2 ** config["act_width"] - 1, 2 ** config["weight_width"] - 1) if subtract else (a_low, w_low)
    require(k <= largest_k(abs(largest[0]), abs(largest[1]), config["acc_width"]), "K within the bound", k=k)
    a = np.full((config["rows"], k), a_low, kind)
    driver = UnitDriver(dut, rng)
    await driver.start()
    await driver.run([Product(layer, a)])
