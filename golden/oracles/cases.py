"""Layers to compare: directed ones first, which inject accumulators, then random ones as networks have them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.frameworks import Framework
from golden.modes import FACTORS
from golden.oracles import directed
from golden.oracles.accepts import Accepts, output, zero_point
from golden.oracles.inject import inject
from golden.oracles.layer import Float32, Layer

MAX_K, MAX_N = 1024, 40
ONE = np.float32(1)


def layers(rng: np.random.Generator, framework: Framework, accepts: Accepts) -> Iterator[Layer]:
    """Yield the directed layers, then random ones without end: some as networks have them, one of near-ties."""
    yield from directed_layers(rng, framework, accepts)
    while True:
        for _ in range(8):
            yield _random_layer(rng, accepts)
        yield _near_ties(rng, framework, accepts)


def directed_layers(rng: np.random.Generator, framework: Framework, accepts: Accepts) -> Iterator[Layer]:
    """Yield layers that hit ties, near-ties, powers of two, ends of int32 and |acc| around 2^24."""
    powers = 2.0 ** np.arange(-60, 12)
    # Per channel and per tensor; the significand comes from y_scale, so that a float bias stays exact.
    for mantissa in directed.MANTISSAS:
        y_scale = np.float32(1 / mantissa)
        w_scale = powers[:: 1 if mantissa == 1 else 2].astype(np.float32)
        yield from _around(rng, framework, accepts, ONE, w_scale, y_scale, directed=True)
        for w in w_scale[:: 1 if mantissa == 1 else 3]:
            yield from _around(rng, framework, accepts, ONE, w, y_scale, directed=True)
    # a * w = (1 - k/2^23)(1 + k/2^23) * 2^e is just below a power of two: an m which is carried to 2^31.
    for k in (1, 8, 80):
        w_scale = ((1 + k * 2.0**-23) * powers).astype(np.float32)
        a_scale = np.float32(1 - k * 2.0**-23)
        yield from _around(rng, framework, accepts, a_scale, w_scale, ONE, directed=True)
        yield from _around(rng, framework, accepts, a_scale, w_scale[37], ONE, directed=True)
    # a * w is an odd integer of 32 bits: m is rounded at a tie.  Every result at the finest scale shows it.
    for a, w in ((65535, 65537), (65535, 65535), (65533, 65535), (65521, 65523)):
        every = np.arange(-128, 128)
        for shape in ((), (1,)):
            w_scale = np.full(shape, w * 2.0**-55, np.float32)
            yield from _around(rng, framework, accepts, np.float32(a), w_scale, ONE, ties=every, directed=True)
    if FACTORS[framework.mode] == ("m", "s"):
        yield from _product_boundaries(rng, framework, accepts)
    elif accepts.bias == "int32":
        places, w_scale = directed.float_roundings()
        yield inject(rng, accepts, places, ONE, w_scale, ONE, directed=True)


def _product_boundaries(rng: np.random.Generator, framework: Framework, accepts: Accepts) -> Iterator[Layer]:
    """Yield a layer for every product that a unit of R moves to another result, where scales give its m and s."""
    for acc, m, s in directed.product_boundaries(framework.mode):
        scales = _scales_for(rng, m, s)
        if scales is None:
            continue
        y_scale, w_scale = scales
        factor = framework.factor(ONE, w_scale, y_scale)
        if (int(factor["m"]), int(factor["s"])) != (m, s):
            raise RuntimeError(f"scales for m = {m} and s = {s} must give them, not {factor}")
        yield inject(rng, accepts, np.array([acc]), ONE, w_scale, y_scale, directed=True, y_zp=0, relu=False)


def _around(
    rng: np.random.Generator, framework: Framework, accepts: Accepts, a_scale: np.float32, w_scale: Any,
    y_scale: np.float32, *, ties: npt.ArrayLike = directed.TIES, **fields: Any,
) -> Iterator[Layer]:
    """Yield a layer with the anchors of every scale that the stack accepts, if there is one."""
    w_scale = np.asarray(w_scale)
    d = np.float64(a_scale) * w_scale / y_scale
    good = (d >= accepts.low) & (d < accepts.high * (1 - 2.0**-20))
    if not good.any() or not (w_scale.ndim or accepts.per_tensor):
        return
    if w_scale.ndim:
        w_scale = w_scale[good]
    index, acc = directed.anchors(
        factor_value(framework, a_scale, np.atleast_1d(w_scale), y_scale), ties, accepts.product
    )
    channel_scale = w_scale[index] if w_scale.ndim else w_scale
    if len(acc):
        yield inject(rng, accepts, acc, a_scale, channel_scale, y_scale, **fields)


def factor_value(framework: Framework, a: np.float32, w: Float32, y: np.float32) -> directed.Float64:
    """Return the factor as a real number > 0, which float64 holds exactly; where m = 0, the quotient itself."""
    factor = framework.factor(a, w, y)
    if "scale" in factor:
        return factor["scale"].astype(np.float64)
    value = factor["m"] * 2.0 ** -factor["s"].astype(np.float64)
    return np.where(value > 0, value, np.float64(a) * w / y)


def _near_ties(rng: np.random.Generator, framework: Framework, accepts: Accepts) -> Layer:
    """Return a layer of random factors whose accumulators lie around a random tie each."""
    per_tensor = rng.random() < 0.3 and accepts.per_tensor
    count = 200 if per_tensor else 1500
    low, high = max(accepts.low, 2.0**-31), min(accepts.high, 2.0**4)
    d = np.exp2(rng.uniform(np.log2(low), np.log2(high) - 1, None if per_tensor else count))
    a_scale, y_scale = np.exp2(rng.uniform(-6, 6, 2)).astype(np.float32)
    w_scale = np.asarray(d * y_scale / a_scale, dtype=np.float32)
    if accepts.bias == "float" and rng.random() < 0.5:  # powers of two, for sums beyond the reach of weights
        a_scale = np.float32(np.exp2(np.rint(np.log2(a_scale))))
        w_scale = np.exp2(np.rint(np.log2(w_scale))).astype(np.float32)
    value = np.broadcast_to(factor_value(framework, a_scale, w_scale, y_scale), count)
    reach = np.minimum(128, (directed.HIGHEST - 1) * value)
    acc = np.rint((np.floor(rng.uniform(-reach, reach)) + 0.5) / value).astype(np.int64)
    acc = np.clip(acc, directed.LOWEST, directed.HIGHEST)
    return inject(rng, accepts, acc, a_scale, w_scale, y_scale)


def _random_layer(rng: np.random.Generator, accepts: Accepts) -> Layer:
    """Return a layer as networks have them: K 1..1024, N 1..40, results spread over the range."""
    k = int(rng.choice([1, 2, 3, MAX_K, *np.exp2(rng.uniform(0, 10, 4)).astype(int)]))
    n = int(rng.choice([1, MAX_N, *rng.integers(1, MAX_N, 4, endpoint=True)]))
    m = int(rng.choice([1, 2, *rng.integers(3, 120, 8)]))
    a = rng.integers(-128, 128, (m, k), dtype=np.int8)
    w = rng.integers(-accepts.weights, accepts.weights, (k, n), dtype=np.int8, endpoint=True)
    a_scale = np.float32(np.exp2(rng.uniform(-8, 2)))
    per_tensor = rng.random() < 0.4 and accepts.per_tensor
    w_scale = np.asarray(np.exp2(rng.uniform(-10, 0, None if per_tensor else n)), dtype=np.float32)
    # The sums of products have about this deviation, the results a spread which clamps some of them.
    deviation = 74 * accepts.weights / np.sqrt(3) * np.sqrt(k)
    y_scale = np.float32(a_scale * np.median(w_scale) * deviation / rng.uniform(20, 90))
    y_zp, relu = output(rng, accepts)
    fields: dict[str, Any] = {"a_zp": zero_point(rng), "w_zp": 0, "y_zp": y_zp, "relu": relu}
    if accepts.w_zp and rng.random() < 0.5:
        fields["w_zp"] = zero_point(rng)
    biased = rng.random() < 0.7
    if accepts.bias == "real":
        b = rng.normal(0, deviation, n) if biased else np.zeros(n)
        fields["real_bias"] = np.asarray(b * (a_scale * w_scale), dtype=np.float32)
    elif accepts.bias != "none" and biased:
        fields["bias"] = np.rint(rng.normal(0, deviation, n)).astype(np.int32)
    return Layer(a=a, w=w, a_scale=a_scale, w_scale=w_scale, y_scale=y_scale, **fields)


def _scales_for(rng: np.random.Generator, m: int, s: int) -> tuple[np.float32, np.float32] | None:
    """Return (y_scale, w_scale), float32, whose quotient as a double becomes m and s; None if none is found.

    There is none where m / 2^31 is too close to a simple fraction, such as 1 - 2^-31.
    """
    y = rng.integers(2**23, 2**24, 2**16).astype(np.float64)
    w = np.rint(y * m / 2.0**31)
    hit = np.flatnonzero(np.floor(w / y * 2.0**31 + 0.5) == m)
    if not len(hit):
        return None
    return np.float32(y[hit[0]] * 2.0 ** (s - 31) / 2**24), np.float32(w[hit[0]] / 2**24)
