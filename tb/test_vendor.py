"""Parts made of an FPGA's own cells: their twins for simulation, and the cells themselves, cycle by cycle."""

import pytest

from tb.run import ROOT, generate, simulate

SHAPES = {
    "cell": ("cell", {}, "sim_cell", 2),
    "cell-depth-4": ("cell", {"depth": 4}, "sim_cell", 2),
    "cell-narrow": ("cell", {"act_width": 4, "weight_width": 2, "acc_width": 13}, "sim_cell", 2),
    "cell-tall": ("cell", {"act_width": 3, "weight_width": 8, "acc_width": 15}, "sim_cell", 2),
    "cell-subtract": ("cell", {"depth": 3, "zero_points": "subtract"}, "sim_cell", 2),
    "cell-subtract-alone": ("cell", {"zero_points": "subtract"}, "sim_cell", 2),
    "array": ("array", {"rows": 3, "cols": 5, "fanout": 2}, "sim_array", 3),
    "array-depth-8": ("array", {"rows": 1, "cols": 3, "depth": 8}, "sim_array", 3),
    "requant-single": ("requant", {"modes": "SINGLE"}, "sim_requant", 1),
    "requant-all": ("requant", {"modes": "F32,SINGLE,DOUBLE,DOUBLE_UP,FBGEMM"}, "sim_requant", 1),
    "unit": ("unit", {"rows": 3, "cols": 5, "fanout": 2}, "sim_unit", 4),
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


@pytest.mark.parametrize(("multiplier", "name"), CASES)
def test_twin_of_vendor_cells_is_exact(directory, coverage, name, multiplier):
    block, parameters, module, tests = SHAPES[name]
    generated = generate(block, directory, multiplier=multiplier, **parameters)
    assert len(simulate(generated, module, coverage=coverage)) == tests


@pytest.mark.parametrize(("multiplier", "name"), CASES)
def test_vendor_cells_are_exact(directory, coverage, name, multiplier):
    block, parameters, module, tests = SHAPES[name]
    generated = synthesized(generate(block, directory, multiplier=multiplier, **parameters), multiplier)
    assert len(simulate(generated, module, coverage=coverage)) == tests
