"""The module for LiteX: elaborated by LiteX itself, and compiled together with the engine's Verilog."""

import subprocess
import sys
from pathlib import Path

from gen.block import files
from gen.write import write_all
from hdl.engine_config import EngineConfig

# What a designer writes: one module in a design of its own, all streams and the bus at pins. In a process of its own,
# for LiteX warns of what newer Pythons will refuse.
DESIGN = """
import sys
from mac_engine_litex import MacEngine
from migen import ClockDomain, Module
from migen.fhdl import verilog

class Platform:
    sources = []
    def add_source(self, path):
        self.sources.append(path)

platform = Platform()
mac = MacEngine(platform, "mac_engine_2x3x1.json")
mac.clock_domains.cd_sys = ClockDomain()
pins = {mac.cd_sys.clk, mac.cd_sys.rst, mac.ev.irq}
for channel in ("aw", "w", "b", "ar", "r"):
    endpoint = getattr(mac.bus, channel)
    pins |= {endpoint.valid, endpoint.ready, *endpoint.payload.flatten()}
for name in ("activations", "weights", "channels", "outputs"):
    endpoint = getattr(mac, name)
    pins |= {endpoint.valid, endpoint.ready, endpoint.last, endpoint.data, endpoint.keep}
text = str(verilog.convert(mac, pins, name="whole"))
open("whole.v", "w").write(text)
print(*platform.sources)
"""


def test_litex_elaborates_the_module_with_every_port(tmp_path):
    config = EngineConfig(rows=2, cols=3, act_bytes=4, out_bytes=2)
    write_all(tmp_path, files("engine", config))
    done = subprocess.run([sys.executable, "-c", DESIGN], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["mac_engine_2x3x1.v"]
    # Every port of the engine is connected, with its width: Icarus says otherwise.
    compiled = subprocess.run(
        ["iverilog", "-tnull", "-Wall", "-Wno-timescale", "-g2005", "-s", "whole", "whole.v", "mac_engine_2x3x1.v"],
        cwd=tmp_path, capture_output=True, text=True)
    assert (compiled.returncode, compiled.stdout + compiled.stderr) == (0, "")
    (tmp_path / "mac_engine_2x3x1.json").write_text("{}")
    refused = subprocess.run([sys.executable, "-c", DESIGN], cwd=tmp_path, capture_output=True, text=True)
    assert "ValueError: description must be that of an engine, not mac_engine_2x3x1.json" in refused.stderr
    text = Path(tmp_path / "whole.v").read_text()
    assert "mac_engine_2x3x1 mac_engine(" in text
