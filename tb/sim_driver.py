"""Drives a generated unit: a quantized product in, streams of beats, rows of results out."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from golden.linear import QuantizedLinear
from golden.matmul import fold_bias
from golden.unit import Geometry, tiles
from tb.sim_bench import check, fail, require, reset, start_clock
from tb.sim_ports import description, port
from tb.sim_stream import Pause, Sink, Source, pauses

__all__ = ["Product", "UnitDriver"]

IntArray = npt.NDArray[np.int64]

# Cycles without any transfer after which a run is given up.
PATIENCE = 400
# Cycles that it takes to count the clamped outputs of a row that has left.
COUNTING = 3


class Product(NamedTuple):
    """A layer and its activations, [M, K] int8 or uint8."""

    layer: QuantizedLinear
    a: npt.NDArray[Any]

    def results(self, name: str) -> IntArray:
        """[M, N] golden results of the stream `name`, outputs as raw bits."""
        if name == "outputs":
            return self.layer.forward(self.a).astype(np.int64) & 255
        return self.layer.accumulators(self.a).astype(np.int64)


class UnitDriver:
    """Streams, control ports and the cycle loop of a unit under test.

    Parameters
    ----------
    dut: the simulated unit.
    rng: random numbers of operand noise and pauses.
    pause: share of cycles in which each stream pauses, by stream name; missing names never do.
    on_cycle: called at every edge with the payloads of activations and weights if a wave was
        accepted, otherwise with None.
    """

    def __init__(self, dut: Any, rng: np.random.Generator, pause: dict[str, float] | None = None,
                 on_cycle: Callable[[tuple[int, int] | None], None] | None = None):
        self.dut = dut
        self.info = description()
        config = self.info["config"]
        self.subtract = config["zero_points"] == "SUBTRACT"
        self.geometry = Geometry(
            config["rows"], config["cols"], config["depth"], config["requant_lanes"],
            self.info["timing"]["latency" if config["modes"] else "raw_latency"],
            self.info["timing"]["set_interval"], self.subtract)
        self._on_cycle = on_cycle

        def pausing(name: str) -> Pause:
            return pauses(rng, (pause or {}).get(name, 0.0))

        self.activations, self.weights, self.channels = (
            Source(dut, name, rng, pausing(name)) for name in ("activations", "weights", "channels"))
        names = ["outputs"] * bool(config["modes"]) + ["accumulators"] * config["raw_output"]
        self.sinks = {name: Sink(dut, name, pausing(name)) for name in names}
        self.cycle = 0
        self._first_wave = self._last_row = -1
        # Whether a tile has begun, rows of those that have ended, and how many of them have left.
        self._in_tile = False
        self._ended = 0
        self._gone = dict.fromkeys(self.sinks, 0)
        self._last_output = -COUNTING - 1

    async def start(self, reset_cycles: int = 3) -> None:
        """Clock and reset; control ports get harmless values."""
        for name in ("mode", "stage", "a_zero_point", "a_unsigned", "w_unsigned", "clear"):
            if hasattr(self.dut, name):
                getattr(self.dut, name).value = 0
        self.edge = start_clock(self.dut)
        await reset(self.dut, self.edge, reset_cycles)

    def configure(self, product: Product) -> None:
        """Set the control ports as `product` needs them; the unit must not be busy."""
        dut, layer = self.dut, product.layer
        if "outputs" in self.sinks:
            dut.stage.value = port("stage").pack(
                zero_point=[layer.y_zp], low=[layer.qmin], high=[layer.qmax])[0]
        if hasattr(dut, "mode"):
            dut.mode.value = self.info["modes"][layer.mode]
        if self.subtract:
            dut.a_zero_point.value = layer.a_zp & ((1 << len(dut.a_zero_point)) - 1)
            dut.a_unsigned.value = int(product.a.dtype.kind == "u")
            dut.w_unsigned.value = int(layer.weights.dtype.kind == "u")

    def send(self, product: Product) -> int:
        """Queue all beats of `product`; returns the number of tiles."""
        a, w = product.a.astype(np.int64), product.layer.weights.astype(np.int64)
        # Beyond K an activation equals its zero point; beyond M and N results are thrown away.
        cut = list(tiles(a, w, self.geometry, a_pad=product.layer.a_zp if self.subtract else 0))
        previous = None
        for tile in cut:
            beats = len(tile.a)
            last = np.arange(beats) == beats - 1
            keep = np.full(beats, tile.n == previous)
            self.activations.send(port("activations__payload").pack(data=tile.a, last=last))
            self.weights.send(port("weights__payload").pack(data=tile.w, last=last, keep=keep))
            if tile.n != previous:
                self.channels.send(self.channel_set(product.layer, tile.n))
            previous = tile.n
        return len(cut)

    def channel_set(self, layer: QuantizedLinear, n: int) -> list[int]:
        """Payloads of the channels from `n`; those beyond N are legal and otherwise arbitrary."""
        channels = port("channels__payload")
        cols, count = self.geometry.cols, layer.weights.shape[1]
        if layer.float_bias is not None:
            require(self.subtract or layer.a_zp == 0, "a float bias cannot hold a folded zero point", a_zp=layer.a_zp)
            bias = layer.float_bias.view(np.int32)
        else:
            bias = layer.bias if self.subtract else fold_bias(layer.bias, layer.weights, layer.a_zp)
        # Value of each field, and of the channels beyond N.
        columns: dict[str, tuple[Any, int]] = {
            "bias": (bias, 0),
            "weight_zero_point": (np.broadcast_to(layer.w_zp, count), 0),
            "multiplier": (layer.m, 1),
            "shift": (layer.s, 2),
        }
        if layer.scale is not None:
            columns |= {"multiplier": (layer.scale.view(np.uint32), 0x3F800000), "shift": (np.zeros(count), 0)}
        values = {}
        for name in channels.fields:
            value, rest = columns[name]
            part = np.asarray(value[n:n + cols], np.int64)
            values[name] = np.concatenate([part, np.full(cols - len(part), rest)])
        return channels.pack(**values)

    async def step(self) -> bool:
        """One clock cycle; returns whether anything moved."""
        await self.edge
        unfinished = self._in_tile or any(gone < self._ended for gone in self._gone.values())
        counting = self.cycle - self._last_output <= COUNTING
        require(bool(self.dut.busy.value) == (unfinished or counting),
                "busy while a tile is unfinished, a row has not left or clamped outputs are counted, and only then",
                cycle=self.cycle, busy=self.dut.busy.value, in_tile=self._in_tile, rows=self._ended, left=self._gone,
                last_output=self._last_output)
        a, w = self.activations.edge(), self.weights.edge()
        if (a is None) != (w is None):
            fail("activations and weights must be accepted together", cycle=self.cycle)
        moved = self.channels.edge() is not None
        for name, sink in self.sinks.items():
            if sink.edge():
                moved = True
                self._last_row = self.cycle
                self._gone[name] += 1
                if name == "outputs":
                    self._last_output = self.cycle
        if a is not None:
            moved = True
            self._in_tile = not port("activations__payload").fields["last"].unpack([a])[0]
            self._ended += 0 if self._in_tile else self.geometry.rows
            if self._first_wave < 0:
                self._first_wave = self.cycle
        if self._on_cycle:
            self._on_cycle(None if a is None or w is None else (a, w))
        self.cycle += 1
        return moved

    def cycles_taken(self) -> int:
        """Cycles from the first wave to the last row, both counted."""
        return self._last_row - self._first_wave + 1

    async def finish(self, rows: int) -> None:
        """Run until every sink has received `rows` rows and the unit is idle."""
        quiet = 0
        while quiet < PATIENCE:
            moved = await self.step()
            done = all(len(sink.received) >= rows for sink in self.sinks.values())
            if done and not bool(self.dut.busy.value) and self.channels.left == 0:
                break
            quiet = 0 if moved else quiet + 1
        else:
            sources = (self.activations, self.weights, self.channels)
            fail("the unit hangs", cycle=self.cycle, busy=bool(self.dut.busy.value),
                 sent={source.name: source.sent for source in sources},
                 left={source.name: source.left for source in sources},
                 received={name: len(sink.received) for name, sink in self.sinks.items()}, want=rows)
        for sink in self.sinks.values():
            check(len(sink.received), rows, f"rows of {sink.name}")

    async def run(self, products: list[Product]) -> None:
        """Send all `products` (of one output stage) at once, and compare every output."""
        for name, matrices in (await self.results(products)).items():
            for number, (product, got) in enumerate(zip(products, matrices, strict=True)):
                check(got, product.results(name), name, product=number, mode=product.layer.mode,
                      shape=f"M, N = {got.shape}, K = {product.a.shape[1]}")

    async def compute(self, product: Product) -> npt.NDArray[Any]:
        """The hardware's outputs of one product, in the dtype of the golden ones, not compared."""
        (got,) = (await self.results([product]))["outputs"]
        return got.astype(np.uint8).view(product.layer.output_dtype)

    async def results(self, products: list[Product]) -> dict[str, list[IntArray]]:
        """Send all `products` at once; their [M, N] results by stream name."""
        self.configure(products[0])
        # Whatever was wrong before is in the flags by now.
        flags = self.dut.errors.value.to_unsigned()
        counts = [self.send(product) * self.geometry.rows for product in products]
        await self.finish(sum(counts))
        check(self.dut.errors.value.to_unsigned(), flags, "flags after products without a mistake")
        matrices = {}
        for name, sink in self.sinks.items():
            rows = port(f"{name}__payload").unpack(sink.received)
            sink.received.clear()
            ends = np.arange(len(rows["last"])) % self.geometry.rows == self.geometry.rows - 1
            check(rows["last"], ends, f"{name}: last")
            parts = np.split(rows["data"], np.cumsum(counts)[:-1])
            matrices[name] = [
                self._matrix(part, (len(product.a), product.layer.weights.shape[1]))
                for part, product in zip(parts, products, strict=True)]
        return matrices

    def _matrix(self, rows: IntArray, shape: tuple[int, ...]) -> IntArray:
        """[M, N] from the rows of its tiles; what lies beyond M and N is dropped."""
        m, n = shape
        size = self.geometry.rows, self.geometry.cols
        m_tiles, n_tiles = -(-m // size[0]), -(-n // size[1])
        blocks = rows.reshape(n_tiles, m_tiles, *size)
        return blocks.transpose(1, 2, 0, 3).reshape(m_tiles * size[0], n_tiles * size[1])[:m, :n]
