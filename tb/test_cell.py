"""The dot-product cell, emitted and simulated."""

import pytest

from tb.run import generate, simulate


@pytest.mark.parametrize("parameters", [
    {},
    {"depth": 4},
    {"depth": 3, "zero_points": "subtract"},
    {"depth": 8},
    {"act_width": 4, "weight_width": 2, "acc_width": 12},
    {"act_width": 2, "weight_width": 2, "acc_width": 6, "depth": 2},
    {"act_width": 4, "weight_width": 8, "zero_points": "subtract", "acc_width": 20},
], ids=lambda parameters: "-".join(f"{key}={value}" for key, value in parameters.items()) or "8x8-bit")
def test_cell_multiplies_and_accumulates_exactly(directory, coverage, parameters):
    cell = generate("cell", directory, rows=1, cols=1, **parameters)
    # All pairs of operands in a cell of one product and in one of many.
    rounds = "few" if parameters == {"depth": 4} else "all"
    assert len(simulate(cell, "sim_cell", coverage=coverage, rounds=rounds)) == 2
