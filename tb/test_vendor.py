"""Parts made of an FPGA's own cells: their twins for simulation, and the cells themselves, cycle by cycle."""

import pytest

from gen.synth.tools import SynthesisError, yosys
from tb.run import ROOT, generate, simulate

SHAPES = {
    "cell": ("cell", {}, "sim_cell", 2),
    "cell-depth-4": ("cell", {"depth": 4}, "sim_cell", 2),
    "cell-narrow": ("cell", {"act_width": 4, "weight_width": 2, "acc_width": 13}, "sim_cell", 2),
    "cell-tall": ("cell", {"act_width": 3, "weight_width": 8, "acc_width": 15}, "sim_cell", 2),
    "cell-subtract": ("cell", {"depth": 3, "zero_points": "subtract"}, "sim_cell", 2),
    "cell-subtract-alone": ("cell", {"zero_points": "subtract"}, "sim_cell", 2),
    "array": ("array", {"rows": 3, "cols": 5, "fanout": 2}, "sim_array", 4),
    "array-depth-8": ("array", {"rows": 1, "cols": 3, "depth": 8}, "sim_array", 4),
    "requant-single": ("requant", {"modes": "SINGLE"}, "sim_requant", 1),
    "requant-all": ("requant", {"modes": "F32,SINGLE,DOUBLE,DOUBLE_UP,FBGEMM"}, "sim_requant", 1),
    "unit": ("unit", {"rows": 3, "cols": 5, "fanout": 2}, "sim_unit", 10),
}
# Which of them each multiplier makes of cells, as others are the same as those of another multiplier.
CASES = [
    *(("ecp5", name) for name in SHAPES if name not in ("cell-tall", "cell-subtract-alone")),
    *(("ecp5_carry", name) for name in SHAPES if not name.startswith("requant") and name != "cell-depth-4"),
    *(("gowin", name) for name in ("cell", "cell-narrow", "cell-subtract-alone", "array", "unit")),
]
# Files with models of the cells.
MODELS = {"ecp5": "ecp5_cells.v", "ecp5_carry": "ecp5_cells.v", "gowin": "gowin_cells.v"}


def synthesized(generated, multiplier):
    """`generated` as synthesis reads it, with models of the cells."""
    text = generated.verilog.read_text()
    assert "`ifdef SYNTHESIS" in text
    models = (ROOT / "tb" / MODELS[multiplier]).read_text()
    generated.verilog.write_text(f"`define SYNTHESIS\n{text}\n{models}")
    return generated


# Enough for another form of what has been seen to be exact: `test_requant`, and all pairs of operands in the twin of a
# cell, which cells of other shapes use too.
SOME = {"vectors": 500, "rounds": "few"}


@pytest.mark.parametrize(("multiplier", "name"), CASES)
def test_twin_of_vendor_cells_is_exact(directory, coverage, name, multiplier):
    block, parameters, module, tests = SHAPES[name]
    generated = generate(block, directory, multiplier=multiplier, **parameters)
    assert len(simulate(generated, module, coverage=coverage, **({} if name == "cell" else SOME))) == tests


@pytest.mark.parametrize(("multiplier", "name"), CASES)
def test_vendor_cells_are_exact(directory, coverage, name, multiplier):
    block, parameters, module, tests = SHAPES[name]
    generated = synthesized(generate(block, directory, multiplier=multiplier, **parameters), multiplier)
    assert len(simulate(generated, module, coverage=coverage, **SOME)) == tests


# Proofs -----------------------------------------------------------------------------------------------------------

# With registers as wires, what remains of a part is a function of its inputs; Yosys has a model of the carry cell.
WIRES = """
module \\$dff (input CLK, input [WIDTH-1:0] D, output [WIDTH-1:0] Q);
  parameter WIDTH = 1, CLK_POLARITY = 1;
  assign Q = D;
endmodule
"""
PROOF = """
read_verilog -nosynthesis {source}; hierarchy -top {part}; proc; flatten; techmap -map wires.v; opt_clean
rename {part} twin; design -stash twin
read_verilog {source} +/ecp5/common_sim.vh +/ecp5/ccu2c_sim.vh; hierarchy -top {part}; proc; flatten
techmap -map wires.v; opt_clean; rename {part} cells; design -stash cells
design -copy-from twin twin; design -copy-from cells cells
miter -equiv -flatten twin cells miter; hierarchy -top miter; sat -verify -prove trigger 0 miter
"""


def prove_equal(generated, part):
    """The module `part` is the same function for synthesis as for simulation, for all inputs."""
    (generated.directory / "wires.v").write_text(WIRES)
    script = PROOF.format(source=generated.verilog.name, part=part)
    yosys("; ".join(script.strip().splitlines()), generated.directory)


@pytest.mark.parametrize(("parts", "parameters"), [
    (["mac_accumulate"], {}),
    (["mac_accumulate", "mac_product"], {"act_width": 4, "weight_width": 2, "acc_width": 13}),
    (["mac_accumulate", "mac_product"], {"act_width": 3, "weight_width": 8, "acc_width": 15}),
    (["mac_product"], {"act_width": 8, "weight_width": 4, "zero_points": "subtract"}),
], ids=["8x8", "4x2", "3x8", "9x5"])
def test_carry_cells_equal_their_twin_for_all_inputs(directory, parts, parameters):
    cell = generate("cell", directory, multiplier="ecp5_carry", **parameters)
    for part in parts:
        prove_equal(cell, part)


def test_proof_finds_one_wrong_bit_of_a_carry_cell(directory):
    cell = generate("cell", directory, multiplier="ecp5_carry")
    text = cell.verilog.read_text()
    at = text.rindex(".INIT0(16'h")
    table = int(text[at + 11:at + 15], 16)
    cell.verilog.write_text(f"{text[:at + 11]}{table ^ 1 << 15:04x}{text[at + 15:]}")
    with pytest.raises(SynthesisError, match="proof did fail"):
        prove_equal(cell, "mac_product")
