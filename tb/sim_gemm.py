"""Products for an engine: registers and packets of a job, the bytes that must come back, and random cases."""

import warnings
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.linear import QuantizedLinear
from golden.matmul import fold_bias
from golden.modes import requantize
from tb.sim_bench import require
from tb.sim_layers import built_modes, layer_of, limits
from tb.sim_ports import description

__all__ = ["INPUTS", "Gemm", "gemm_of", "job_cost", "largest_n", "legal", "random_gemm", "random_stage"]

INPUTS = ("activations", "weights", "channels")


@dataclass(frozen=True, eq=False)
class Gemm:
    """A layer and its activations.

    Parameters
    ----------
    layer: the parameters.
    a: int8 or uint8 [M, K].
    raw: whether accumulators are wanted instead of requantized outputs.
    unused: registers that mean nothing for this job, with what they shall hold.
    noise: bytes 4 to 8 of each channel record, where they mean nothing.
    """

    layer: QuantizedLinear
    a: npt.NDArray[Any]
    raw: bool = False
    unused: dict[str, int] = field(default_factory=dict)
    noise: npt.NDArray[np.uint8] | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """M, N, K."""
        return len(self.a), self.layer.weights.shape[1], self.a.shape[1]

    @property
    def waves(self) -> int:
        """Waves that the array needs: m-tiles times n-tiles times k-beats."""
        config = description()["config"]
        m, n, k = self.shape
        return -(-m // config["rows"]) * -(-n // config["cols"]) * -(-k // config["depth"])

    def settings(self) -> dict[str, int]:
        """Value of each register that describes the job."""
        info, layer = description(), self.layer
        m, n, k = self.shape
        (register,) = (register for register in info["registers"] if register["name"] == "FORMAT")
        bits = {entry["name"]: 1 << entry["low"] for entry in register["fields"]}
        subtract = info["config"]["zero_points"] == "SUBTRACT"
        formats = {"RAW": self.raw, "A_UNSIGNED": subtract and self.a.dtype.kind == "u",
                   "W_UNSIGNED": subtract and layer.weights.dtype.kind == "u"}
        return {"M": m, "N": n, "K": k, "MODE": info["modes"][layer.mode],
                "FORMAT": sum(bits[name] for name, wanted in formats.items() if wanted),
                "A_ZERO_POINT": layer.a_zp if subtract else 0,
                "ZERO_POINT": layer.y_zp, "LOW": layer.qmin, "HIGH": layer.qmax, **self.unused}

    def packets(self) -> dict[str, bytes]:
        """Bytes of the packet on each input stream."""
        return {"activations": self.a.tobytes(), "weights": self._weights(), "channels": self._channels()}

    def _weights(self) -> bytes:
        """Beat by beat of the array, each padded to whole words of the stream."""
        info, w = description(), self.layer.weights
        config = info["config"]
        depth, cols = config["depth"], config["cols"]
        beats, tiles = -(-w.shape[0] // depth), -(-w.shape[1] // cols)
        whole = np.zeros((beats * depth, tiles * cols), w.dtype)
        whole[:w.shape[0], :w.shape[1]] = w
        blocks = whole.reshape(beats, depth, tiles, cols).transpose(2, 0, 3, 1).reshape(tiles * beats, cols * depth)
        packed = np.zeros((tiles * beats, info["derived"]["weight_words"] * config["weight_bytes"]), w.dtype)
        packed[:, :cols * depth] = blocks
        return packed.tobytes()

    def _channels(self) -> bytes:
        """One record for each channel."""
        info, layer = description(), self.layer
        size, n = info["derived"]["channel_bytes"], layer.weights.shape[1]
        subtract = info["config"]["zero_points"] == "SUBTRACT"
        # What means nothing is not 0.
        records = (np.arange(n * size) * 89 % 251).astype(np.uint8).reshape(n, size)
        if layer.float_bias is not None and not self.raw:
            require(subtract or layer.a_zp == 0, "a float bias cannot hold a folded zero point", a_zp=layer.a_zp)
            bias = layer.float_bias.view(np.int32)
        else:
            bias = layer.bias if subtract else fold_bias(layer.bias, layer.weights, layer.a_zp)
        factor = layer.m if layer.scale is None else layer.scale
        assert factor is not None
        records[:, 0:4] = bias.astype("<i4").view(np.uint8).reshape(n, 4)
        records[:, 4:8] = factor.view(np.uint8).reshape(n, 4)
        if size == 16:
            if layer.s is not None:
                records[:, 8] = layer.s
            if subtract:
                records[:, 9] = np.broadcast_to(layer.w_zp, n) & 255
        if self.noise is not None:
            records[:, 4:9] = self.noise[:, :min(size, 9) - 4]
        return records.tobytes()

    @cached_property
    def accumulators(self) -> npt.NDArray[np.int32]:
        """Golden sums, which may wrap on purpose."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            return self.layer.accumulators(self.a)

    @cached_property
    def expected(self) -> npt.NDArray[np.uint8]:
        """The bytes of the packet that comes back."""
        if self.raw:
            return self.accumulators.astype("<i4").reshape(-1).view(np.uint8)
        return (self._requantized(self.layer.y_zp, self.layer.qmin, self.layer.qmax) & 255).astype(np.uint8).ravel()

    @cached_property
    def clamped(self) -> int:
        """How many outputs the clamp changes."""
        layer = self.layer
        if self.raw:
            return 0
        # Results before the clamp are only known within -256..255: one zero point less keeps 256 apart from 255.
        over = self._requantized(layer.y_zp - 1, -256, 255) >= layer.qmax
        under = self._requantized(layer.y_zp, -256, 255) < layer.qmin
        return int(np.count_nonzero(over | under))

    def _requantized(self, zero_point: int, low: int, high: int) -> npt.NDArray[np.int32]:
        layer = self.layer
        factor = {"scale": layer.scale, "m": layer.m, "s": layer.s, "bias": layer.float_bias}
        return requantize(layer.mode, self.accumulators, factor, zero_point, low, high)

    def arguments(self) -> dict[str, Any]:
        """What the Python driver's `matmul` is told beside the operands."""
        layer = self.layer
        factor: dict[str, Any] = {"bias": layer.bias if layer.float_bias is None else layer.float_bias}
        if not self.raw:
            factor |= {"zero_point": layer.y_zp, "low": layer.qmin, "high": layer.qmax, "mode": layer.mode}
            factor |= {"scale": layer.scale} if layer.m is None else {"multiplier": layer.m, "shift": layer.s}
        return factor | {"a_zero_point": layer.a_zp, "w_zero_point": layer.w_zp, "raw": self.raw}

    def facts(self) -> dict[str, object]:
        """What a failure should say about the job."""
        return {"M, N, K": self.shape, **self.settings(), "a": self.a.dtype, "w": self.layer.weights.dtype,
                "w_zp": self.layer.w_zp, "raw": self.raw}


def largest_n(raw: bool) -> int:
    """Most channels of a job, by its kind of output."""
    info = description()
    return info["derived"]["raw_n_max"] if raw else info["config"]["n_max"]


def legal(m: int, n: int, k: int, raw: bool) -> tuple[int, int, int]:
    """The size of a job, or that of a smaller one where the engine is smaller."""
    config = description()["config"]
    beats = config["weight_beats"]
    n = min(n, largest_n(raw), beats * config["cols"])
    return m, n, min(k, config["k_max"], beats // -(-n // config["cols"]) * config["depth"])


def job_cost(m: int, n: int, k: int, raw: bool) -> int:
    """About how many cycles a job takes: those of its busiest part."""
    info = description()
    config = info["config"]
    n_tiles, k_beats = -(-n // config["cols"]), -(-k // config["depth"])
    drain = info["derived"]["drain_interval"]
    return max(
        -(-m // config["rows"]) * n_tiles * max(k_beats, drain), m * k // config["act_bytes"],
        n_tiles * k_beats * info["derived"]["weight_words"], n, m * n * (4 if raw else 1) // config["out_bytes"])


def gemm_of(rng: np.random.Generator, m: int, n: int, k: int, mode: str, *, raw: bool = False, extreme: bool = False,
            wraps: bool = False, stage: tuple[int, int, int] | None = None) -> Gemm:
    """A random product of this size that the configuration can compute.

    `extreme`: operands at the ends of their range; `wraps`: biases too, so that sums leave int32 (which needs
    zero points of 0 where they are folded); `stage`: output zero point and clamp.
    """
    config = description()["config"]
    subtract = config["zero_points"] == "SUBTRACT"
    if raw:
        # Where there is no mode but FBGEMM, nothing adds an integer bias: software does.
        mode = "FBGEMM" if config["modes"] == ["FBGEMM"] else "F32"
    wraps = wraps and mode != "FBGEMM"
    layer = layer_of(rng, k, n, mode, extreme=extreme, unsigned=bool(rng.integers(2)), stage=stage,
                     zero_points=not wraps)
    if wraps:
        layer = replace(layer, bias=rng.choice([-(2**31), 2**31 - 1], n))
    kind: type = layer.weights.dtype.type
    if subtract:
        # Activations of a signedness of their own, and a zero point for each channel of the weights.
        low, high = limits(config["weight_width"], kind)
        kind = np.uint8 if rng.integers(2) else np.int8
        a_low, a_high = limits(config["act_width"], kind)
        layer = replace(layer, a_zp=int(rng.integers(a_low, a_high, endpoint=True)),
                        w_zp=rng.integers(low, high, n, endpoint=True) if rng.integers(4) else 0)
    a_low, a_high = limits(config["act_width"], kind)
    a = rng.choice([a_low, a_high], (m, k)) if extreme else rng.integers(a_low, a_high, (m, k), endpoint=True)
    return Gemm(layer, a.astype(kind), raw, **(_unused(rng, n) if raw else {}))


def _unused(rng: np.random.Generator, n: int) -> dict[str, Any]:
    """Noise for what a job with int32 output does not use; its mode must be built all the same, if any is."""
    info = description()
    modes = [info["modes"][mode] for mode in info["config"]["modes"]] or [int(rng.integers(2**32))]
    registers = {name: int(rng.integers(-(2**31), 2**31)) for name in ("ZERO_POINT", "LOW", "HIGH")}
    return {"unused": registers | {"MODE": int(rng.choice(modes))},
            "noise": rng.integers(0, 256, (n, 5), np.uint8)}


def random_stage(rng: np.random.Generator) -> tuple[int, int, int]:
    """A random output zero point and clamp, all int8 or all uint8; at times the whole range, a ReLU or one value."""
    base = int(rng.choice([-128, 0]))
    zero_point, *clamp = (base + int(x) for x in rng.integers(0, 256, 3))
    low, high = sorted(clamp)
    choice = rng.integers(8)
    if choice < 2:
        return zero_point, base, base + 255
    if choice == 2:
        return zero_point, zero_point, base + 255
    return zero_point, low, low if choice == 3 else high


def random_gemm(rng: np.random.Generator, budget: int) -> Gemm:
    """A random product of about at most `budget` cycles: small and ragged, or as large as a limit allows."""
    info = description()
    config = info["config"]
    modes = config["modes"]
    raw = config["raw_output"] and (not modes or rng.random() < 0.3)
    n_high = largest_n(raw)
    m, n, k = 1, 1, 1
    for _ in range(20):
        size = (_size(rng, config["rows"], 40 * config["rows"]), _size(rng, config["cols"], n_high),
                _size(rng, config["depth"], config["k_max"]))
        beats = -(-size[1] // config["cols"]) * -(-size[2] // config["depth"])
        if beats <= config["weight_beats"] and job_cost(*size, raw) <= budget:
            m, n, k = size
            break
    mode = str(rng.choice(modes or built_modes()))
    return gemm_of(rng, m, n, k, mode, raw=raw, extreme=rng.random() < 0.15, wraps=rng.random() < 0.1,
                   stage=random_stage(rng))


def _size(rng: np.random.Generator, tile: int, limit: int) -> int:
    """A length: 1, a tile and its neighbours, some tiles, anything up to the limit, or the limit."""
    kind = rng.random()
    if kind < 0.1:
        size = 1
    elif kind < 0.4:
        size = tile * int(rng.integers(1, 4)) + int(rng.integers(-1, 2))
    elif kind < 0.8:
        size = int(rng.integers(1, 4 * tile + 8, endpoint=True))
    elif kind < 0.95:
        size = int(rng.integers(1, limit, endpoint=True))
    else:
        size = limit
    return min(max(size, 1), limit)
