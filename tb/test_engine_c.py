"""The C driver that is shipped with an engine: compiled for this machine, and at work on the simulated engine."""

import subprocess

import pytest

from tb.engine_configurations import CONFIGURATIONS
from tb.run import generate, simulate

# Redirects the driver's accesses to functions that the loader provides.
PORT_H = """#include <stdint.h>
extern uint32_t (*port_read32)(uintptr_t address);
extern void (*port_write32)(uintptr_t address, uint32_t value);
#define MAC_ENGINE_READ32(address) port_read32(address)
#define MAC_ENGINE_WRITE32(address, value) port_write32((address), (value))
"""
PORT_C = """#include "port.h"
uint32_t (*port_read32)(uintptr_t address);
void (*port_write32)(uintptr_t address, uint32_t value);
"""

OPTIONS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-shared", "-fPIC"]


@pytest.mark.parametrize("name", ["3x5x1", "4x4x1", "subtract-shared", "raw-only", "narrow"])
def test_c_driver_runs_the_engine(directory, name):
    engine = generate("engine", directory, **CONFIGURATIONS[name])
    (directory / "port.h").write_text(PORT_H)
    (directory / "port.c").write_text(PORT_C)
    library = directory / "mac_engine.so"
    sources = [*sorted(path.name for path in directory.glob("mac_engine*.c")), "port.c"]
    assert len(sources) == 3
    done = subprocess.run(
        ["cc", *OPTIONS, '-DMAC_ENGINE_PORT_H="port.h"', "-o", library.name, *sources], cwd=directory,
        capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(simulate(engine, "sim_engine_c", library=library)) == 2
