"""The JSON description of a generated block: what a driver or testbench must know and Verilog cannot say."""

import dataclasses
import enum

from amaranth import Shape
from amaranth.lib import data, wiring
from amaranth.lib.wiring import Out

from hdl.config import Config, Mode
from hdl.engine_config import EngineConfig
from hdl.prototype import ports_of
from hdl.registers import registers

__all__ = ["describe", "parameters"]

VERSION = "0.1.0"

# Numbers that follow from the parameters.
DERIVED = ("a_width", "w_width", "k_bound", "groups", "drain_interval")
ENGINE_DERIVED = ("sets", "raw_n_max", "weight_words", "channel_bytes")

# Timing attributes of the components, in cycles or rows; each is documented in its component.
TIMING = ("bubble_latency", "first_latency", "cell_latency", "latency", "raw_latency", "set_interval",
          "buffer_rows", "float_from_int_latency", "float_add_latency", "multiply_latency", "float_round_latency",
          "fixed_round_latency")


def describe(component: wiring.Component, name: str, block: str, config: Config) -> dict:
    """Everything about `component`, ready for JSON.

    Returns
    -------
    dict
        `name`, `block`, `generator`; `config`, the parameters; `derived`, numbers that follow from
        them; `timing`, in cycles; `modes`, the encoding of the mode port; `ports`, each with
        `name`, `direction`, `width`, `signed` and, where it is structured, `fields`: `offset` of
        the first element in bits, `shape` of the array, first index slowest, and `width` and
        `signed` of an element. With registers also `registers`, by rising offset: each with
        `name`, `offset` in bytes, `access` (RO, RW, WO, W1C), `text`, `reset`, `signed` and `fields`,
        a list of `name`, `low`, `width` and `text`.
    """
    derived = DERIVED + (ENGINE_DERIVED if isinstance(config, EngineConfig) else ())
    description = {
        "name": name,
        "block": block,
        "generator": f"macaw {VERSION}",
        "config": parameters(config),
        "derived": {key: getattr(config, key) for key in derived},
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
    if block in WITH_REGISTERS and isinstance(config, EngineConfig):
        description["registers"] = [_register(register) for register in registers(config)]
    return description


def _register(register) -> dict:
    return {
        "name": register.name,
        "offset": register.offset,
        "access": register.access.name,
        "text": register.text,
        "reset": register.reset,
        "signed": register.signed,
        "fields": [dataclasses.asdict(field) for field in register.fields],
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
    """Clock and reset that the emitter adds; a block with its own clock has ports for them."""
    if block in OWN_CLOCK:
        return []
    names = ["clk", "rst"] if block in WITH_RESET else ["clk"]
    return [{"name": name, "direction": "input", "width": 1, "signed": False} for name in names]


# Blocks whose registers need the synchronous reset; the others hold data only.
WITH_RESET = ("unit", "array", "engine", "core", "registers")
# Blocks that define their clock domain themselves, from ports of their own.
OWN_CLOCK = ("engine",)
# Blocks that software talks to, and the core, whose jobs and errors have the fields of the registers.
WITH_REGISTERS = ("engine", "core", "registers")


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
