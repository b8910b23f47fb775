"""The roofline of an engine: what its multipliers and its streams allow, and a picture of it.

A product needs a cycle for every rows * cols * depth multiplications, and on each stream a cycle for as many bytes as
the stream is wide. Whichever takes longest is what the product is bound by.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from golden.engine import EngineTiming, Job

__all__ = ["Limits", "Point", "chart", "limits"]

COMPUTE = "compute"
STREAMS = ("activations", "weights", "outputs")
WIDTH, HEIGHT, LEFT, TOP, BOTTOM, RIGHT = 760, 460, 60, 40, 50, 20
COLORS = {COMPUTE: "#333333", "activations": "#1f77b4", "weights": "#d62728", "outputs": "#2ca02c"}


def widths(timing: EngineTiming) -> dict[str, int]:
    """Bytes that each stream moves in a cycle."""
    return {"activations": timing.act_bytes, "weights": timing.weight_bytes, "outputs": timing.out_bytes}


@dataclass(frozen=True)
class Limits:
    """Least cycles that some jobs need for their multiplications (``"compute"``) and on each stream."""

    macs: int
    cycles: dict[str, float]

    @property
    def bound(self) -> str:
        """What needs most."""
        return max(self.cycles, key=lambda name: self.cycles[name])

    @property
    def least(self) -> float:
        """Cycles that no engine with these multipliers and streams can do without."""
        return self.cycles[self.bound]

    @property
    def stream(self) -> str:
        """The stream that needs most."""
        return max(STREAMS, key=lambda name: self.cycles[name])


def limits(timing: EngineTiming, jobs: Iterable[Job]) -> Limits:
    """What `jobs` need; every job moves its own operands, in whole words of packed weights.

    >>> limits(EngineTiming(8, 8, 1, 8, 16, 8, 16, 28, 15), [Job(64, 64, 64)]).cycles
    {'compute': 4096.0, 'activations': 256.0, 'weights': 512.0, 'outputs': 256.0}
    """
    jobs = list(jobs)
    macs = sum(job.m * job.n * job.k for job in jobs)
    moved = {
        "activations": sum(job.m * job.k for job in jobs),
        "weights": sum(math.prod(timing.tiles(job)[1:]) for job in jobs) * timing.weight_words * timing.weight_bytes,
        "outputs": sum(job.m * job.n * (4 if job.raw else 1) for job in jobs),
    }
    return Limits(macs, {
        COMPUTE: macs / (timing.rows * timing.cols * timing.depth),
        **{name: moved[name] / width for name, width in widths(timing).items()}})


@dataclass(frozen=True)
class Point:
    """A measured product: its name, what it needs, and the cycles that it took."""

    name: str
    limits: Limits
    cycles: int


def chart(title: str, timing: EngineTiming, points: Sequence[Point]) -> str:
    """Return an SVG: multiplications per cycle against multiplications per byte of the stream that needs most.

    Slopes are streams, the horizontal line is the array. A point has the color of what bounds it; a label
    that would cover another one is left to the point's tooltip.

    >>> timing = EngineTiming(8, 8, 1, 8, 16, 8, 16, 28, 15)
    >>> svg = chart("t", timing, [Point("64", limits(timing, [Job(64, 64, 64)]), 4191)])
    >>> svg.count("<circle"), svg.count("<polyline"), svg.startswith("<svg"), svg.endswith("</svg>")
    (1, 3, True, True)
    """
    peak = timing.rows * timing.cols * timing.depth
    places = [_place(timing, point) for point in points]
    low_x = math.floor(min([0, *(math.log2(x) for x, _ in places)]))
    high_x = math.ceil(max([math.log2(peak) + 1, *(math.log2(x) for x, _ in places)]))
    low_y = math.floor(min([math.log2(peak) - 4, *(math.log2(y) for _, y in places)]))
    high_y = math.ceil(math.log2(peak)) + 1

    def across(value: float) -> float:
        return LEFT + (math.log2(value) - low_x) / (high_x - low_x) * (WIDTH - LEFT - RIGHT)

    def down(value: float) -> float:
        return TOP + (high_y - math.log2(value)) / (high_y - low_y) * (HEIGHT - TOP - BOTTOM)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', _text(WIDTH / 2, 20, title, "middle", 14)]
    for exponent in range(low_x, high_x + 1):
        x = across(2.0**exponent)
        out += [_line(x, TOP, x, HEIGHT - BOTTOM), _text(x, HEIGHT - BOTTOM + 16, f"{2.0**exponent:g}", "middle")]
    for exponent in range(low_y, high_y + 1):
        y = down(2.0**exponent)
        out += [_line(LEFT, y, WIDTH - RIGHT, y), _text(LEFT - 8, y + 4, f"{2.0**exponent:g}", "end")]
    out.append(_text(WIDTH / 2, HEIGHT - 12, "multiplications per byte of the stream that needs most cycles", "middle"))
    out.append(_text(8, TOP - 8, "multiplications per cycle", "start"))
    out.append(_line(LEFT, down(peak), WIDTH - RIGHT, down(peak), COLORS[COMPUTE]))
    out.append(_text(WIDTH - RIGHT, down(peak) - 6, f"{peak} multipliers", "end", color=COLORS[COMPUTE]))
    for row, (name, width) in enumerate(widths(timing).items()):
        begin = max(2.0**low_x, 2.0**low_y / width)
        ends = f"{across(begin):.1f},{down(begin * width):.1f} {across(peak / width):.1f},{down(peak):.1f}"
        out.append(f'<polyline points="{ends}" fill="none" stroke="{COLORS[name]}" stroke-width="1.5"/>')
        out.append(_text(WIDTH - RIGHT, HEIGHT - BOTTOM - 44 + 16 * row, f"{name}: {width} bytes per cycle", "end",
                         color=COLORS[name]))
    labels: list[tuple[float, float, float]] = []
    for point, (x, y) in zip(points, places, strict=True):
        color, at_x, at_y = COLORS[point.limits.bound], across(x), down(y)
        out.append(f'<circle cx="{at_x:.1f}" cy="{at_y:.1f}" r="4" fill="{color}">'
                   f"<title>{_escape(point.name)}, {point.limits.bound}</title></circle>")
        left, right = at_x + 6, at_x + 12 + 5.2 * len(point.name)
        for base in (at_y + 4, at_y + 16, at_y + 28, at_y + 40, at_y + 52):
            if all(abs(base - other) > 10 or right < begin or left > end for begin, end, other in labels):
                labels.append((left, right, base))
                out.append(_text(left, base, point.name, "start", 9, color))
                break
    return "\n".join([*out, "</svg>"])


def _place(timing: EngineTiming, point: Point) -> tuple[float, float]:
    """Multiplications per byte of the point's slowest stream, and per cycle."""
    stream = point.limits.stream
    return (point.limits.macs / (point.limits.cycles[stream] * widths(timing)[stream]),
            point.limits.macs / point.cycles)


def _escape(text: str) -> str:
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, entity)
    return text


def _text(x: float, y: float, text: str, anchor: str, size: int = 12, color: str = "#333") -> str:
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{color}">'
            f"{_escape(text)}</text>")


def _line(x1: float, y1: float, x2: float, y2: float, color: str = "#ddd") -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}"/>'
