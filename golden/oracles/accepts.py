"""What a stack takes, and output stages within that."""

from dataclasses import dataclass

import numpy as np

ZERO_POINTS = (0, 0, 0, -128, 127, 1, -1, -77, 36)
"""Of results and activations; few, because a simulation configures the hardware anew for each output stage."""


@dataclass(frozen=True, kw_only=True)
class Accepts:
    """Which layers a stack takes.

    Parameters
    ----------
    low, high: factors a_scale * w_scale / y_scale, low <= factor < high.
    product: what |acc * factor| must stay below, where a stack computes result and zero point in int32.
    bias: "int32"; "float" for one that is given as float32 and rounded to int32; "real" for one that stays
        float32; "none".
    weights: largest magnitude of a weight.
    relu_zp: the zero point that a ReLU needs, None for any.
    w_zp: whether weights may have a zero point.
    per_tensor: whether one scale for all channels is computed as golden does.
    """

    low: float = 2.0**-60
    high: float = 2.0**12
    product: float = np.inf
    bias: str = "int32"
    weights: int = 127
    relu_zp: int | None = None
    w_zp: bool = False
    per_tensor: bool = True


def output(
    rng: np.random.Generator, accepts: Accepts, y_zp: int | None = None, relu: bool | None = None
) -> tuple[int, bool]:
    """Return a zero point and whether there is a ReLU, as far as they are not given."""
    relu = bool(rng.random() < 0.25) if relu is None else relu
    if relu and accepts.relu_zp is not None:
        return accepts.relu_zp, True
    return (zero_point(rng) if y_zp is None else y_zp), relu


def zero_point(rng: np.random.Generator) -> int:
    """Return one of `ZERO_POINTS`."""
    return int(rng.choice(ZERO_POINTS))
