"""A FuseSoC core file (CAPI2): the generated files as a package that other cores depend on."""

__all__ = ["core_file"]


def core_file(name: str, version: str, what: str, files: list[str]) -> str:
    """The core ``macaw::<name>:<version>``: Verilog, and C sources and headers where there are some.

    Parameters
    ----------
    name
        Of the top module and the core.
    version
        Of the generator.
    what
        The description, one line.
    files
        Names of all files of the core; other kinds are left out.
    """
    groups = {
        "rtl": ("verilogSource-2005", [file for file in files if file.endswith(".v")]),
        "driver": ("cSource", [file for file in files if file.endswith((".h", ".c"))]),
    }
    lines = ["CAPI=2:", "", f'name: "macaw::{name}:{version}"', f'description: "{what}"', "", "filesets:"]
    for group, (kind, members) in groups.items():
        if members:
            lines += [f"  {group}:", "    files:", *map(_entry, members), f"    file_type: {kind}"]
    # The driver is for whoever writes software; it is no part of a simulation or an implementation.
    lines += ["", "targets:", "  default:", "    filesets: [rtl]", f"    toplevel: {name}"]
    if groups["driver"][1]:
        lines += ["  driver:", "    filesets: [driver]"]
    return "\n".join(lines) + "\n"


def _entry(file: str) -> str:
    return f"      - {file}: {{is_include_file: true}}" if file.endswith(".h") else f"      - {file}"
