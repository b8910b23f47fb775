"""Command-line options of a configuration, one for each field of `Config`."""

import argparse
import dataclasses

from gen.presets import PRESETS
from golden.frameworks import framework
from hdl.config import Config, ConfigError, Mode, ZeroPoints

__all__ = ["add_options", "config_from", "configuration", "mode_of"]

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
    parser.add_argument("--framework", help="build the rounding mode of this inference stack, such as onnxruntime")
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
    names = [field.name for field in dataclasses.fields(Config)]
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    if options.framework is not None:
        if "modes" in given:
            raise ConfigError(f"modes must not be given beside framework {options.framework!r}, which decides them")
        given["modes"] = [mode_of(options.framework)]
    return configuration(given, options.preset)


def mode_of(name: str) -> str:
    """The rounding mode of the inference stack `name`; ConfigError for one that no mode equals."""
    try:
        return framework(name).mode
    except ValueError as error:
        raise ConfigError(str(error)) from None


def configuration(given: dict[str, object], preset: str = "square") -> Config:
    """The configuration of `preset` with parameters replaced by those in `given`.

    Parameters
    ----------
    given
        Parameters of `Config` by name; values as on the command line or in a JSON description:
        texts, numbers, lists of mode names.

    Raises
    ------
    ConfigError
        With what must hold and what was given.
    """
    if preset not in PRESETS:
        raise ConfigError(f"preset must be one of {', '.join(PRESETS)}, not {preset!r}")
    known = {field.name for field in dataclasses.fields(Config)}
    for name in given:
        if name not in known:
            raise ConfigError(f"parameters must be among {', '.join(sorted(known))}, not {name!r}")
    return Config(**PRESETS[preset][1] | {name: _value(name, value) for name, value in given.items()})


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
