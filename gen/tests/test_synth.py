"""`python -m gen.synth`: what is refused, how cells are counted, and what synthesis makes of the cell."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gen.options import configuration
from gen.synth.__main__ import STANDARD
from gen.synth.measure import area
from gen.synth.report import label, markdown, table
from gen.synth.targets import TARGETS, Area
from gen.synth.wrapper import TOP, wrapper

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize(("words", "message"), [
    (["--target", "asic"], "target must be one of ecp5, ice40, gowin, xilinx, not 'asic'"),
    (["--block", "motor"], "block must be one of engine, core, unit, array, requant, cell, not 'motor'"),
    (["--seeds", "0"], "seeds must be an integer from 1 to 99, not '0'"),
    (["--rows", "0"], "rows must be an integer from 1 to 64, not 0"),
])
def test_synthesis_refuses_in_one_line(words, message):
    done = subprocess.run([sys.executable, "-m", "gen.synth", *words], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"gen.synth: {message}\n")


def test_cells_count_as_the_sites_that_they_take():
    assert TARGETS["ecp5"].area({"LUT4": 5, "CCU2C": 3, "TRELLIS_DPR16X4": 2, "TRELLIS_FF": 7, "MULT18X18D": 1,
                                 "PFUMX": 4, "DP16KD": 2}) == Area(5 + 6 + 12, 7, 1, 2)
    assert TARGETS["xilinx"].area({"LUT6": 1, "LUT2": 1, "FDRE": 4, "DSP48E1": 2, "CARRY4": 9}) == Area(2, 4, 2, 0)


def test_wrapper_connects_every_port_once():
    description = {"name": "mac_block", "ports": [
        {"name": "aclk", "direction": "input", "width": 1}, {"name": "a", "direction": "input", "width": 3},
        {"name": "b", "direction": "input", "width": 2}, {"name": "y", "direction": "output", "width": 6}]}
    text = wrapper(description)
    assert re.search(r"mac_block block\(\.aclk\(clk\),\s+\.a\(drive\[2:0\]\),\s+\.b\(drive\[4:3\]\),\s+"
                     r"\.y\(result\[5:0\]\)\);", text)
    # Six bits fold to two, and those to one.
    assert "fold_1 <= {^fold_0[5:4], ^fold_0[3:0]};" in text and "fold_2 <= {^fold_1[1:0]};" in text
    assert text.startswith(f"module {TOP}(input clk, input i, output o);")


ROW = {"part": "P", "block": "array", "config": {"rows": 2, "cols": 2, "depth": 1}, "macs": 4, "lut": 40, "ff": 20,
       "dsp": 4, "ram": 0, "mhz": [90.0, 100.0, 120.0], "median_mhz": 100.0, "path": "a -> b", "note": ""}


def test_table_quotes_the_median_and_figures_for_each_mac():
    line, path = table([ROW]).splitlines()[1:]
    assert line.split() == ["P", "array", "2×2×1", "40", "20", "4", "0", "10.0", "5.0", "90", "100", "120", "0.4"]
    assert path.strip() == "a -> b"
    assert markdown([ROW]).splitlines()[-1].startswith("| P | array 2×2×1 | 40 |")


def test_table_leaves_out_what_there_is_not():
    row = {**ROW, "block": "requant", "macs": 0, "mhz": [], "median_mhz": None, "note": "no place and route",
           "config": {**ROW["config"], "modes": ["SINGLE"]}}
    assert label(row) == "requant SINGLE"
    assert markdown([row]).splitlines()[-1] == "| P | requant SINGLE | 40 | 20 | 4 | 0 |  |  |  |  |  |  |"


def test_standard_set_can_be_built():
    for block, parameters in STANDARD:
        for target in TARGETS.values():
            configuration({**parameters, "multiplier": target.multiplier}, block=block)


# Mapping ----------------------------------------------------------------------------------------------------------

# One cell of depth 1 and what it may take: LUT and flip-flops beside the DSP block. 32 LUT are the selection of the
# output, 16 flip-flops the operands on their way to the neighbours, 2 the tokens.
CELLS = {
    # Product and accumulator in the DSP block.
    "xilinx": ("behavioural", Area(34, 18, 1, 0)),
    # The accumulator too; what lets a sum start without a lost cycle is outside.
    "ice40": ("behavioural", Area(66, 18, 1, 0)),
    # The product with its registers in the DSP block; a register on the way; the accumulator in carry cells.
    "ecp5": ("ecp5", Area(67, 66, 1, 0)),
    # The product alone.
    "gowin": ("behavioural", Area(98, 66, 1, 0)),
}


@pytest.mark.parametrize("target", CELLS)
def test_cell_maps_to_what_the_target_has(target):
    multiplier, most = CELLS[target]
    directory = ROOT / "build" / "synth" / "mapping" / target
    taken = area(target, "cell", configuration({"multiplier": multiplier}, block="cell"), directory)
    assert taken.dsp == most.dsp and taken.ram == most.ram
    assert taken.lut <= most.lut and taken.ff <= most.ff
