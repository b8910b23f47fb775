"""Presets: each one builds, says only what differs from the defaults, and can be refined."""

import dataclasses

import pytest

from gen.block import files
from gen.options import configuration
from gen.presets import PRESETS
from hdl.config import Config
from hdl.engine_config import EngineConfig


@pytest.mark.parametrize("preset", PRESETS)
def test_preset_builds(preset):
    config = configuration({}, preset)
    assert f"module mac_unit_{config.name}(" in files("unit", config)[f"mac_unit_{config.name}.v"]


@pytest.mark.parametrize("preset", PRESETS)
def test_preset_is_one_of_an_engine_too(preset):
    assert configuration({}, preset, "engine") == EngineConfig(**PRESETS[preset][1])


@pytest.mark.parametrize("preset", PRESETS)
def test_preset_gives_what_differs_from_the_defaults(preset):
    purpose, parameters = PRESETS[preset]
    assert purpose and len(purpose.splitlines()) == 1
    default = Config()
    assert all(getattr(default, name) != value for name, value in parameters.items())
    assert configuration({}, preset) == Config(**parameters)


@pytest.mark.parametrize("preset", PRESETS)
def test_preset_can_be_refined_in_every_parameter(preset):
    refined = {
        "rows": 3, "cols": 6, "depth": 2, "act_width": 5, "weight_width": 6, "acc_width": 24, "k_max": 99,
        "zero_points": "SUBTRACT", "modes": ["SINGLE"], "requant_lanes": 3, "raw_output": True,
        "multiplier": "ECP5", "fanout": 4}
    assert refined.keys() == {field.name for field in dataclasses.fields(Config)}
    whole = configuration(refined, preset)
    assert whole == configuration(refined)
    # Alone, each one changes itself and what follows from it; the default of k_max and requant_lanes does.
    for name in refined.keys() - {"cols", "requant_lanes"}:
        one = configuration({name: refined[name]}, preset)
        assert getattr(one, name) == getattr(whole, name)
        others = {"act_width", "weight_width", "acc_width", "zero_points"}
        for other in refined.keys() - {name} - ({"k_max"} if name in others else set()):
            assert getattr(one, other) == getattr(configuration({}, preset), other)
