"""What software needs of an engine: headers, the page about the registers, and the drivers in C and Python."""

from pathlib import Path

from gen.register_header import MAP, map_header, numbers_header
from gen.register_page import register_page
from hdl.engine_config import EngineConfig

__all__ = ["DRIVER", "LITEX", "UART_DRIVER", "driver", "software", "uart_driver"]

SOURCES = Path(__file__).resolve().parent / "driver"
DRIVER = ("mac_engine.h", "mac_engine.c", "mac_engine_job.c", "mac_engine.py")
# An engine as a module of LiteX.
LITEX = "mac_engine_litex.py"
# Of a core behind a serial line.
UART_DRIVER = ("mac_engine.py", "mac_uart.py")


def driver() -> dict[str, str]:
    """Names and texts of the drivers, the same for every engine."""
    return {name: (SOURCES / name).read_text(encoding="ascii") for name in DRIVER}


def uart_driver() -> dict[str, str]:
    """Names and texts of the drivers for a core behind a serial line."""
    return {name: (SOURCES / name).read_text(encoding="ascii") for name in UART_DRIVER}


def software(name: str, config: EngineConfig) -> dict[str, str]:
    """Names and texts of all files for the software of engine `name`."""
    return {
        f"{name}_registers.md": register_page(name, config),
        f"{name}_registers.h": numbers_header(name, config),
        MAP: map_header(config),
        **driver(),
        LITEX: (SOURCES / LITEX).read_text(encoding="ascii"),
    }
