"""Line, branch, expression and toggle coverage of emitted Verilog, as Verilator counts them: merged, waived, reported.

`make coverage` runs the hardware tests in Verilator and counts, for each configuration that they emit, what they
reached. What the default export leaves unreached must be in `tb.waivers`, name by name and with the reason; a waiver
for what was reached, or is not there, is refused like a gap.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

from tb.coverage import BINS, digests, empty, merge
from tb.report import REPORTS, write_report
from tb.run import BUILD, ROOT
from tb.simulator import COVERAGE
from tb.waivers import WAIVERS, signals

__all__ = ["KINDS", "CoverageError", "Points", "configurations", "coverage", "judge", "table"]

# What Verilator calls a kind of point, and what everybody does.
KINDS = {"v_line": "line", "v_branch": "branch", "v_expr": "expression", "v_toggle": "toggle"}

# The modules with a test of their own; boards and netlists are these again.
TESTS = ("cell", "array", "requant", "unit", "core", "engine", "registers")

# What `make verilog` writes unless it is told otherwise.
SHIPPED = "mac_unit_8x8x1"

# A point: kind, module, line, column, and what of it.
Point = tuple[str, str, int, int, str]
Points = Counter[Point]


class CoverageError(Exception):
    """A test failed, or something was not reached; the message lists it."""


def read(path: Path) -> Points:
    """Counts of a coverage.dat, of all instances of a module together."""
    points: Points = Counter()
    for line in path.read_text().splitlines():
        if not line.startswith("C '"):
            continue
        body, count = line[3:].rsplit("' ", 1)
        # A point is a list of keys and values: \x01 key \x02 value ...
        keys = dict(pair.split("\x02", 1) for pair in body.split("\x01") if pair)
        kind, _, module = keys["page"].partition("/")
        # Verilator's names for what a C++ name cannot hold.
        what = keys["o"].replace("___05F", "__").replace("__024", "$").replace("__02e", ".").replace("__03a", ":")
        points[KINDS[kind], module, int(keys["l"]), int(keys["n"]), what] += int(count)
    if not points:
        raise CoverageError(f"{path} must have points of coverage, it has none")
    return points


def configurations(directory: Path) -> dict[str, Points]:
    """Counts of each Verilog file that was simulated into `directory`, by the name of its top."""
    merged: dict[tuple[str, str], Points] = {}
    tests: dict[tuple[str, str], str] = {}
    for path in sorted(directory.glob("*.dat")):
        verilog = path.with_suffix(".v")
        top = json.loads(path.with_suffix(".json").read_text())["top"]
        key = top, sha256(verilog.read_bytes()).hexdigest()
        tests.setdefault(key, path.stem.rpartition(".")[0])
        merged.setdefault(key, Counter()).update(read(path))
    names = Counter(top for top, _ in merged)
    return {top if names[top] == 1 else f"{top} ({tests[top, digest]})": points
            for (top, digest), points in merged.items()}


def judge(points: Points) -> tuple[list[Point], list[str]]:
    """What of the default export is neither reached nor waived, and which waivers are wrong."""
    wanted = signals(WAIVERS)
    missed = {point for point, count in points.items() if not count}
    name = {point: (point[1], point[4].rpartition(":")[0] if point[0] == "toggle" else point[4]) for point in points}
    gaps = sorted(point for point in missed if name[point] not in wanted)
    missed_names = {name[point] for point in missed}
    wrong = [f"{module}: {signal}" for module, signal in wanted if (module, signal) not in missed_names]
    return gaps, wrong


def figures(points: Points) -> dict[str, list[int]]:
    """Points reached and points, of each kind."""
    return {kind: [sum(bool(count) for point, count in points.items() if point[0] == kind),
                   sum(point[0] == kind for point in points)] for kind in KINDS.values()}


def coverage(tests: tuple[str, ...] = TESTS) -> dict[str, Any]:
    """Run the tests, write build/reports/coverage.json and .md; returns the figures.

    Raises
    ------
    CoverageError
        A test failed; a point of the default export was not reached; a waiver is wrong; a bin is empty.
    """
    directory = BUILD / "code_coverage"
    _run(directory, tests)
    measured = configurations(directory)
    if SHIPPED not in measured:
        raise CoverageError(f"the default export {SHIPPED} must be among what is simulated: {', '.join(measured)}")
    gaps, wrong = judge(measured[SHIPPED])
    bins = merge(BUILD / "coverage")
    report: dict[str, Any] = {
        "shipped": SHIPPED,
        "configurations": {name: figures(points) for name, points in sorted(measured.items())},
        "waived": len(signals(WAIVERS)),
        "gaps": [_text(point) for point in gaps],
        "wrong_waivers": wrong,
        "bins": {"bins": len(BINS), "filled": len(BINS) - len(empty(bins))},
        "digests": digests(BUILD / "coverage"),
    }
    write_report("coverage", report)
    (REPORTS / "coverage.md").write_text(page(report))
    problems = [f"not reached, not waived: {gap}" for gap in report["gaps"]]
    problems += [f"waiver of what is reached or not there: {name}" for name in wrong]
    if problems:
        raise CoverageError("\n".join(problems))
    return report


def _run(directory: Path, tests: tuple[str, ...]) -> None:
    """Simulate in Verilator, counting into `directory`."""
    for old in (directory, BUILD / "coverage"):
        shutil.rmtree(old, ignore_errors=True)
    directory.mkdir(parents=True)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "auto", "--maxprocesses", "8", "--dist", "worksteal",
               *(f"tb/test_{name}.py" for name in tests)]
    environment = {**os.environ, COVERAGE: str(directory), "SIM": "verilator"}
    if subprocess.run(command, cwd=ROOT, env=environment).returncode:
        raise CoverageError("every test must pass before what it reached counts")


def _text(point: Point) -> str:
    kind, module, line, column, what = point
    return f"{module}, {kind}, line {line}:{column}: {what}"


def table(report: dict[str, Any]) -> str:
    """The figures as a Markdown table."""
    lines = ["| configuration | " + " | ".join(KINDS.values()) + " |", "|---|" + "---|" * len(KINDS)]
    for name, counts in report["configurations"].items():
        cells = [f"{hit} of {total}" if hit < total else f"all {total}" for hit, total in counts.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def page(report: dict[str, Any]) -> str:
    """The merged report."""
    reasons = "\n".join(f"| {module} | {', '.join(names)} | {reason} |" for module, names, reason in WAIVERS)
    gaps = "\n".join(f"* {gap}" for gap in report["gaps"]) or "None."
    return f"""# Coverage

Counted by Verilator over the whole hardware regression, all instances of a module together.

{table(report)}

Functional bins: {report["bins"]["filled"]} of {report["bins"]["bins"]} filled.

## {report["shipped"]}: gaps

{gaps}

## {report["shipped"]}: waivers

| module | names | reason |
|---|---|---|
{reasons}
"""
