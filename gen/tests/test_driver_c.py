"""The C driver: compiled with every warning, run against a model of the registers; its packing against the rule."""

import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gen.software import software
from hdl.config import Mode, ZeroPoints
from hdl.engine_config import EngineConfig

HERE = Path(__file__).resolve().parent
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion", "-Wshadow", "-Wcast-qual",
          "-Wstrict-prototypes", "-Wmissing-prototypes"]
DRIVER = ("mac_engine.c", "mac_engine_job.c")

CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "default": {},
    "everything": {"rows": 3, "cols": 6, "depth": 2, "modes": tuple(Mode), "zero_points": ZeroPoints.SUBTRACT,
                   "raw_output": True, "n_max": 100},
    "raw-only": {"rows": 1, "cols": 1, "modes": (), "raw_output": True, "act_width": 4, "k_max": 7},
    "fixed": {"modes": (Mode.DOUBLE, Mode.DOUBLE_UP), "raw_output": True},
}


def compile_with(directory, *words):
    """The compiler's verdict: nothing at all is right."""
    compiler = shutil.which("cc")
    assert compiler, "a C compiler (cc) must be on the PATH"
    done = subprocess.run([compiler, *STRICT, *map(str, words)], cwd=directory, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done.stderr


def delivered(directory, **parameters):
    """Write the software of engine `layer1` into `directory`."""
    for name, text in software("layer1", EngineConfig(**parameters)).items():
        (directory / name).write_text(text)


@pytest.mark.parametrize("source", DRIVER)
def test_driver_compiles_for_memory_mapped_registers(tmp_path, source):
    delivered(tmp_path)
    compile_with(tmp_path, "-c", source, "-Wsign-conversion", "-o", "out.o")


@pytest.mark.parametrize("words", [
    ["-include", "layer1_registers.h", "-include", "layer1_registers.h"],
    ["-DMAC_ENGINE_REGISTERS_H=\"layer1_registers.h\""],
], ids=["header-twice", "header-of-the-engine"])
def test_driver_takes_the_header_of_an_engine(tmp_path, words):
    delivered(tmp_path)
    compile_with(tmp_path, "-c", DRIVER[0], *words, "-o", "out.o")


def test_driver_headers_of_two_engines_fit_into_one_program(tmp_path):
    for name in ("one", "two"):
        for file, text in software(name, EngineConfig(rows=len(name), cols=2 if name == "one" else 4)).items():
            (tmp_path / file).write_text(text)
    (tmp_path / "both.c").write_text('#include "one_registers.h"\n#include "two_registers.h"\n'
                                     "typedef char differ[(ONE_COLS != TWO_COLS) ? 1 : -1];\n")
    compile_with(tmp_path, "-c", "both.c", "-o", "out.o")


@pytest.mark.parametrize("case", CONFIGURATIONS)
def test_driver_does_what_it_says_to_the_registers(tmp_path, case):
    delivered(tmp_path, **CONFIGURATIONS[case])
    compile_with(tmp_path, "-I.", f"-I{HERE}", '-DMAC_ENGINE_PORT_H="driver_port.h"',
                 '-DNUMBERS_H="layer1_registers.h"', "-DP=LAYER1", *DRIVER, HERE / "driver_host.c", "-o", "host")
    done = subprocess.run([tmp_path / "host"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout


# Packing ----------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    """The program that packs, as a function of its numbers; returns words of each line."""
    directory = tmp_path_factory.mktemp("pack")
    delivered(directory)
    compile_with(directory, "-I.", f"-I{HERE}", '-DMAC_ENGINE_PORT_H="driver_port.h"', *DRIVER, HERE / "driver_pack.c",
                 "-o", "pack")

    def run(*numbers):
        done = subprocess.run([directory / "pack", *map(str, numbers)], capture_output=True, text=True, check=True)
        return [line.split(" ") for line in done.stdout.splitlines()]

    return run


def weight(row, column):
    return 1 + (column + 16 * row) % 251


def packed_weights(cols, depth, weight_bytes, n, k):
    """Tiles of columns, in them steps of k, in them [cols][depth], each step in whole words; 0 beyond the matrix."""
    data = b""
    for tile in range(-(-n // cols)):
        for beat in range(-(-k // depth)):
            step = bytes(
                weight(row, column) if row < k and column < n else 0
                for column in range(tile * cols, (tile + 1) * cols) for row in range(beat * depth, (beat + 1) * depth))
            data += step + bytes(-len(step) % weight_bytes)
    return data


@pytest.mark.parametrize("order", [0, 1], ids=["KN", "NK"])
@pytest.mark.parametrize(("cols", "depth", "weight_bytes", "channel_bytes", "n", "k"), [
    (8, 1, 8, 8, 8, 8), (8, 1, 8, 8, 9, 1), (1, 1, 1, 16, 1, 1), (3, 2, 8, 16, 7, 9), (6, 4, 8, 16, 13, 30),
    (5, 4, 4, 8, 5, 4), (1, 8, 8, 16, 3, 17), (7, 1, 2, 8, 20, 3),
])
def test_driver_packs_by_the_rule(pack, order, cols, depth, weight_bytes, channel_bytes, n, k):
    sizes, weights, short, channels, few, biases = pack(cols, depth, weight_bytes, 1000, channel_bytes, n, k, order)
    m = 2**24 - 1
    want = packed_weights(cols, depth, weight_bytes, n, k)
    assert [int(size) for size in sizes] == [m * k, m * n, 4 * m * n, len(want), n * channel_bytes]
    assert weights == ["0", want.hex(), "ee"] and short == ["3"]
    records = b"".join(
        struct.pack("<IfBB6x", 0x80000001 + channel, 1.5 + channel, channel % 64, (200 + channel) % 256)[:channel_bytes]
        for channel in range(n))
    assert channels == ["0", records.hex(), "ee"] and few == ["3"]
    total = [sum((weight(row, channel) + 128) % 256 - 128 for row in range(k)) for channel in range(n)]
    assert [int(word, 16) for word in biases[:n]] == [(0x7FFFFFFF + 128 * value) % 2**32 for value in total]


def test_driver_packs_nothing_that_does_not_fit_the_engine(pack):
    sizes, weights, *_ = pack(8, 1, 8, 9, 8, 16, 5, 0)
    assert sizes[3] == "0" and weights == ["3", "", "ee"]
    assert pack(8, 1, 8, 10, 8, 16, 5, 0)[1][0] == "0"
