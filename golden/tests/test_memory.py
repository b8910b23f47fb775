"""Bytes counted by hand, and by the arrays that would be stored."""

import numpy as np
import pytest

from golden.memory import MemoryUsage, linear_memory, total


@pytest.mark.parametrize(("k", "n"), [(1, 1), (3, 5), (64, 32), (1024, 1000)])
@pytest.mark.parametrize("bits", range(1, 9))
def test_linear_memory_is_that_of_the_stored_arrays(k: int, n: int, bits: int) -> None:
    packed = np.packbits(np.zeros(k * n * bits, bool))
    floats = np.zeros((k, n), np.float32).nbytes + np.zeros(n, np.float32).nbytes
    for fixed_point in (False, True):
        factors = [np.zeros(n, np.int32), np.zeros(n, np.int8)] if fixed_point else [np.zeros(n, np.float32)]
        got = linear_memory(k, n, weight_bits=bits, fixed_point=fixed_point)
        assert got.weights == packed.nbytes and got.bias == np.zeros(n, np.int32).nbytes
        assert got.multipliers == sum(x.nbytes for x in factors)
        assert got.float_bytes == floats and got.quantized_bytes == got.weights + got.bias + got.multipliers
        assert got.ratio == floats / got.quantized_bytes


def test_total_adds_every_field() -> None:
    a, b = MemoryUsage(1, 2, 3, 4, 5), MemoryUsage(10, 20, 30, 40, 50)
    assert total([a]) == a and total([a, b, a]) == MemoryUsage(12, 24, 36, 48, 60)
    assert total(iter([a, b])) == a + b


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(k=0, n=1), "k must be in 1..2147483648, not 0"),
        (dict(k=1, n=-1), "n must be in 1..2147483648, not -1"),
        (dict(k=1, n=1, weight_bits=9), "weight_bits must be in 1..8, not 9"),
        (dict(k=1, n=1, weight_bits=0), "weight_bits must be in 1..8, not 0"),
    ],
)
def test_linear_memory_refuses_bad_arguments(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError) as raised:
        linear_memory(**arguments)  # type: ignore[arg-type]
    assert str(raised.value) == message


def test_total_refuses_nothing() -> None:
    for nothing in ([], iter([])):
        with pytest.raises(ValueError, match=r"^usages must not be empty$"):
            total(nothing)
