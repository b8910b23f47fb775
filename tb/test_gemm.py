"""`make gemm`: parts that add up, a report, failures that name their command."""

import json
import re

import pytest

from tb import gemm as module
from tb.__main__ import main
from tb.engine_configurations import CONFIGURATIONS
from tb.gemm import GemmError, gemm
from tb.report import REPORTS
from tb.run import SimulationError


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """The report of a real run stays, and so does the seed."""
    monkeypatch.setattr("tb.report.REPORTS", tmp_path / "reports")
    monkeypatch.setattr(module, "BUILD", tmp_path)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setenv("SEED", "7")


@pytest.mark.parametrize("total", [1, 5, len(CONFIGURATIONS), 20_000])
def test_parts_add_up(total):
    parts = module._parts(total)
    assert sum(part.gemms for part in parts) == total
    assert all(1 <= part.gemms <= module.PART for part in parts)
    assert len({(part.configuration, part.number) for part in parts}) == len(parts)
    if total >= len(CONFIGURATIONS):
        assert {part.configuration for part in parts} == set(CONFIGURATIONS)


@pytest.mark.parametrize(("count", "only", "message"), [
    (0, None, "gemms must be 1 or more, not 0"),
    (5, "9x9x9:0", "only must be <configuration>:<number> with one of 1x1x1, .*, not '9x9x9:0'"),
    (5, "1x1x1:x", "only must be .*, not '1x1x1:x'"),
])
def test_what_means_nothing_is_refused(count, only, message):
    with pytest.raises(GemmError, match=f"^{message}$"):
        gemm(count, only)


def test_report_holds_what_was_run(tmp_path, capsys):
    assert main(["gemm", "--gemms", "6", "--only", "1x1x1:3"]) == 0
    figures = json.loads((tmp_path / "reports" / "gemm.json").read_text())
    assert [figures[name] for name in ("asked", "gemms", "mismatches", "failures", "lost_beats", "seed")] == [
        6, 6, 0, 0, 0, 7]
    assert figures["outputs"] > 0 and figures["cycles"] > 0
    assert figures["configurations"]["1x1x1"]["gemms"] == 6
    assert re.search(r"products +6 ", capsys.readouterr().out)
    assert not (REPORTS / "gemm.json").is_relative_to(tmp_path)


def test_failure_names_its_command(monkeypatch):
    def fails(*arguments, **case):
        case["figures"].write_text(json.dumps({"gemms": 3, "outputs": 40, "mismatches": 2}))
        raise SimulationError("outputs differ")

    monkeypatch.setattr(module, "generate", lambda *arguments, **parameters: None)
    monkeypatch.setattr(module, "simulate", fails)
    part = module.Part("1x1x1", 2, 9)
    part.directory.mkdir(parents=True)
    monkeypatch.setattr(module.shutil, "rmtree", lambda *arguments, **options: None)
    done = module._run(part)
    assert done["message"] == (
        "1x1x1: outputs differ\n  again: make gemm ONLY=1x1x1:2 GEMMS=9 SEED=7 WAVES=1")
    assert [done[name] for name in ("gemms", "mismatches", "failures")] == [3, 2, 1]


def test_run_with_a_failure_ends_with_exit_code_1(monkeypatch, capsys):
    counts = dict.fromkeys(module.COUNTS, 0) | {"seconds": 1.0, "messages": ["1x1x1: outputs differ"]}
    monkeypatch.setattr("tb.__main__.gemm", lambda count, only: counts)
    assert main(["gemm"]) == 1
    assert capsys.readouterr().err == "tb: 1x1x1: outputs differ\n"
