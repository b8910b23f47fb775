"""Runs RESCALE on the TOSA reference model; started by `tosa.py` in the environment which has tosa-tools.

    python tosa_worker.py IN.npz OUT.npz

IN holds, for each case i, acc_i int32 [M, N], m_i int32 and s_i int8 (one or [N]), zp_i, and the name of a
RoundingMode in rounding_i; OUT holds y_i int8 [M, N], and the version of tosa-tools.  Nothing of this
repository is imported here.
"""

import importlib.metadata
import sys
import tempfile
from typing import Any

import numpy as np
import tosa_reference_model
from serializer import tosa_serializer as ts
from tosa.RoundingMode import RoundingMode


def rescale(acc: Any, m: Any, s: Any, zp: int, rounding: str, folder: str) -> Any:
    """Return int8 [M, N]: one RESCALE with scale32, the operator alone in a graph."""
    graph = ts.TosaSerializer(folder)
    per_channel = m.ndim == 1
    operands = [
        graph.addPlaceholder(acc.shape, ts.DType.INT32, acc),
        graph.addConst((m.size,), ts.DType.INT32, m.reshape(-1)),
        graph.addConst((s.size,), ts.DType.INT8, s.reshape(-1)),
        graph.addConst((1,), ts.DType.INT32, np.zeros(1, np.int32)),
        graph.addConst((1,), ts.DType.INT8, np.array([zp], np.int8)),
    ]
    result = graph.addOutput(acc.shape, ts.DType.INT8)
    attribute = ts.TosaSerializerAttribute()
    attribute.RescaleAttribute(True, getattr(RoundingMode, rounding), per_channel, False, False)
    graph.addOperator(ts.TosaOp.Op().RESCALE, [x.name for x in operands], [result.name], attribute)
    outputs, status = tosa_reference_model.run(bytes(graph.serialize()), [acc])
    if status != tosa_reference_model.GraphStatus.TOSA_VALID:
        raise RuntimeError(f"TOSA must accept a RESCALE by s = {s.min()}..{s.max()}, but says {status}")
    return np.asarray(outputs[0]).view(np.int8).reshape(acc.shape)


def main() -> None:
    """Run every case of the input file."""
    source, target = sys.argv[1:]
    results: dict[str, Any] = {"version": f"tosa-tools {importlib.metadata.version('tosa-tools')}"}
    with np.load(source) as cases, tempfile.TemporaryDirectory() as folder:
        i = 0
        while f"acc_{i}" in cases:
            acc, m, s, zp, rounding = (cases[f"{name}_{i}"] for name in ("acc", "m", "s", "zp", "rounding"))
            results[f"y_{i}"] = rescale(acc, m, s, int(zp), str(rounding), folder)
            i += 1
    np.savez(target, **results)


if __name__ == "__main__":
    main()
