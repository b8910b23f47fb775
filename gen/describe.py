"""The JSON description of a generated block: what a driver or testbench must know and Verilog cannot say."""

import dataclasses
import enum

from amaranth import Shape
from amaranth.lib import data, wiring
from amaranth.lib.wiring import Out

from hdl.config import Config, Mode
from hdl.prototype import ports_of

__all__ = ["describe", "parameters"]

VERSION = "0.1.0"

# Timing attributes of the components, in cycles or rows; each is documented in its component.
TIMING = ("first_latency", "cell_latency", "latency", "raw_latency", "set_interval",
          "buffer_rows")


def describe(component: wiring.Component, name: str, block: str, config: Config) -> dict:
    """Everything about `component`, ready for JSON.

    Returns
    -------
    dict
        `name`, `block`, `generator`; `config`, the parameters; `derived`, numbers that follow from
        them; `timing`, in cycles; `modes`, the encoding of the mode port; `ports`, each with
        `name`, `direction`, `width`, `signed` and, where it is structured, `fields`: `offset` of
        the first element in bits, `shape` of the array, first index slowest, and `width` and
        `signed` of an element.
    """
    return {
        "name": name,
        "block": block,
        "generator": f"macaw {VERSION}",
        "config": parameters(config),
        "derived": {
            key: getattr(config, key) for key in ("a_width", "w_width", "k_bound", "groups", "drain_interval")
        },
        "timing": {key: getattr(component, key) for key in TIMING if hasattr(component, key)},
        "modes": {mode.name: mode.value for mode in Mode},
        "ports": _clock_ports(block) + [
            {
                "name": port,
                "direction": "output" if flow == Out else "input",
                **_shape(value.shape()),
                **_fields(component, port),
            }
            for port, flow, value in ports_of(component.signature, component)
        ],
    }


def parameters(config: Config) -> dict:
    """`config` as plain numbers and strings, in the order of its fields."""
    return {field.name: _plain(getattr(config, field.name)) for field in dataclasses.fields(config)}


def _plain(value):
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _clock_ports(block: str) -> list[dict]:
    names = ["clk", "rst"] if block in WITH_RESET else ["clk"]
    return [{"name": name, "direction": "input", "width": 1, "signed": False} for name in names]


# Blocks whose registers need the synchronous reset; the others hold data only.
WITH_RESET = ("unit", "array")


def _shape(shape) -> dict:
    shape = Shape.cast(shape)
    return {"width": shape.width, "signed": shape.signed}


def _fields(component, port: str) -> dict:
    """The `fields` entry of a structured port."""
    value = component
    for step in port.split("__"):
        value = value[int(step)] if step.isdigit() else getattr(value, step)
    layout = value.shape()
    if isinstance(layout, type) and issubclass(layout, data.Struct):
        layout = data.Layout.cast(layout)
    if isinstance(layout, data.ArrayLayout):
        return {"fields": {"": _field(0, layout)}}
    if isinstance(layout, data.StructLayout):
        return {"fields": {key: _field(field.offset, field.shape) for key, field in layout}}
    return {}


def _field(offset: int, shape) -> dict:
    """One field: nested arrays become one array of several indices."""
    lengths = []
    while isinstance(shape, data.ArrayLayout):
        lengths.append(shape.length)
        shape = shape.elem_shape
    return {"offset": offset, "shape": lengths, **_shape(shape)}
