"""Command-line options of a configuration, one for each field of `Config`."""

import argparse
import dataclasses

from gen.presets import PRESETS
from hdl.config import Config, ConfigError, Mode, ZeroPoints

__all__ = ["add_options", "config_from"]

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
    "raw_output": "add a stream of int32 accumulators",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--preset`` and an option for each parameter; defaults are the preset's."""
    parser.add_argument("--preset", default="square", help=f"{', '.join(PRESETS)} (default square)")
    for field in dataclasses.fields(Config):
        flag = f"--{field.name.replace('_', '-')}"
        if field.name == "raw_output":
            parser.add_argument(flag, action="store_true", default=None, help=HELP[field.name])
        else:
            parser.add_argument(flag, help=f"{HELP[field.name]} (default {_default(field)})")


def _default(field) -> str:
    special = {"requant_lanes": "cols", "k_max": "the bound of acc_width", "modes": "F32", "zero_points": "fold"}
    return special.get(field.name) or str(field.default)


def config_from(options: argparse.Namespace) -> Config:
    """The configuration that parsed `options` ask for.

    Raises
    ------
    ConfigError
        With what must hold and what was given.
    """
    if options.preset not in PRESETS:
        raise ConfigError(f"preset must be one of {', '.join(PRESETS)}, not {options.preset!r}")
    values = dict(PRESETS[options.preset][1])
    for field in dataclasses.fields(Config):
        text = getattr(options, field.name)
        if text is not None:
            values[field.name] = _value(field.name, text)
    return Config(**values)


def _value(name: str, text):
    """The value of parameter `name` as `text` says it."""
    if name == "modes":
        words = [] if text.lower() == "none" else text.split(",")
        return tuple(_member(Mode, "modes", word) for word in words)
    if name == "zero_points":
        return _member(ZeroPoints, name, text)
    if name == "raw_output":
        return text
    try:
        return int(text)
    except ValueError:
        raise ConfigError(f"{name} must be an integer, not {text!r}") from None


def _member(kind, name: str, word: str):
    """The member of enumeration `kind` called `word`, in capitals or not."""
    members = {member.name: member for member in kind}
    try:
        return members[word.strip().upper()]
    except KeyError:
        raise ConfigError(f"{name} must be among {', '.join(members)}, not {word!r}") from None
