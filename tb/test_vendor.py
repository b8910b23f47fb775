"""Parts made of an FPGA's own cells: their twins for simulation, and the cells themselves, cycle by cycle."""

import pytest

from tb.run import ROOT, generate, simulate

SHAPES = {
    "cell": ("cell", {}, "sim_cell", 2),
    "cell-depth-4": ("cell", {"depth": 4}, "sim_cell", 2),
    "cell-narrow": ("cell", {"act_width": 4, "weight_width": 2, "acc_width": 13}, "sim_cell", 2),
    "cell-subtract": ("cell", {"depth": 3, "zero_points": "subtract"}, "sim_cell", 2),
    "array": ("array", {"rows": 3, "cols": 5, "fanout": 2}, "sim_array", 3),
    "array-depth-8": ("array", {"rows": 1, "cols": 3, "depth": 8}, "sim_array", 3),
    "requant-single": ("requant", {"modes": "SINGLE"}, "sim_requant", 1),
    "requant-all": ("requant", {"modes": "F32,SINGLE,DOUBLE,DOUBLE_UP,FBGEMM"}, "sim_requant", 1),
    "unit": ("unit", {"rows": 3, "cols": 5, "fanout": 2}, "sim_unit", 4),
}


def synthesized(generated):
    """`generated` as synthesis reads it, with models of the cells."""
    text = generated.verilog.read_text()
    assert "`ifdef SYNTHESIS" in text
    models = (ROOT / "tb" / "ecp5_cells.v").read_text()
    generated.verilog.write_text(f"`define SYNTHESIS\n{text}\n{models}")
    return generated


@pytest.mark.parametrize("multiplier", ["ecp5"])
@pytest.mark.parametrize("name", SHAPES)
def test_twin_of_vendor_cells_is_exact(directory, coverage, name, multiplier):
    block, parameters, module, tests = SHAPES[name]
    generated = generate(block, directory, multiplier=multiplier, **parameters)
    assert len(simulate(generated, module, coverage=coverage)) == tests


@pytest.mark.parametrize("multiplier", ["ecp5"])
@pytest.mark.parametrize("name", SHAPES)
def test_vendor_cells_are_exact(directory, coverage, name, multiplier):
    block, parameters, module, tests = SHAPES[name]
    generated = synthesized(generate(block, directory, multiplier=multiplier, **parameters))
    assert len(simulate(generated, module, coverage=coverage)) == tests
