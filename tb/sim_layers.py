"""Random layers and activations that fit the configuration under test."""

from typing import Any

import numpy as np

from golden.linear import QuantizedLinear
from tb.sim_ports import description

__all__ = [
    "activations_of", "built_modes", "deciding_layers", "layer_of", "limits", "longest_k", "tie_layers",
]


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
    if mode == "FBGEMM":
        factor["float_bias"] = rng.normal(0, spread, n).astype(np.float32)
    elif mode != "F32":
        fraction, exponent = np.frexp(scale.astype(float))
        factor = {"m": np.minimum(np.rint(fraction * 2**31), 2**31 - 1).astype(np.int64), "s": 31 - exponent}
    y_zp, qmin, qmax = stage or (int(rng.integers(-20, 20)), -128, 127)
    bias = rng.integers(-int(spread), int(spread), n, np.int32, endpoint=True)
    # A float bias cannot hold what folding an activation zero point adds to it.
    has_a_zp = zero_points and (subtract or mode != "FBGEMM")
    return QuantizedLinear(
        weights=weights.astype(kind), bias=bias * (mode != "FBGEMM"),
        a_zp=int(rng.integers(a_low, a_high, endpoint=True)) if has_a_zp else 0,
        w_zp=rng.integers(low, high, n, endpoint=True) if zero_points and subtract else 0,
        y_zp=y_zp, qmin=qmin, qmax=qmax, mode=mode, **factor)


def deciding_layers(mode: str, most: int, first: int = 0) -> list[QuantizedLinear]:
    """Layers of K = 1 and at most `most` channels: every bit of bias, multiplier, shift or scale decides a result.

    The channels come in a circle from the one numbered `first`. Their weights are 0: the sum is the bias.
    """
    # Bias and scale, or bias and the bit of the multiplier, of each channel.
    if mode in ("F32", "FBGEMM"):
        scaled = [(129, (1 + 2.0**-bit) / 2) for bit in range(1, 24)]
        scaled += [(3 << bit, 2.0**-bit * 1.5) for bit in range(30)] + [(-(2**31), 2.0**-25)]
        bias = np.array([bias for bias, _ in scaled])
        factor: dict[str, Any] = {"scale": np.array([scale for _, scale in scaled], np.float32)}
    else:
        fixed = [(100, bit) for bit in range(31)] + [(1 << bit, 30) for bit in range(31)] + [(-(2**31), 30)]
        bias = np.array([bias for bias, _ in fixed])
        s = np.array([max(2, bit + bias.bit_length() - 6) for bias, bit in fixed])
        factor = {"m": np.array([1 << bit for _, bit in fixed]), "s": s}
    return _layers_of(mode, bias, factor, most, first)


def tie_layers(rng: np.random.Generator, mode: str, most: int) -> list[QuantizedLinear]:
    """As `deciding_layers`: products beside a tie, on either side of it, where any other bit is any.

    Of two channels that differ by 1 in multiplier (or mantissa) or in bias, one rounds up and one down: a bit that
    adds decides in the lower one, a bit that takes away in the upper one. (In a float mode both may round to the tie.)
    """
    is_float = mode in ("F32", "FBGEMM")
    bits = 24 if is_float else 31
    found = []
    for _ in range(24):
        acc, m = (int(x) for x in rng.integers(1 << bits - 2, (1 << bits) - (1 << bits - 5), 2))
        s = (acc * m).bit_length() - 6
        acc *= int(rng.choice([-1, 1]))
        # The first of two roundings adds half of what it drops.
        nudge = {"DOUBLE": 1 if acc > 0 else -1, "DOUBLE_UP": 1}.get(mode, 0) << 30 if s > 31 else 0
        tie = ((2 * (acc * m >> s) + 1) << s - 1) - nudge
        for up in (0, 1):
            found += [(acc, tie // acc + up, s), (tie // m + up, m, s)]
    bias, multiplier, shift = np.array(found).T
    factor = {"scale": np.ldexp(multiplier.astype(float), -shift).astype(np.float32)} if is_float else {
        "m": multiplier, "s": shift}
    return _layers_of(mode, bias, factor, most)


def _layers_of(mode: str, bias: np.ndarray, factor: dict[str, Any], most: int, first: int = 0) -> list[QuantizedLinear]:
    """Layers of K = 1 and at most `most` channels whose sums are their `bias`, from the one numbered `first` on."""
    factor = factor | {"bias": bias * (mode != "FBGEMM")}
    if mode == "FBGEMM":
        factor["float_bias"] = bias.astype(np.float32)
    parts = [{name: np.roll(values, -first)[start:start + most] for name, values in factor.items()}
             for start in range(0, len(bias), most)]
    return [QuantizedLinear(weights=np.zeros((1, len(part["bias"])), np.int8), a_zp=0, w_zp=0,
                            y_zp=0, qmin=-128, qmax=127, mode=mode, **part) for part in parts]


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
