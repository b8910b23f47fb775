"""Whole boards, as their platforms give them to synthesis, with the engine's Verilog and models of the pins' cells."""

import pytest

from gen.boards.boards import BOARDS
from gen.boards.design import TOP, write_design
from tb.run import ROOT, Generated, simulate

# Clock cycles of a bit, power-up in bytes' times, and what the pin of a lamp is that is out.
BOARDS_TRIED = {"ulx3s": (4, 2, 0), "ulx3s_25f": (4, 2, 0), "icebreaker": (5, 8, 1), "tang_nano_9k": (8, 2, 1)}
# Bytes of silence before a frame is given up.
TIMEOUT_BYTES = 20


def board(name, directory):
    """The board `name` with all that a simulation needs, and facts that the other side must know."""
    bit_cycles, power_up, dark = BOARDS_TRIED[name]
    design = write_design(BOARDS[name], directory, bit_cycles=bit_cycles, timeout=10 * bit_cycles * TIMEOUT_BYTES,
                          debug_verilog=True)
    texts = [(directory / file).read_text() for file in (f"{TOP}.debug.v", f"{design.name}.v")]
    (directory / f"{TOP}.v").write_text("\n".join([*texts, (ROOT / "tb" / "board_cells.v").read_text()]))
    (directory / f"{TOP}.json").write_text((directory / f"{design.name}.json").read_text())
    return Generated(directory, TOP), {"bit_cycles": bit_cycles, "power_up": power_up, "dark": dark,
                                       "timeout_bytes": TIMEOUT_BYTES}


@pytest.mark.parametrize("name", BOARDS_TRIED)
def test_board_multiplies_over_its_serial_line(directory, name):
    generated, facts = board(name, directory)
    # What passes the line is the same whatever computes it: not every mode of the largest board.
    assert len(simulate(generated, "sim_board", rounds="few", **facts)) == 2


def test_board_answers_every_mistake(directory):
    generated, facts = board("icebreaker", directory)
    assert len(simulate(generated, "sim_board_mistakes", **facts)) == 1
