"""Quantize an array of a file and print what it costs: `python -m golden FILE`."""

import argparse
import json
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from golden import array_file, check, plot
from golden.channels import PerChannel
from golden.errors import Errors, compare
from golden.observers import OBSERVERS, scheme
from golden.quantize import Quantization, binary, clipped, dequantize, quantize

EXAMPLE = """examples:
  python -m golden golden/data/digits.npz --name weights_0 --axis 1
  python -m golden x.npy --scheme asymmetric --bits 4 --calibration mse --values 8
  python -m golden x.csv --json --plot error.svg"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, or 2 after one line on stderr that says what was wrong."""
    options = parser().parse_args(arguments)
    try:
        x = check.floats(options.file.name, array_file.read(options.file, options.name))
        q, integers = quantized(x, options)
        outside = clipped(x, q) if options.bits > 1 else np.zeros(x.shape, bool)
        restored = dequantize(integers, q)
        errors = compare(x, restored, outside)
        if options.plot:
            options.plot.write_text(picture(x, options), encoding="utf-8")
    except OSError as error:
        return refuse(f"{error.filename}: {error.strerror}")
    except (TypeError, ValueError) as error:
        return refuse(str(error))
    count = x.size if options.values is None else min(options.values, x.size)
    rows = [] if options.values is None else [
        {"index": [int(j) for j in index], "value": float(x[index]), "integer": int(integers[index]),
         "restored": float(restored[index]), "clipped": bool(outside[index])}
        for index in (np.unravel_index(i, x.shape) for i in range(count))
    ]
    show = as_json if options.json else as_text
    try:
        print(show(x, q, errors, rows, options), flush=True)
    except BrokenPipeError:  # the reader, `head` for example, has seen enough; so that exiting does not try again:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def refuse(message: str) -> int:
    """Print one line on stderr and return the exit code 2."""
    print(f"python -m golden: {message}", file=sys.stderr)
    return 2


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Leave with that line."""
        sys.exit(refuse(f"{message}; --help lists the options"))


def parser() -> Parser:
    """Return the options."""
    p = Parser(
        prog="python -m golden", description="Quantize an array and print what it costs.", epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("file", type=Path, help=".npy, .npz, or .csv with commas and no header")
    p.add_argument("--name", help="array of an .npz file")
    p.add_argument("--bits", type=int, choices=(8, 4, 2, 1), default=8, help="1: signs, scaled (default 8)")
    p.add_argument("--scheme", choices=("symmetric", "asymmetric"), default="symmetric", help="default symmetric")
    p.add_argument("--unsigned", action="store_true", help="integers from 0; asymmetric only")
    p.add_argument("--axis", type=int, help="channel axis: a scale for each channel")
    p.add_argument("--calibration", choices=OBSERVERS, default="minmax", help="of the range (default minmax)")
    p.add_argument("--values", type=int, metavar="N", help="also print the first N values")
    p.add_argument("--json", action="store_true", help="print JSON")
    p.add_argument("--plot", type=Path, metavar="FILE", help="write an SVG: error against calibration range")
    return p


def quantized(x: npt.NDArray[np.float32], options: argparse.Namespace) -> tuple[Quantization, npt.NDArray[Any]]:
    """Return the quantization which the options ask for, and the integers."""
    symmetric = options.scheme == "symmetric"
    if options.values is not None and options.values < 1:
        raise ValueError(f"--values must be >= 1, not {options.values}")
    if options.bits == 1:
        if not symmetric or options.calibration != "minmax" or options.plot:
            raise ValueError("--bits 1 must go without --scheme asymmetric, --calibration and --plot")
        signs, q = binary(x, options.axis)
        return q, signs
    make = OBSERVERS[options.calibration]
    observer = make() if options.axis is None else PerChannel(make, options.axis)
    observer.observe(x)
    q = observer.quantization(options.bits, symmetric, not options.unsigned)
    return q, quantize(x, q)


def picture(x: npt.NDArray[np.float32], options: argparse.Namespace) -> str:
    """Return the SVG; the range is that of the whole tensor."""
    signed, symmetric = not options.unsigned, options.scheme == "symmetric"
    shares, errors = plot.sweep(x, lambda limits: scheme(limits, options.bits, symmetric, signed))
    curves = {"all": [e.mse for e in errors], "rounding": [e.rounding_mse for e in errors],
              "clipping": [e.clipping_mse for e in errors]}
    title = f"{options.file.name}, int{options.bits} {options.scheme}"
    return plot.chart(title, shares, curves, "share of the range covered", "MSE")


def as_text(
    x: npt.NDArray[np.float32], q: Quantization, errors: Errors, rows: list[dict[str, Any]], options: argparse.Namespace
) -> str:
    """Return the report as text."""
    name = f" {options.name}" if options.name else ""
    calibration = options.calibration if options.bits > 1 else "mean|x|"
    lines = [
        f"array            {options.file}{name} {list(x.shape)}, {float(x.min()):g} to {float(x.max()):g}",
        f"integers         {q.low} to {q.high}, {options.scheme}, {calibration}",
    ]
    if q.axis is None:
        lines += [f"scale            {float(q.scale)!r}", f"zero point       {int(q.zero_point)}"]
    else:
        lines += [f"scale, zero point of each channel on axis {q.axis}"]
        channels = enumerate(zip(q.scale.tolist(), q.zero_point.tolist(), strict=True))
        lines += [f"{c:<16} {scale!r} {zero}" for c, (scale, zero) in channels]
    lines += [
        f"MSE              {errors.mse:.6g} (rounding {errors.rounding_mse:.6g}, clipping {errors.clipping_mse:.6g})",
        f"MAE              {errors.mae:.6g}",
        f"largest error    {errors.max_error:.6g}",
        f"SQNR             {errors.sqnr_db:.2f} dB",
        f"clipped          {errors.clipped} of {errors.count} ({errors.clipped_share:.3%})",
    ]
    if rows:
        lines += ["", "index            value           integer  restored"]
    for row in rows:
        index = ",".join(map(str, row["index"]))
        mark = "  clipped" if row["clipped"] else ""
        lines.append(f"{index:<16} {row['value']:<15.8g} {row['integer']:>7}  {row['restored']:.8g}{mark}")
    return "\n".join(lines)


def as_json(
    x: npt.NDArray[np.float32], q: Quantization, errors: Errors, rows: list[dict[str, Any]], options: argparse.Namespace
) -> str:
    """Return the report as one JSON object; an infinite SQNR is null."""
    report = {
        "file": str(options.file), "name": options.name, "shape": list(x.shape),
        "bits": options.bits, "scheme": options.scheme, "calibration": options.calibration, "axis": q.axis,
        "low": q.low, "high": q.high, "scale": q.scale.tolist(), "zero_point": q.zero_point.tolist(),
        "mse": errors.mse, "rounding_mse": errors.rounding_mse, "clipping_mse": errors.clipping_mse,
        "mae": errors.mae, "max_error": errors.max_error,
        "sqnr_db": errors.sqnr_db if math.isfinite(errors.sqnr_db) else None,
        "count": errors.count, "clipped": errors.clipped, "clipped_share": errors.clipped_share,
    }
    return json.dumps(report | ({"values": rows} if rows else {}), indent=2)


if __name__ == "__main__":
    sys.exit(main())
