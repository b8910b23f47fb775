"""The Python driver that is shipped with an engine, at work on the simulated engine."""

import pytest

from tb.engine_configurations import CONFIGURATIONS
from tb.run import generate, simulate


@pytest.mark.parametrize("name", ["3x5x1", "4x4x1", "subtract-shared", "raw-only", "narrow"])
def test_python_driver_runs_the_engine(directory, name):
    engine = generate("engine", directory, **CONFIGURATIONS[name])
    assert len(simulate(engine, "sim_engine_python", driver=directory / "mac_engine.py")) == 1
