"""The C headers: one macro for each offset, field and number, the map the same for every engine."""

import re
from typing import Any

import pytest

from gen.register_header import identification, limits, map_header, numbers_header
from hdl.config import Mode, ZeroPoints
from hdl.engine_config import EngineConfig
from hdl.registers import registers

LARGE: dict[str, Any] = {"rows": 3, "cols": 6, "depth": 2, "modes": tuple(Mode), "zero_points": ZeroPoints.SUBTRACT,
                         "raw_output": True, "n_max": 300, "act_bytes": 128}


def macros(text):
    """Name and value of each macro, as text; a name that comes twice is an error."""
    found = re.findall(r"^#define (\w+) (\S+)$", text, re.MULTILINE)
    assert len(dict(found)) == len(found)
    return dict(found)


def number(word):
    assert re.fullmatch(r"(\d+|0x[0-9A-F]+)u", word)
    return int(word[:-1], 0)


@pytest.mark.parametrize("given", [{}, LARGE], ids=["default", "large"])
def test_register_header_map_has_every_register_field_and_mode_and_nothing_else(given):
    config = EngineConfig(**given)
    want = {"MAC_ENGINE_ID_VALUE": 0x4D414357, "MAC_ENGINE_VERSION_VALUE": registers(config)[1].reset,
            "MAC_ENGINE_M_MAX": 2**24 - 1}
    want |= {f"MAC_ENGINE_MODE_{mode.name}": mode.value for mode in Mode}
    for register in registers(config):
        name = f"MAC_ENGINE_{register.name}"
        want[f"{name}_OFFSET"] = register.offset
        for field in register.fields:
            want[f"{name}_{field.name}_SHIFT"] = field.low
            want[f"{name}_{field.name}_MASK"] = (2**field.width - 1) * 2**field.low
    assert {name: number(word) for name, word in macros(map_header(config)).items()} == want


def test_register_header_map_is_the_same_for_every_engine():
    assert map_header(EngineConfig()) == map_header(EngineConfig(**LARGE))


def test_register_header_numbers_are_those_of_the_configuration():
    found = {name: number(word) for name, word in macros(numbers_header("layer1", EngineConfig(**LARGE))).items()}
    assert all(name.startswith("LAYER1_") for name in found)
    numbers = {name.removeprefix("LAYER1_"): value for name, value in found.items() if not name.endswith("_RESET")}
    assert numbers == {
        "ROWS": 3, "COLS": 6, "DEPTH": 2, "CHANNEL_BYTES": 16, "ACT_BYTES": 128, "WEIGHT_BYTES": 16, "OUT_BYTES": 16,
        "MODES": 31, "RAW_OUTPUT": 1, "SUBTRACT": 1, "ACT_WIDTH": 8, "WEIGHT_WIDTH": 8, "ACC_WIDTH": 32,
        "K_MAX": 1024, "N_MAX": 300, "RAW_N_MAX": 75, "WEIGHT_BEATS": 4096}
    resets = {name: value for name, value in found.items() if name.endswith("_RESET")}
    assert resets == {f"LAYER1_{entry.name}_RESET": entry.reset for entry in registers(EngineConfig(**LARGE))}


def test_register_header_numbers_include_the_map_and_are_guarded():
    lines = numbers_header("layer1", EngineConfig()).splitlines()
    assert lines[2:4] == ["#ifndef LAYER1_REGISTERS_H", "#define LAYER1_REGISTERS_H"] and lines[-1] == "#endif"
    assert '#include "mac_engine_map.h"' in lines
    lines = map_header(EngineConfig()).splitlines()
    assert lines[2:4] == ["#ifndef MAC_ENGINE_MAP_H", "#define MAC_ENGINE_MAP_H"] and lines[-1] == "#endif"


def test_register_header_comments_say_what_each_register_is():
    text = map_header(EngineConfig())
    assert all(f"/* {entry.name}, {entry.access.name}: {entry.text} */" in text for entry in registers(EngineConfig()))
    assert text.count("/*") == text.count("*/") == len(re.findall(r"^/\* .* \*/$", text, re.MULTILINE))


def test_register_header_identification_is_what_is_fixed_when_built():
    names = [entry.name for entry in identification(EngineConfig())]
    assert names[0] == "ID" and names[-1] == "WEIGHT_BEATS" and "CONTROL" not in names
    assert limits(EngineConfig(rows=5))["ROWS"] == 5
