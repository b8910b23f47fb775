"""Scores of mutants as JSON: build/reports/mutation.json, where each block keeps its last row."""

import json
from collections import Counter
from typing import Any

import tb.report
from tb.mutation.blocks import TARGETS

__all__ = ["THRESHOLD", "merged", "row", "score"]

# Of the mutants of a block that are not equivalent, the tests must find this share.
THRESHOLD = 0.98


def merged(block: str, results: list[dict[str, Any]], seconds: float) -> dict[str, Any]:
    """Put the `results` of `block` into the report, beside the rows of other blocks; returns the row."""
    killers: Counter[str] = Counter()
    for result in results:
        killers.update(result["killers"])
    entry: dict[str, Any] = {
        "block": block,
        **{name: sum(result[name] for result in results) for name in ("mutants", "killed", "equivalent")},
        "gaps": [{"target": result["target"], **gap} for result in results for gap in result["gaps"]],
        "killers": dict(killers.most_common()),
        "threshold": THRESHOLD, "seconds": round(seconds, 1), "targets": results,
    }
    entry |= {"score": round(score(entry), 4), **tb.report.provenance()}
    path = tb.report.REPORTS / "mutation.json"
    kept = json.loads(path.read_text())["blocks"] if path.exists() else []
    rows = {old["block"]: old for old in kept} | {block: entry}
    order = dict.fromkeys((*(target.block for target in TARGETS), *rows))
    tb.report.write_report("mutation", {"blocks": [rows[name] for name in order if name in rows]})
    return entry


def score(entry: dict[str, Any]) -> float:
    """Killed mutants as a share of those that are not equivalent."""
    return entry["killed"] / max(entry["mutants"] - entry["equivalent"], 1)


def row(entry: dict[str, Any]) -> str:
    """A line of the table."""
    return (f"{entry['block']}: {entry['mutants']} mutants, {entry['killed']} found, {entry['equivalent']} equivalent, "
            f"{len(entry['gaps'])} gaps: {entry['score']:.2%} in {entry['seconds']:.0f} s")
