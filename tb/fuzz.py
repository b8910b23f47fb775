"""`make fuzz`: the fuzz tests of the regression with many more examples and a new seed."""

import os
import re
import secrets
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from importlib.metadata import version
from typing import Any

from tb.report import write_report
from tb.run import BUILD, ROOT, seed

__all__ = ["FuzzError", "fuzz", "table"]

EXAMPLES = 500
# What is shown of a failure; build/fuzz/output.txt has all.
MESSAGE = 2000
MODULES = tuple(f"tb/test_fuzz_{part}.py" for part in ("files", "generator", "golden", "quantize"))


class FuzzError(ValueError):
    """What is asked for cannot be run; the message is one line."""


def fuzz(examples: int | None = None, only: str | None = None) -> dict[str, Any]:
    """Run the fuzz tests with about `examples` random inputs each, from SEED or a new seed.

    Parameters
    ----------
    examples
        How many; None: 500. Tests that take longer run a fixed part of that.
    only
        The one test that shall run, as a failure's command says; None: all.

    A failure does not end the run: its message is among the figures' `messages`.

    Returns
    -------
    dict
        The figures, also written to build/reports/fuzz.json.

    Raises
    ------
    FuzzError
        `examples` or `only` means nothing.
    """
    count = EXAMPLES if examples is None else examples
    if not 1 <= count <= 10**7:
        raise FuzzError(f"examples must be from 1 to {10**7}, not {count}")
    if only is not None and not re.fullmatch(r"test_\w+", only):
        raise FuzzError(f"only must be the name of a fuzz test, not {only!r}")
    os.environ["SEED"] = os.environ.get("SEED") or str(secrets.randbelow(2**31))
    results = BUILD / "fuzz" / "results.xml"
    results.parent.mkdir(parents=True, exist_ok=True)
    results.unlink(missing_ok=True)
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "--tb=short", "--no-header", "--junitxml", str(results),
         *MODULES, *(["-k", only] if only else [])],
        cwd=ROOT, env={**os.environ, "MACAW_EXAMPLES": str(count)}, capture_output=True, text=True)
    results.with_name("output.txt").write_text(done.stdout + done.stderr)
    targets = _targets(results, count) if results.exists() else {}
    if not targets or (done.returncode and not any(row["failed"] for row in targets.values())):
        raise FuzzError(f"fuzz tests must run, not none or a part of them:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    figures = {
        "asked": count,
        "seconds": round(time.monotonic() - started, 1),
        "examples": sum(row["examples"] for row in targets.values()),
        "failures": sum(row["failed"] for row in targets.values()),
        "hypothesis": version("hypothesis"),
        "targets": targets,
        "messages": [text for row in targets.values() if row["failed"]
                     for text in (*row["messages"], f"again: {row['rerun']}")],
    }
    write_report("fuzz", figures)
    return figures


def _targets(results: Any, count: int) -> dict[str, dict[str, Any]]:
    """What each test that draws random inputs did, by name."""
    rows = {}
    for case in ET.parse(results).getroot().iter("testcase"):
        properties = {str(entry.get("name")): int(entry.get("value") or 0) for entry in case.iter("property")}
        # Exception, then the input, which may be long.
        messages = [str(found.get("message"))[:MESSAGE] for found in case if found.tag in ("failure", "error")]
        if "examples" in properties or messages:
            name = str(case.get("name"))
            rows[name] = {
                "examples": properties.get("examples", 0), "refused": properties.get("refused", 0),
                "failed": bool(messages), "messages": messages,
                "seconds": float(case.get("time") or 0),
                "rerun": f"make fuzz ONLY={name} EXAMPLES={count} SEED={seed()}"}
    return rows


def table(figures: dict[str, Any]) -> str:
    """The figures as a reader wants them."""
    lines = [f"Random and hostile inputs, seed {seed()}", ""]
    for name, row in figures["targets"].items():
        title = name.removeprefix("test_").replace("_", " ")
        lines.append(f"  {title:<74} {row['examples']:>9,}  {row['refused']:>9,} refused{'  FAILED' * row['failed']}")
    lines += ["", f"  {'together':<74} {figures['examples']:>9,}  in {figures['seconds']:,.0f} seconds",
              f"  {'failures':<74} {figures['failures']:>9,}  must be 0",
              f"\n  figures  {(BUILD / 'reports' / 'fuzz.json').relative_to(ROOT)}"]
    return "\n".join(lines)
