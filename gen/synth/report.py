"""Figures of synthesis as a table, on the terminal and in Markdown."""

from typing import Any

__all__ = ["markdown", "table"]

HEAD = ("part", "block", "LUT", "FF", "DSP", "RAM", "LUT/MAC", "FF/MAC", "MHz: low", "median", "high", "GMAC/s")


def table(rows: list[dict[str, Any]]) -> str:
    """`rows` of `measure` in columns, each followed by the path that limits it, or by why there is no rate."""
    cells = [HEAD, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEAD))]
    lines = []
    for index, line in enumerate(cells):
        lines.append("  ".join(cell.ljust(width) if column < 2 else cell.rjust(width)
                               for column, (cell, width) in enumerate(zip(line, widths, strict=True))).rstrip())
        if index:
            lines.append("    " + (rows[index - 1]["path"] or rows[index - 1]["note"]))
    return "\n".join(lines)


def markdown(rows: list[dict[str, Any]]) -> str:
    """`rows` as a Markdown table."""
    lines = [HEAD, ["---", "---", *["---:"] * (len(HEAD) - 2)], *map(_cells, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cells(row: dict[str, Any]) -> list[str]:
    macs, rates = row["macs"], row["mhz"]
    return [
        row["part"], label(row), *(f"{row[kind]:,}" for kind in ("lut", "ff", "dsp", "ram")),
        *(f"{row[kind] / macs:.1f}" if macs else "" for kind in ("lut", "ff")),
        *((f"{rates[0]:.0f}", f"{row['median_mhz']:.0f}", f"{rates[-1]:.0f}") if rates else ("", "", "")),
        f"{macs * row['median_mhz'] / 1000:.1f}" if macs and rates else "",
    ]


def label(row: dict[str, Any]) -> str:
    """What a row is about: block, size, and where there are requantizers their modes."""
    config = row["config"]
    words = [row["block"]]
    if row["block"] != "requant":
        words.append(f"{config['rows']}×{config['cols']}×{config['depth']}")
    if row["block"] in ("requant", "unit", "engine", "core"):
        words.append(",".join(config["modes"]) or "raw")
    if row["block"] in ("unit", "engine", "core"):
        words.append(f"in {config['requant_lanes']} lane{'s' * (config['requant_lanes'] > 1)}")
    return " ".join(words)
