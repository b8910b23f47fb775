"""The whole unit: quantized products through its streams, bit by bit and cycle by cycle."""

import warnings
from typing import Any

import cocotb
import numpy as np

from golden.array import ArrayModel, Waves
from golden.linear import QuantizedLinear
from golden.matmul import largest_k
from tb.coverage import Bins
from tb.sim_bench import case, check, generator, require
from tb.sim_driver import Product, UnitDriver
from tb.sim_ports import description, port

# Reading every accumulator in every cycle is for arrays of up to this many cells.
WATCHED_CELLS = 16

STREAMS = ("activations", "weights", "channels", "outputs", "accumulators")


class Watch:
    """Records accepted waves and all accumulators, to be compared with the cycle model afterwards."""

    def __init__(self, dut: Any):
        info = description()
        self.rows, self.cols = info["config"]["rows"], info["config"]["cols"]
        self.enabled = self.rows * self.cols <= WATCHED_CELLS
        self._cells = [getattr(getattr(dut.array, f"row_r{r}"), f"cell_c{c}").acc
                       for r in range(self.rows) for c in range(self.cols)] if self.enabled else []
        self._waves: list[tuple[int, int] | None] = []
        self._held: list[list[int]] = []

    def __call__(self, wave: tuple[int, int] | None) -> None:
        """One cycle."""
        if self.enabled:
            self._waves.append(wave)
            self._held.append([cell.value.to_signed() for cell in self._cells])

    def compare(self, products: list[Product]) -> None:
        """Every accumulator of every cycle against the model; `products` share zero points and dtypes."""
        if not self.enabled:
            return
        info = description()
        zero = (0, 0)
        a_raw = port("activations__payload").unpack([(wave or zero)[0] for wave in self._waves])
        w_raw = port("weights__payload").unpack([(wave or zero)[1] for wave in self._waves])
        a, w = a_raw["data"], w_raw["data"]
        if info["config"]["zero_points"] == "SUBTRACT":
            layer = products[0].layer
            a = as_dtype(a, info["config"]["act_width"], products[0].a.dtype) - layer.a_zp
            w = as_dtype(w, info["config"]["weight_width"], layer.weights.dtype) - int(np.max(layer.w_zp))
        valid = np.array([wave is not None for wave in self._waves])
        last = a_raw["last"].astype(bool) & valid
        first = np.zeros_like(valid)
        starts = True
        for cycle in np.flatnonzero(valid):
            first[cycle], starts = starts, last[cycle]
        model = ArrayModel(Waves(a, w, valid, first, last), info["timing"]["cell_latency"],
                           info["config"]["acc_width"])
        begun = np.flatnonzero(valid)[0] + info["timing"]["cell_latency"] + self.rows + self.cols
        for cycle in range(begun, len(self._held)):
            held = model.held(cycle)
            check(np.reshape(self._held[cycle], held.shape), held, "accumulators", cycle=cycle)


def as_dtype(raw: np.ndarray, width: int, dtype: np.dtype) -> np.ndarray:
    """Raw operand bits as numbers of `width` bits, signed if `dtype` is."""
    return raw if dtype.kind == "u" else raw - ((raw >> (width - 1)) << width)


def layer_of(rng: np.random.Generator, k: int, n: int, mode: str, *, extreme: bool = False,
             unsigned: bool = False, zero_points: bool = True, stage: tuple[int, int, int] | None = None,
             ) -> QuantizedLinear:
    """A random layer that the configuration can compute; results spread over the output range.

    `stage`: output zero point and clamp; `extreme`: operands at the ends of their range.
    """
    config = description()["config"]
    subtract = config["zero_points"] == "SUBTRACT"
    kind = np.uint8 if unsigned and subtract else np.int8
    low, high = limits(config["weight_width"], kind)
    weights = rng.choice([low, high], (k, n)) if extreme else rng.integers(low, high, (k, n), endpoint=True)
    a_low, a_high = limits(config["act_width"], kind)
    spread = 2.0 ** (config["act_width"] + config["weight_width"] - 4) * np.sqrt(k)
    scale = (60 / spread * rng.uniform(0.3, 3, n)).astype(np.float32)
    factor: dict[str, Any] = {"scale": scale}
    if mode != "F32":
        fraction, exponent = np.frexp(scale.astype(float))
        factor = {"m": np.minimum(np.rint(fraction * 2**31), 2**31 - 1).astype(np.int64), "s": 31 - exponent}
    y_zp, qmin, qmax = stage or (int(rng.integers(-20, 20)), -128, 127)
    return QuantizedLinear(
        weights=weights.astype(kind), bias=rng.integers(-spread, spread, n, endpoint=True),
        a_zp=int(rng.integers(a_low, a_high, endpoint=True)) if zero_points else 0,
        w_zp=int(rng.integers(low, high, endpoint=True)) if zero_points and subtract else 0,
        y_zp=y_zp, qmin=qmin, qmax=qmax, mode=mode, **factor)


def activations_of(rng: np.random.Generator, m: int, layer: QuantizedLinear, extreme: bool = False) -> np.ndarray:
    """[m, K] activations for `layer`, of the signedness of its weights."""
    kind = layer.weights.dtype.type
    low, high = limits(description()["config"]["act_width"], kind)
    shape = (m, layer.weights.shape[0])
    values = rng.choice([low, high], shape) if extreme else rng.integers(low, high, shape, endpoint=True)
    return values.astype(kind)


def limits(width: int, kind: type) -> tuple[int, int]:
    """Lowest and highest operand."""
    return (0, (1 << width) - 1) if kind is np.uint8 else (-(1 << (width - 1)), (1 << (width - 1)) - 1)


def built_modes() -> list[str]:
    """Modes of the configuration; a unit without any is driven with F32 layers, whose sums it shows."""
    return description()["config"]["modes"] or ["F32"]


def longest_k() -> int:
    """A K for tests: some beats beyond the drain, within the overflow bound."""
    config, derived = description()["config"], description()["derived"]
    return min((derived["drain_interval"] + 3) * config["depth"] + 1, derived["k_bound"])


@cocotb.test()
async def cycles_equal_the_published_formula(dut):
    """Tiles shorter than, as long as and longer than the drain, without pauses; outputs too."""
    rng = generator("cycles")
    bins = Bins(case("coverage"))
    config = description()["config"]
    for mode in built_modes():
        for k_beats, m_tiles, n_tiles in ((1, 1, 1), (1, 4, 1), ("drain", 3, 1), ("drain+2", 5, 1), (2, 1, 3)):
            driver = UnitDriver(dut, rng)
            await driver.start()
            drain = description()["derived"]["drain_interval"]
            beats = {"drain": drain, "drain+2": drain + 2}.get(k_beats, k_beats)
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
            got = driver.last_row - driver.first_accept + 1
            want = driver.geometry.cycles(k, count)
            if n_tiles == 1:
                check(got, want, "cycles", k=k, tiles=count, mode=mode)
            else:
                require(got >= want, "faster than possible", k=k, tiles=count, got=got, want=want)
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
        for index, (m, k, n) in enumerate((
                (rows, depth, cols), (rows + 1, depth + 1, cols + 1), (2 * rows, longest_k(), 2 * cols),
                (3 * rows - 1, 2 * depth, cols), (1, 1, 1))):
            k = min(k, description()["derived"]["k_bound"])
            unsigned = subtract and index % 2 == 1
            wraps = index == 3
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
async def products_match_whatever_pauses(dut):
    """Random pauses on every stream alone and on all together."""
    rng = generator("pauses")
    bins = Bins(case("coverage"))
    config = description()["config"]
    plans: list[dict[str, float]] = [{name: 0.7} for name in STREAMS]
    plans += [dict.fromkeys(STREAMS, share) for share in (0.2, 0.5)]
    plans += [{"outputs": 0.9, "accumulators": 0.9}, {"channels": 0.9}]
    for number, pause in enumerate(plans):
        mode = built_modes()[number % len(built_modes())]
        watch = Watch(dut)
        driver = UnitDriver(dut, rng, pause, on_cycle=watch)
        await driver.start()
        k = int(rng.integers(1, longest_k() + 1))
        first = layer_of(rng, k, config["cols"] * int(rng.integers(1, 4)), mode)
        products = [Product(first, activations_of(rng, config["rows"] * int(rng.integers(1, 4)), first))]
        for _ in range(2):
            # Back to back with the same control ports: other weights, same zero points and stage.
            other = layer_of(rng, int(rng.integers(1, longest_k() + 1)), 2 * config["cols"] - 1, mode)
            layer = QuantizedLinear(
                weights=other.weights, bias=other.bias, a_zp=first.a_zp, w_zp=first.w_zp, y_zp=first.y_zp,
                qmin=first.qmin, qmax=first.qmax, mode=mode, scale=other.scale, m=other.m, s=other.s)
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
    driver.channels.send(driver._channel_set(layer, 0))
    await send(*beats(1, a_last=[1], w_last=[1], keep=[1]))
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
        legal = {"multiplier": [0x3F800000], "shift": [2]}
        bad: list[dict[str, list[int]]]
        if mode == "F32":
            bad = [{"multiplier": [bits]} for bits in (0x7F800000, 0x7FC00000, 0xBF800000, 0x80000000)]
        else:
            bad = [{"multiplier": [1 << 31]}, {"shift": [0]}, {"shift": [1]}, {"shift": [63]}]
        for wrong in bad:
            values = fields | {name: legal[name] for name in legal if name in fields} | wrong
            driver.channels.send(channels.pack(**values))
            # The rest of the set, so that the next product finds whole sets.
            values |= {name: legal[name] for name in wrong}
            driver.channels.send(channels.pack(**values) * (config["cols"] - 1))
            for _ in range(config["cols"] + 2):
                await driver.step()
            await flagged("illegal_channel")
            await send(*beats(1, a_last=[1], w_last=[1], keep=[0]))
            await good()
        await count_clamped(dut, driver, rng, bins, mode)

    # A reset in the middle of a tile: nothing of it remains.
    driver.activations.send(beats(1, a_last=[0], w_last=[0], keep=[1])[0])
    driver.weights.send(beats(1, a_last=[0], w_last=[0], keep=[1])[1])
    for _ in range(4):
        await driver.step()
    require(bool(dut.busy.value), "busy in mid-tile")
    driver = UnitDriver(dut, rng)
    await driver.start()
    await driver.step()
    require(not bool(dut.busy.value), "idle after reset")
    await good()
    bins.save()


async def count_clamped(dut, driver: UnitDriver, rng: np.random.Generator, bins: Bins, mode: str) -> None:
    """The counter equals the number of outputs, padding included, that a narrow clamp changed."""
    config = description()["config"]
    layer = layer_of(rng, longest_k(), 2 * config["cols"], mode, stage=(0, -5, 9))
    product = Product(layer, activations_of(rng, 2 * config["rows"], layer))
    dut.clear.value = 1
    await driver.step()
    dut.clear.value = 0
    await driver.step()
    await driver.run([product])
    for _ in range(3):
        await driver.step()
    free = QuantizedLinear(
        weights=layer.weights, bias=layer.bias, a_zp=layer.a_zp, w_zp=layer.w_zp, y_zp=0, qmin=-128, qmax=127,
        mode=mode, scale=layer.scale, m=layer.m, s=layer.s).forward(product.a)
    want = np.count_nonzero((free < -5) | (free > 9))
    check(dut.clamped.value.to_unsigned(), want, "clamped outputs")
    bins.hit("unit.clamped_counted", want)


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
    layer.weights[:] = w_high if subtract else w_low
    layer = QuantizedLinear(
        weights=layer.weights, bias=layer.bias * 0, a_zp=limits(config["act_width"], kind)[1] if subtract else 0,
        w_zp=w_low if subtract else 0, y_zp=0, qmin=-128, qmax=127, mode=layer.mode,
        scale=layer.scale, m=layer.m, s=layer.s)
    largest = (2 ** config["act_width"] - 1, 2 ** config["weight_width"] - 1) if subtract else (a_low, w_low)
    require(k <= largest_k(abs(largest[0]), abs(largest[1]), config["acc_width"]), "K within the bound", k=k)
    a = np.full((config["rows"], k), a_low, kind)
    driver = UnitDriver(dut, rng)
    await driver.start()
    await driver.run([Product(layer, a)])
