"""What is made of Verilator's counts: merged by configuration, judged against the waivers, shown."""

import json

import pytest

from tb import code_coverage
from tb.code_coverage import CoverageError, configurations, judge, page, table
from tb.run import generate, simulate
from tb.simulator import COVERAGE
from tb.waivers import WAIVERS, signals


def test_a_simulation_in_verilator_counts_what_it_reaches(directory, coverage, monkeypatch, tmp_path):
    monkeypatch.setenv("SIM", "verilator")
    monkeypatch.setenv(COVERAGE, str(tmp_path))
    cell = generate("cell", directory, rows=1, cols=1, act_width=2, weight_width=2, acc_width=6)
    assert len(simulate(cell, "sim_cell", coverage=coverage)) == 2
    (name, points), = configurations(tmp_path).items()
    assert name == cell.name
    assert {point[0] for point in points} >= {"line", "toggle"}
    assert not [point for point, count in points.items() if not count]


def point(what, line=1, kind="toggle", module="part"):
    name = what.rpartition(":")[0]
    return f"C '\x01f\x02x.v\x01l\x02{line}\x01n\x028\x01page\x02v_{kind}/{module}\x01o\x02{what}\x01h\x02top.{name}'"


def save(directory, stem, top, verilog, *lines):
    (directory / f"{stem}.dat").write_text("\n".join(["# SystemC::Coverage-3", *lines]) + "\n")
    (directory / f"{stem}.v").write_text(verilog)
    (directory / f"{stem}.json").write_text(json.dumps({"top": top}))


def test_counts_of_one_verilog_add_up_and_others_stay_apart(tmp_path):
    save(tmp_path, "first.0", "top", "module", f"{point('a:0->1')} 2", f"{point('a:1->0')} 0")
    save(tmp_path, "first.1", "top", "module", f"{point('a:0->1')} 3", f"{point('a:1->0')} 1")
    save(tmp_path, "second.0", "top", "another module", f"{point('a:0->1')} 0")
    found = configurations(tmp_path)
    assert list(found) == ["top (first)", "top (second)"]
    assert sorted(found["top (first)"].values()) == [1, 5]
    assert list(found["top (second)"].values()) == [0]


def test_a_file_without_counts_is_refused(tmp_path):
    save(tmp_path, "first.0", "top", "module")
    with pytest.raises(CoverageError, match="must have points of coverage"):
        configurations(tmp_path)


def test_what_is_not_reached_is_a_gap_and_a_needless_waiver_is_wrong(tmp_path, monkeypatch):
    save(tmp_path, "first.0", "top", "module", f"{point('a[3]:0->1')} 0", f"{point('a[2]:0->1')} 1",
         f"{point('b:0->1')} 0", f"{point('x == 1', kind='expr')} 0")
    points = configurations(tmp_path)["top"]
    monkeypatch.setattr(code_coverage, "WAIVERS", [("part", ["a[3:2]", "x == 1", "gone"], "why")])
    gaps, wrong = judge(points)
    assert [gap[4] for gap in gaps] == ["b:0->1"]
    assert sorted(wrong) == ["part: a[2]", "part: gone"]


def test_waivers_are_names_with_a_reason():
    assert all(module.startswith("mac_") and names and len(reason) > 20 for module, names, reason in WAIVERS)
    assert signals([("m", ["a[3:1]", "b", "(c[1:0] == 1) => 1"], "")]) == {
        ("m", "a[1]"), ("m", "a[2]"), ("m", "a[3]"), ("m", "b"), ("m", "(c[1:0] == 1) => 1")}


def test_report_shows_figures_gaps_and_waivers():
    report = {"shipped": "top", "configurations": {"top": {"line": [3, 3], "branch": [1, 2], "expression": [0, 0],
                                                           "toggle": [5, 7]}},
              "gaps": ["part, toggle, line 1:8: b:0->1"], "bins": {"bins": 9, "filled": 8}}
    assert "| top | all 3 | 1 of 2 | all 0 | 5 of 7 |" in table(report)
    text = page(report)
    assert "* part, toggle, line 1:8: b:0->1" in text
    assert "8 of 9 filled" in text
    assert all(reason in text for _, _, reason in WAIVERS)
