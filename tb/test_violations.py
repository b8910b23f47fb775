"""Neighbours that break the rules of the streams, around a unit and an engine."""

import pytest

from tb.engine_configurations import CONFIGURATIONS as ENGINES
from tb.run import generate, simulate
from tb.test_unit import CONFIGURATIONS as UNITS


@pytest.mark.parametrize("name", ["1x1x1", "subtract-shared", "4x4x4", "raw-only-shared"])
def test_unit_recovers_from_broken_streams(directory, name):
    unit = generate("unit", directory, **UNITS[name])
    assert len(simulate(unit, "sim_violations")) == 2


@pytest.mark.parametrize("name", ["1x1x1", "subtract-shared", "1x8x8"])
def test_engine_recovers_from_broken_rules_of_axi(directory, name):
    engine = generate("engine", directory, **ENGINES[name])
    assert len(simulate(engine, "sim_engine_violations")) == 5
