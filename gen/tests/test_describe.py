"""The JSON description: fields and signedness of payloads, parameters, derived numbers, timing."""

import json

import pytest

from gen.block import BLOCKS, PARTS, block_name, description_of, files
from gen.describe import parameters
from gen.options import configuration, kind_of
from gen.tests.toy import ToyEngine
from hdl.config import Config, Mode, ZeroPoints
from hdl.engine_config import EngineConfig
from hdl.registers import registers

MODES = (Mode.F32, Mode.SINGLE, Mode.DOUBLE, Mode.DOUBLE_UP)


def description(block, **given):
    """The JSON of a block; without its Verilog, if that is possible, which takes ten times as long."""
    config = kind_of(block)(**given)
    if block in BLOCKS:
        return json.loads(json.dumps(description_of(block, config)))
    return json.loads(files(block, config)[f"{block_name(block, config)}.json"])


@pytest.mark.parametrize("block", BLOCKS)
def test_description_is_the_json_that_is_delivered(block):
    config = kind_of(block)(rows=2, cols=2)
    assert files(block, config)[f"{block_name(block, config)}.json"] == json.dumps(
        description_of(block, config), indent=2) + "\n"


def port(described, name):
    [entry] = [entry for entry in described["ports"] if entry["name"] == name]
    return entry


def field(offset, shape, width, signed):
    return {"offset": offset, "shape": shape, "width": width, "signed": signed}


# Fields -----------------------------------------------------------------------------------------------------------

def test_description_of_the_2x3x4_array_has_signed_operands_in_order_of_row_and_depth():
    described = description("array", rows=2, cols=3, depth=4)
    assert port(described, "wave__payload") == {
        "name": "wave__payload", "direction": "input", "width": 163, "signed": False,
        "fields": {
            "a": field(0, [2, 4], 8, True),
            "w": field(64, [3, 4], 8, True),
            "first": field(160, [], 1, False),
            "last": field(161, [], 1, False),
            "set": field(162, [], 1, False),
        },
    }
    assert port(described, "drain") == {
        "name": "drain", "direction": "output", "width": 96, "signed": False, "fields": {"": field(0, [3], 32, True)}}


def test_description_of_the_2x3x4_unit_has_signed_operands_and_raw_results():
    described = description("unit", rows=2, cols=3, depth=4, raw_output=True)
    fields = {entry["name"]: entry["fields"] for entry in described["ports"] if "fields" in entry}
    assert fields == {
        "activations__payload": {"data": field(0, [2, 4], 8, True), "last": field(64, [], 1, False)},
        "weights__payload": {"data": field(0, [3, 4], 8, True), "last": field(96, [], 1, False),
                             "keep": field(97, [], 1, False)},
        "channels__payload": {"bias": field(0, [], 32, True), "multiplier": field(32, [], 32, False)},
        "outputs__payload": {"data": field(0, [3], 8, False), "last": field(24, [], 1, False)},
        "accumulators__payload": {"data": field(0, [3], 32, True), "last": field(96, [], 1, False)},
        "stage": {"zero_point": field(0, [], 9, True), "low": field(9, [], 9, True), "high": field(18, [], 9, True)},
        "errors": {name: field(offset, [], 1, False) for offset, name in enumerate(
            ("last_mismatch", "keep_mismatch", "illegal_channel", "clamp_range"))},
    }
    assert {entry["name"] for entry in described["ports"]} - fields.keys() == {
        "clk", "rst", "busy", "clamped", "clear",
        *(f"{stream}__{wire}" for stream in ("activations", "weights", "channels", "outputs", "accumulators")
          for wire in ("valid", "ready"))}


def test_description_with_subtraction_has_raw_operands_and_zero_points():
    described = description("unit", rows=2, cols=3, act_width=4, weight_width=5, modes=(Mode.SINGLE, Mode.DOUBLE),
                            zero_points=ZeroPoints.SUBTRACT)
    assert port(described, "activations__payload")["fields"]["data"] == field(0, [2, 1], 4, False)
    assert port(described, "weights__payload")["fields"]["data"] == field(0, [3, 1], 5, False)
    assert port(described, "channels__payload")["fields"] == {
        "bias": field(0, [], 32, True), "multiplier": field(32, [], 32, False), "shift": field(64, [], 6, False),
        "weight_zero_point": field(70, [], 5, False)}
    assert port(described, "a_zero_point") == {"name": "a_zero_point", "direction": "input", "width": 4,
                                               "signed": False}
    assert port(described, "mode") == {
        "name": "mode", "direction": "input", "width": (len(Mode) - 1).bit_length(), "signed": False}


@pytest.mark.parametrize("depth", [1, 5])
def test_description_of_the_cell_has_signed_ports_of_the_operand_widths(depth):
    given = {"depth": depth, "act_width": 3, "weight_width": 6, "acc_width": 20}
    described = description("cell", **given, zero_points=ZeroPoints.SUBTRACT)
    for name, width in (("a", 4), ("a_out", 4), ("w", 7), ("w_out", 7)):
        entry = port(described, name)
        assert entry["width"] == depth * width and entry["fields"] == {"": field(0, [depth], width, True)}
    assert port(described, "drain") == {"name": "drain", "direction": "output", "width": 20, "signed": True}


@pytest.mark.parametrize("block", [*BLOCKS, *PARTS])
@pytest.mark.parametrize("size", [(1, 1, 1), (2, 3, 4)], ids=str)
def test_description_fields_fill_their_port_without_gap_or_overlap(block, size):
    rows, cols, depth = size
    described = description(block, rows=rows, cols=cols, depth=depth, modes=tuple(Mode), raw_output=True)
    for entry in described["ports"]:
        assert entry["width"] > 0
        end = 0
        for item in sorted(entry.get("fields", {}).values(), key=lambda item: item["offset"]):
            assert item["offset"] == end
            count = 1
            for length in item["shape"]:
                count *= length
            end += count * item["width"]
        assert end in (0, entry["width"])


@pytest.mark.parametrize("block", [*BLOCKS, *PARTS])
def test_description_has_a_reset_only_where_registers_need_it(block):
    names = [entry["name"] for entry in description(block)["ports"]]
    if block == "engine":
        assert names[:2] == ["aclk", "aresetn"] and not {"clk", "rst"} & set(names)
    else:
        assert names[0] == "clk" and ("rst" in names) == (block in ("unit", "array", "core", "registers"))
    assert len(set(names)) == len(names)


# Numbers ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("given", [
    {},
    {"rows": 3, "cols": 6, "depth": 2, "requant_lanes": 2, "zero_points": ZeroPoints.SUBTRACT, "k_max": 100},
    {"modes": (), "raw_output": True, "act_width": 4, "weight_width": 2, "acc_width": 12},
    {"modes": (Mode.DOUBLE_UP, Mode.F32)},
], ids=str)
def test_description_parameters_survive_json_and_give_the_configuration_back(given):
    config = Config(**given)
    assert configuration(json.loads(json.dumps(parameters(config)))) == config


def test_description_derived_numbers_are_those_of_the_configuration():
    described = description("unit", rows=3, cols=6, depth=2, requant_lanes=2, zero_points=ZeroPoints.SUBTRACT)
    assert described["derived"] == {
        "a_width": 9, "w_width": 9, "k_bound": 33025, "groups": 3, "drain_interval": 9}


def test_description_of_an_engine_derives_the_sizes_of_its_buffers_and_streams():
    described = description("registers", rows=2, cols=6, depth=2, n_max=100, weight_bytes=8, raw_output=True)
    assert described["derived"] == {
        "a_width": 8, "w_width": 8, "k_bound": 131071, "groups": 1, "drain_interval": 2,
        "sets": 17, "raw_n_max": 25, "weight_words": 2, "channel_bytes": 8}
    assert described["config"]["weight_bytes"] == 8 and described["config"]["k_max"] == 1024


def test_description_parameters_of_an_engine_give_its_configuration_back():
    config = EngineConfig(rows=2, cols=6, zero_points=ZeroPoints.SUBTRACT, modes=(Mode.DOUBLE,), act_bytes=4)
    assert configuration(json.loads(json.dumps(parameters(config))), block="engine") == config


def test_description_modes_are_all_modes_with_their_encoding():
    modes = description("cell")["modes"]
    assert list(modes.values()) == list(range(len(Mode)))
    # Software was written for these.
    assert modes.items() >= {"F32": 0, "SINGLE": 1, "DOUBLE": 2, "DOUBLE_UP": 3}.items()


@pytest.mark.parametrize(("depth", "latency"), [(1, 3), (2, 4), (4, 4), (5, 5), (16, 5), (17, 6), (64, 6)])
def test_description_cell_latency_grows_by_one_for_every_two_levels_of_adders(depth, latency):
    assert description("cell", depth=depth)["timing"] == {
        "bubble_latency": int(depth > 1), "first_latency": latency - 2, "latency": latency}


def test_description_latencies_of_array_and_unit_follow_from_the_cell():
    given = {"rows": 2, "cols": 1, "depth": 5}
    assert description("array", **given)["timing"] == {"first_latency": 3, "latency": 6}
    assert description("unit", **given)["timing"]["cell_latency"] == 5


@pytest.mark.parametrize(("modes", "latency"), [
    ((Mode.F32,), 15), ((Mode.SINGLE,), 9), ((Mode.DOUBLE,), 10), ((Mode.F32, Mode.SINGLE), 15), (MODES, 15),
], ids=lambda value: "-".join(mode.name for mode in value) if isinstance(value, tuple) else str(value))
def test_description_latency_of_the_unit_is_that_of_its_parts(modes, latency):
    parts = description("requant", modes=modes)["timing"]
    assert parts.pop("latency") == latency
    rounding = max(parts.pop(f"{kind}_round_latency", 0) for kind in ("float", "fixed"))
    assert sum(parts.values()) + rounding + 2 == latency
    timing = description("unit", rows=4, cols=6, fanout=1, modes=modes)["timing"]
    assert timing.keys() == {"cell_latency", "latency", "raw_latency", "set_interval", "buffer_rows"}
    # Array 4, skew of the columns 5, lane 2, buffer 2.
    assert timing["raw_latency"] == 4 + 5 + 2 + 2
    assert timing["latency"] == timing["raw_latency"] + latency


# Engines ----------------------------------------------------------------------------------------------------------

def test_description_of_an_engine_has_ordinary_ports_for_clock_and_reset(monkeypatch):
    monkeypatch.setitem(BLOCKS, "engine", ToyEngine)
    described = description("engine", rows=2, cols=3)
    assert described["ports"][:3] == [
        {"name": "aclk", "direction": "input", "width": 1, "signed": False},
        {"name": "aresetn", "direction": "input", "width": 1, "signed": False},
        {"name": "irq", "direction": "output", "width": 1, "signed": False}]
    assert not {"clk", "rst"} & {entry["name"] for entry in described["ports"]}
    assert described["registers"] == description("registers", rows=2, cols=3)["registers"]


def test_description_lists_the_registers_and_their_fields():
    config = EngineConfig(rows=2, cols=3)
    entries = description("registers", rows=2, cols=3)["registers"]
    assert [entry["name"] for entry in entries] == [register.name for register in registers(config)]
    named = {entry["name"]: entry for entry in entries}
    assert named["SHAPE"] == {
        "name": "SHAPE", "offset": 8, "access": "RO", "text": "of the array, and the size of a channel record",
        "reset": 0x08010302, "signed": False,
        "fields": [{"name": name, "low": low, "width": 8, "text": ""} for name, low in (
            ("ROWS", 0), ("COLS", 8), ("DEPTH", 16), ("CHANNEL_BYTES", 24))]}
    assert (named["LOW"]["reset"], named["LOW"]["signed"], named["LOW"]["fields"]) == (2**32 - 128, True, [])
    assert {entry["access"] for entry in entries} == {"RO", "RW", "WO", "W1C"}


@pytest.mark.parametrize("block", ["unit", "array", "requant", "cell"])
def test_description_of_a_block_without_registers_has_none(block):
    assert "registers" not in description(block)
