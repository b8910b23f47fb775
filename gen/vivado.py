"""Tcl for Vivado: an engine as a cell of a block design, by module reference or packaged as IP."""

from typing import Any

__all__ = ["interfaces", "vivado_script"]

# Kinds of signals that are no bus.
SIGNALS = {"aclk": "clock", "aresetn": "reset", "irq": "interrupt"}


def interfaces(description: dict[str, Any]) -> dict[str, list[str]]:
    """The AXI interfaces of an engine, each with its ports.

    A port belongs to the interface whose name is before its last underscore, as Vivado infers it.
    """
    found: dict[str, list[str]] = {}
    for port in description["ports"]:
        if port["name"] not in SIGNALS:
            found.setdefault(port["name"].rpartition("_")[0], []).append(port["name"])
    return found


def vivado_script(description: dict[str, Any], version: str) -> str:
    """A script with two procedures in a namespace of the engine's name.

    Parameters
    ----------
    description
        The JSON description of the engine.
    version
        Of the generator; of the IP the first two numbers.
    """
    name = description["name"]
    lines = [
        f"# {name} in Vivado. In its Tcl console, with an open project:",
        "#",
        f"#   source {name}.tcl",
        f"#   {name}::add_cell {name}_0                a cell of the open block design",
        f"#   {name}::package_ip /path/of/repository   an IP for any design, in a directory of its own",
        "",
        f"namespace eval {name} {{",
        "    variable here [file dirname [file normalize [info script]]]",
        "",
        "    # The Verilog as a source of the open project, and a reference to its module in the open block design.",
        "    # AXI interfaces, clock and reset are inferred from the names of the ports.",
        "    proc add_cell {cell} {",
        "        variable here",
        f"        add_files -norecurse [file join $here {name}.v]",
        "        update_compile_order -fileset sources_1",
        f"        create_bd_cell -type module -reference {name} $cell",
        "    }",
        "",
        "    # An IP in a directory of `repository`, made in a project in memory.",
        "    proc package_ip {repository} {",
        "        variable here",
        f"        set directory [file join $repository {name}]",
        f"        create_project -in_memory {name}_package",
        f"        add_files -norecurse [file join $here {name}.v]",
        f"        set_property top {name} [current_fileset]",
        "        update_compile_order -fileset sources_1",
        "        ipx::package_project -root_dir $directory -vendor macaw -library user -taxonomy /UserIP "
        "-import_files -force",
        "        set core [ipx::current_core]",
        f"        set_property name {name} $core",
        f"        set_property version {'.'.join(version.split('.')[:2])} $core",
        f"        set_property display_name {name} $core",
        "        set_property description {INT8 matrix multiplication with AXI interfaces} $core",
        # The packager infers what has the names that it knows; a later version may know others.
        *(f"        if {{[ipx::get_bus_interfaces {port} -of_objects $core] eq {{}}}} {{"
          f" ipx::infer_bus_interface {port} xilinx.com:signal:{kind}_rtl:1.0 $core }}"
          for port, kind in SIGNALS.items()),
        f"        foreach bus {{{' '.join(interfaces(description))}}} {{",
        "            if {[ipx::get_bus_interfaces $bus -of_objects $core] eq {}} {",
        '                error "$bus must have been inferred from the names of its ports"',
        "            }",
        "            ipx::associate_bus_interfaces -busif $bus -clock aclk $core",
        "        }",
        "        ipx::associate_bus_interfaces -clock aclk -reset aresetn $core",
        "        ipx::create_xgui_files $core",
        "        ipx::update_checksums $core",
        "        ipx::check_integrity $core",
        "        ipx::save_core $core",
        "        close_project",
        "    }",
        "}",
    ]
    return "\n".join(lines) + "\n"
