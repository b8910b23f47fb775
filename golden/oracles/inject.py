"""Layers whose accumulators are given: every stack can be asked about any sum, whatever networks produce."""

from typing import Any

import numpy as np

from golden.oracles import directed
from golden.oracles.accepts import Accepts, output
from golden.oracles.layer import Layer


def inject(
    rng: np.random.Generator, accepts: Accepts, acc: directed.Int64, a_scale: np.float32, w_scale: Any,
    y_scale: np.float32, *, y_zp: int | None = None, relu: bool | None = None, **fields: Any,
) -> Layer:
    """Return a layer [7, len(acc)] whose accumulators are acc - 3 .. acc + 3.

    The bias carries acc where it is an integer, and also as a float as long as a * w is a power of two.
    """
    steps = directed.STEPS[:, None]
    y_zp, relu = output(rng, accepts, y_zp, relu)
    fields |= {"a_scale": a_scale, "w_scale": np.asarray(w_scale, np.float32), "y_scale": y_scale}
    fields |= {"y_zp": y_zp, "relu": relu}
    ones = np.ones_like(acc)
    exact = (np.frexp(fields["w_scale"] * np.float64(a_scale))[0] == 0.5).all()
    if accepts.bias == "int32":
        return Layer(a=steps.astype(np.int8), w=ones[None].astype(np.int8), bias=acc.astype(np.int32), **fields)
    if accepts.bias == "float" and exact:
        low = acc % 128  # the rest has at most 24 significant bits: float32 holds it
        a = np.concatenate([steps, np.ones_like(steps)], axis=1)
        bias = (acc - low).astype(np.int32)
        return Layer(a=a.astype(np.int8), w=np.stack([ones, low]).astype(np.int8), bias=bias, **fields)
    return _by_weights(accepts, acc, fields)


def _by_weights(accepts: Accepts, acc: directed.Int64, fields: dict[str, Any]) -> Layer:
    """Return a layer whose weights add up to acc, 127 * (sum of many) + the last one, brought into reach of K.

    A real bias then carries what is out of reach, and fractions of a step.
    """
    depth = 2100 * 127 // accepts.weights  # sums of products reach 2^25
    limit = 127 * accepts.weights * (depth - 1)
    reached = np.clip(acc, -limit, limit)
    many = (reached + 63) // 127
    base, more = np.divmod(many, depth)
    w = base + (np.arange(depth)[:, None] < more)
    steps = directed.STEPS[:, None]
    a = np.concatenate([steps, np.ones_like(steps), np.full((len(steps), depth), 127)], axis=1)
    w = np.concatenate([np.ones_like(acc)[None], (reached - 127 * many)[None], w])
    if accepts.bias == "real":
        unit = np.float32(fields["a_scale"] * fields["w_scale"]).astype(np.float64)
        b = acc - reached + np.resize([0, 0.25, -0.5, 0.75, 1000.1], acc.shape)
        fields = fields | {"real_bias": (b * unit).astype(np.float32)}
    return Layer(a=a.astype(np.int8), w=w.astype(np.int8), **fields)
