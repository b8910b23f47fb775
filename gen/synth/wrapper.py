"""A design with four pins around a block with thousands, so that it can be placed."""

from typing import Any

__all__ = ["TOP", "wrapper"]

TOP = "macaw_probe"

# Bits that one LUT folds.
FOLD = 4


def wrapper(description: dict[str, Any]) -> str:
    """Verilog of `TOP`: registers that shift in every input of a block, and registers that fold its outputs.

    Nothing of it limits the clock: a register stands at every port of the block, and one LUT between two
    registers. The inputs have registers of their own behind the shift register, so that no register of the block
    is the same as one of the shift register, which would be merged.

    Parameters
    ----------
    description
        The JSON description of the block.
    """
    clocks = ("clk", "aclk")
    inputs = [port for port in description["ports"] if port["direction"] == "input" and port["name"] not in clocks]
    outputs = [port for port in description["ports"] if port["direction"] == "output"]
    [clock] = [port["name"] for port in description["ports"] if port["name"] in clocks]
    n_in, n_out = (sum(port["width"] for port in ports) for ports in (inputs, outputs))

    lines = [
        f"module {TOP}(input clk, input i, output o);",
        f"  reg [{n_in - 1}:0] shift;",
        f"  reg [{n_in - 1}:0] drive;",
        f"  wire [{n_out - 1}:0] result;",
        "  always @(posedge clk) begin",
        "    shift <= {shift, i};",
        "    drive <= shift;",
        "  end",
    ]
    lines += _fold(n_out)
    connections = [f".{clock}(clk)"]
    for name, ports in (("drive", inputs), ("result", outputs)):
        low = 0
        for port in ports:
            connections.append(f".{port['name']}({name}[{low + port['width'] - 1}:{low}])")
            low += port["width"]
    lines.append(f"  {description['name']} block(" + ",\n    ".join(connections) + ");")
    return "\n".join([*lines, "endmodule", ""])


def _fold(width: int) -> list[str]:
    """Registers that fold `result` of `width` bits to one bit `o`, `FOLD` bits at a step."""
    lines = [f"  reg [{width - 1}:0] fold_0;", "  always @(posedge clk) fold_0 <= result;"]
    level = 0
    while width > 1:
        level += 1
        groups = [f"^fold_{level - 1}[{min(low + FOLD, width) - 1}:{low}]" for low in range(0, width, FOLD)]
        width = len(groups)
        lines += [f"  reg [{width - 1}:0] fold_{level};",
                  f"  always @(posedge clk) fold_{level} <= {{{', '.join(reversed(groups))}}};"]
    return [*lines, f"  assign o = fold_{level}[0];"]
