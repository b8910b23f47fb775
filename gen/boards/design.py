"""The files of a board's design: the emitted core, its software, and what the platform makes of the rest."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gen.block import block_name, files
from gen.boards.boards import BAUD, BoardSetup, bit_cycles_of
from gen.emit import elaborate
from gen.software import uart_driver
from gen.write import write_all
from hdl.board import Board

__all__ = ["TOP", "Design", "write_design"]

TOP = "top"

# Seconds without a byte after which a frame that has begun is given up: computers pause.
SILENCE = 0.25


@dataclass(frozen=True)
class Design:
    """What `write_design` wrote.

    Parameters
    ----------
    directory
        Where the files are.
    name
        Of the core's module.
    frequency
        Of the clock, in Hz.
    bit_cycles, timeout
        Of the line, in clock cycles.
    """

    directory: Path
    name: str
    frequency: float
    bit_cycles: int
    timeout: int


def write_design(setup: BoardSetup, directory: Path, *, baud: int = BAUD, bit_cycles: int | None = None,
                 timeout: int | None = None, **overrides: Any) -> Design:
    """Write Verilog, constraints, scripts and software of a board's design.

    Parameters
    ----------
    setup
        The board.
    directory
        Is made if it is not there.
    baud
        Bits in a second on the line.
    bit_cycles, timeout
        In clock cycles, in place of what `baud` makes them: for simulations.
    overrides
        Of the platform, as Amaranth's ``build`` takes them.

    Raises
    ------
    ConfigError
        amaranth-boards is missing, or `baud` cannot be had.
    WriteError
        `directory` cannot be written.
    """
    config, platform = setup.config(), setup.make_platform()
    frequency = float(platform.default_clk_frequency)
    cycles = bit_cycles or bit_cycles_of(frequency, baud)
    silence = timeout or round(SILENCE * frequency)
    name = block_name("core", config)
    core = files("core", config)
    board = Board(config, name, cycles, silence)
    # Its module is emitted above; this one only lends its ports.
    elaborate(board.core.component)
    platform.add_file(f"{name}.v", core[f"{name}.v"])
    plan = platform.prepare(board, TOP, synth_opts=setup.synthesis, emit_src=False,
                            script_after_synth=f"tee -q -o {TOP}.stat stat -json", **overrides)
    made = {file: content if isinstance(content, str) else content.decode() for file, content in plan.files.items()
            # Their tool names are not those of the packages that are used here.
            if not file.startswith("build_")}
    write_all(directory, core | made | uart_driver())
    return Design(directory, name, frequency, cycles, silence)
