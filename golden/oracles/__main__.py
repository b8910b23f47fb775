"""Compare golden with the inference stacks themselves: `python -m golden.oracles`, or `make oracles`.

Prints a table and writes build/reports/oracles.json; exit status 1 if a single output differs.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from golden.oracles import vectors
from golden.oracles.stack import compare
from golden.oracles.stacks import STACKS

REPORT = Path("build/reports/oracles.json")
ROW = "{:<26} {:<32} {:<10} {:>9} {:>9} {:>11}"


def main() -> int:
    """Run the chosen stacks; returns the exit status."""
    options = _options()
    rows, failures = [], []
    print(ROW.format("stack", "version", "mode", "outputs", "directed", "differences"), flush=True)
    for name in options.stacks:
        row, failure = _run(name, options)
        rows.append(row)
        failures += failure
        columns = ("stack", "version", "mode", "outputs", "directed", "differences")
        print(ROW.format(*(row[column] for column in columns)), flush=True)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps({"stacks": rows, **_provenance(options.seed)}, indent=2) + "\n")
    for line in failures:
        print(line, file=sys.stderr)
    return 1 if failures else 0


def _run(name: str, options: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    """Return the row of one stack, and what is wrong with it."""
    stack = STACKS[name]
    start = time.perf_counter()
    try:
        version = stack.version()
        found = compare(stack, options.seed, options.outputs, keep=options.save is not None)
    except (ImportError, RuntimeError, ValueError) as error:
        row = {"stack": name, "version": "-", "mode": stack.mode, "outputs": 0, "directed": 0, "differences": "-"}
        return row, [f"{name}: {type(error).__name__}: {str(error).splitlines()[0]}"]
    row = {
        "stack": name,
        "framework": stack.framework,
        "version": version,
        "mode": stack.mode,
        "outputs": found.outputs,
        "directed": found.directed,
        "differences": found.differences,
    }
    if options.save is not None:
        row["saved"] = vectors.save(options.save / f"{name}.npz", stack.mode, found, options.count, options.seed)
    row["seconds"] = round(time.perf_counter() - start, 1)
    failures = []
    if found.differences:
        failures.append(f"{name}: {found.differences} of {found.outputs} differ, the first: {found.first}")
    if found.outputs < options.outputs:
        failures.append(f"{name}: outputs must be at least {options.outputs}, not {found.outputs}")
    return row, failures


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m golden.oracles", description=__doc__)
    parser.add_argument("--stacks", type=_stacks, default=list(STACKS), help="names with commas between; default all")
    parser.add_argument("--outputs", type=_positive, default=1_000_000, help="at least so many for each stack")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", "1")), help="default $SEED or 1")
    parser.add_argument("--save", type=Path, help="write DIR/<stack>.npz for make replay", metavar="DIR")
    parser.add_argument("--count", type=_positive, default=120_000, help="how many outputs to save for each stack")
    return parser.parse_args()


def _stacks(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in STACKS]
    if unknown:
        raise argparse.ArgumentTypeError(f"stack must be one of {', '.join(STACKS)}, not {unknown[0]!r}")
    return names


def _positive(text: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", text) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a number > 0, not {text!r}")
    return int(text)


def _provenance(seed: int) -> dict[str, Any]:
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    return {"seed": seed, "machine": platform.machine(), "versions": versions, "commit": _commit()}


def _commit() -> str | None:
    """The commit that is checked out, with `+` for local changes; None outside a git checkout."""
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


if __name__ == "__main__":
    sys.exit(main())
