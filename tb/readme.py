"""`make readme`: the README's figures, taken from the reports of the last runs instead of typed."""

import json
import re

from tb.digits import table
from tb.report import REPORTS
from tb.run import ROOT

__all__ = ["ReadmeError", "update"]


class ReadmeError(Exception):
    """A report or a marker is missing; the message is one line."""


def update() -> None:
    """Rewrite the blocks between ``<!-- sim.json -->`` and ``<!-- end -->`` in the README."""
    path = ROOT / "README.md"
    text = path.read_text()
    report = REPORTS / "sim.json"
    if not report.is_file():
        raise ReadmeError(f"{report.relative_to(ROOT)} must be there, type: make sim")
    block = f"<!-- sim.json -->\n```\n{table(json.loads(report.read_text()))}\n```\n<!-- end -->"
    new, count = re.subn(r"<!-- sim\.json -->.*?<!-- end -->", lambda _: block, text, flags=re.DOTALL)
    if count != 1:
        raise ReadmeError(f"README.md must have one block of sim.json, not {count}")
    path.write_text(new)
