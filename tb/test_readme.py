"""The README's figures come from reports, and a missing report leaves it as it was."""

import json

import pytest

from gen.block import parameters
from gen.boards.boards import BOARDS
from gen.synth.standard import standard
from gen.synth.targets import TARGETS
from tb.readme import BLOCKS, SHOWN, ReadmeError, update
from tb.run import ROOT
from tb.test_verification import SAMPLES

SIM = {
    "float32_accuracy": 0.5, "golden_accuracy": 0.25, "hardware_accuracy": 0.125, "outputs_compared": 1234,
    "mismatches": 0, "cycles": 99, "images": 3, "utilization": 0.5, "simulated_cycles_per_second": 7.0,
    "block": "mac_unit_9x9x9", "mode": "F32", "icarus": "11.0", "verilog": "x.v", "waves": "x.fst"}
ORACLES = {"stacks": [{"stack": "abc", "version": "1.0", "mode": "DOUBLE", "outputs": 1000000, "differences": 0}]}
HARDWARE = {"files": [{"vectors": "build/oracles/abc.npz", "outputs": 120000, "hardware_differences": 3}]}

BENCH = {"rows": [
    {"configuration": configuration, "network": "" if "x" in name else name, "name": name, "count": 2,
     "cycles": 4000, "ideal_cycles": 3000.0} for configuration, name in SHOWN]}

SYNTH = {"rows": [
    {"target": target, "part": f"part of {target}", "block": block, "config": parameters(config), "macs": 4, "lut": 40,
     "ff": 20, "dsp": 4, "ram": 0, "mhz": [90.0, 100.0, 120.0], "median_mhz": 100.0}
    for target in TARGETS for block, config in standard(target)]}

BOARD = {"core": "mac_core_9x9x9", "area": {"lut": 1000, "ff": 2, "dsp": 3.5, "ram": 4},
         "holds": {"lut": 2000, "ff": 3, "dsp": 4, "ram": 5}, "mhz": 50.0, "constraint": 12.0}


@pytest.fixture
def reports(tmp_path):
    for name, figures in (*SAMPLES.items(), ("sim", SIM), ("oracles", ORACLES), ("oracles-hardware", HARDWARE),
                          ("bench", BENCH), ("synth", SYNTH), *((f"board-{name}", BOARD) for name in BOARDS)):
        (tmp_path / f"{name}.json").write_text(json.dumps(figures))
    return tmp_path


@pytest.fixture
def readme(tmp_path):
    path = tmp_path / "README.md"
    path.write_text("before\n<!-- sim -->\nstale\n<!-- end -->\nbetween\n<!-- oracles -->\n<!-- end -->\nafter\n"
                    "<!-- bench -->\n<!-- end -->\n<!-- cell -->\n<!-- end -->\n<!-- synth -->\n<!-- end -->\n"
                    "<!-- boards -->\n<!-- end -->\n<!-- verification -->\n<!-- end -->\n")
    return path


def test_readme_blocks_are_filled_from_the_reports(readme, reports):
    update(readme, reports)
    text = readme.read_text()
    assert "stale" not in text and "mac_unit_9x9x9" in text and "12.50%" in text
    assert "| abc | 1.0 | DOUBLE | 1,000,000 | 0 | 120,000 | 3 |" in text
    assert "| 8x8x1 | 64x64x64 | 4,000 | 3,000 | 75.00% |" in text
    assert "| 8x8x4 | ResNet-50 | 8,000 | 6,000 | 75.00% |" in text
    assert "| part of gowin | array 8×8×1 | 40 | 20 | 4 | 0 | 10.0 | 5.0 | 90 | 100 | 120 | 0.4 |" in text
    assert "| icebreaker | mac_core_9x9x9 | 1,000 of 2,000 | 2 of 3 | 3.5 of 4 | 4 of 5 | 50.0 | 12 |" in text
    assert "| Mutants of cell | 980 of 990 found" in text
    assert "```verilog\nmodule mac_cell(clk, " in text and "endmodule\n```" in text
    assert [line for line in text.splitlines() if line in ("before", "between", "after")] == [
        "before", "between", "after"]
    update(readme, reports)
    assert readme.read_text() == text


def test_readme_takes_one_block_from_its_reports_alone(readme, reports):
    (reports / "bench.json").unlink()
    update(readme, reports, only="verification")
    text = readme.read_text()
    assert "| Mutants of cell | 980 of 990 found" in text and "stale" in text
    with pytest.raises(ReadmeError, match=r"only must be one of sim, cell, .*, not 'all'"):
        update(readme, reports, only="all")
    assert readme.read_text() == text


@pytest.mark.parametrize("name", ["sim", "oracles", "oracles-hardware", "bench", "synth", "board-ulx3s", "soak"])
def test_readme_stays_as_it_was_when_a_report_is_missing(readme, reports, name):
    before = readme.read_text()
    (reports / f"{name}.json").unlink()
    with pytest.raises(ReadmeError, match=f"{name}.json must be there, type: make"):
        update(readme, reports)
    assert readme.read_text() == before


def test_readme_stays_as_it_was_when_the_benchmark_was_partial(readme, reports):
    before = readme.read_text()
    (reports / "bench.json").write_text(json.dumps({"rows": BENCH["rows"][1:]}))
    with pytest.raises(ReadmeError, match="64x64x64 on 8x8x1, type: make bench"):
        update(readme, reports)
    assert readme.read_text() == before


def test_readme_stays_as_it_was_when_a_target_was_not_synthesized(readme, reports):
    before = readme.read_text()
    (reports / "synth.json").write_text(json.dumps({"rows": SYNTH["rows"][:-1]}))
    with pytest.raises(ReadmeError, match="must have engine 2x4x1 on xilinx, type: make synth"):
        update(readme, reports)
    assert readme.read_text() == before


@pytest.mark.parametrize("text", ["", "<!-- sim -->\n<!-- end -->\n<!-- sim -->\n<!-- end -->"])
def test_readme_needs_each_block_once(readme, reports, text):
    readme.write_text(text)
    with pytest.raises(ReadmeError, match=r"README\.md must have one block sim, not"):
        update(readme, reports)
    assert readme.read_text() == text


def test_readme_of_the_project_has_every_block():
    text = (ROOT / "README.md").read_text()
    for name in BLOCKS:
        assert text.count(f"<!-- {name} -->") == 1
