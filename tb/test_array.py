"""The array, emitted and simulated, in shapes that find different mistakes."""

import pytest

from tb.run import generate, simulate

SHAPES = [(1, 1, 1), (3, 5, 1), (4, 4, 1), (8, 8, 1), (4, 4, 4), (1, 8, 8), (5, 1, 2), (2, 3, 3)]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def test_array_matches_the_cycle_model(directory, coverage, shape):
    rows, cols, depth = shape
    array = generate("array", directory, rows=rows, cols=cols, depth=depth)
    assert len(simulate(array, "sim_array", coverage=coverage)) == 4


@pytest.mark.parametrize("parameters", [
    {"act_width": 4, "weight_width": 4, "acc_width": 12},
    {"act_width": 2, "weight_width": 2, "acc_width": 6},
    {"act_width": 8, "weight_width": 2, "acc_width": 14, "zero_points": "subtract"},
], ids=lambda parameters: "-".join(map(str, parameters.values())))
def test_array_of_narrow_operands_matches_the_cycle_model(directory, coverage, parameters):
    array = generate("array", directory, rows=2, cols=3, **parameters)
    assert len(simulate(array, "sim_array", coverage=coverage)) == 4
