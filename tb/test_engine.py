"""The engine, emitted in configurations that find different mistakes, and simulated behind AXI."""

import json

import pytest

from tb.engine_configurations import CONFIGURATIONS
from tb.run import generate, simulate

# Random products of each configuration, together 2,000 or more.
GEMMS = 170


def test_random_products_are_many():
    assert GEMMS * len(CONFIGURATIONS) >= 2000


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_engine_computes_any_product_exactly(directory, coverage, name):
    engine = generate("engine", directory, **CONFIGURATIONS[name])
    figures = directory / "figures.json"
    assert len(simulate(engine, "sim_engine_random", coverage=coverage, gemms=GEMMS, figures=figures)) == 1
    counted = json.loads(figures.read_text())
    assert (counted["gemms"], counted["mismatches"], counted["lost_beats"]) == (GEMMS, 0, 0)
    assert len(simulate(engine, "sim_engine", coverage=coverage)) == 7


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_engine_survives_misuse(directory, coverage, name):
    engine = generate("engine", directory, **CONFIGURATIONS[name])
    assert len(simulate(engine, "sim_engine_errors", coverage=coverage)) == 4
    assert len(simulate(engine, "sim_engine_packets", coverage=coverage)) == 3
    assert len(simulate(engine, "sim_engine_cancel", coverage=coverage)) == 5
    assert len(simulate(engine, "sim_engine_registers", coverage=coverage)) == 3
