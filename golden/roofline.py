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
# Of the picture, with margins; the list of points stands in the right one.
WIDTH, HEIGHT, LEFT, TOP, BOTTOM, RIGHT = 1000, 500, 60, 40, 50, 260
COLORS = {COMPUTE: "#333333", "activations": "#1f77b4", "weights": "#d62728", "outputs": "#2ca02c"}
# Slopes of streams that are equally wide lie on each other.
DASHES = {"activations": "", "weights": "2 3", "outputs": "8 8"}


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

    Slopes are streams, the horizontal line is the array. A point has the color of what bounds it and a
    number, by which the list beside gives its name and the share of its bound that was reached.

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
    below = "multiplications per byte of the stream that needs most cycles"
    out.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, below, "middle"))
    out.append(_text(8, TOP - 8, "multiplications per cycle", "start"))
    out.append(_line(LEFT, down(peak), WIDTH - RIGHT, down(peak), COLORS[COMPUTE]))
    out.append(_text(WIDTH - RIGHT - 6, down(peak) - 22, f"{peak} multipliers", "end", color=COLORS[COMPUTE]))
    for row, (name, width) in enumerate(widths(timing).items()):
        begin = max(2.0**low_x, 2.0**low_y / width)
        ends = f"{across(begin):.1f},{down(begin * width):.1f} {across(peak / width):.1f},{down(peak):.1f}"
        out.append(f'<polyline points="{ends}" fill="none" stroke="{COLORS[name]}" stroke-width="1.5" '
                   f'stroke-dasharray="{DASHES[name]}"/>')
        out.append(_text(WIDTH - RIGHT - 6, HEIGHT - BOTTOM - 44 + 16 * row, f"{name}: {width} bytes per cycle", "end",
                         color=COLORS[name]))
    labels: list[tuple[float, float]] = []
    line = min(12.0, (HEIGHT - TOP) / max(len(points), 1))
    for number, (point, (x, y)) in enumerate(zip(points, places, strict=True), 1):
        found, at_x, at_y = point.limits, across(x), down(y)
        color = COLORS[found.bound]
        out.append(f'<circle cx="{at_x:.1f}" cy="{at_y:.1f}" r="3" fill="{color}"/>')
        # Numbers of points that lie together form a column below them.
        base = at_y + 12
        while any(abs(at_x - left) < 14 and abs(base - other) < 9 for left, other in labels):
            base += 9
        labels.append((at_x, base))
        out.append(_text(at_x, base, f"{number}", "middle", 9, color))
        text = f"{number}  {point.name}: {found.least / point.cycles:.1%} of {found.bound}"
        out.append(_text(WIDTH - RIGHT + 14, TOP + 8 + line * (number - 1), text, "start", 10, color))
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
