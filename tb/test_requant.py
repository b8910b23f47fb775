"""The requantizer, emitted with each mode alone and with several, and simulated."""

import pytest

from tb.run import generate, simulate


@pytest.mark.parametrize("modes", [
    "F32", "SINGLE", "DOUBLE", "DOUBLE_UP", "FBGEMM", "F32,SINGLE", "DOUBLE,DOUBLE_UP", "F32,FBGEMM",
    "F32,SINGLE,DOUBLE,DOUBLE_UP", "F32,SINGLE,DOUBLE,DOUBLE_UP,FBGEMM",
])
def test_requantizer_equals_the_golden_model(directory, coverage, modes):
    requantizer = generate("requant", directory, modes=modes)
    # All vectors for each mode alone, of which other modes are made too.
    vectors = {"vectors": 1000} if "," in modes else {}
    assert len(simulate(requantizer, "sim_requant", coverage=coverage, **vectors)) == 1
