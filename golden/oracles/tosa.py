"""TOSA RESCALE on the reference model, which lives in a virtual environment of its own.

RESCALE is a requantization and no layer, and m and s are part of the model: accumulators, m and s are made
here.  The specification wants |acc| < 2^(s-1), and a result within int32.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from golden.frameworks import framework
from golden.oracles import directed
from golden.oracles.accepts import zero_point
from golden.oracles.layer import Rescale
from golden.oracles.stack import Outputs, Stack

PYTHON = Path(os.environ.get("TOSA_PYTHON", ".venv-tosa/bin/python"))
"""The interpreter that has tosa-tools, as `make oracles` sets it up."""


def stack(name: str, rounding: str) -> Stack:
    """Return the stack which runs RESCALE with a `rounding` mode as TOSA calls it, such as SINGLE_ROUND."""
    mode = framework(name).mode

    def outputs(seed: int, count: int) -> Outputs:
        given = list(_rescales(np.random.default_rng(seed), mode, count))
        results = _run([(case.acc, m, s, case.zp) for case, m, s in given], rounding)
        for (case, _, _), y in zip(given, results, strict=True):
            yield case, y

    return Stack(name=name, framework=name, version=version, outputs=outputs)


def version() -> str:
    """Return the package compared with, and its version."""
    return str(_work({})["version"])


def _rescales(rng: np.random.Generator, mode: str, count: int) -> Iterator[tuple[Rescale, Any, Any]]:
    """Yield (case, m, s): the directed ones, then random ones until there are `count` outputs."""

    def case(
        around: Any, m: Any, s: Any, *, directed_: bool = False, zp: int | None = None
    ) -> tuple[Rescale, Any, Any]:
        m, s = np.asarray(m).astype(np.int32), np.asarray(s).astype(np.int8)
        limit = 2.0 ** np.minimum(s - 1, 31) - 1
        acc = np.clip(around + directed.STEPS[:, None], -limit, limit).astype(np.int32)
        factor: dict[str, Any] = {"m": m, "s": s}
        if mode == "F32":
            factor = {"scale": np.asarray(m * 2.0 ** -s.astype(np.float64), dtype=np.float32)}
        zp = zero_point(rng) if zp is None else zp
        return Rescale(mode=mode, acc=acc, factor=factor, zp=zp, qmin=-128, qmax=127, directed=directed_), m, s

    shifts = np.arange(2, 63)
    for m in (2**30, 2**30 + 1, 0x5A827999, 2**31 - 1):
        index, acc = directed.anchors(np.float64(m) * 2.0**-shifts, product=2.0**30)
        yield case(acc, np.full(len(acc), m), shifts[index], directed_=True)
        for s in shifts[::3]:
            one = acc[shifts[index] == s]
            if len(one):
                yield case(one, m, s, directed_=True)
    if mode != "F32":
        exact = np.array(directed.product_boundaries(mode) + _small_boundaries(mode))
        yield case(exact[:, 0], exact[:, 1], exact[:, 2], directed_=True, zp=0)
    while count > 0:
        channels = 3000
        smaller = np.where(rng.random(channels) < 0.2, rng.integers(0, 30, channels), 0)
        factors = rng.integers(2**30, 2**31, channels) >> smaller
        s = rng.integers(2, 63, channels)
        value = factors * 2.0**-s
        reach = np.minimum(128, 2.0 ** np.minimum(s - 2, 30) * value)
        acc = np.rint((np.floor(rng.uniform(-reach, reach)) + 0.5) / value)
        count -= len(directed.STEPS) * channels
        yield case(acc, factors, s)


def _small_boundaries(mode: str) -> tuple[tuple[int, int, int], ...]:
    """Return (acc, m, s) as `directed.product_boundaries`, for the shifts below 30, where acc = +-1 will do."""
    found = []
    for s in range(2, 30):
        for less in (0, 1):
            r = directed.rounding_constant(mode, s, 1)
            found += [(1, (1 << s) - r - less, s), (-1, (1 << s) + r + less, s)]
    return tuple(found)


def _run(given: list[tuple[Any, Any, Any, int]], rounding: str) -> list[Any]:
    """Return int8 [M, N] for each (acc, m, s, zp)."""
    arrays: dict[str, Any] = {}
    for i, case in enumerate(given):
        arrays |= {f"{name}_{i}": x for name, x in zip(("acc", "m", "s", "zp"), case, strict=True)}
        arrays[f"rounding_{i}"] = rounding
    results = _work(arrays)
    return [results[f"y_{i}"] for i in range(len(given))]


def _work(arrays: dict[str, Any]) -> dict[str, Any]:
    """Pass `arrays` to the worker in its environment and return the arrays it answers with."""
    if not PYTHON.exists():
        raise RuntimeError(f"{PYTHON} must exist to run TOSA; make oracles installs it")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.npz", Path(folder) / "out.npz"
        np.savez(source, **arrays)
        worker = Path(__file__).with_name("tosa_worker.py")
        command = [str(PYTHON), "-P", "-W", "ignore::DeprecationWarning", str(worker), str(source), str(target)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"TOSA failed: {(done.stderr or done.stdout).strip().splitlines()[-1]}")
        with np.load(target) as results:
            return dict(results)
