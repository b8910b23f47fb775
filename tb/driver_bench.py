"""A driver, the models around it, and random layers: what the tests of the Python driver share."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from gen.driver.mac_engine import AxiDma, Bus, Engine, Job, MappedBus
from golden.linear import QuantizedLinear
from golden.matmul import accumulate
from tb.bus_model import DmaCore, Memory, RegisterWindow
from tb.engine_model import DirectBus, EngineModel, engine_description
from tb.run import seed

__all__ = ["CONFIGURATIONS", "Bench", "equal", "job_of", "operands", "random_layer", "works"]

Integers = npt.NDArray[np.int8 | np.uint8]

FIXED = ("SINGLE", "DOUBLE", "DOUBLE_UP")
ALL = ["F32", *FIXED, "FBGEMM"]
# Small buffers, so that small products are cut in every direction.
SMALL: dict[str, Any] = {
    "rows": 2, "cols": 3, "depth": 4, "k_max": 18, "n_max": 16, "weight_beats": 12, "weight_bytes": 8}
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "fold-f32": SMALL | {"modes": ["F32"]},
    "fold-double": SMALL | {"modes": ["DOUBLE"], "weight_bytes": 16, "k_max": 3},
    "fold-fbgemm-raw": SMALL | {"modes": ["FBGEMM"], "raw_output": True},
    "fold-double-raw": SMALL | {"modes": ["DOUBLE", "FBGEMM"], "raw_output": True},
    "fold-raw-only": SMALL | {"modes": [], "raw_output": True, "depth": 1, "weight_bytes": 1},
    "fold-all-raw": SMALL | {"modes": ALL, "raw_output": True, "acc_width": 24},
    "subtract-all-raw": SMALL | {"modes": ALL, "raw_output": True, "zero_points": "subtract"},
    "subtract-f32": SMALL | {"modes": ["F32"], "zero_points": "subtract", "cols": 1, "rows": 1, "weight_bytes": 1},
    "narrow": SMALL | {"modes": ["SINGLE"], "zero_points": "subtract", "act_width": 4, "weight_width": 2},
    "large": {"modes": ["F32", "DOUBLE"], "raw_output": True},
}


class Bench:
    """A driver, the model of its engine, and what is between them.

    Parameters
    ----------
    kind: "direct", or "mapped" with memory and DMA cores in between.
    parameters: of the engine.
    length_width: of the DMA cores.
    options: of the driver.
    """

    def __init__(self, kind: str, parameters: dict[str, Any], length_width: int = 26, **options: Any):
        self.description = engine_description(**parameters)
        self.model = EngineModel(self.description, seed())
        bus: Bus
        if kind == "direct":
            bus = DirectBus(self.model)
        else:
            self.memory = Memory()
            self.cores = [DmaCore(self.memory, self.model, stream, outputs=index == 0, length_width=length_width)
                          for index, stream in enumerate(("activations", "weights", "channels"))]
            bus = MappedBus(RegisterWindow(self.model), *(
                AxiDma(core, direction, self.memory.allocate, length_width=length_width)
                for core, direction in zip([*self.cores, self.cores[0]], ["send"] * 3 + ["receive"], strict=True)))
        self.engine = Engine(self.description, bus, **options)


def operands(rng: np.random.Generator, shape: tuple[int, ...] | int, unsigned: bool, width: int) -> Integers:
    """Random integers of `width` bits, int8 or uint8."""
    low, high = (0, 2**width) if unsigned else (-(2 ** (width - 1)), 2 ** (width - 1))
    return rng.integers(low, high, shape).astype(np.uint8 if unsigned else np.int8)


def random_layer(rng: np.random.Generator, config: dict[str, Any], mode: str, m: int, k: int, n: int
                 ) -> tuple[Integers, Integers, dict[str, Any], Integers]:
    """Operands [M, K] and [K, N] and the other arguments of `matmul`, and what must come."""
    subtract = config["zero_points"] == "SUBTRACT"
    a_unsigned = bool(rng.integers(2)) and (subtract or mode != "FBGEMM")
    w_unsigned = subtract and bool(rng.integers(2))
    a = operands(rng, (m, k), a_unsigned, config["act_width"])
    w = operands(rng, (k, n), w_unsigned, config["weight_width"])
    folds = subtract or mode != "FBGEMM"
    a_zp = int(operands(rng, (), a_unsigned, config["act_width"])) if folds else 0
    w_zps = operands(rng, (n,) if rng.integers(2) else (), w_unsigned, config["weight_width"])
    w_zp = w_zps.astype(int) if subtract else 0
    y_unsigned = bool(rng.integers(2))
    low, high = sorted(rng.integers(0, 256, 2) - (0 if y_unsigned else 128))
    # All int8 or all uint8; a result whose clamp fits int8 is int8.
    zero_point = int(rng.integers(0, 256) - (0 if y_unsigned else 128))
    some = (n,) if rng.integers(2) else ()
    sizes = 2.0 ** rng.integers(-14, -4, some)
    facts: dict[str, Any] = {"bias": rng.integers(-5000, 5000, n).astype(np.int32)}
    given: dict[str, Any]
    exact: dict[str, Any]
    if mode in FIXED:
        multiplier, shift = rng.integers(2**30, 2**31, some), rng.integers(33, 45, some)
        given, exact = {"multiplier": multiplier, "shift": shift}, {"m": multiplier, "s": shift}
    else:
        scale = np.float32(rng.uniform(1, 2, some) * sizes)
        given, exact = {"scale": scale}, {"scale": scale}
    if mode == "FBGEMM":
        facts = {"bias": rng.normal(0, 3000, n).astype(np.float32)}
        exact |= {"float_bias": facts["bias"]}
    layer = QuantizedLinear(
        weights=w, bias=np.zeros(n, np.int32) if mode == "FBGEMM" else facts["bias"], a_zp=a_zp, w_zp=w_zp,
        y_zp=zero_point, qmin=int(low), qmax=int(high), mode=mode, **exact)
    arguments = {"mode": mode, "a_zero_point": a_zp, "w_zero_point": w_zp, "zero_point": zero_point,
                 "low": low, "high": high, **facts, **given}
    return a, w, arguments, layer.forward(a)


def equal(got: npt.NDArray[Any], want: npt.NDArray[Any]) -> None:
    """Compare type, shape and every element."""
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(got, want)


def works(bench: Bench, rng: np.random.Generator) -> None:
    """Check a product of several jobs, and that no error is left."""
    a, w = operands(rng, (5, 18), False, 8), operands(rng, (18, 9), False, 8)
    equal(bench.engine.matmul(a, w, raw=True), accumulate(a, w))
    assert bench.engine.errors() == ()


def job_of(bench: Bench, rng: np.random.Generator, **changes: Any) -> Job:
    """A legal raw job, with some of it replaced."""
    config = bench.description["config"]
    w = bench.engine.pack_weights(operands(rng, (7, 3), False, 8))
    job = Job(
        4, 3, 7, operands(rng, 28, False, 8).view(np.uint8), w.packet(slice(0, 7), slice(0, 3)),
        np.zeros(3 * bench.description["derived"]["channel_bytes"], np.uint8),
        mode=bench.description["modes"][config["modes"][0]], raw=True)
    return replace(job, **changes)
