"""Named configurations: starting points that parameters given beside them refine."""

from hdl.config import Mode, ZeroPoints

__all__ = ["PRESETS"]

# Each entry: what it is for, and the parameters that differ from the defaults.
PRESETS: dict[str, tuple[str, dict]] = {
    "square": ("8x8 systolic array, float32 requantization: the default", {}),
    "tiny": ("2x2, small enough to follow in a wave viewer", {"rows": 2, "cols": 2}),
    "dot": ("4x4 cells that sum four products a cycle", {"rows": 4, "cols": 4, "depth": 4}),
    "vector": ("one row for batch 1: eight columns of eight products", {"rows": 1, "depth": 8}),
    "lean": ("8x8 with two requantizers and double rounding, as on microcontrollers",
             {"modes": (Mode.DOUBLE,), "requant_lanes": 2}),
    "universal": ("8x8 with every mode, run-time zero points and raw accumulators",
                  {"modes": tuple(Mode), "zero_points": ZeroPoints.SUBTRACT, "raw_output": True}),
}
