"""`make waves`: one tiny product as a wave file, with a saved view for GTKWave and for Surfer."""

import re
from pathlib import Path

from tb.run import BUILD, Recording, generate, simulate

__all__ = ["VIEW", "make_waves"]

CELLS = [f"datapath.array.row_r{r}.cell_c{c}" for r in range(2) for c in range(2)]

# What shows the wavefront, from the operand streams through the cells to the outputs: the groups,
# and in each the signals below the top module with the numbers they are to be shown as.
VIEW: dict[str, list[tuple[str, str]]] = {
    "clock": [("clk", "bit"), ("rst", "bit")],
    "operands_in": [(f"{stream}__{wire}", kind) for stream in ("activations", "weights")
                    for wire, kind in (("valid", "bit"), ("ready", "bit"), ("payload[{}:0]", "hex"))],
    "activations_move_right": [(f"{cell}.a_out[7:0]", "signed") for cell in CELLS],
    "weights_move_down": [(f"{cell}.w_out[7:0]", "signed") for cell in CELLS],
    "products": [(f"{cell}.product_d0[15:0]", "signed") for cell in CELLS],
    "accumulators": [(f"{cell}.acc[31:0]", "signed") for cell in CELLS],
    "columns_leave": [(f"datapath.lane_{c}.acc[31:0]", "signed") for c in range(2)],
    "requantized": [(f"datapath.lane_{c}.y[7:0]", "signed") for c in range(2)],
    "outputs": [("outputs__valid", "bit"), ("outputs__ready", "bit"), ("outputs__payload[{}:0]", "hex")],
}

# Display flags of a GTKWave save file: right-justified, and the number format.
GTKWAVE_FLAGS = {"bit": "28", "hex": "22", "signed": "420"}
SURFER_FORMATS = {"hex": "Hexadecimal", "signed": "Signed"}


def make_waves(directory: Path = BUILD / "waves") -> list[Path]:
    """Simulate the example; returns the wave file, the GTKWave view and the Surfer view."""
    unit = generate("unit", directory, rows=2, cols=2)
    waves = directory / "wavefront.vcd"
    simulate(unit, "sim_waves", record=Recording(waves))
    widths = {port["name"]: port["width"] for port in unit.description()["ports"]}
    signals = {
        group: [(f"{unit.name}.{_full(name, widths)}", kind) for name, kind in entries]
        for group, entries in VIEW.items()
    }
    gtkwave, surfer = directory / "wavefront.gtkw", directory / "wavefront.sucl"
    gtkwave.write_text(_gtkwave(signals))
    surfer.write_text(_surfer(signals))
    return [waves, gtkwave, surfer]


def _full(name: str, widths: dict[str, int]) -> str:
    """`name` with the width of a payload filled in."""
    return name.format(widths.get(name.partition("[")[0], 0) - 1)


def _gtkwave(signals: dict[str, list[tuple[str, str]]]) -> str:
    lines = ['[dumpfile] "wavefront.vcd"', "[timestart] 0", "[size] 1400 900", "[pos] -1 -1", "*-15.000000 0"]
    for group, entries in signals.items():
        lines += ["@200", f"-{group.replace('_', ' ')}"]
        for name, kind in entries:
            lines += [f"@{GTKWAVE_FLAGS[kind]}", f"+{{{_label(name)}}} {name}"]
    return "\n".join(lines) + "\n"


def _surfer(signals: dict[str, list[tuple[str, str]]]) -> str:
    """Commands; an item is focused by its position, written in letters, before its format is set."""
    lines: list[str] = []
    position = 0
    for group, entries in signals.items():
        lines.append(f"divider_add {group}")
        position += 1
        for name, kind in entries:
            lines += [f"variable_add {name.partition('[')[0]}", f"item_focus {_letters(position)}",
                      f"item_rename {_label(name)}"]
            if kind in SURFER_FORMATS:
                lines.append(f"item_set_format {SURFER_FORMATS[kind]}")
            position += 1
    return "\n".join([*lines, "zoom_fit"]) + "\n"


def _label(name: str) -> str:
    """A short name: `r0c1_acc` for the accumulator of a cell, `lane_0_y`, or the port's own."""
    *path, signal = name.partition("[")[0].split(".")
    cell = re.search(r"row_(r\d+)\.cell_(c\d+)$", ".".join(path))
    if cell:
        return f"{cell[1]}{cell[2]}_{signal}"
    return "_".join([*path[2:], signal])


def _letters(position: int) -> str:
    """Surfer's name of the item at `position`: a to z, then ba, bb, ..."""
    letters = chr(ord("a") + position % 26)
    return letters if position < 26 else _letters(position // 26) + letters
