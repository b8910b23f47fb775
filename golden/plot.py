"""A picture of the choice that calibration makes: the error of every range, split into rounding and clipping."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from golden import check
from golden.errors import Errors, measure
from golden.quantize import Quantization

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 640, 400, 70, 30, 50
COLORS = ("#1f77b4", "#d62728", "#2ca02c")
Curves = Mapping[str, Sequence[float]]


def sweep(
    x: npt.ArrayLike, scheme: Callable[[npt.NDArray[np.float32]], Quantization], steps: int = 50
) -> tuple[list[float], list[Errors]]:
    """Return shares 1/steps .. 1 of the range of `x`, and the errors of `x` quantized over each share.

    Parameters
    ----------
    x: real numbers of any shape, not empty.
    scheme: makes a quantization, per tensor, of the limits [2] of a range.
    steps: >= 2.
    """
    x = check.floats("x", x)
    limits = np.array([min(x.min(), 0), max(x.max(), 0)], dtype=np.float32)
    shares = [i / steps for i in range(1, steps + 1)]
    return shares, [measure(x, scheme(limits * np.float32(share))) for share in shares]


def chart(title: str, x: Sequence[float], curves: Curves, x_label: str, y_label: str) -> str:
    """Return an SVG of curves over `x`, 0..1, with a logarithmic vertical axis; values of 0 are left out.

    >>> svg = chart("t", [0.5, 1.0], {"error": [0.01, 1.0]}, "share", "MSE")
    >>> svg.count("<polyline"), svg.startswith("<svg"), svg.endswith("</svg>")
    (1, True, True)
    """
    positive = [math.log10(v) for values in curves.values() for v in values if v > 0] or [0.0]
    low, high = math.floor(min(positive)), max(math.ceil(max(positive)), math.floor(min(positive)) + 1)

    def across(value: float) -> float:
        return LEFT + value * (WIDTH - LEFT - 20)

    def down(exponent: float) -> float:
        return TOP + (high - exponent) / (high - low) * (HEIGHT - TOP - BOTTOM)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', _text(WIDTH / 2, 18, title, "middle", 14)]
    for exponent in range(low, high + 1, max((high - low) // 8, 1)):
        out.append(_line(LEFT, down(exponent), across(1), down(exponent)))
        out.append(_text(LEFT - 8, down(exponent) + 4, f"1e{exponent}", "end"))
    for tenth in range(0, 11, 2):
        out.append(_line(across(tenth / 10), TOP, across(tenth / 10), HEIGHT - BOTTOM))
        out.append(_text(across(tenth / 10), HEIGHT - BOTTOM + 16, f"{tenth / 10:g}", "middle"))
    out.append(_text(across(0.5), HEIGHT - 12, x_label, "middle"))
    out.append(_text(LEFT, TOP - 6, y_label, "end"))
    for i, (name, values) in enumerate(curves.items()):
        points = " ".join(
            f"{across(u):.1f},{down(math.log10(v)):.1f}" for u, v in zip(x, values, strict=True) if v > 0
        )
        color = COLORS[i % len(COLORS)]
        out.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2"/>')
        out.append(_text(WIDTH - 24, TOP + 18 + 16 * i, name, "end", color=color))
    return "\n".join([*out, "</svg>"])


def _text(x: float, y: float, text: str, anchor: str, size: int = 12, color: str = "#333") -> str:
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, entity)
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{color}">{text}</text>'


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'
