"""`python -m gen.synth`: what is refused, how cells are counted, and what synthesis makes of the cell."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gen.options import configuration
from gen.synth.measure import area
from gen.synth.report import label, markdown, table
from gen.synth.standard import MORE, STANDARD, standard
from gen.synth.targets import PINS, TARGETS, Area
from gen.synth.tools import synthesize
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
    # Half multipliers, a whole one, and two behind one ALU.
    assert TARGETS["gowin"].area({"MULT9X9": 3, "MULT18X18": 1, "MULTALU18X18": 1, "ALU": 2}) == Area(2, 0, 5, 0)
    assert TARGETS["xilinx"].area({"LUT6": 1, "LUT2": 1, "FDRE": 4, "DSP48E1": 2, "CARRY4": 9}) == Area(2, 4, 2, 0)


def test_pins_are_given_to_tools_that_choose_none():
    assert TARGETS["gowin"].parts[0].constraints() == 'IO_LOC "clk" 52;\nIO_LOC "i" 10;\nIO_LOC "o" 11;\n'
    assert TARGETS["ecp5"].parts[0].constraints() == ""
    for target in TARGETS.values():
        for part in target.parts:
            assert bool(part.pins) == (f"cst={PINS}" in part.arguments)


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
    for name, target in TARGETS.items():
        built = standard(name)
        assert [block for block, _ in built] == [block for block, _ in [*STANDARD, *MORE.get(name, [])]]
        assert all(config.multiplier.name.lower() == target.multiplier for _, config in built)


# Mapping ----------------------------------------------------------------------------------------------------------

# One cell of depth 1 on a target with a multiplier, and what it may take. 32 LUT are the selection of the output, 16
# flip-flops the operands on their way to the neighbours, 2 the tokens.
CELLS = {
    # Product and accumulator in the DSP block.
    ("xilinx", "behavioural"): Area(32, 18, 1, 0),
    # The accumulator too; what lets a sum start without a lost cycle is outside.
    ("ice40", "behavioural"): Area(64, 18, 1, 0),
    # The product alone.
    ("ecp5", "behavioural"): Area(96, 66, 1, 0),
    # The product with its registers in the DSP block; a register on the way; the accumulator in carry cells.
    ("ecp5", "ecp5"): Area(65, 66, 1, 0),
    # 78 LUT for the product, with a register after every second row; 32 for the accumulator.
    ("ecp5", "ecp5_carry"): Area(143, 138, 0, 0),
    # Half a DSP block, for the product alone.
    ("gowin", "behavioural"): Area(96, 66, 1, 0),
    # Product and accumulator, in what could be two products.
    ("gowin", "gowin"): Area(33, 18, 2, 0),
}


def assert_at_most(taken, most):
    assert (taken.dsp, taken.ram) == (most.dsp, most.ram)
    assert taken.lut <= most.lut and taken.ff <= most.ff


@pytest.mark.parametrize(("target", "multiplier"), CELLS)
def test_cell_maps_to_what_the_target_has(target, multiplier):
    directory = ROOT / "build" / "synth" / "mapping" / f"{target}_{multiplier}"
    taken = area(target, "cell", configuration({"multiplier": multiplier}, block="cell"), directory)
    assert_at_most(taken, CELLS[target, multiplier])


@pytest.mark.parametrize(("parameters", "most"), [
    ({"act_width": 2, "weight_width": 2, "acc_width": 16}, Area(39, 26, 0, 0)),
    ({"weight_width": 4}, Area(103, 78, 0, 0)),
    ({"zero_points": "subtract"}, Area(154, 151, 0, 0)),
], ids=["2x2", "8x4", "9x9"])
def test_carry_cells_grow_with_the_narrower_operand(parameters, most):
    directory = ROOT / "build" / "synth" / "mapping" / f"ecp5_carry_{most.lut}"
    config = configuration({"multiplier": "ecp5_carry", **parameters}, block="cell")
    assert_at_most(area("ecp5", "cell", config, directory), most)


# The accumulator as the generator writes it.
ACCUMULATE = re.compile(r"assign (\S+) = start \? 32'd0 : acc;\n  assign (\S+) = (\$signed\(\S+\)) \+ (\S+);")


@pytest.mark.parametrize("target", ["xilinx", "ice40"])
def test_accumulator_written_otherwise_exceeds_what_a_cell_may_take(target):
    directory = ROOT / "build" / "synth" / "mapping" / f"{target}_otherwise"
    part, most = TARGETS[target].parts[0], CELLS[target, "behavioural"]
    assert_at_most(area(target, "cell", configuration({}, block="cell"), directory), most)
    verilog = directory / "mac_cell.v"
    text, changes = ACCUMULATE.subn(r"assign \1 = acc;\n  assign \2 = start ? \4 : \3 + \4;", verilog.read_text())
    assert changes == 1
    verilog.write_text(text)
    with pytest.raises(AssertionError):
        assert_at_most(TARGETS[target].area(synthesize(part, [verilog.name], "mac_cell", directory)), most)
