"""The page about the registers: a row for each register, field and error, as tables that Markdown understands."""

import re

import pytest

from gen.register_page import register_page
from hdl.config import Mode, ZeroPoints
from hdl.engine_config import EngineConfig
from hdl.registers import ERROR, registers

PAGE = register_page("layer1", EngineConfig())


def tables(page):
    """Rows of the table below each heading; the rule below its head is checked and left out."""
    found = {}
    for part in re.split(r"^#+ ", page, flags=re.MULTILINE)[1:]:
        title, *lines = part.splitlines()
        rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("|")]
        assert set(rows[1]) == {"---"} and len({line.count(" | ") for line in lines if line.startswith("|")}) == 1
        found[title] = [rows[0], *rows[2:]]
    return found


def test_register_page_has_a_row_for_every_register():
    head, *rows = tables(PAGE)["Registers of layer1"]
    assert head == ["offset", "name", "access", "after reset", "meaning"]
    assert [(int(row[0], 16), row[1], row[2], int(row[3], 0) % 2**32, row[4]) for row in rows] == [
        (entry.offset, entry.name, entry.access.name, entry.reset, entry.text) for entry in registers(EngineConfig())]


@pytest.mark.parametrize(("name", "reset"), [
    ("LOW", "-128"), ("HIGH", "127"), ("ID", "0x4D414357"), ("SHAPE", "0x10010306"), ("N_MAX", "1024"), ("M", "0")])
def test_register_page_writes_values_as_one_would(name, reset):
    config = EngineConfig(rows=6, cols=3, zero_points=ZeroPoints.SUBTRACT)
    rows = {row[1]: row for row in tables(register_page("layer1", config))["Registers of layer1"]}
    assert rows[name][3] == reset


def test_register_page_has_a_table_for_every_register_with_fields():
    found = tables(PAGE)
    for entry in registers(EngineConfig()):
        assert (entry.name in found) == (bool(entry.fields) and entry.name != "ERROR")
        if entry.name in found:
            assert [row[1] for row in found[entry.name][1:]] == [field.name for field in entry.fields]
    assert found["SHAPE"][2][0] == "15:8" and found["STATUS"][3][0] == "2"


def test_register_page_tells_every_error_with_what_it_means_for_the_job():
    found = tables(PAGE)
    rows = [row for title, table in found.items() if title.startswith("ERROR: ") for row in table[1:]]
    assert [(int(row[0]), row[1], row[2]) for row in rows] == [(field.low, field.name, field.text) for field in ERROR]
    assert [title for title in found if title.startswith("ERROR")] == [
        "ERROR: refused settings", "ERROR: streams", "ERROR: data"]


def test_register_page_names_the_modes():
    assert all(f"{mode.value} {mode.name}" in PAGE for mode in Mode)
