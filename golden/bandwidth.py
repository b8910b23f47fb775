"""How many values a memory holds and delivers, and what a matrix product asks of it, for each width.

    python -m golden.bandwidth 12.8         # a table, for a memory of so many GB/s

A matrix product spends most of its energy and often its time on moving operands, and both shrink with their
width.  Figures are upper bounds from arithmetic alone: no burst, no row change and no refresh is counted.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from golden import check

WIDTHS = {"fp32": 32, "int8": 8, "int4": 4, "int2": 2}


def values_per_second(bytes_per_second: float, bits: int) -> float:
    """Return how many values of `bits` (1..64) pass a memory port of the given bandwidth (> 0) in a second.

    >>> values_per_second(12.8e9, 32), values_per_second(12.8e9, 8), values_per_second(12.8e9, 4)
    (3200000000.0, 12800000000.0, 25600000000.0)
    """
    if not 0 < bytes_per_second < float("inf"):
        raise ValueError(f"bytes_per_second must be finite and > 0, not {bytes_per_second}")
    return bytes_per_second * 8 / _bits(bits)


def values_per_word(word_bits: int, bits: int) -> int:
    """Return how many whole values of `bits` (1..64) fit a memory of `word_bits` (>= 1) bits.

    A word of a bus, a cache line of 512 bits, a block RAM of 36,864 bits:

    >>> [values_per_word(word, 8) for word in (64, 512, 36864)]
    [8, 64, 4608]
    """
    return int(check.integers("word_bits", word_bits, 1, 2**62, ndim=0)) // _bits(bits)


@dataclass(frozen=True)
class Traffic:
    """What an M x K by K x N product moves if each operand is read, and each result written, once.

    Parameters
    ----------
    macs: multiplications with accumulation.
    bytes_moved: activations, weights, bias and results together, exact even where values share a byte.
    """

    macs: int
    bytes_moved: float

    @property
    def macs_per_byte(self) -> float:
        """Arithmetic intensity: from here on the multipliers are the bottleneck, below it the memory is."""
        return self.macs / self.bytes_moved

    def seconds(self, bytes_per_second: float) -> float:
        """Return the least time which the memory needs."""
        return self.bytes_moved / (values_per_second(bytes_per_second, 8))


def matmul_traffic(
    m: int, k: int, n: int, *, act_bits: int = 8, weight_bits: int = 8, result_bits: int = 8
) -> Traffic:
    """Return the traffic of a product of `m` x `k` activations and `k` x `n` weights, with a bias of 32 bits.

    >>> narrow = matmul_traffic(1, 1024, 1024)
    >>> wide = matmul_traffic(1, 1024, 1024, act_bits=32, weight_bits=32, result_bits=32)
    >>> narrow.bytes_moved, wide.bytes_moved, round(wide.seconds(12.8e9) / narrow.seconds(12.8e9), 2)
    (1054720.0, 4206592.0, 3.99)
    """
    m, k, n = (
        int(check.integers(name, x, 1, 2**31, ndim=0)) for name, x in (("m", m), ("k", k), ("n", n))
    )
    bits = m * k * _bits(act_bits) + k * n * _bits(weight_bits) + m * n * _bits(result_bits) + 32 * n
    return Traffic(m * k * n, bits / 8)


def table(bytes_per_second: float, words: Sequence[int] = (64, 512, 36864)) -> list[str]:
    """Return a Markdown table of all widths: values per second, values per word of each size of `words`."""
    sizes = " | ".join(f"in {word:,} bits" for word in words)
    lines = [f"| | values per second at {bytes_per_second / 1e9:g} GB/s | {sizes} |", "|---" * (2 + len(words)) + "|"]
    for name, bits in WIDTHS.items():
        fits = " | ".join(f"{values_per_word(word, bits):,}" for word in words)
        lines.append(f"| {name} | {values_per_second(bytes_per_second, bits) / 1e9:g} G | {fits} |")
    return lines


def _bits(bits: int) -> int:
    return int(check.integers("bits", bits, 1, 64, ndim=0))


if __name__ == "__main__":
    try:
        print("\n".join(table(float(sys.argv[1] if len(sys.argv) > 1 else "12.8") * 1e9)))
    except ValueError as error:
        sys.exit(str(error))
