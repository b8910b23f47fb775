"""Reads as much of the emitted Verilog as the tests need: modules, ports and instances, by regular expressions."""

import re

__all__ = ["header", "instances", "modules", "ports"]


def modules(text: str) -> dict[str, str]:
    """Text of each module by name; a name that comes twice is an error."""
    found = re.findall(r"^(module (\S+?)\(.*?^endmodule$)", text, re.MULTILINE | re.DOTALL)
    named = {name: body for body, name in found}
    assert len(named) == len(found) == text.count("\nendmodule"), [name for _, name in found]
    return named


def header(module: str) -> list[str]:
    """The ports in a module's header, in order."""
    names = re.match(r"module \S+?\(([^()\n]*)\);\n", module)
    assert names, module.splitlines()[0]
    return [name.strip() for name in names[1].split(",")]


def ports(module: str) -> dict[str, tuple[str, int]]:
    """Direction and width of each port that a module declares."""
    declared = re.findall(r"^  (input|output|inout) (?:\[(-?\d+):(-?\d+)\] )?(\S+) ?;$", module, re.MULTILINE)
    assert len({name for *_, name in declared}) == len(declared)
    return {name: (direction, int(high or 0) - int(low or 0) + 1) for direction, high, low, name in declared}


def instances(module: str) -> list[tuple[str, str]]:
    """Module and name of each instance in a module."""
    return re.findall(r"^  (\S+) (\S+) \($", module, re.MULTILINE)
