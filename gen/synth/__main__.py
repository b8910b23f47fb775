"""Command line: ``python -m gen.synth --target ecp5 --rows 8 --cols 8``; without a configuration, a set of them."""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from gen.__main__ import OneLineParser
from gen.block import BLOCKS
from gen.options import add_options, config_from
from gen.synth.measure import measure
from gen.synth.report import table
from gen.synth.standard import standard
from gen.synth.targets import TARGETS
from gen.synth.tools import SynthesisError
from hdl.config import Config, ConfigError

__all__ = ["main"]

BUILD = Path(__file__).resolve().parent.parent.parent / "build"

def main(arguments: list[str] | None = None) -> int:
    """Synthesize; returns the exit code: 0, or 2 after one line that says what must hold."""
    parser = OneLineParser(prog="gen.synth", description="Area and clock rate on FPGAs, with Yosys and nextpnr.")
    add_options(parser)
    parser.add_argument("--target", help=f"{', '.join(TARGETS)} (default: all)")
    parser.add_argument("--block", help=f"{', '.join(BLOCKS)} (default unit)")
    parser.add_argument("--seeds", default="3", help="runs of place and route (default 3)")
    options = parser.parse_args(arguments)
    try:
        if options.target is not None and options.target not in TARGETS:
            raise ConfigError(f"target must be one of {', '.join(TARGETS)}, not {options.target!r}")
        if options.block is not None and options.block not in BLOCKS:
            raise ConfigError(f"block must be one of {', '.join(BLOCKS)}, not {options.block!r}")
        if not re.fullmatch("[0-9]{1,2}", options.seeds) or not int(options.seeds) >= 1:
            raise ConfigError(f"seeds must be an integer from 1 to 99, not {options.seeds!r}")
        targets = list(TARGETS) if options.target is None else [options.target]
        rows = []
        for target in targets:
            for block, config in _designs(options, target):
                print(f"synthesizing {block} {config.name} for {target}", file=sys.stderr)
                rows.append(measure(target, block, config, BUILD / "synth" / target / f"{block}_{config.name}",
                                    int(options.seeds)))
                _write(rows[-1])
    except (ConfigError, SynthesisError) as error:
        parser.error(str(error))
    print(table(rows))
    print("figures in build/reports/synth.json")
    return 0


def _designs(options: argparse.Namespace, target: str) -> list[tuple[str, Config]]:
    """What to build: what is asked for, or the standard set; with the multiplier that suits `target`."""
    named = {"target", "seeds", "preset", "multiplier"}
    asked = options.preset != "square" or any(
        value is not None for name, value in vars(options).items() if name not in named)
    multiplier = options.multiplier or TARGETS[target].multiplier
    if asked:
        options = argparse.Namespace(**vars(options) | {"multiplier": multiplier})
        block = options.block or "unit"
        return [(block, config_from(options, block))]
    return standard(target, options.multiplier)


def _write(row: dict[str, Any]) -> None:
    """Put `row` in the place of the last one of its kind: a run that is stopped has not been for nothing."""
    path = BUILD / "reports" / "synth.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    key = ("target", "block", "config")
    try:
        rows = json.loads(path.read_text())["rows"] if path.is_file() else []
        rows = [old for old in rows if [old[name] for name in key] != [row[name] for name in key]]
    except (LookupError, RecursionError, TypeError, ValueError):
        rows = []   # Not a report, such as one that was cut off: hours of work must not fail because of it.
    path.write_text(json.dumps({"rows": [*rows, row]}, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
