"""Command line of the generator: ``python -m gen --rows 8 --cols 8 --out build/verilog``."""

import argparse
import sys
from pathlib import Path

from gen.block import BLOCKS, files
from gen.options import add_options, config_from
from gen.presets import PRESETS
from gen.write import WriteError, write_all
from hdl.config import ConfigError

__all__ = ["main"]


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage."""

    def error(self, message: str):
        # What was given may have line ends in it.
        self.exit(2, f"{self.prog}: {' '.join(message.splitlines())}\n")


def main(arguments: list[str] | None = None) -> int:
    """Generate; returns the exit code: 0, or 2 after one line that says what must hold."""
    parser = OneLineParser(
        prog="gen", description="Generate Verilog, a JSON description and a file list.",
        epilog="presets: " + "; ".join(f"{name}: {what}" for name, (what, _) in PRESETS.items()))
    add_options(parser)
    parser.add_argument("--block", default="unit", help=f"{', '.join(BLOCKS)} (default unit)")
    parser.add_argument("--name", help="name of the top module and prefix of the others (default mac_...)")
    parser.add_argument("--out", type=Path, default=Path("build/verilog"),
                        help="directory (default build/verilog)")
    options = parser.parse_args(arguments)
    try:
        texts = files(options.block, config_from(options, options.block), options.name)
        changed = write_all(options.out, texts)
    except (ConfigError, WriteError) as error:
        parser.error(str(error))
    for name in texts:
        path = options.out / name
        print(f"{path} ({'written' if path in changed else 'unchanged'})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
