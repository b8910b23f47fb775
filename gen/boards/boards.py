"""The boards: which platform of amaranth-boards each is, and an engine that fits its FPGA."""

import importlib
from dataclasses import dataclass
from typing import Any

from gen.options import configuration
from gen.synth.targets import Area
from hdl.config import ConfigError
from hdl.engine_config import EngineConfig
from hdl.uart import BIT_CYCLES_MIN

__all__ = ["BAUD", "BOARDS", "BoardSetup", "bit_cycles_of"]

BAUD = 115_200

# A receiver samples the last bit in the tenth: less than half a bit may be lost until then, on both sides together.
BAUD_ERROR = 0.02

# One byte in a cycle is a thousand times what comes over the line.
LINE: dict[str, Any] = {"act_bytes": 1, "weight_bytes": 1, "out_bytes": 1}


@dataclass(frozen=True)
class BoardSetup:
    """A board.

    Parameters
    ----------
    title
        As its makers call it.
    module, platform
        Where in `amaranth_boards` its class is.
    target
        A key of `gen.synth.targets.TARGETS`.
    part
        What the placer is told of the FPGA.
    holds
        What there is of each kind of cell.
    parameters
        Of the engine.
    synthesis
        Options for Yosys' ``synth_<family>``.
    options
        Of the platform's class.
    """

    title: str
    module: str
    platform: str
    target: str
    part: tuple[str, ...]
    holds: Area
    parameters: dict[str, Any]
    synthesis: str = ""
    options: tuple[tuple[str, str], ...] = ()

    def config(self) -> EngineConfig:
        """The engine's parameters."""
        config = configuration(self.parameters | LINE, block="core")
        assert isinstance(config, EngineConfig)
        return config

    def make_platform(self) -> Any:
        """A platform, good for one design.

        Raises
        ------
        ConfigError
            amaranth-boards is not installed.
        """
        try:
            module = importlib.import_module(f"amaranth_boards.{self.module}")
        except ImportError:
            raise ConfigError("amaranth-boards must be installed, type: make board") from None
        return getattr(module, self.platform)(**dict(self.options))


BOARDS: dict[str, BoardSetup] = {
    "ulx3s": BoardSetup(
        "ULX3S 85F", "ulx3s", "ULX3S_85F_Platform", "ecp5",
        ("--85k", "--package", "CABGA381", "--speed", "6"), Area(83640, 83640, 156, 208),
        {"rows": 8, "cols": 8, "multiplier": "ecp5", "modes": "F32,DOUBLE", "requant_lanes": 2, "raw_output": True,
         "k_max": 1024, "n_max": 256, "weight_beats": 2048},
        options=(("toolchain", "Trellis"),)),
    "ulx3s_25f": BoardSetup(
        "ULX3S 25F", "ulx3s", "ULX3S_25F_Platform", "ecp5",
        ("--25k", "--package", "CABGA381", "--speed", "6"), Area(24288, 24288, 28, 56),
        {"rows": 4, "cols": 4, "multiplier": "ecp5", "modes": "F32", "requant_lanes": 1, "raw_output": True,
         "k_max": 1024, "n_max": 256, "weight_beats": 1024},
        options=(("toolchain", "Trellis"),)),
    "icebreaker": BoardSetup(
        "iCEBreaker", "icebreaker", "ICEBreakerPlatform", "ice40",
        ("--up5k", "--package", "sg48"), Area(5280, 5280, 8, 30),
        {"rows": 2, "cols": 2, "modes": "SINGLE", "requant_lanes": 1,
         "k_max": 256, "n_max": 32, "weight_beats": 512},
        synthesis="-device u -dsp", options=(("toolchain", "IceStorm"),)),
    "tang_nano_9k": BoardSetup(
        "Tang Nano 9K", "tang_nano_9k", "TangNano9kPlatform", "gowin",
        ("--device", "GW1NR-LV9QN88PC6/I5", "--vopt", "family=GW1N-9C"), Area(8640, 6480, 20, 26),
        {"rows": 2, "cols": 4, "modes": "SINGLE", "requant_lanes": 1,
         "k_max": 512, "n_max": 64, "weight_beats": 1024},
        synthesis="-family gw1n", options=(("toolchain", "Apicula"),)),
}


def bit_cycles_of(frequency: float, baud: int) -> int:
    """Clock cycles of a bit.

    Raises
    ------
    ConfigError
        The clock cannot be divided to that rate.
    """
    cycles = max(round(frequency / baud), 1)
    if cycles < BIT_CYCLES_MIN or abs(frequency / cycles / baud - 1) > BAUD_ERROR:
        raise ConfigError(f"baud must be {frequency / 1e6:g} MHz divided by {BIT_CYCLES_MIN} or more, within "
                          f"{BAUD_ERROR:.0%}, not {baud}")
    return cycles
