"""The cells of a running unit against the cycle model: every accumulator in every cycle."""

from typing import Any

import numpy as np

from golden.array import ArrayModel, Waves
from tb.sim_bench import check, watches_inside
from tb.sim_driver import Product
from tb.sim_ports import description, port

__all__ = ["Watch"]

# Reading every accumulator in every cycle is for arrays of up to this many cells.
WATCHED_CELLS = 16


class Watch:
    """Records accepted waves and all accumulators, to be compared with the cycle model afterwards."""

    def __init__(self, dut: Any):
        info = description()
        self.rows, self.cols = info["config"]["rows"], info["config"]["cols"]
        self.enabled = self.rows * self.cols <= WATCHED_CELLS and watches_inside()
        self._cells = [getattr(getattr(dut.datapath.array, f"row_r{r}"), f"cell_c{c}").acc
                       for r in range(self.rows) for c in range(self.cols)] if self.enabled else []
        self._waves: list[tuple[int, int] | None] = []
        self._held: list[list[int]] = []

    def __call__(self, wave: tuple[int, int] | None) -> None:
        """One cycle."""
        if self.enabled:
            self._waves.append(wave)
            self._held.append([cell.value.to_signed() for cell in self._cells])

    def compare(self, products: list[Product]) -> None:
        """Every accumulator of every cycle against the model.

        `products` share dtypes and the zero point of their activations.
        """
        if not self.enabled:
            return
        info = description()
        zero = (0, 0)
        a_raw = port("activations__payload").unpack([(wave or zero)[0] for wave in self._waves])
        w_raw = port("weights__payload").unpack([(wave or zero)[1] for wave in self._waves])
        a, w = a_raw["data"], w_raw["data"]
        valid = np.array([wave is not None for wave in self._waves])
        last = a_raw["last"].astype(bool) & valid
        if info["config"]["zero_points"] == "SUBTRACT":
            layer = products[0].layer
            tile = np.cumsum(last) - last
            w_zp = np.concatenate([self._weight_zero_points(product) for product in products] + [[[0] * self.cols]])
            a = as_dtype(a, info["config"]["act_width"], products[0].a.dtype) - layer.a_zp
            w = as_dtype(w, info["config"]["weight_width"], layer.weights.dtype) - w_zp[tile][..., np.newaxis]
        first = np.zeros_like(valid)
        first[valid] = np.concatenate([[True], last[valid][:-1]])
        model = ArrayModel(Waves(a, w, valid, first, last), info["timing"]["cell_latency"],
                           info["config"]["acc_width"], info["config"]["fanout"])
        begun = np.flatnonzero(valid)[0] + info["timing"]["cell_latency"] + self.rows + self.cols
        for cycle in range(int(begun), len(self._held)):
            held = model.held(cycle)
            check(np.reshape(self._held[cycle], held.shape), held, "accumulators", cycle=cycle)

    def _weight_zero_points(self, product: Product) -> np.ndarray:
        """[tiles, cols] as `UnitDriver` sends them."""
        count = product.layer.weights.shape[1]
        padded = np.zeros(-(-count // self.cols) * self.cols, np.int64)
        padded[:count] = product.layer.w_zp
        return padded.reshape(-1, self.cols).repeat(-(-len(product.a) // self.rows), axis=0)


def as_dtype(raw: np.ndarray, width: int, dtype: np.dtype) -> np.ndarray:
    """Raw operand bits as numbers of `width` bits, signed if `dtype` is."""
    return raw if dtype.kind == "u" else raw - ((raw >> (width - 1)) << width)
