"""Random legal parameters of each block, small enough for Icarus: for `make soak` and the fuzz tests."""

from random import Random
from typing import Any

from gen.block import ConfigError
from gen.options import ENGINE_BLOCKS, configuration

__all__ = ["random_parameters"]

MODES = ("F32", "SINGLE", "DOUBLE", "DOUBLE_UP", "FBGEMM")


def random_parameters(rng: Random, block: str) -> dict[str, Any]:
    """Parameters of `block` as the generator takes them from Python, only those that it has and uses.

    The same state of `rng` gives the same parameters.
    """
    while True:
        given = _drawn(rng, block)
        try:
            configuration(given, block=block)
        except ConfigError:     # such as an accumulator too narrow for the operands
            continue
        return given


def _drawn(rng: Random, block: str) -> dict[str, Any]:
    """Parameters that are legal one by one."""
    if block == "requant":
        return {"modes": _modes(rng, fewest=1)}
    engine = block in ENGINE_BLOCKS
    given: dict[str, Any] = {
        "rows": rng.randint(1, 5), "cols": rng.randint(1, 6),
        "depth": rng.choice((1, 1, 2, 4) if engine else (1, 1, 2, 3, 4, 7)),
        "zero_points": rng.choice(("fold", "subtract")),
        "fanout": rng.choice((1, 2, 3, 8)),
        "multiplier": rng.choice(("behavioural",) * 5 + ("ecp5", "ecp5_carry", "gowin")),
    }
    if block == "cell":
        given |= {"rows": 1, "cols": 1}
    if rng.random() < 0.4:
        given |= {"act_width": rng.randint(2, 8), "weight_width": rng.randint(2, 8)}
    if rng.random() < 0.4:
        given["acc_width"] = rng.randint(8, 32)
    if block in ("cell", "array"):
        return given
    given["modes"] = _modes(rng, fewest=0)
    given["raw_output"] = not given["modes"] or rng.random() < 0.4
    given["requant_lanes"] = rng.choice([lanes for lanes in range(1, given["cols"] + 1) if not given["cols"] % lanes])
    if engine:
        given |= {
            "k_max": rng.randint(1, 40), "n_max": rng.randint(1, 40), "weight_beats": rng.randint(1, 99),
            **{f"{name}_bytes": 1 << rng.randint(0, 4) for name in ("act", "weight", "out")}}
    return given


def _modes(rng: Random, fewest: int) -> list[str]:
    return sorted(rng.sample(MODES, rng.choice((fewest, 1, 1, 2, 3, 5))), key=MODES.index)
