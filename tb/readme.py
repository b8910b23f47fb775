"""`make readme`: the README's figures, taken from the reports of the last runs instead of typed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gen.block import files, parameters
from gen.boards.boards import BOARDS
from gen.options import configuration as config_of
from gen.synth.report import markdown
from gen.synth.standard import standard
from gen.synth.targets import TARGETS
from tb.bench import whole
from tb.digits import table
from tb.report import REPORTS
from tb.run import ROOT
from tb.verification import JOBS, summary
from tb.verification import table as markdown_table

__all__ = ["ReadmeError", "update"]

Report = Callable[[str], dict[str, Any]]


class ReadmeError(Exception):
    """A report or a marker is missing; the message is one line."""


def update(path: Path = ROOT / "README.md", reports: Path = REPORTS, only: str | None = None) -> None:
    """Rewrite the blocks between ``<!-- NAME -->`` and ``<!-- end -->`` in the README at `path`, or one of them.

    Raises
    ------
    ReadmeError
        A report is not there or is none, or a block is missing or there twice, or unknown; the file is then as before.
    """
    if only is not None and only not in BLOCKS:
        raise ReadmeError(f"only must be one of {', '.join(BLOCKS)}, not {only!r}")
    looked: list[str] = []

    def read(name: str) -> dict[str, Any]:
        looked.append(name)
        report = reports / f"{name}.json"
        if not report.is_file():
            command = JOBS.get(name, f"make {name.partition('-')[0]}")
            raise ReadmeError(f"{report} must be there, type: {command}")
        return json.loads(report.read_text())

    text = path.read_text()
    for name, make in BLOCKS.items():
        if only not in (None, name):
            continue
        start = f"<!-- {name} -->"
        if text.count(start) != 1:
            raise ReadmeError(f"{path.name} must have one block {name}, not {text.count(start)}")
        before, _, rest = text.partition(start)
        _, end, after = rest.partition("<!-- end -->")
        try:
            block = make(read)
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
            job = looked[-1].partition("-")[0]
            raise ReadmeError(f"{reports / looked[-1]}.json must be as make {job} writes it, run that again") from None
        text = f"{before}{start}\n{block}\n{end}{after}"
    path.write_text(text)


def _sim(read: Report) -> str:
    return f"```\n{table(read('sim'))}\n```"


def _oracles(read: Report) -> str:
    """One row for each stack: compared with golden, and with the hardware in simulation."""
    hardware = {Path(row["vectors"]).stem: row for row in read("oracles-hardware")["files"]}
    lines = ["| stack | version | mode | golden: outputs | differences | Verilog: outputs | differences |",
             "|---|---|---|---:|---:|---:|---:|"]
    for row in read("oracles")["stacks"]:
        verilog = hardware.get(row["stack"], {"outputs": 0, "hardware_differences": 0})
        lines.append(
            f"| {row['stack']} | {row['version']} | {row['mode']} | {row['outputs']:,} | {row['differences']:,} "
            f"| {verilog['outputs']:,} | {verilog['hardware_differences']:,} |")
    return "\n".join(lines)


# What the README shows of `make bench`: configuration and product, or network.
SHOWN = (
    ("8x8x1", "64x64x64"), ("8x8x1", "128x128x128"), ("1x8x8", "1x784x128"), ("8x8x1", "ResNet-50"),
    ("8x8x1", "BERT-base layer"), ("8x8x4", "ResNet-50"), ("8x8x4", "BERT-base layer"))


def _bench(read: Report) -> str:
    """One row for each of `SHOWN`; of a network the cycles of all layers."""
    figures = read("bench")
    lines = ["| array | product (M×K×N) | cycles | at least | used |", "|---|---|---:|---:|---:|"]
    networks = {row["network"] for row in figures["rows"]}
    single = {(row["configuration"], row["name"]): row for row in figures["rows"]}
    for configuration, name in SHOWN:
        if name in networks:
            total = whole(figures, configuration, name)
        elif row := single.get((configuration, name)):
            total = {"cycles": row["cycles"], "ideal": row["ideal_cycles"]}
        else:
            raise ReadmeError(f"bench.json must have {name} on {configuration}, type: make bench")
        cycles, ideal = total["cycles"], total["ideal"]
        lines.append(f"| {configuration} | {name} | {cycles:,} | {ideal:,.0f} | {ideal / cycles:.2%} |")
    return "\n".join(lines)


def _cell(read: Report) -> str:
    """The Verilog of the cell of the default configuration."""
    verilog = files("cell", config_of({}, block="cell"))["mac_cell.v"]
    return f"```verilog\n{verilog[verilog.index('module'):].strip()}\n```"


def _synth(read: Report) -> str:
    """The standard set on every target."""
    measured = {(row["target"], row["block"], str(row["config"])): row for row in read("synth")["rows"]}
    rows = []
    for target in TARGETS:
        for block, config in standard(target):
            key = target, block, str(parameters(config))
            if key not in measured:
                raise ReadmeError(f"synth.json must have {block} {config.name} on {target}, type: make synth")
            rows.append(measured[key])
    return markdown(rows)


def _boards(read: Report) -> str:
    """One row for each board."""
    lines = ["| `BOARD` | engine | LUT | FF | DSP | RAM | MHz reached | MHz needed |",
             "|---|---|---:|---:|---:|---:|---:|---:|"]
    for board in BOARDS:
        row = read(f"board-{board}")
        area = " | ".join(f"{row['area'][kind]:,} of {row['holds'][kind]:,}" for kind in ("lut", "ff", "dsp", "ram"))
        lines.append(f"| {board} | {row['core']} | {area} | {row['mhz']:.1f} | {row['constraint']:g} |")
    return "\n".join(lines)


def _verification(read: Report) -> str:
    """What `make report` sums up."""
    return markdown_table(["what", "result", "command"], summary(read))


BLOCKS: dict[str, Callable[[Report], str]] = {
    "sim": _sim, "cell": _cell, "oracles": _oracles, "bench": _bench, "synth": _synth, "boards": _boards,
    "verification": _verification}
