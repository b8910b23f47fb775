"""Verilog text of a component: one module for each distinct part, the same bytes on every machine."""

import re

from amaranth import ClockDomain
from amaranth._toolchain.yosys import find_yosys
from amaranth.back import rtlil, verilog
from amaranth.hdl import Fragment
from amaranth.hdl._ir import PortDirection
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from hdl.prototype import ports_of

__all__ = ["default_export", "elaborate", "emit"]

# `proc` without Amaranth's -nomux -norom: plain if/else instead of dummy registers. Then the passes
# of `opt -full`, once instead of until nothing changes: about the same text in a quarter of the
# time. -purge drops the unused aliases of structure fields.
SCRIPT = """
proc
opt_expr -full
opt_merge
opt_muxtree
opt_reduce -full
opt_merge
opt_dff
opt_expr -full
opt_clean -purge
write_verilog -norename -noattr
"""


# Stands for the name of the top until all parts have theirs; no part is called so.
TOP = "macaw_top"

# Ends the name of a module that replaces the one before it in synthesis.
SYNTHESIS = "_for_synthesis"


def emit(component: wiring.Component, name: str, *, has_reset: bool = True, prefix: str = "mac") -> str:
    """Verilog of `component` as module `name`, with the modules that it instantiates before it.

    Parameters
    ----------
    component : wiring.Component
    name : str
    has_reset : bool
        False for a component without registers that need the reset: it gets no `rst` port.
    prefix : str
        What stands for `mac` in the names of the parts.
    """
    parts: dict[str, str] = {}
    _collect(component, parts)
    texts = [*parts.values(), _rtlil(component, TOP, has_reset)]
    if prefix != "mac" and parts:
        names = re.compile(rf"\\(mac)(?=_({'|'.join(part.removeprefix('mac_') for part in parts)})(?:_|\b))")
        texts = [names.sub(lambda _: f"\\{prefix}", text) for text in texts]
    # Last, because a top may be called as one of the parts was.
    texts = [text.replace(f"\\{TOP}", f"\\{name}") for text in texts]
    modules = "\n".join(f"read_rtlil <<rtlil\n{text}\nrtlil" for text in texts)
    yosys = find_yosys(lambda version: version >= (0, 40))
    # Yosys warns that it cannot be sure to translate processes; `proc` has removed them all.
    verilog = yosys.run(["-q", "-"], modules + SCRIPT, ignore_warnings=True)
    return _tidy(verilog)


def elaborate(component: wiring.Component) -> None:
    """Elaborate `component` and its parts for nothing: Amaranth warns of components that never were."""
    for prototype in getattr(component, "prototypes", ()):
        elaborate(prototype.component)
        if prototype.synthesis is not None:
            elaborate(prototype.synthesis)
    Fragment.get(component, None)


def default_export(component: wiring.Component, name: str, *, has_reset: bool = True) -> dict[str, str]:
    """Amaranth's own Verilog of `component` and of each part, by module: what that of `emit` must equal.

    The parts are black boxes to each other.
    """
    texts: dict[str, str] = {}
    for prototype in getattr(component, "prototypes", ()):
        texts |= default_export(prototype.component, prototype.name, has_reset=prototype.has_reset)
    texts[name] = verilog.convert(
        component, name=name, ports=_ports(component), emit_src=False,
        missing_domain=lambda domain: ClockDomain(domain, reset_less=not has_reset))
    return texts


def _ports(component) -> dict[str, tuple]:
    return {port: (value, PortDirection.Output if flow == Out else PortDirection.Input)
            for port, flow, value in ports_of(component.signature, component)}


def _collect(component, parts: dict[str, str]) -> None:
    """Add the RTLIL of all prototypes below `component`, innermost first, each name once."""
    for prototype in getattr(component, "prototypes", ()):
        if prototype.name not in parts:
            _collect(prototype.component, parts)
            parts[prototype.name] = _rtlil(prototype.component, prototype.name, prototype.has_reset)
            if prototype.synthesis is not None:
                name = prototype.name + SYNTHESIS
                parts[name] = _rtlil(prototype.synthesis, name, prototype.has_reset)


def _rtlil(component, name: str, has_reset: bool) -> str:
    """RTLIL of one component, submodule names joined by `_` so that Verilog needs no escapes."""
    text = rtlil.convert(
        component, name=name, ports=_ports(component), emit_src=False,
        missing_domain=lambda domain: ClockDomain(domain, reset_less=not has_reset))

    def plain(match: re.Match) -> str:
        return match[1] + match[2].replace(".", "_")

    # Memories that start as 0 get a loop in the end, and not a line for each word.
    text = re.sub(r"^  cell \$meminit_v2 .*\n(?:    .*\n)*?    connect \\DATA \d+'0+\n(?:    .*\n)*?  end\n", "", text,
                  flags=re.MULTILINE)
    return re.sub(r"^(module \\|  cell \\)(\S+)", plain, text, flags=re.MULTILINE)


def _tidy(verilog: str) -> str:
    """What a reader would write in place of what Yosys does, but for the names that it has to invent."""
    verilog = re.sub(r"^  reg (?:\[(\d+):0\] )?(\w+) \[(\d+):0\];\n(?!  initial)", _clear_memory, verilog,
                     flags=re.MULTILINE)
    # Invented names begin with $: hard on the eye, and Icarus takes functions called so for system functions.
    verilog = re.sub(r"\\\$procmux\$(\d+)(_\w+)? ", lambda name: f"choose_{name[1]}{(name[2] or '').lower()} ", verilog)
    verilog = re.sub(r"\\\$(\d+) ", r"node_\1 ", verilog)
    verilog = re.sub(r"\\\$auto\$[\w.]+:\d+:(\w+)\$(\d+) ", r"\1_\2 ", verilog)
    verilog = re.sub(r"(\b(?:node|choose|slice|combine_resets)_\w+) (?=[ ;()[])", r"\1", verilog)
    # A port is a wire.
    verilog = re.sub(r"^(  (?:input|output) ((?:\[\d+:0\] )?\S+ ?);\n)  wire \2;\n", r"\1", verilog, flags=re.MULTILINE)
    # One process for each run of registers.
    verilog = re.sub(r"(?:^  always @\((\w+ \w+)\)\n(?:    .*\n)+){2,}", _join_registers, verilog, flags=re.MULTILINE)
    # Yosys breaks the line after every twentieth port.
    verilog = re.sub(r"^(module \S+)\(([^()]*)\);$", _sort_ports, verilog, flags=re.MULTILINE)
    # Yosys writes modules by name: the one for synthesis follows its twin.
    verilog = re.sub(rf"^module (\w+)\(((?:(?!^endmodule).)*?)^endmodule\n+module \1{SYNTHESIS}\((.*?)^endmodule\n",
                     r"`ifdef SYNTHESIS\nmodule \1(\3endmodule\n`else\nmodule \1(\2endmodule\n`endif\n", verilog,
                     flags=re.MULTILINE | re.DOTALL)
    lines = verilog.splitlines()
    return "\n".join(line.rstrip() for line in lines if not line.startswith("/* Generated by")).strip() + "\n"


def _join_registers(processes: re.Match) -> str:
    """Processes of the same edge as one."""
    head = f"  always @({processes[1]})"
    assert processes[0].count("  always @(") == processes[0].count(head), "registers of different edges in a row"
    return f"{head} begin\n{processes[0].replace(head + chr(10), '')}  end\n"


def _clear_memory(declaration: re.Match) -> str:
    """A memory and a loop that sets it to 0: unwritten words are read, though their values never matter."""
    width, name, top = int(declaration[1] or 0) + 1, declaration[2], int(declaration[3])
    index = f"{name}_index"
    return (f"{declaration[0]}  integer {index};\n  initial\n"
            f"    for ({index} = 0; {index} <= {top}; {index} = {index} + 1)\n"
            f"      {name}[{index}] = {width}'d0;\n")


def _sort_ports(header: re.Match) -> str:
    """A module header with clock and reset first, the other ports by name."""
    ports = sorted(re.split(r"\n?, ", header[2]), key=lambda port: (port not in ("clk", "rst"), port))
    return f"{header[1]}({', '.join(ports)});"
