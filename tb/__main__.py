"""Command line of the testbench: ``python -m tb sim``, ``waves``, ``bench``, ``lint``, ``readme``, ..."""

import argparse
import sys
from pathlib import Path

from gen.__main__ import OneLineParser
from gen.block import ConfigError, parameters
from gen.options import add_options, config_from
from gen.write import WriteError
from tb.bench import BenchError, bench
from tb.bench import table as bench_table
from tb.code_coverage import CoverageError, coverage
from tb.code_coverage import table as coverage_table
from tb.digits import DigitsError, recognize, table
from tb.fuzz import FuzzError, fuzz
from tb.fuzz import table as fuzz_table
from tb.gemm import GemmError, gemm
from tb.gemm import table as gemm_table
from tb.lint import LintError, lint
from tb.readme import ReadmeError, update
from tb.replay import Difference, replay_all
from tb.run import ROOT, SettingError, SimulationError, check_settings
from tb.soak import SoakError, soak
from tb.soak import table as soak_table
from tb.vectors import VectorError
from tb.verification import VerificationError, report
from tb.verilator import VerilatorError
from tb.waves import make_waves

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run a job; returns the exit code: 0, 1 when something does not match, 2 for bad input."""
    parser = OneLineParser(prog="tb", description="Simulate emitted Verilog.")
    jobs = parser.add_subparsers(dest="job", required=True, parser_class=OneLineParser)
    sim = jobs.add_parser("sim", help="recognize digits and print the table")
    add_options(sim)
    sim.add_argument("--images", type=int, help="how many test images (default all)")
    jobs.add_parser("waves", help="record a tiny product with a saved view")
    again = jobs.add_parser("replay", help="run vectors of your own through model and hardware")
    again.add_argument("vectors", nargs="*", type=Path, help=".npz files, see docs/replay.md")
    again.add_argument("--mode", help="rounding mode")
    again.add_argument("--framework", help="inference stack that decides the mode")
    again.add_argument("--report", default="replay", help="name of the JSON file in build/reports")
    many = jobs.add_parser("gemm", help="compare many random products on emitted engines with the golden model")
    many.add_argument("--gemms", type=int, help="how many (default 20000)")
    many.add_argument("--only", help="one part alone, as a failure says: <configuration>:<number>")
    random = jobs.add_parser("fuzz", help="random and hostile inputs to generator, model and files")
    random.add_argument("--examples", type=int, help="how many for each test (default 500)")
    random.add_argument("--only", help="one test alone, as a failure says")
    long = jobs.add_parser("soak", help="random configurations of every block, for a time")
    long.add_argument("--minutes", type=float, help="how long (default 60)")
    long.add_argument("--processes", type=int, help="simulations at a time (default 2)")
    long.add_argument("--only", help="one configuration alone, as a failure says: <seed>:<number>")
    jobs.add_parser("bench", help="measure cycles shape by shape, and compare them with the model")
    jobs.add_parser("coverage", help="count in Verilator what the hardware tests reach")
    jobs.add_parser("lint", help="check the emitted Verilog with Verilator and Icarus")
    jobs.add_parser("report", help="one page of what was verified, from the last reports")
    readme = jobs.add_parser("readme", help="take the README's figures from the last reports")
    readme.add_argument("--only", help="those of one block")
    options = parser.parse_args(arguments)
    try:
        check_settings()
        JOBS[options.job](options)
    except (ConfigError, WriteError, DigitsError, FuzzError, GemmError, SoakError, VectorError,
            SettingError) as error:
        parser.error(str(error))
    except (SimulationError, BenchError, CoverageError, VerilatorError, LintError, ReadmeError, VerificationError,
            Difference) as error:
        print(f"tb: {error}", file=sys.stderr)
        return 1
    return 0


def _sim(options: argparse.Namespace) -> None:
    print(table(recognize(parameters(config_from(options, "engine")), options.images)))


def _waves(options: argparse.Namespace) -> None:
    waves, gtkwave, surfer = (path.relative_to(ROOT) for path in make_waves())
    print(f"{waves}: [[1, 2], [3, 4]] @ [[5, 6], [7, 8]] on a 2x2 array, requantized by 1/2\n"
          f"  gtkwave {waves} {gtkwave}\n"
          f"  surfer --command-file {surfer} {waves}")


def _replay(options: argparse.Namespace) -> None:
    if not options.vectors:
        raise VectorError("vectors must be given: make replay VECTORS=x.npz MODE=F32")
    print(replay_all(options.vectors, options.mode, options.framework, options.report))


def _gemm(options: argparse.Namespace) -> None:
    figures = gemm(options.gemms, options.only)
    print(gemm_table(figures))
    if figures["messages"]:
        raise SimulationError("\n".join(figures["messages"]))


def _fuzz(options: argparse.Namespace) -> None:
    figures = fuzz(options.examples, options.only)
    print(fuzz_table(figures))
    if figures["failures"]:
        raise SimulationError("\n".join(figures["messages"]))


def _soak(options: argparse.Namespace) -> None:
    figures = soak(options.minutes, options.only, options.processes)
    print(soak_table(figures))
    if figures["failures"]:
        raise SimulationError("\n".join(figures["messages"]))


def _bench(options: argparse.Namespace) -> None:
    print(bench_table(bench()))
    print("\nEvery counter is as the model says.\n"
          "  figures  build/reports/bench.json\n"
          "  plot     build/reports/roofline.svg")


def _coverage(options: argparse.Namespace) -> None:
    print(coverage_table(coverage()))
    print("\nThe default export is covered, but for waivers.\n"
          "  figures  build/reports/coverage.json\n"
          "  report   build/reports/coverage.md")


def _lint(options: argparse.Namespace) -> None:
    print(f"{lint()} configurations are clean in Icarus and Verilator")


def _report(options: argparse.Namespace) -> None:
    for path in report():
        print(path.relative_to(ROOT))


def _readme(options: argparse.Namespace) -> None:
    update(only=options.only)


JOBS = {
    "sim": _sim, "waves": _waves, "replay": _replay, "gemm": _gemm, "fuzz": _fuzz, "soak": _soak, "bench": _bench,
    "coverage": _coverage, "lint": _lint, "report": _report, "readme": _readme}

if __name__ == "__main__":
    sys.exit(main())
