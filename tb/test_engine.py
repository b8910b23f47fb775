"""The engine, emitted in configurations that find different mistakes, and simulated behind AXI."""

import json

import pytest

from tb.engine_configurations import CONFIGURATIONS
from tb.run import generate, simulate

# Random products of each configuration, together 2,000 or more.
GEMMS = 155
# Where all rounds of every other test are run: the configuration with most modes, and rules for its settings.
IN_FULL = "subtract-shared"
# Whose control is misused: they differ in what software and streams may do wrong, and in how long a job is on its way.
MISUSED = ("1x1x1", "8x8x1-wide", "1x8x8", IN_FULL, "raw-only", "4-bit-subtract", "narrow")


def rounds(name):
    """How many rounds a configuration gets."""
    return "all" if name == IN_FULL else "few"


def test_random_products_are_many():
    assert GEMMS * len(CONFIGURATIONS) >= 2000


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_engine_computes_any_product_exactly(directory, coverage, name):
    engine = generate("engine", directory, **CONFIGURATIONS[name])
    figures = directory / "figures.json"
    modules = ("sim_engine_random", "sim_engine")
    assert len(simulate(engine, *modules, coverage=coverage, gemms=GEMMS, figures=figures,
                        rounds=rounds(name))) == 1 + 7
    counted = json.loads(figures.read_text())
    assert (counted["gemms"], counted["mismatches"], counted["lost_beats"]) == (GEMMS, 0, 0)


@pytest.mark.parametrize("name", MISUSED)
def test_engine_survives_misuse(directory, coverage, name):
    engine = generate("engine", directory, **CONFIGURATIONS[name])
    modules = ("sim_engine_errors", "sim_engine_packets", "sim_engine_cancel", "sim_engine_registers")
    assert len(simulate(engine, *modules, coverage=coverage, rounds=rounds(name))) == 4 + 3 + 5 + 3
