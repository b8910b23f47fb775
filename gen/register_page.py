"""The page about an engine's registers: a table of them, their fields, and what is refused."""

from hdl.engine_config import EngineConfig
from hdl.registers import DATA_ERRORS, SETTING_ERRORS, STREAM_ERRORS, Register, registers

__all__ = ["register_page"]

ACCESS = """\
RO is read only, RW is read and written, WO takes commands (a bit written as 1) and reads as 0, W1C is cleared by
writing 1. Writes honour the byte strobes. A write to RO or to no register, and a read of no register, is answered by
SLVERR and changes nothing."""

JUDGED = (
    ("ERROR: refused settings",
     "START with one of these sets the bit of ERROR and EVENT.REFUSED; nothing else happens.", SETTING_ERRORS),
    ("ERROR: streams", "One of these cancels all jobs.", STREAM_ERRORS),
    ("ERROR: data", "Results mean nothing; the job ends as usual.", DATA_ERRORS),
)


def register_page(name: str, config: EngineConfig) -> str:
    """Markdown about the registers of engine `name`."""
    every = registers(config)
    blocks = [f"# Registers of {name}", ACCESS, _table(
        ("offset", "name", "access", "after reset", "meaning"),
        [(f"0x{register.offset:02X}", register.name, register.access.name, _reset(register), register.text)
         for register in every])]
    for register in every:
        # The bits of ERROR come below, by what they mean for the job.
        if register.fields and register.name != "ERROR":
            blocks += [f"## {register.name}", f"{register.text[0].upper()}{register.text[1:]}.", _table(
                ("bits", "field", "meaning"),
                [(_bits(field.low, field.width), field.name, field.text) for field in register.fields])]
    bits = {field.name: field.low for register in every if register.name == "ERROR" for field in register.fields}
    for title, what, errors in JUDGED:
        blocks += [f"## {title}", what, _table(
            ("bit", "field", "set when"), [(str(bits[key]), key, text) for key, text in errors])]
    return "\n\n".join(blocks) + "\n"


def _reset(register: Register) -> str:
    """The value after reset, as one would write it."""
    if register.signed:
        return str(register.reset - (register.reset >> 31 << 32))
    return f"0x{register.reset:08X}" if register.fields or register.name == "ID" else str(register.reset)


def _bits(low: int, width: int) -> str:
    return str(low) if width == 1 else f"{low + width - 1}:{low}"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *escaped])
