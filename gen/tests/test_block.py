"""The blocks: which files one consists of, and that the Verilog has the ports that the JSON promises."""

import json
import re
from typing import Any

import pytest

from gen.block import BLOCKS, PARTS, block_name, files
from gen.options import kind_of
from gen.software import software
from gen.tests.toy import ToyEngine
from gen.tests.verilog import header, modules, ports
from hdl.config import Config, ConfigError, Mode, ZeroPoints
from hdl.engine_config import EngineConfig

MODES = (Mode.F32, Mode.SINGLE, Mode.DOUBLE, Mode.DOUBLE_UP)
EVERYTHING: dict[str, Any] = {"modes": tuple(Mode), "zero_points": ZeroPoints.SUBTRACT, "raw_output": True}

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "unit": ("unit", {}),
    "unit-1x1": ("unit", {"rows": 1, "cols": 1}),
    "unit-everything": ("unit", {"rows": 3, "cols": 6, "depth": 3, "requant_lanes": 2, **EVERYTHING}),
    "unit-raw-only": ("unit", {"rows": 2, "cols": 4, "modes": (), "raw_output": True, "requant_lanes": 2}),
    "unit-narrow": ("unit", {"rows": 1, "cols": 3, "act_width": 4, "weight_width": 2, "acc_width": 12,
                             "modes": (Mode.DOUBLE,)}),
    "array": ("array", {"rows": 2, "cols": 3, "depth": 4}),
    "array-1x1": ("array", {"rows": 1, "cols": 1, "zero_points": ZeroPoints.SUBTRACT}),
    "requant": ("requant", {}),
    "requant-everything": ("requant", EVERYTHING),
    "cell": ("cell", {"depth": 5, "acc_width": 20}),
    "registers": ("registers", {"rows": 2, "cols": 3}),
}


@pytest.mark.parametrize("case", CASES)
def test_block_ports_are_those_of_the_description(case):
    block, parameters = CASES[case]
    config = kind_of(block)(**parameters)
    name = block_name(block, config)
    texts = files(block, config)
    entries = json.loads(texts[f"{name}.json"])["ports"]
    described = {entry["name"]: (entry["direction"], entry["width"]) for entry in entries}
    module = modules(texts[f"{name}.v"])[name]
    assert ports(module) == described
    assert sorted(header(module)) == sorted(described)


@pytest.mark.parametrize("block", [block for block in BLOCKS | PARTS if block != "engine"])
def test_block_is_verilog_a_description_a_file_list_and_a_core(block):
    config = kind_of(block)(rows=2, cols=3)
    name = f"mac_{block}" if block in ("requant", "cell") else f"mac_{block}_2x3x1"
    assert block_name(block, config) == name
    texts = files(block, config)
    assert list(texts) == [f"{name}.v", f"{name}.json", f"{name}.f", f"{name}.core"]
    assert texts[f"{name}.f"] == f"{name}.v\n"
    assert all(text.isascii() and text.endswith("\n") and not text.endswith("\n\n") for text in texts.values())
    description = json.loads(texts[f"{name}.json"])
    assert (description["name"], description["block"]) == (name, block)


@pytest.mark.parametrize("name", ["", "1a", "a-b", "a\n", "é", "module", "wire"])
def test_block_refuses_a_name_that_is_no_identifier(name):
    with pytest.raises(ConfigError, match=r"^name must be a Verilog identifier of letters, digits and _, not "):
        files("cell", Config(), name)


@pytest.mark.parametrize("name", ["mac_cell", "mac_lane", "mac"])
def test_block_may_be_called_as_a_part_is(name):
    found = modules(files("unit", Config(rows=1, cols=1), name)[f"{name}.v"])
    assert {name, f"{name}_cell", f"{name}_lane"} <= found.keys()
    assert all(module.startswith(name) for module in found)
    assert "activations__payload" in ports(found[name])


@pytest.mark.parametrize("given", [None, "layer1"])
def test_block_engine_comes_with_what_its_software_needs(monkeypatch, given):
    monkeypatch.setitem(BLOCKS, "engine", ToyEngine)
    config = EngineConfig(rows=2, cols=3)
    texts = files("engine", config, given)
    name = given or "mac_engine_2x3x1"
    every = software(name, config)
    assert list(texts) == [f"{name}.v", f"{name}.json", f"{name}.f", *every, f"{name}.tcl", f"{name}.core"]
    assert texts.items() >= every.items()
    assert all(text.isascii() and text.endswith("\n") and not text.endswith("\n\n") for text in texts.values())
    assert files("engine", config, given) == texts


def test_block_engine_has_its_own_clock_and_reset_and_no_other(monkeypatch):
    monkeypatch.setitem(BLOCKS, "engine", ToyEngine)
    texts = files("engine", EngineConfig(rows=2, cols=3))
    top = modules(texts["mac_engine_2x3x1.v"])["mac_engine_2x3x1"]
    described = [entry["name"] for entry in json.loads(texts["mac_engine_2x3x1.json"])["ports"]]
    assert header(top) == sorted(described) and not {"clk", "rst"} & ports(top).keys()
    assert re.search(r"^  mac_registers registers \($", top, re.MULTILINE)
    assert {f"{port}({wire})" for port, wire in (("clk", "aclk"), ("s_axil_wdata", "s_axil_wdata"))} <= {
        line.strip(" .,") for line in top.splitlines()}


def test_block_opens_with_its_name_and_parameters():
    config = Config(rows=2, cols=4, requant_lanes=2, **EVERYTHING | {"modes": MODES})
    first, second, blank = files("unit", config)["mac_unit_2x4x1.v"].splitlines()[:3]
    assert first == "// mac_unit_2x4x1, generated by macaw 0.1.0: change the parameters, not this file."
    assert second == (
        "// rows=2 cols=4 depth=1 act_width=8 weight_width=8 acc_width=32 k_max=33025 zero_points=SUBTRACT "
        "modes=F32,SINGLE,DOUBLE,DOUBLE_UP requant_lanes=2 raw_output=True "
        "multiplier=BEHAVIOURAL fanout=8")
    assert blank == ""


def test_block_has_the_same_text_for_equal_configurations():
    spelled = Config(rows=1, cols=1, modes=(Mode.DOUBLE, Mode.SINGLE), requant_lanes=1, k_max=131071)
    assert files("unit", spelled) == files("unit", Config(rows=1, cols=1, modes=(Mode.SINGLE, Mode.DOUBLE)))


@pytest.mark.parametrize(("block", "parameters", "message"), [
    ("motor", {}, f"block must be one of {', '.join(BLOCKS)}, not 'motor'"),
    ("", {}, f"block must be one of {', '.join(BLOCKS)}, not ''"),
    (["cell"], {}, f"block must be one of {', '.join(BLOCKS)}, not ['cell']"),
    ("requant", {"modes": (), "raw_output": True}, "modes must not be empty for block requant"),
])
def test_block_refuses_what_it_cannot_build(block, parameters, message):
    with pytest.raises(ConfigError) as caught:
        files(block, Config(**parameters))
    assert str(caught.value) == message
