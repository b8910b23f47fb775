"""The core, emitted in some of the engine's configurations, and simulated."""

import pytest

from tb.engine_configurations import CONFIGURATIONS
from tb.run import generate, simulate


@pytest.mark.parametrize("name", ["1x1x1", "3x5x1", "4x4x1", "1x8x8", "subtract-shared", "raw-only", "narrow"])
def test_core_computes_products_exactly(directory, coverage, name):
    core = generate("core", directory, **CONFIGURATIONS[name])
    assert len(simulate(core, "sim_core", coverage=coverage)) == 2
