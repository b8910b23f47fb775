"""The set of blocks that is measured on every target, and whose figures the README shows."""

from typing import Any

from gen.options import configuration
from gen.synth.targets import TARGETS
from hdl.config import Config

__all__ = ["MORE", "STANDARD", "standard"]

STANDARD: list[tuple[str, dict[str, Any]]] = [
    ("array", {"rows": 4, "cols": 4}),
    ("array", {"rows": 8, "cols": 8}),
    ("array", {"rows": 1, "cols": 8, "depth": 8}),
    ("requant", {"modes": "SINGLE"}),
    ("engine", {"rows": 2, "cols": 4, "requant_lanes": 1, "modes": "SINGLE", "k_max": 256, "n_max": 256,
                "weight_beats": 1024, "act_bytes": 4, "out_bytes": 4}),
]
# Besides, on the family whose cells are named: its clock rate is the one that was worked on.
MORE: dict[str, list[tuple[str, dict[str, Any]]]] = {"ecp5": [
    ("requant", {"modes": "F32"}),
    ("unit", {"rows": 8, "cols": 8, "modes": "SINGLE", "requant_lanes": 2}),
]}


def standard(target: str, multiplier: str | None = None) -> list[tuple[str, Config]]:
    """The set for `target`, with `multiplier` or the one that suits it."""
    chosen = multiplier or TARGETS[target].multiplier
    return [(block, configuration({**parameters, "multiplier": chosen}, block=block))
            for block, parameters in [*STANDARD, *MORE.get(target, [])]]
