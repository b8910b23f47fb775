"""The unit, emitted in configurations that find different mistakes, and simulated."""

from typing import Any

import pytest

from tb.run import generate, simulate

ALL = "F32,SINGLE,DOUBLE,DOUBLE_UP"

CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "1x1x1": {"rows": 1, "cols": 1},
    "3x5x1": {"rows": 3, "cols": 5, "modes": "DOUBLE"},
    "4x4x1": {"rows": 4, "cols": 4, "modes": ALL, "raw_output": True},
    "8x8x1": {"rows": 8, "cols": 8},
    "4x4x4": {"rows": 4, "cols": 4, "depth": 4, "modes": "SINGLE"},
    "1x8x8": {"rows": 1, "cols": 8, "depth": 8, "modes": "DOUBLE_UP"},
    "subtract": {"rows": 4, "cols": 3, "depth": 2, "zero_points": "subtract", "modes": "F32,DOUBLE",
                 "raw_output": True},
    "subtract-shared": {"rows": 2, "cols": 6, "zero_points": "subtract", "requant_lanes": 2, "modes": ALL},
    "shared-2": {"rows": 4, "cols": 4, "requant_lanes": 2, "raw_output": True},
    "shared-4": {"rows": 1, "cols": 8, "requant_lanes": 2, "modes": "DOUBLE"},
    "shared-by-all": {"rows": 3, "cols": 3, "requant_lanes": 1, "modes": "SINGLE,DOUBLE_UP"},
    "float-bias": {"rows": 2, "cols": 4, "modes": "FBGEMM", "raw_output": True},
    "float-bias-subtract": {"rows": 2, "cols": 2, "modes": "DOUBLE,F32,FBGEMM", "zero_points": "subtract"},
    "raw-only": {"rows": 2, "cols": 4, "modes": "none", "raw_output": True},
    "raw-only-shared": {"rows": 4, "cols": 4, "modes": "none", "raw_output": True, "requant_lanes": 2},
    "4-bit": {"rows": 4, "cols": 4, "act_width": 4, "weight_width": 4, "acc_width": 20},
    "2-bit": {"rows": 2, "cols": 2, "act_width": 2, "weight_width": 2, "acc_width": 8, "modes": "DOUBLE"},
    "4-bit-subtract": {"rows": 2, "cols": 3, "act_width": 4, "weight_width": 2, "acc_width": 14,
                       "zero_points": "subtract"},
    "longest-sum": {"rows": 1, "cols": 2, "depth": 64},
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_unit_computes_quantized_products_exactly(directory, coverage, name):
    unit = generate("unit", directory, **CONFIGURATIONS[name])
    assert len(simulate(unit, "sim_unit", "sim_misuse", coverage=coverage)) == 10 + 1
