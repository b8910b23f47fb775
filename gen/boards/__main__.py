"""Command line: ``python -m gen.boards icebreaker``: a bitstream, and how well it fits."""

import json
import re
import sys
import time
from pathlib import Path

from gen.__main__ import OneLineParser
from gen.boards.boards import BAUD, BOARDS
from gen.boards.design import Design, write_design
from gen.boards.flows import Built, build
from gen.synth.tools import SynthesisError
from gen.write import WriteError
from hdl.config import ConfigError

__all__ = ["main"]

ROOT = Path(__file__).resolve().parent.parent.parent


def main(arguments: list[str] | None = None) -> int:
    """Build; returns the exit code: 0; 1 if the design is too slow; 2 after one line that says what must hold."""
    parser = OneLineParser(prog="gen.boards", description="A bitstream for a board, with an engine behind its UART.")
    parser.add_argument("board", nargs="?", help=", ".join(BOARDS))
    parser.add_argument("--out", type=Path, default=Path("build/boards"),
                        help="directory; each board has one of its own in it (default build/boards)")
    parser.add_argument("--baud", default=str(BAUD), help=f"bits in a second on the line (default {BAUD})")
    parser.add_argument("--seed", default="1", help="of place and route (default 1)")
    parser.add_argument("--files", action="store_true", help="write the design's files, build nothing")
    options = parser.parse_args(arguments)
    try:
        if options.board not in BOARDS:
            raise ConfigError(f"board must be one of {', '.join(BOARDS)}, not {options.board!r}")
        for name in ("baud", "seed"):
            text = getattr(options, name)
            if not re.fullmatch("[0-9]{1,10}", text) or not 1 <= int(text) < 2**31:
                raise ConfigError(f"{name} must be an integer from 1 to {2**31 - 1}, not {text!r}")
        setup = BOARDS[options.board]
        started = time.monotonic()
        design = write_design(setup, options.out / options.board, baud=int(options.baud))
        if options.files:
            print(f"files in {design.directory}")
            return 0
        built = build(setup, design, int(options.seed))
    except (ConfigError, WriteError, SynthesisError) as error:
        parser.error(str(error))
    _report(options.board, design, built, time.monotonic() - started)
    if not built.is_fast_enough:
        print(f"gen.boards: the design must run at {built.constraint:g} MHz, it does at {built.mhz:.1f} MHz",
              file=sys.stderr)
        return 1
    return 0


def _report(board: str, design: Design, built: Built, seconds: float) -> None:
    """Print the figures, and keep them."""
    setup = BOARDS[board]
    area, holds = vars(built.area), vars(setup.holds)
    used = ", ".join(f"{area[kind]:,} of {holds[kind]:,} {kind.upper()}" for kind in area)
    print(f"{setup.title}: {design.name}, {used}, {built.mhz:.1f} MHz of {built.constraint:g} MHz, {seconds:.0f} s")
    print(f"{built.bitstream}; to load it: {built.load}")
    path = ROOT / "build" / "reports" / f"board-{board}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    figures = {"board": board, "title": setup.title, "core": design.name, "area": area, "holds": holds,
               "mhz": round(built.mhz, 1), "constraint": built.constraint, "seconds": round(seconds, 1)}
    path.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
