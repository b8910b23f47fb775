"""The mutants themselves: what finds nothing has no score, what fails without a change is refused."""

import json
import re
import shutil

import pytest

from tb.mutation.__main__ import main
from tb.mutation.blocks import TARGETS, Target
from tb.mutation.equivalence import Frame, Verdict, judged
from tb.mutation.kill import Round
from tb.mutation.mutants import Mutant, MutationError, listed, prepared
from tb.run import BUILD

SCRATCH = '''
import cocotb
from cocotb.triggers import Timer

started = []

@cocotb.test()
async def nothing_is_checked(dut):
    await Timer(1, "ns")

@cocotb.test()
async def nothing_ever_passes(dut):
    assert False

@cocotb.test()
async def what_was_before_is_forgotten(dut):
    started.append(dut)
    assert len(started) == 1
'''

# An output that is 0 for even inputs alone: bit 0 of `i` decides nothing where `odd` is never set.
VERILOG = """module top(clk, i, odd, o);
  input clk;
  input [3:0] i;
  input odd;
  output [3:0] o;
  reg [3:0] o = 4'h0;
  wire [3:0] kept;
  always @(posedge clk)
    o <= kept;
  assign kept = { i[3:1], i[0] & odd };
endmodule
"""


@pytest.fixture
def reports(tmp_path, monkeypatch):
    """The report of a real run stays, and tests that run at the same time have directories of their own."""
    monkeypatch.setattr("tb.report.REPORTS", tmp_path)
    monkeypatch.setattr("tb.mutation.__main__.BUILD", tmp_path)
    return tmp_path / "mutation.json"


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    package = tmp_path / "scratch"
    package.mkdir()
    (package / "sim_scratch.py").write_text(SCRATCH)
    monkeypatch.syspath_prepend(tmp_path)

    def target(*tests):
        rounds = Round(tests=tuple(f"sim_scratch.{name}" for name in tests), package="scratch"),
        return Target(block="cell", emitted="cell", parameters={"rows": 1, "cols": 1}, rounds=rounds, frames=()),
    return target


def test_mutants_are_found_by_tests_and_rows_of_other_blocks_stay(reports):
    reports.write_text(json.dumps({"blocks": [{"block": "other", "score": 1.0}, {"block": "cell", "score": 0.0}]}))
    quick = Round(tests=("sim_cell.sums_of_random_operands_match_in_every_cycle",)),
    cell = Target(block="cell", emitted="cell", parameters={"rows": 1, "cols": 1}, rounds=quick)
    main(["--block", "cell", "--count", "20"], targets=(cell,))
    rows = {row["block"]: row for row in json.loads(reports.read_text())["blocks"]}
    assert list(rows) == ["cell", "other"]
    assert rows["other"] == {"block": "other", "score": 1.0}
    row = rows["cell"]
    assert row["mutants"] == 20 == row["killed"] + row["equivalent"] + len(row["gaps"])
    assert sum(row["killers"].values()) == row["killed"] >= 15
    assert row["seed"] == 1 and row["commit"] and row["targets"][0]["controls"]


def test_mutants_that_no_test_looks_for_are_all_gaps(reports, scratch, capsys):
    assert main(["--block", "cell", "--count", "6"], targets=scratch("nothing_is_checked")) == 1
    (row,) = json.loads(reports.read_text())["blocks"]
    assert (row["killed"], row["score"], len(row["gaps"])) == (0, 0, 6)
    assert all(gap["verdict"] and gap["module"] == "mac_cell" for gap in row["gaps"])
    assert "must find 98%" in capsys.readouterr().err


@pytest.mark.parametrize(("test", "said"), [
    ("nothing_ever_passes", r"must pass sim_scratch.nothing_ever_passes without a change: AssertionError"),
    ("what_was_before_is_forgotten", r"without a change after mutant 3: AssertionError"),
    ("is_missing", r"must simulate with its mutants"),
])
def test_a_test_that_fails_without_a_change_is_refused(reports, scratch, capsys, test, said):
    assert main(["--block", "cell", "--count", "3"], targets=scratch(test)) == 1
    assert re.search(said, capsys.readouterr().err)
    assert not reports.exists()


def test_a_mutant_is_judged_within_its_legal_use():
    directory = BUILD / "tb" / "test_mutation"
    shutil.rmtree(directory, ignore_errors=True)
    assert prepared(VERILOG, "top", directory) == ["top"]
    found = re.search(r"cell \$and (\S+)", (directory / "block.il").read_text())
    low = Mutant(1, f"-mode inv -module top -cell {found[1]} -port A -portbit 0", "")
    assert judged(low, Frame(), directory, free_products=False) is Verdict.UNPROVED
    assert judged(low, Frame(steps=3), directory, free_products=False) is Verdict.DIFFERENT
    assert judged(low, Frame(steps=3, assume=("!odd",)), directory, free_products=False) is Verdict.EQUIVALENT
    # Twice the same: nothing is left for the other copy to differ in.
    none = Mutant(2, f"-mode const0 -module top -cell {found[1]} -port A -portbit 0", "")
    assert judged(none, Frame(steps=3, assume=("!i[0]",)), directory, free_products=False) is Verdict.EQUIVALENT


def test_a_design_with_too_few_places_is_refused():
    directory = BUILD / "tb" / "test_mutation_few"
    prepared(VERILOG, "top", directory)
    with pytest.raises(MutationError, match="must be 1000 mutants"):
        listed(["top"], 1000, 1, directory)


def test_every_block_has_its_mutants():
    assert {target.block for target in TARGETS} >= {"cell", "requant", "array", "unit", "engine", "registers"}
