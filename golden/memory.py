"""What the parameters of a layer occupy, in float32 and quantized."""

from collections.abc import Iterable
from dataclasses import dataclass

from golden import check

FLOAT32 = 4  # bytes


@dataclass(frozen=True)
class MemoryUsage:
    """Bytes of a layer's parameters.

    Parameters
    ----------
    float_weights, float_bias: in float32.
    weights: packed, without gaps between weights narrower than a byte.
    bias: int32, as wide as the accumulator.
    multipliers: one per channel; a float32, or an int32 with an int8 shift.
    """

    float_weights: int
    float_bias: int
    weights: int
    bias: int
    multipliers: int

    @property
    def float_bytes(self) -> int:
        """All of the float32 layer."""
        return self.float_weights + self.float_bias

    @property
    def quantized_bytes(self) -> int:
        """All of the quantized layer."""
        return self.weights + self.bias + self.multipliers

    @property
    def ratio(self) -> float:
        """How many times smaller the quantized layer is."""
        return self.float_bytes / self.quantized_bytes

    def __add__(self, other: "MemoryUsage") -> "MemoryUsage":
        """Two layers together."""
        return MemoryUsage(
            self.float_weights + other.float_weights,
            self.float_bias + other.float_bias,
            self.weights + other.weights,
            self.bias + other.bias,
            self.multipliers + other.multipliers,
        )


def linear_memory(k: int, n: int, *, weight_bits: int = 8, fixed_point: bool = False) -> MemoryUsage:
    """Return what a fully connected layer of N channels with K inputs each occupies.

    Parameters
    ----------
    k, n: >= 1.
    weight_bits: 1..8.
    fixed_point: whether the factor of a channel is a multiplier and a shift, 5 bytes, or a float32, 4 bytes.

    >>> usage = linear_memory(64, 32)
    >>> usage.float_bytes, usage.quantized_bytes, round(usage.ratio, 2)
    (8320, 2304, 3.61)
    >>> linear_memory(64, 32, weight_bits=4, fixed_point=True)
    MemoryUsage(float_weights=8192, float_bias=128, weights=1024, bias=128, multipliers=160)
    """
    k, n = (int(check.integers(name, x, 1, 2**31, ndim=0)) for name, x in (("k", k), ("n", n)))
    bits = int(check.integers("weight_bits", weight_bits, 1, 8, ndim=0))
    return MemoryUsage(
        float_weights=FLOAT32 * k * n,
        float_bias=FLOAT32 * n,
        weights=-(-k * n * bits // 8),
        bias=4 * n,
        multipliers=(5 if fixed_point else 4) * n,
    )


def total(usages: Iterable[MemoryUsage]) -> MemoryUsage:
    """Return the sum over layers; no layer at all is a ValueError.

    >>> total([linear_memory(2, 1), linear_memory(3, 1)]).float_bytes
    28
    """
    layers = list(usages)
    if not layers:
        raise ValueError("usages must not be empty")
    return sum(layers[1:], layers[0])
