"""Figures against fractions and counts by hand."""

import math
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from golden.bandwidth import WIDTHS, matmul_traffic, table, values_per_second, values_per_word

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 8, 16, 32, 64])
@pytest.mark.parametrize("rate", [1.0, 12.8e9, 819.2e9])
def test_values_per_second_times_their_bits_is_the_bandwidth(bits: int, rate: float) -> None:
    assert values_per_second(rate, bits) == float(Fraction(rate) * 8 / bits)


def test_int8_passes_four_times_as_many_values_as_float32() -> None:
    rates = {name: values_per_second(1e9, bits) for name, bits in WIDTHS.items()}
    assert [rates[name] / rates["fp32"] for name in ("int8", "int4", "int2")] == [4, 8, 16]


@pytest.mark.parametrize(("word", "bits", "count"), [(64, 8, 8), (72, 8, 9), (36, 8, 4), (36, 5, 7), (7, 8, 0)])
def test_values_per_word_counts_whole_values(word: int, bits: int, count: int) -> None:
    assert values_per_word(word, bits) == count


@pytest.mark.parametrize(("act", "weight", "result"), [(8, 8, 8), (8, 4, 8), (4, 2, 32), (32, 32, 32)])
def test_matmul_traffic_counts_each_operand_once(act: int, weight: int, result: int) -> None:
    m, k, n = 3, 5, 7
    got = matmul_traffic(m, k, n, act_bits=act, weight_bits=weight, result_bits=result)
    bits = sum([act] * (m * k)) + sum([weight] * (k * n)) + sum([result] * (m * n)) + sum([32] * n)
    assert got.macs == m * k * n and got.bytes_moved == bits / 8
    assert got.macs_per_byte == got.macs * 8 / bits
    assert math.isclose(got.seconds(1e9), bits / 8 / 1e9)


def test_table_lists_every_width() -> None:
    lines = table(1e9, (8,))
    assert lines == [
        "| | values per second at 1 GB/s | in 8 bits |", "|---|---|---|",
        "| fp32 | 0.25 G | 0 |", "| int8 | 1 G | 1 |", "| int4 | 2 G | 2 |", "| int2 | 4 G | 4 |",
    ]


@pytest.mark.parametrize("rate", [0.0, -1.0, math.nan, math.inf])
def test_bad_bandwidth_is_refused(rate: float) -> None:
    with pytest.raises(ValueError) as raised:
        values_per_second(rate, 8)
    assert str(raised.value) == f"bytes_per_second must be finite and > 0, not {rate}"


def test_bad_widths_and_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^bits must be in 1\.\.64, not 0$"):
        values_per_second(1e9, 0)
    with pytest.raises(ValueError, match=r"^word_bits must be in 1\.\.4611686018427387904, not 0$"):
        values_per_word(0, 8)
    with pytest.raises(ValueError, match=r"^k must be in 1\.\.2147483648, not 0$"):
        matmul_traffic(1, 0, 1)


def test_command_prints_the_table_or_one_line() -> None:
    command = [sys.executable, "-m", "golden.bandwidth"]
    done = subprocess.run([*command, "1"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == table(1e9)
    for bad in ("0", "fast"):
        failed = subprocess.run([*command, bad], cwd=ROOT, capture_output=True, text=True)
        assert failed.returncode == 1 and len(failed.stderr.splitlines()) == 1
