"""The script for Vivado: run by Tcl itself, with procedures in place of Vivado's commands that note their calls."""

import shutil
import subprocess

import pytest

from gen.block import description_of
from gen.vivado import interfaces, vivado_script
from hdl.engine_config import EngineConfig

STREAMS = ("s_axis_activations", "s_axis_weights", "s_axis_channels", "m_axis_outputs")

# Every command that Tcl does not have is noted; those that give something back give names.
STUBS = """
set missing {%s}
proc unknown {args} {
    puts $args
    set command [lindex $args 0]
    if {$command eq "ipx::get_bus_interfaces"} {
        return [expr {[lindex $args 1] in $::missing ? "" : [lindex $args 1]}]
    }
    return "<$command>"
}
"""


@pytest.fixture(scope="module")
def description():
    return description_of("engine", EngineConfig(rows=2, cols=3))


def run(script, call, directory, missing=""):
    """What Vivado would be told, line by line."""
    tcl = shutil.which("tclsh")
    assert tcl, "tclsh must be on the PATH, type: make test, or sudo apt-get install tcl"
    (directory / "mac_engine_2x3x1.tcl").write_text(script)
    (directory / "run.tcl").write_text(f"{STUBS % missing}\nsource mac_engine_2x3x1.tcl\n{call}\n")
    return subprocess.run([tcl, "run.tcl"], cwd=directory, capture_output=True, text=True)


def test_interfaces_are_those_that_vivado_infers(description):
    found = interfaces(description)
    assert set(found) == {"s_axil", *STREAMS}
    assert all({f"{bus}_{signal}" for signal in ("tdata", "tkeep", "tlast", "tvalid", "tready")} == set(found[bus])
               for bus in STREAMS)
    assert len(found["s_axil"]) == 19


def test_script_adds_a_cell(description, tmp_path):
    done = run(vivado_script(description, "0.1.0"), "mac_engine_2x3x1::add_cell mac_0", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"add_files -norecurse {tmp_path}/mac_engine_2x3x1.v",
        "update_compile_order -fileset sources_1",
        "create_bd_cell -type module -reference mac_engine_2x3x1 mac_0",
    ]


def test_script_packages_an_ip(description, tmp_path):
    done = run(vivado_script(description, "0.1.0"), "mac_engine_2x3x1::package_ip /repository", tmp_path, "irq")
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout.splitlines()
    assert said[1] == f"add_files -norecurse {tmp_path}/mac_engine_2x3x1.v"
    assert any(line.startswith("ipx::package_project -root_dir /repository/mac_engine_2x3x1 ") for line in said)
    # Clock and reset are there already; what is not is inferred.
    assert [line for line in said if line.startswith("ipx::infer")] == [
        "ipx::infer_bus_interface irq xilinx.com:signal:interrupt_rtl:1.0 <ipx::current_core>"]
    for bus in ("s_axil", *STREAMS):
        assert f"ipx::associate_bus_interfaces -busif {bus} -clock aclk <ipx::current_core>" in said
    assert said[-2:] == ["ipx::save_core <ipx::current_core>", "close_project"]


def test_script_fails_where_vivado_did_not_infer_a_bus(description, tmp_path):
    done = run(vivado_script(description, "0.1.0"), "mac_engine_2x3x1::package_ip /repository", tmp_path,
               "m_axis_outputs")
    assert done.returncode == 1
    assert "m_axis_outputs must have been inferred from the names of its ports" in done.stderr
    assert "ipx::save_core" not in done.stdout
