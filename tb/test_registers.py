"""The registers of an engine behind AXI4-Lite, emitted and simulated."""

import pytest

from tb.run import generate, simulate


@pytest.mark.parametrize("parameters", [
    {},
    {"rows": 3, "cols": 6, "depth": 2, "modes": "SINGLE,DOUBLE", "zero_points": "subtract", "raw_output": True},
    {"rows": 1, "cols": 1, "modes": "none", "raw_output": True, "n_max": 65536, "out_bytes": 128},
], ids=["default", "subtract", "raw-only"])
def test_registers_do_what_their_description_says(directory, coverage, parameters):
    registers = generate("registers", directory, **parameters)
    assert len(simulate(registers, "sim_registers", coverage=coverage)) == 10
    assert len(simulate(registers, "sim_counters", coverage=coverage)) == 1
