"""Neighbours that break the rules of the streams, around a unit and an engine."""

import re

import pytest

from tb.engine_configurations import CONFIGURATIONS as ENGINES
from tb.run import SimulationError, generate, simulate
from tb.test_engine import IN_FULL
from tb.test_power_up import without_reset
from tb.test_unit import CONFIGURATIONS as UNITS


@pytest.mark.parametrize("name", ["1x1x1", "subtract-shared", "4x4x4", "raw-only-shared"])
def test_unit_recovers_from_broken_streams(directory, name):
    unit = generate("unit", directory, **UNITS[name])
    assert len(simulate(unit, "sim_violations")) == 2


@pytest.mark.parametrize("name", ["1x1x1", "subtract-shared", "1x8x8"])
def test_engine_recovers_from_broken_rules_of_axi(directory, name):
    engine = generate("engine", directory, **ENGINES[name])
    rounds = "all" if name == IN_FULL else "few"
    assert len(simulate(engine, "sim_engine_violations", rounds=rounds)) == 5


def test_answer_that_is_withdrawn_is_found(directory):
    engine = generate("engine", directory, **ENGINES["1x1x1"])
    text, count = re.subn(r"^    bvalid <= (\w+);", r"    bvalid <= \1 & ~bvalid;", engine.verilog.read_text(),
                          flags=re.MULTILINE)
    assert count == 1
    engine.verilog.write_text(text)
    with pytest.raises(SimulationError, match="s_axil_b: an answer stays until it is taken"):
        simulate(engine, "sim_engine_violations", rounds="few")


def test_register_that_reset_forgets_is_found(directory):
    unit = generate("unit", directory, **UNITS["1x1x1"])
    unit.verilog.write_text(without_reset(unit.verilog.read_text(), "waiting"))
    with pytest.raises(SimulationError, match="after_any_beats_a_reset_makes_the_next_product_right"):
        simulate(unit, "sim_violations")


def test_beat_that_is_taken_without_valid_is_found(directory):
    unit = generate("unit", directory, **UNITS["1x1x1"])
    text = unit.verilog.read_text()
    assert text.count(".w_valid(weights__valid)") == 1
    unit.verilog.write_text(text.replace(".w_valid(weights__valid)", ".w_valid(1'b1)"))
    with pytest.raises(SimulationError, match="a_beat_that_is_withdrawn_never_was"):
        simulate(unit, "sim_violations")
