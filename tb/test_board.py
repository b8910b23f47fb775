"""Whole boards, as their platforms give them to synthesis, with the engine's Verilog and models of the pins' cells."""

import pytest

from gen.boards.boards import BOARDS
from gen.boards.design import TOP, write_design
from tb.run import ROOT, Generated, simulate

# Clock cycles of a bit, and whether all mistakes are made: the smallest board is the quickest.
BOARDS_TRIED = {"ulx3s_25f": (4, False), "icebreaker": (5, True), "tang_nano_9k": (8, False)}
# Bytes of silence before a frame is given up.
TIMEOUT_BYTES = 20


@pytest.mark.parametrize("name", BOARDS_TRIED)
def test_board_multiplies_over_its_serial_line(directory, name):
    bit_cycles, misuse = BOARDS_TRIED[name]
    design = write_design(BOARDS[name], directory, bit_cycles=bit_cycles, timeout=10 * bit_cycles * TIMEOUT_BYTES,
                          debug_verilog=True)
    texts = [(directory / file).read_text() for file in (f"{TOP}.debug.v", f"{design.name}.v")]
    (directory / f"{TOP}.v").write_text("\n".join([*texts, (ROOT / "tb" / "board_cells.v").read_text()]))
    (directory / f"{TOP}.json").write_text((directory / f"{design.name}.json").read_text())
    ran = simulate(Generated(directory, TOP), "sim_board", bit_cycles=bit_cycles, misuse=int(misuse),
                   timeout_bytes=TIMEOUT_BYTES, power_up=8 if name == "icebreaker" else 2,
                   dark=0 if name.startswith("ulx3s") else 1)
    assert len(ran) == 2 + misuse
