"""Compare quantizers and observers with ONNX Runtime and PyTorch: `python -m golden.tests.compare_references`.

Prints two tables: where the definition is the same, how many results differ; where it is not, what either makes of
the same tensors.  With `--write` the tables go into docs/quantization.md.  Needs onnxruntime, onnx and torch, which
nothing else here does, and takes a minute.
"""

import contextlib
import importlib
import io
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from golden import pages
from golden.errors import measure
from golden.fake_quantization import fake_quantize
from golden.observers import OBSERVERS, MinMax, Percentile
from golden.quantize import Quantization, asymmetric, dequantize, quantize, symmetric

COMMAND = "python -m golden.tests.compare_references"
Row = tuple[str, str, int, int, str]


def main() -> None:
    """Print both tables, or write them into the page."""
    try:
        versions = [f"{name} {importlib.import_module(name).__version__}" for name in ("onnxruntime", "torch")]
    except ModuleNotFoundError as error:
        sys.exit(f"{error.name} must be installed: pip install onnxruntime onnx torch")
    lines = [f"Compared with {' and '.join(versions)}:", "",
             "| golden | reference | compared | different | why |", "|---|---|---|---|---|"]
    lines += [f"| {mine} | {other} | {count:,} | {apart:,} | {why if apart else ''} |"
              for mine, other, count, apart, why in same()]
    lines += ["", "| tensor, int8 | method | golden: range, SQNR | reference: range, SQNR |", "|---|---|---|---|"]
    lines += list(ranges())
    if "--write" in sys.argv[1:]:
        pages.PAGE.write_text(pages.insert(pages.PAGE.read_text(encoding="utf-8"), COMMAND, lines), encoding="utf-8")
    else:
        print("\n".join(lines))


def same() -> Iterator[Row]:
    """Yield a row for each function which has a counterpart of the same definition."""
    yield from _onnxruntime_operators()
    yield from _onnxruntime_scales()
    yield from _torch()


def _values(rng: np.random.Generator, scale: npt.NDArray[np.float32], shape: tuple[int, int]) -> npt.NDArray[Any]:
    """Return values [M, C] of which a third are ties of their channel as near as float32 has them."""
    x = rng.normal(0, 60, shape)
    x[::3] = np.floor(x[::3]) + 0.5
    return (x * scale).astype(np.float32)


def _cases(seed: int = 1, count: int = 20) -> Iterator[tuple[npt.NDArray[np.float32], Quantization]]:
    """Yield tensors [5000, 4] with a quantization per channel, int8 and uint8 in turn."""
    rng = np.random.default_rng(seed)
    for i in range(count):
        scale = (10.0 ** rng.uniform(-4, 2, 4)).astype(np.float32)
        low = -128 if i % 2 else 0
        zero_point = rng.integers(low, low + 256, 4).astype(np.int32)
        yield _values(rng, scale, (5000, 4)), Quantization(scale, zero_point, low, low + 255, 1)


def _onnxruntime_operators() -> Iterator[Row]:
    onnx, runtime = importlib.import_module("onnx"), importlib.import_module("onnxruntime")
    helper, kinds = onnx.helper, onnx.TensorProto

    def run(operator: str, inputs: dict[str, npt.NDArray[Any]], result: int) -> npt.NDArray[Any]:
        node = helper.make_node(operator, list(inputs), ["y"], axis=1)
        ports = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
                 for name, x in inputs.items()]
        out = [helper.make_tensor_value_info("y", result, None)]
        graph = helper.make_graph([node], "one", ports, out)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        return session.run(None, inputs)[0]

    total, there, back = 0, 0, 0
    for x, q in _cases():
        mine = quantize(x, q)
        factors = {"scale": q.scale, "zero_point": q.zero_point.astype(mine.dtype)}
        theirs = run("QuantizeLinear", {"x": x} | factors, kinds.UINT8 if q.low == 0 else kinds.INT8)
        there += int((theirs != mine).sum())
        back += int((run("DequantizeLinear", {"x": mine} | factors, kinds.FLOAT) != dequantize(mine, q)).sum())
        total += x.size
    yield "`quantize`", "ONNX Runtime QuantizeLinear", total, there, ""
    yield "`dequantize`", "ONNX Runtime DequantizeLinear", total, back, ""


def _tensors(seed: int, count: int) -> Iterator[npt.NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield ((rng.normal(0, 1, 50) + rng.uniform(-2, 2)) * 10.0 ** rng.uniform(-4, 4)).astype(np.float32)


def _onnxruntime_scales() -> Iterator[Row]:
    quantizer = importlib.import_module("onnxruntime.quantization.quant_utils")
    kinds = importlib.import_module("onnx").TensorProto
    count = 10_000
    for name, even, kind in (("symmetric", True, kinds.INT8), ("asymmetric", False, kinds.INT8),
                             ("asymmetric", False, kinds.UINT8)):
        scales, zeros, apart = 0, 0, 0
        for x in _tensors(2, count):
            q = symmetric(x) if even else asymmetric(x, signed=kind == kinds.INT8)
            zero_point, scale, _ = quantizer.quantize_data(x, kind, even)
            apart = max(apart, abs(int(scale.view(np.int32)) - int(q.scale.view(np.int32))))
            scales += int(scale != q.scale)
            zeros += int(zero_point != q.zero_point)
        mine = f"`{name}`{'' if kind == kinds.INT8 else ', unsigned'}"
        why = f"max − min and the quotient are doubles there, float32 here: at most {apart} unit in the last place"
        yield f"{mine}, scale", "ONNX Runtime `quantize_data`", count, scales, why
        yield f"{mine}, zero point", "ONNX Runtime `quantize_data`", count, zeros, "as the scale"


def _torch() -> Iterator[Row]:
    torch = importlib.import_module("torch")
    observer = importlib.import_module("torch.ao.quantization.observer")
    count = 10_000
    for name, scheme, low in (("`MinMax`, symmetric", torch.per_tensor_symmetric, -127),
                              ("`MinMax`, asymmetric", torch.per_tensor_affine, -128)):
        scales, zeros = 0, 0
        for x in _tensors(3, count):
            theirs = observer.MinMaxObserver(torch.qint8, scheme, quant_min=low, quant_max=127, eps=0.0)
            mine = MinMax()
            for batch in np.array_split(x, 3):
                mine.observe(batch)
                theirs(torch.from_numpy(batch))
            scale, zero_point = theirs.calculate_qparams()
            q = mine.quantization(symmetric=low == -127)
            scales += int(scale.item() != q.scale)
            zeros += int(zero_point.item() != q.zero_point)
        yield f"{name}, scale", "torch `MinMaxObserver`", count, scales, ""
        why = "there low − rint(min / scale), here rint(low − min / scale)"
        yield f"{name}, zero point", "torch `MinMaxObserver`", count, zeros, why

    total, there, faked, passed, unlike, fakes_unlike = 0, 0, 0, 0, 0, 0
    for x, q in _cases():
        scale, zero_point = torch.from_numpy(q.scale), torch.from_numpy(q.zero_point)
        kind = torch.quint8 if q.low == 0 else torch.qint8
        with warnings.catch_warnings():  # that such functions will be removed
            warnings.simplefilter("ignore", UserWarning)
            theirs = torch.quantize_per_channel(torch.from_numpy(x), scale, zero_point, 1, kind).int_repr().numpy()
        there += int((theirs != quantize(x, q)).sum())
        steps = x * (np.float32(1) / q.scale)
        late = np.clip(np.rint(steps + q.zero_point.astype(np.float32)), q.low, q.high)
        early = np.clip(np.rint(steps), q.low - q.zero_point, q.high - q.zero_point).astype(np.float32) * q.scale
        unlike += int((theirs != late).sum())
        leaf = torch.from_numpy(x.copy()).requires_grad_()
        fake = torch.fake_quantize_per_channel_affine(leaf, scale, zero_point, 1, q.low, q.high)
        fake.sum().backward()
        values, passes = fake_quantize(x, q)
        faked += int((fake.detach().numpy() != values).sum())
        passed += int((leaf.grad.numpy().astype(bool) != passes).sum())
        fakes_unlike += int((fake.detach().numpy() != early).sum())
        total += x.size
    why = f"a third of the values are ties; there rint(x · (1 / scale) + zero point), with which {unlike} differ"
    yield "`quantize`", "torch `quantize_per_channel`", total, there, why
    why = f"ties too; there rint(x · (1 / scale)), with which {fakes_unlike} differ"
    yield "`fake_quantize`, values", "torch `fake_quantize_per_channel_affine`", total, faked, why
    yield "`fake_quantize`, gradient", "torch, straight-through", total, passed, "the same, at the ends of the range"


def ranges() -> Iterator[str]:
    """Yield lines which compare the observers that are defined differently, on four tensors of 200,000 values."""
    torch = importlib.import_module("torch")
    calibrate = importlib.import_module("onnxruntime.quantization.calibrate")
    observer = importlib.import_module("torch.ao.quantization.observer")
    rng = np.random.default_rng(4)
    normal = rng.normal(0, 1, 200_000).astype(np.float32)
    tensors = {
        "normal": normal, "Laplace": rng.laplace(0, 1, 200_000).astype(np.float32),
        "normal after ReLU": np.maximum(normal, 0), "normal, one outlier of 60": np.append(normal, np.float32(60)),
    }
    for name, x in tensors.items():
        for method in ("percentile", "entropy", "mse"):
            mine = Percentile(99.99) if method == "percentile" else OBSERVERS[method]()
            for batch in np.array_split(x, 4):
                mine.observe(batch)
            if method == "mse":
                histogram = observer.HistogramObserver(dtype=torch.qint8, qscheme=torch.per_tensor_affine)
                for batch in np.array_split(x, 4):
                    histogram(torch.from_numpy(batch))
                low, high = (float(bound) for bound in histogram._non_linear_param_search())
            else:
                bins, levels = (2048, 128) if method == "percentile" else (128, 128)
                collector = calibrate.HistogramCollector(method, False, bins, levels, 99.99, "same")
                with contextlib.redirect_stdout(io.StringIO()):
                    for batch in np.array_split(x, 4):
                        collector.collect({"x": batch})
                    low, high = (float(bound) for bound in collector.compute_collection_result()["x"][:2])
            cells = [_cell(x, *mine.range()), _cell(x, low, high)]
            yield f"| {name} | {method} | {' | '.join(cells)} |"


def _cell(x: npt.NDArray[np.float32], low: float, high: float) -> str:
    quality = measure(x, asymmetric(np.array([low, high], np.float32))).sqnr_db
    return f"{low:.2f} to {high:.2f}, {quality:.1f} dB"


if __name__ == "__main__":
    main()
