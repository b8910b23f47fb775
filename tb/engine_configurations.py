"""Engines that find different mistakes, by name: for the regression and for `make gemm`."""

from typing import Any

__all__ = ["CONFIGURATIONS"]

ALL = "F32,SINGLE,DOUBLE,DOUBLE_UP"

# Limits that a short test reaches.
SMALL = {"k_max": 24, "n_max": 16, "weight_beats": 64}

CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "1x1x1": {"rows": 1, "cols": 1, **SMALL},
    "3x5x1": {"rows": 3, "cols": 5, "modes": "DOUBLE", "k_max": 23, "n_max": 17, "weight_beats": 50, "out_bytes": 4},
    "4x4x1": {"rows": 4, "cols": 4, "modes": ALL, "raw_output": True, "n_max": 40, "k_max": 40, "weight_beats": 99},
    "8x8x1-wide": {"rows": 8, "cols": 8, "act_bytes": 32, "out_bytes": 64},
    "4x4x4": {"rows": 4, "cols": 4, "depth": 4, "modes": "SINGLE", "weight_bytes": 4, **SMALL, "weight_beats": 20},
    "1x8x8": {"rows": 1, "cols": 8, "depth": 8, "modes": "DOUBLE_UP", "n_max": 24, "k_max": 100, "weight_beats": 33},
    "subtract": {"rows": 4, "cols": 3, "depth": 2, "zero_points": "subtract", "modes": "F32,DOUBLE",
                 "raw_output": True, **SMALL},
    "subtract-shared": {"rows": 2, "cols": 6, "zero_points": "subtract", "requant_lanes": 2, "raw_output": True,
                        "modes": f"{ALL},FBGEMM", "n_max": 30, "k_max": 30, "weight_beats": 90, "act_bytes": 4},
    # Many rows behind one requantizer: the last ones are on their way long after those that are wanted.
    "tall-shared": {"rows": 16, "cols": 4, "requant_lanes": 1, "modes": "F32,DOUBLE", "raw_output": True,
                    **SMALL, "n_max": 48},
    "raw-only": {"rows": 2, "cols": 4, "modes": "none", "raw_output": True, "out_bytes": 8, **SMALL, "n_max": 48},
    "4-bit": {"rows": 4, "cols": 4, "act_width": 4, "weight_width": 4, "acc_width": 20, "requant_lanes": 2, **SMALL},
    "4-bit-subtract": {"rows": 2, "cols": 2, "depth": 4, "act_width": 4, "weight_width": 2, "acc_width": 16,
                       "zero_points": "subtract", "modes": "F32,FBGEMM", "act_bytes": 8, **SMALL, "weight_beats": 40},
    "narrow": {"rows": 2, "cols": 3, "depth": 8, "modes": "F32,DOUBLE", "raw_output": True, "act_bytes": 1,
               "weight_bytes": 1, "out_bytes": 1, **SMALL, "weight_beats": 15},
}
