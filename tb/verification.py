"""`make report`: one page, in Markdown and HTML, of what was verified, from the reports of all jobs."""

import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tb.mutation.gaps import explained
from tb.report import REPORTS

__all__ = ["JOBS", "Report", "VerificationError", "page", "report", "summary", "web_page"]

Report = dict[str, Any]


class VerificationError(Exception):
    """A report is missing; the message says what to type."""


def report(reports: Path = REPORTS) -> list[Path]:
    """Write verification.md and verification.html into `reports`, from the reports there; returns their paths.

    Raises
    ------
    VerificationError
        A report is missing.
    """
    found = {job: read(job, reports) for job in JOBS}
    text = page(found)
    paths = [reports / "verification.md", reports / "verification.html"]
    paths[0].write_text(text)
    paths[1].write_text(web_page(text))
    return paths


def read(job: str, reports: Path = REPORTS) -> Report:
    """The report of `job`."""
    path = reports / f"{job}.json"
    if not path.is_file():
        raise VerificationError(f"{path} must be there, type: {JOBS[job]}")
    return json.loads(path.read_text())


# Reports, and what makes them.
JOBS = {
    "test": "make test", "coverage": "make coverage", "formal": "make formal", "mutation": "make mutate",
    "fuzz": "make fuzz", "soak": "make soak", "oracles": "make oracles", "oracles-hardware": "make oracles",
}


def summary(find: Callable[[str], Report]) -> list[tuple[str, str, str]]:
    """What was done, its figure, and the command that does it again; `find` gives the report of a job."""
    test, coverage = find("test"), find("coverage")
    bins = test["coverage"]
    rows = [
        ("Regression in Icarus Verilog", f"{passed(test)}; {bins['filled']:,} of {bins['bins']:,} coverage bins filled",
         "test"),
        ("Hardware tests in Verilator", agreement(bins["digests"], coverage["digests"]), "coverage"),
    ]
    counts = coverage["configurations"][coverage["shipped"]]
    reached = ", ".join(f"{kind} {hit:,} of {total:,}" for kind, (hit, total) in counts.items())
    rows.append((f"Verilog reached, default export {coverage['shipped']}",
                 f"{reached}; {len(coverage['gaps'])} neither reached nor waived", "coverage"))
    proofs = find("formal")["proofs"]
    controls = sum(len(proof["controls"]) for proof in proofs)
    rows.append(("Proofs", f"{len(proofs)} hold; {controls} deliberate mistakes, each found", "formal"))
    for block in find("mutation")["blocks"]:
        rows.append((f"Mutants of {block['block']}", f"{found(block)}: {block['score']:.2%}", "mutation"))
    fuzz, soak = find("fuzz"), find("soak")
    rows += [
        ("Fuzzing", f"{fuzz['examples']:,} examples for {len(fuzz['targets'])} targets, {fuzz['failures']} failures",
         "fuzz"),
        ("Soak", f"{soak['simulations']:,} simulations of {soak['configurations']:,} random configurations, "
                 f"{soak['cycles']:,} cycles, {soak['failures']} failures", "soak"),
    ]
    stacks, hardware = find("oracles")["stacks"], find("oracles-hardware")["files"]
    rows.append((
        f"Against {len(stacks)} inference stacks",
        f"golden: {sum(row['outputs'] for row in stacks):,} outputs, {sum(row['differences'] for row in stacks):,} "
        f"differences; Verilog: {sum(row['outputs'] for row in hardware):,} outputs, "
        f"{sum(row['hardware_differences'] for row in hardware):,} differences", "oracles"))
    return [(what, figure, f"`{JOBS[job]}`") for what, figure, job in rows]


def passed(test: Report) -> str:
    """The tests that passed, and those that did not."""
    outcomes = test["tests"]
    others = ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.items() if outcome != "passed")
    return f"{outcomes['passed']:,} tests passed, {others}"


def agreement(first: dict[str, str], second: dict[str, str]) -> str:
    """Whether two simulators had the same results, by the digests of the second one's tests."""
    differing = [name for name, digest in second.items() if first.get(name) != digest]
    if differing:
        return f"DIFFERS from Icarus: {len(differing)} of {len(second)} met coverage bins another number of times"
    return f"{len(second):,} tests passed, and met every coverage bin as often as in Icarus"


def found(block: Report) -> str:
    """Mutants found among those that are not equivalent."""
    return (f"{block['killed']:,} of {block['mutants'] - block['equivalent']:,} found "
            f"({block['mutants']:,} made, {block['equivalent']:,} proved equivalent)")


def page(reports: dict[str, Report]) -> str:
    """The whole page in Markdown."""
    parts = ["# Verification", table(["what", "result", "command"], summary(reports.__getitem__))]
    proofs = reports["formal"]["proofs"]
    parts += ["## Proofs", table(
        ["claim", "method", "holds", "controls found", "seconds"],
        [(proof["name"], proof["method"].lower(), proof["holds"], len(proof["controls"]), proof["seconds"])
         for proof in proofs])]
    parts += ["## Mutants"]
    for block in reports["mutation"]["blocks"]:
        killers = table(["test", "mutants it found first"], list(block["killers"].items()))
        gaps = table(["module", "line", "change", "why it is not found"],
                     [(gap["module"], f"`{gap['line']}`", gap["change"], explained(gap)) for gap in block["gaps"]])
        parts += [f"### {block['block']}", f"{found(block)}: {block['score']:.2%}.", killers,
                  gaps if block["gaps"] else "None is left over."]
    coverage = reports["coverage"]
    parts += ["## Verilog reached", table(
        ["configuration", "line", "branch", "expression", "toggle"],
        [(name, *(f"{hit:,} of {total:,}" for hit, total in counts.values()))
         for name, counts in coverage["configurations"].items()])]
    parts += ["## Coverage bins", table(
        ["bin", "times met"], [(name, f"{count:,}") for name, count in reports["test"]["coverage"]["counts"].items()])]
    parts += ["## Fuzzing", table(
        ["target", "examples", "of them refused", "again"],
        [(name, f"{target['examples']:,}", f"{target['refused']:,}", f"`{target['rerun']}`")
         for name, target in reports["fuzz"]["targets"].items()])]
    parts += ["## Inference stacks", table(
        ["stack", "version", "mode", "outputs", "differences"],
        [(row["stack"], row["version"], row["mode"], f"{row['outputs']:,}", f"{row['differences']:,}")
         for row in reports["oracles"]["stacks"]])]
    parts += ["## Made with", table(
        ["report", "command", "seed", "commit", "versions"],
        [(job, f"`{JOBS[job]}`", made.get("seed", ""), (made.get("commit") or "")[:12],
          ", ".join(f"{name} {version}" for name, version in made.get("versions", {}).items()))
         for job, made in reports.items()])]
    return "\n\n".join(parts) + "\n"


def table(head: list[str], rows: list[Any]) -> str:
    """A Markdown table; in its cells a vertical line would end them."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


STYLE = ("body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}"
         "table{border-collapse:collapse;margin:1rem 0}td,th{border:1px solid #ccc;padding:.2rem .6rem;text-align:left;"
         "vertical-align:top}code{background:#f3f3f3}")


def web_page(text: str) -> str:
    """The page as HTML: headings, paragraphs and tables, which is all that `page` writes."""
    body = []
    for part in text.strip().split("\n\n"):
        if part.startswith("#"):
            marks, _, title = part.partition(" ")
            body.append(f"<h{len(marks)}>{_inline(title)}</h{len(marks)}>")
        elif part.startswith("|"):
            head, _, *rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in part.splitlines()]
            lines = ["".join(f"<th>{_inline(cell)}</th>" for cell in head)]
            lines += ["".join(f"<td>{_inline(cell)}</td>" for cell in row) for row in rows]
            body.append("<table>\n" + "\n".join(f"<tr>{line}</tr>" for line in lines) + "\n</table>")
        else:
            body.append(f"<p>{_inline(part)}</p>")
    return (f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>Verification</title>'
            f"<style>{STYLE}</style></head>\n<body>\n" + "\n".join(body) + "\n</body>\n</html>\n")


def _inline(text: str) -> str:
    """A cell or a line: code in backquotes, and no markup besides."""
    plain = html.escape(text.strip().replace("\\|", "|"), quote=False)
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", plain)
