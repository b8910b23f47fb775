"""`make fuzz`: counts, seeds, failures that name their command, and tests that show nothing."""

import json

import pytest
from hypothesis import strategies as st

from tb import fuzz as module
from tb.__main__ import main
from tb.fuzz import FuzzError, fuzz
from tb.fuzzing import fuzz as fuzzed
from tb.fuzzing import refusal


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """The report of a real run stays, and so does the seed."""
    monkeypatch.setattr("tb.report.REPORTS", tmp_path / "reports")
    monkeypatch.setattr(module, "BUILD", tmp_path)
    monkeypatch.setenv("SEED", "7")


@pytest.mark.parametrize(("examples", "only", "message"), [
    (0, None, "examples must be from 1 to 10000000, not 0"),
    (5, "x y", "only must be the name of a fuzz test, not 'x y'"),
    (5, "test_nothing_of_this_name", "fuzz tests must run, not none or a part of them"),
])
def test_what_means_nothing_is_refused(examples, only, message):
    with pytest.raises(FuzzError, match=f"^{message}"):
        fuzz(examples, only)


def test_report_holds_what_was_run(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module, "ROOT", module.ROOT)
    monkeypatch.setattr(module, "table", lambda figures: "table")
    monkeypatch.setattr("tb.__main__.fuzz_table", lambda figures: f"{figures['examples']} examples")
    assert main(["fuzz", "--examples", "150", "--only", "test_clamp_is_exact_or_refuses"]) == 0
    figures = json.loads((tmp_path / "reports" / "fuzz.json").read_text())
    assert (figures["asked"], figures["examples"], figures["failures"], figures["seed"]) == (150, 225, 0, 7)
    row = figures["targets"]["test_clamp_is_exact_or_refuses"]
    assert row["rerun"] == "make fuzz ONLY=test_clamp_is_exact_or_refuses EXAMPLES=150 SEED=7"
    assert 0 < row["refused"] < 225 and capsys.readouterr().out == "225 examples\n"


def test_failure_names_its_command(tmp_path, monkeypatch):
    (tmp_path / "test_broken.py").write_text(
        "from hypothesis import strategies as st\nfrom tb.fuzzing import fuzz\n\n\n"
        "@fuzz(100, x=st.integers())\ndef test_broken(x):\n    assert x < 1000\n")
    monkeypatch.setattr(module, "MODULES", (str(tmp_path / "test_broken.py"), "-p", "tb.conftest"))
    figures = fuzz(400)
    assert figures["failures"] == 1
    assert "again: make fuzz ONLY=test_broken EXAMPLES=400 SEED=7" in figures["messages"]
    assert "x=1000" in figures["messages"][0]


def test_inputs_that_are_nearly_all_refused_fail():
    @fuzzed(60, x=st.integers())
    def all_refused(x):
        refusal(ValueError, lambda: int("x must be a number"))

    with pytest.raises(AssertionError, match="60 of 60 inputs were refused"):
        all_refused()


def test_a_run_that_breaks_off_is_no_run(tmp_path, monkeypatch):
    (tmp_path / "test_broken.py").write_text(
        "from hypothesis import strategies as st\nfrom tb.fuzzing import fuzz\n\n\n"
        "@fuzz(10, x=st.integers())\ndef test_passes(x):\n    pass\n\n\n"
        "def test_interrupts():\n    raise KeyboardInterrupt\n")
    monkeypatch.setattr(module, "MODULES", (str(tmp_path / "test_broken.py"), "-p", "tb.conftest"))
    with pytest.raises(FuzzError, match="must run, not none or a part of them"):
        fuzz(10)
