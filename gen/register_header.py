"""C headers of the registers: the map that all engines share, and the numbers of one engine."""

from hdl.config import Mode
from hdl.engine_config import EngineConfig
from hdl.registers import Access, Register, registers

__all__ = ["MAP", "identification", "map_header", "numbers_header"]

# File name of the map; the driver includes it.
MAP = "mac_engine_map.h"

M_MAX = 2**24 - 1


def identification(config: EngineConfig) -> list[Register]:
    """The registers that say what is built: those before CONTROL."""
    every = registers(config)
    [control] = [register.offset for register in every if register.access is Access.WO]
    return [register for register in every if register.offset < control]


def limits(config: EngineConfig) -> dict[str, int]:
    """The numbers in the identification registers, by name of field or register."""
    numbers = {}
    for register in identification(config):
        if register.name in ("ID", "VERSION"):
            continue
        for field in register.fields:
            numbers[field.name] = register.reset >> field.low & (1 << field.width) - 1
        if not register.fields:
            numbers[register.name] = register.reset
    return numbers


def map_header(config: EngineConfig) -> str:
    """Offsets, masks, shifts and codes: the same text for every configuration."""
    by_name = {register.name: register for register in registers(config)}
    lines = [
        "/* Registers of every engine: byte offsets, fields, codes. */",
        "",
        "#ifndef MAC_ENGINE_MAP_H",
        "#define MAC_ENGINE_MAP_H",
        "",
        f"#define MAC_ENGINE_ID_VALUE {_number(by_name['ID'].reset)}",
        f"#define MAC_ENGINE_VERSION_VALUE {_number(by_name['VERSION'].reset)}",
        f"#define MAC_ENGINE_M_MAX {M_MAX}u",
        "",
        "/* Codes of MODE; also the bits of OPTIONS.MODES. */",
        *(f"#define MAC_ENGINE_MODE_{mode.name} {mode.value}u" for mode in Mode),
    ]
    for register in registers(config):
        name = f"MAC_ENGINE_{register.name}"
        lines += ["", f"/* {register.name}, {register.access.name}: {register.text} */",
                  f"#define {name}_OFFSET 0x{register.offset:02X}u"]
        for field in register.fields:
            mask = (1 << field.width) - 1 << field.low
            lines += [*([f"/* {field.text} */"] if field.text else []),
                      f"#define {name}_{field.name}_SHIFT {field.low}u",
                      f"#define {name}_{field.name}_MASK {_number(mask)}"]
    return "\n".join([*lines, "", "#endif", ""])


def numbers_header(name: str, config: EngineConfig) -> str:
    """What is built and the values after reset of engine `name`, each macro with its name before it."""
    prefix = name.upper()
    return "\n".join([
        f"/* Numbers of {name}: what is built, and its registers after reset. */",
        "",
        f"#ifndef {prefix}_REGISTERS_H",
        f"#define {prefix}_REGISTERS_H",
        "",
        f'#include "{MAP}"',
        "",
        *(f"#define {prefix}_{key} {value}u" for key, value in limits(config).items()),
        "",
        *(f"#define {prefix}_{register.name}_RESET {_number(register.reset)}" for register in registers(config)),
        "",
        "#endif",
        "",
    ])


def _number(value: int) -> str:
    return f"0x{value:08X}u"
