"""Command-line options of a configuration, one for each parameter."""

import argparse
import dataclasses

from gen.presets import PRESETS
from golden.frameworks import framework
from hdl.config import Config, ConfigError, Mode, Multiplier, ZeroPoints
from hdl.engine_config import EngineConfig

__all__ = ["ENGINE_BLOCKS", "add_options", "config_from", "configuration", "kind_of", "mode_of"]

# Blocks that take the parameters of `EngineConfig`; the others take those of `Config`.
ENGINE_BLOCKS = ("engine", "core", "registers")
# Those of them that users are told of.
ENGINE_NAMES = " and ".join(ENGINE_BLOCKS[:2])

UNIT_PARAMETERS = [field.name for field in dataclasses.fields(Config)]

HELP = {
    "rows": "cells from top to bottom, 1 to 64",
    "cols": "cells from left to right, 1 to 64",
    "depth": "products that a cell sums in a cycle, 1 to 64",
    "act_width": "bits of an activation, 2 to 8",
    "weight_width": "bits of a weight, 2 to 8",
    "acc_width": "bits of an accumulator, up to 32",
    "k_max": "longest sum that must not overflow",
    "zero_points": "fold (into the bias, offline) or subtract (at run time)",
    "modes": "rounding modes, separated by commas: " + ", ".join(mode.name for mode in Mode) + "; or none",
    "requant_lanes": "requantizers; divides cols",
    "raw_output": "int32 accumulators: a second stream of the unit, a format of the engine's outputs",
    "multiplier": "behavioural (for any FPGA or ASIC), or made of an FPGA's cells: ecp5, ecp5_carry, gowin",
    "fanout": "columns that share a register of activations, 1 to 64",
    "n_max": "most output channels of a job, 1 to 65536",
    "weight_beats": "beats of cols * depth weights of a job, 1 to 1048576",
    "act_bytes": "bytes of activations in a cycle, a power of two",
    "weight_bytes": "bytes of weights in a cycle, a power of two",
    "out_bytes": "bytes of outputs in a cycle, a power of two",
}
# What the default of None means.
DEFAULTS = {"requant_lanes": "cols", "k_max": "the bound of acc_width; engine: 1024 at most", "modes": "F32",
            "zero_points": "fold", "multiplier": "behavioural", "weight_bytes": "cols * depth rounded up"}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--preset`` and an option for each parameter; defaults are the preset's."""
    parser.add_argument("--preset", default="square", help=f"{', '.join(PRESETS)} (default square)")
    parser.add_argument("--framework", help="build the rounding mode of this inference stack, such as onnxruntime")
    for field in dataclasses.fields(EngineConfig):
        flag = f"--{field.name.replace('_', '-')}"
        scope = "" if field.name in UNIT_PARAMETERS else f"{ENGINE_NAMES}: "
        if field.name == "raw_output":
            parser.add_argument(flag, action="store_true", default=None, help=HELP[field.name])
        else:
            default = DEFAULTS.get(field.name, field.default)
            parser.add_argument(flag, help=f"{scope}{HELP[field.name]} (default {default})")


def config_from(options: argparse.Namespace, block: str = "unit") -> Config:
    """The configuration of `block` that parsed `options` ask for.

    Raises
    ------
    ConfigError
        With what must hold and what was given.
    """
    names = [field.name for field in dataclasses.fields(EngineConfig)]
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    if options.framework is not None:
        if "modes" in given:
            raise ConfigError(f"modes must not be given beside framework {options.framework!r}, which decides them")
        given["modes"] = [mode_of(options.framework)]
    return configuration(given, options.preset, block)


def mode_of(name: str) -> str:
    """The rounding mode of the inference stack `name`; ConfigError for one that no mode equals."""
    try:
        return framework(name).mode
    except ValueError as error:
        raise ConfigError(str(error)) from None


def kind_of(block: str) -> type[Config]:
    """The class that holds the parameters of `block`."""
    return EngineConfig if block in ENGINE_BLOCKS else Config


def configuration(given: dict[str, object], preset: str = "square", block: str = "unit") -> Config:
    """The configuration of `preset` with parameters replaced by those in `given`.

    Parameters
    ----------
    given
        Parameters by name; values as on the command line or in a JSON description: texts, numbers,
        lists of mode names.
    preset
        A key of `PRESETS`.
    block
        What it is for: `ENGINE_BLOCKS` have more parameters and get an `EngineConfig`.

    Raises
    ------
    ConfigError
        With what must hold and what was given.
    """
    if not isinstance(preset, str) or preset not in PRESETS:
        raise ConfigError(f"preset must be one of {', '.join(PRESETS)}, not {preset!r}")
    kind = kind_of(block)
    known = {field.name for field in dataclasses.fields(kind)}
    for name in given:
        if name in HELP and name not in known:
            raise ConfigError(f"{name} must be given for blocks {ENGINE_NAMES} only, not for {block!r}")
        if name not in known:
            raise ConfigError(f"parameters must be among {', '.join(sorted(known))}, not {name!r}")
    return kind(**PRESETS[preset][1] | {name: _value(name, value) for name, value in given.items()})


def _value(name: str, value):
    """`value` of parameter `name`, a text, number or list, as `Config` wants it."""
    if name == "modes":
        if isinstance(value, str):
            words = [] if value.lower() == "none" else value.split(",")
        elif isinstance(value, list | tuple):
            words = list(value)
        else:
            raise ConfigError(f"modes must be a list of names, not {value!r}")
        return tuple(_member(Mode, name, word) for word in words)
    if name == "zero_points":
        return _member(ZeroPoints, name, value)
    if name == "multiplier":
        return _member(Multiplier, name, value)
    if name == "raw_output" or not isinstance(value, str):
        return value
    try:
        return int(value)
    except ValueError:
        raise ConfigError(f"{name} must be an integer, not {value!r}") from None


def _member(kind, name: str, word):
    """The member of enumeration `kind` called `word`, in capitals or not."""
    members = {member.name: member for member in kind}
    try:
        return members[word.strip().upper()]
    except (KeyError, AttributeError):
        raise ConfigError(f"{name} must be among {', '.join(members)}, not {word!r}") from None
