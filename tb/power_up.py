"""A block that powers up in another state than its Verilog says: unknown everywhere, or random; and a watch on it.

The emitted text gives every register and memory a value at power-up, as FPGAs do. An ASIC has none, and a warm reset
finds any. Here the values are taken out or replaced, and `watch` says what must be known all the same.
"""

import re
from random import Random
from typing import Any

__all__ = ["random", "unknown", "watch"]

REGISTER = re.compile(r"^(  reg (?:\[(\d+):0\] )?(\S+ ?)) = \d+'[hd][0-9a-f]+;$", re.MULTILINE)
MEMORY = re.compile(
    r"^  integer \w+;\n  initial\n    for \(.*\n      (\w+)\[(\w+)\] = (\d+)'d0;\n", re.MULTILINE)


def unknown(verilog: str) -> str:
    """`verilog` without any value at power-up: simulators start with X."""
    text = MEMORY.sub("", REGISTER.sub(r"\1;", verilog))
    _require(not re.search(r"\binitial\b|^  reg [^;]*=", text, re.MULTILINE), "no value at power-up is left")
    return text


def random(verilog: str, seed: int) -> str:
    """`verilog` with random values at power-up, others in each instance and for each `seed`."""
    rng = Random(seed)

    def bits(width: int) -> str:
        # $random has 32 bits and gives each instance its own, the constant makes them those of the seed.
        return f"{{{', '.join(['$random'] * -(-width // 32))}}} ^ {width}'h{rng.getrandbits(width):x}"

    # Icarus wants constants in declarations.
    text = REGISTER.sub(
        lambda found: f"{found[1]};\n  initial {found[3]} = {bits(int(found[2] or 0) + 1)};", verilog)
    text = MEMORY.sub(lambda found: found[0].replace(f"= {found[3]}'d0;", f"= {bits(int(found[3]))};"), text)
    _require(text.count("$random") >= verilog.count("\n  reg "), "every register has a random value")
    return text


def watch(description: dict[str, Any]) -> str:
    """A second top module ``watch`` that ends the simulation when something is unknown that must not be.

    From the first edge with reset on: every output that is no payload, always; a payload while its valid is 1, and of
    one with bytes to keep those that are kept.
    """
    top = description["name"]
    ports = {entry["name"]: entry for entry in description["ports"]}
    clock, reset = ("aclk", f"{top}.aresetn === 1'b0") if "aclk" in ports else ("clk", f"{top}.rst === 1'b1")
    checks = []
    for name, entry in ports.items():
        if entry["direction"] == "output":
            checks += _rules(name, entry, ports)
    lines = [f'      if ({when} && ^{top}.{what} === 1\'bx) unknown("{what}");' for when, what in checks]
    lines = [line.replace("(1 && ", "(").replace("@", f"{top}.") for line in lines]
    return "\n".join([
        "module watch;", "  reg started = 0;", "  integer edges = 0;", "  task unknown(input [8*64-1:0] what);",
        '    begin\n      $display("UNKNOWN %0s, %0d cycles after reset", what, edges);\n      $finish;\n    end',
        "  endtask", f"  always @(posedge {top}.{clock}) begin", "    if (started) begin",
        "      edges = edges + 1;", *lines, "    end", f"    if ({reset}) started = 1;", "  end", "endmodule", ""])


def _rules(name: str, entry: dict[str, Any], ports: dict[str, Any]) -> list[tuple[str, str]]:
    """When what must be known of output `name`: conditions and expressions, `@` before names in conditions."""
    if name == "token":     # of an array: valid, last and bank of each column
        return [("1" if bit % 3 == 0 else f"@token[{bit - bit % 3}]", f"token[{bit}]") for bit in range(entry["width"])]
    if name == "drain" and "token" in ports:
        return [(f"@token[{3 * col}]", f"drain[{32 * col}+:32]") for col in range(entry["width"] // 32)]
    if name.endswith("__payload"):
        valid = f"@{name.removesuffix('payload')}valid"
        fields = entry.get("fields", {})
        if "keep" in fields:
            data, keep = fields["data"]["offset"], fields["keep"]["offset"]
            kept = [(f"{valid} && @{name}[{keep + byte}]", f"{name}[{data + 8 * byte}+:8]")
                    for byte in range(fields["keep"]["width"])]
            return [*kept, (valid, f"{name}[{keep}+:{fields['keep']['width']}]"),
                    (valid, f"{name}[{fields['last']['offset']}]")]
        return [(valid, name)]
    if name.endswith("_tdata"):
        stream = name.removesuffix("tdata")
        return [(f"@{stream}tvalid && @{stream}tkeep[{byte}]", f"{name}[{8 * byte}+:8]")
                for byte in range(entry["width"] // 8)]
    guards = {"_tkeep": "_tvalid", "_tlast": "_tvalid", "_rdata": "_rvalid", "_rresp": "_rvalid", "_bresp": "_bvalid"}
    for end, valid in guards.items():
        if name.endswith(end):
            return [(f"@{name.removesuffix(end)}{valid}", name)]
    return [("1", name)]


def _require(condition: object, what: str) -> None:
    """What the patterns above miss is an error and not a weaker test."""
    if not condition:
        raise ValueError(f"emitted text must be understood: {what}")
