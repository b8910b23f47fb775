"""Emitted text: one module for each distinct part, plain names, no trace of the machine, no reset that nobody needs."""

import re
from functools import cache
from typing import Any

import pytest

from gen.block import BLOCKS, PARTS, block_name, files
from gen.describe import WITH_RESET
from gen.emit import elaborate, emit
from gen.options import kind_of
from gen.tests.verilog import header, instances, modules, ports
from hdl.config import Config, ConfigError, Mode, ZeroPoints

EVERYTHING: dict[str, Any] = {"modes": tuple(Mode), "zero_points": ZeroPoints.SUBTRACT, "raw_output": True}

CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "default": {},
    "1x1": {"rows": 1, "cols": 1, "modes": (Mode.SINGLE,)},
    "deep": {"rows": 1, "cols": 3, "depth": 5, "modes": (Mode.DOUBLE,)},
    "everything": {"rows": 3, "cols": 6, "depth": 2, "requant_lanes": 2, **EVERYTHING},
    "raw-only": {"rows": 2, "cols": 4, "requant_lanes": 1, "modes": (), "raw_output": True},
}


@cache
def text(block, **parameters):
    """Verilog of a block, as it is delivered."""
    config = kind_of(block)(**parameters)
    return files(block, config)[f"{block_name(block, config)}.v"]


def square(size):
    return text("unit", rows=size, cols=size)


def lines(module):
    return module.count("\n")


# Modules and names ------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_emitted_modules_are_unique_and_all_used(name):
    config = Config(**CONFIGURATIONS[name])
    found = modules(text("unit", **CONFIGURATIONS[name]))
    used = {module for body in found.values() for module, _ in instances(body)}
    assert used == found.keys() - {f"mac_unit_{config.name}"}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_emitted_ports_have_the_names_that_were_declared(name):
    for module in modules(text("unit", **CONFIGURATIONS[name])).values():
        assert all(re.fullmatch(r"[a-z]\w*", port) for port in ports(module)), ports(module)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_emitted_module_and_instance_names_need_no_escape(name):
    found = modules(text("unit", **CONFIGURATIONS[name]))
    names = [*found, *(instance for body in found.values() for _, instance in instances(body))]
    assert all(re.fullmatch(r"[a-z]\w*", item) for item in names), names


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_emitted_text_has_no_name_that_yosys_invented(name):
    assert "\\$" not in text("unit", **CONFIGURATIONS[name])


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_emitted_headers_have_clock_and_reset_first_and_the_rest_in_order(name):
    for module in modules(text("unit", **CONFIGURATIONS[name])).values():
        names = header(module)
        clocks = [port for port in ("clk", "rst") if port in names]
        assert names == clocks + sorted(set(names) - set(clocks))
        assert set(names) == ports(module).keys()


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_emitted_array_instantiates_one_row_module_of_one_cell_module(name):
    config = Config(**CONFIGURATIONS[name])
    found = modules(text("unit", **CONFIGURATIONS[name]))
    rows = instances(found["mac_array"])
    assert rows == [("mac_row", f"row_r{r}") for r in range(config.rows)]
    assert instances(found["mac_row"]) == [("mac_cell", f"cell_c{c}") for c in range(config.cols)]
    assert [module for module in found if "cell" in module or "row" in module] == ["mac_cell", "mac_row"]


def test_emitted_choice_among_many_has_a_name_that_every_simulator_takes():
    verilog = text("registers", rows=2, cols=2)
    names = re.findall(r"^  function (?:\[\d+:0\] )?(\S+) ?;$", verilog, re.MULTILINE)
    assert names and all(re.fullmatch(r"choose_\d+", name) for name in names)
    assert all(f" = {name}(" in verilog for name in names)


# Growth -----------------------------------------------------------------------------------------------------------

def test_emitted_cell_is_the_same_whatever_the_size():
    cell = modules(square(4))["mac_cell"]
    assert all(modules(square(size))["mac_cell"] == cell for size in (8, 16, 32))


def test_emitted_row_grows_by_14_lines_for_each_cell():
    for cols in (4, 8, 16, 32):
        assert lines(modules(square(cols))["mac_row"]) == 14 * cols + 11


def test_emitted_row_is_the_same_however_many_rows():
    few, many = (modules(text("array", rows=rows, cols=3))["mac_row"] for rows in (1, 7))
    assert few == many


def test_emitted_text_grows_with_the_edges_and_not_with_the_area():
    small, medium, large = (lines(square(size)) for size in (8, 16, 32))
    # What 16 more rows and columns add is about twice what 8 more add; by area it would be four times.
    assert 1.8 * (medium - small) < large - medium < 2.2 * (medium - small)
    assert len(square(16)) < 1.6 * len(square(8))


def test_emitted_32x32_has_one_cell_and_less_than_200_kilobytes():
    assert square(32).count("module mac_cell(") == 1
    assert len(square(32)) < 200_000


# Traces -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("block", [*BLOCKS, *PARTS])
def test_emitted_text_names_neither_tool_nor_file_nor_attribute(block):
    verilog = text(block, rows=2, cols=2)
    assert not re.search(r"yosys|amaranth|python|generated by(?! macaw)", verilog, re.IGNORECASE)
    assert not re.search(r"(?<!/)/(?!/)", verilog)
    assert "/*" not in verilog and "(*" not in verilog and "`" not in verilog


def test_emitted_text_is_the_same_when_emitted_again():
    config = Config(rows=3, cols=6, requant_lanes=2, **EVERYTHING)
    assert files("unit", config) == files("unit", config)


# Reset ------------------------------------------------------------------------------------------------------------

# Output ports cannot be declared free of reset. These hold data, which a token elsewhere declares valid.
DATA = {"raw", "y", "clamped", "o", "mantissa", "leading_zeros", "negative"}


def prototypes(component):
    """All prototypes below `component`, innermost first."""
    for prototype in getattr(component, "prototypes", ()):
        yield from prototypes(prototype.component)
        yield prototype


def reset_registers(component):
    """Registers that a reset in the clock domain would set, in `component` and the modules below it."""
    found = set()
    for module in modules(emit(component, "top", has_reset=True)).values():
        uses = re.sub(r"^module .*$|^  (input|wire) rst;$|\.rst\(rst\)", "", module, flags=re.MULTILINE)
        values = re.findall(r"^  assign (\S+) +(?:\[[0-9:]+\] )?= rst \?", uses, re.MULTILINE)
        assert len(re.findall(r"\brst\b", uses)) == len(values), "a reset in another form"
        for value in values:
            registers = re.findall(rf"(\S+) +<= {re.escape(value)}\b", module)
            assert registers, value
            found.update(registers)
    return found


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_emitted_prototype_without_reset_holds_data_only(name):
    config = Config(**CONFIGURATIONS[name])
    unit = BLOCKS["unit"](config)
    elaborate(unit)
    found = {prototype.name: prototype for prototype in prototypes(unit)}
    assert {"mac_cell", "mac_row", "mac_array", "mac_lane", "mac_admission", "mac_channels"} <= found.keys()
    bodies = modules(text("unit", **CONFIGURATIONS[name]))

    def resets(module):
        return "= rst ?" in bodies[module] or any(resets(part) for part, _ in instances(bodies[module]))

    for prototype in found.values():
        if prototype.has_reset:
            assert resets(prototype.name), prototype.name
        else:
            assert reset_registers(prototype.component) <= DATA, prototype.name


@pytest.mark.parametrize("block", ["requant", "cell"])
@pytest.mark.parametrize("name", ["default", "1x1", "deep", "everything"])
def test_emitted_block_without_reset_holds_data_only(block, name):
    assert reset_registers(BLOCKS[block](Config(**CONFIGURATIONS[name]))) <= DATA


@pytest.mark.parametrize("block", [*BLOCKS, *PARTS])
def test_emitted_block_uses_a_reset_or_does_not_mention_it(block):
    assert ("= rst ?" in text(block)) == bool(re.search(r"\brst\b", text(block))) == (block in WITH_RESET)


# Names ------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_emitted_modules_of_a_named_block_all_begin_with_the_name(name):
    config = Config(**CONFIGURATIONS[name])
    found = modules(files("unit", config, "layer1")["layer1.v"])
    assert "layer1" in found
    assert all(module == "layer1" or module.startswith("layer1_") for module in found)
    used = {module for body in found.values() for module, _ in instances(body)}
    assert used == found.keys() - {"layer1"}


@pytest.mark.parametrize("name", ["", "1st", "a b", "a-b", "\\x ", "a\n"])
def test_emitted_names_must_be_identifiers(name):
    with pytest.raises(ConfigError, match="name must be a Verilog identifier"):
        files("unit", Config(rows=1, cols=1), name)
