"""The files for software: named after the engine, with the driver as it is kept here."""

from gen.register_header import MAP, map_header, numbers_header
from gen.register_page import register_page
from gen.software import DRIVER, LITEX, SOURCES, UART_DRIVER, driver, software, uart_driver
from hdl.engine_config import EngineConfig

CONFIG = EngineConfig(rows=2, cols=3)


def test_software_is_a_page_two_headers_and_the_driver():
    texts = software("layer1", CONFIG)
    assert list(texts) == ["layer1_registers.md", "layer1_registers.h", MAP, *DRIVER, LITEX]
    assert texts["layer1_registers.md"] == register_page("layer1", CONFIG)
    assert texts["layer1_registers.h"] == numbers_header("layer1", CONFIG)
    assert texts[MAP] == map_header(CONFIG)


def test_software_of_two_engines_shares_map_and_driver():
    one, two = software("one", CONFIG), software("two", EngineConfig())
    assert {name: one[name] for name in (MAP, *DRIVER, LITEX)} == {name: two[name] for name in (MAP, *DRIVER, LITEX)}
    assert {name for name in one if name in two} == {MAP, *DRIVER, LITEX}


def test_software_driver_is_every_source():
    sources = {path.name for path in SOURCES.iterdir() if path.suffix in (".c", ".h", ".py")} - {"__init__.py"}
    assert {*DRIVER, *UART_DRIVER, LITEX} == sources
    assert uart_driver() == {name: (SOURCES / name).read_text() for name in UART_DRIVER}
    assert driver() == {name: (SOURCES / name).read_text() for name in DRIVER}
