"""The page of what was verified: every figure from a report, and what differs is said."""

import copy
import json
import re

import pytest

from tb.verification import JOBS, VerificationError, report, summary

MADE = {"seed": 7, "commit": "0123456789abcdef", "versions": {"icarus": "11.0"}}
TEST = {"tests": {"passed": 1234, "failed": 0, "error": 0, "skipped": 0},
        "coverage": {"bins": 3, "filled": 3, "empty": [], "counts": {"x.a": 5, "x.b": 6, "x.c": 1000},
                     "digests": {"first": "ab", "second": "cd", "only in Icarus": "ef"}}, **MADE}
SAMPLES = {
    "test": TEST,
    "coverage": {"shipped": "top", "configurations": {
        "top": {"line": [3, 3], "branch": [2, 2], "expression": [0, 0], "toggle": [1005, 1007]}}, "gaps": [],
        "digests": {"first": "ab", "second": "cd"}, **MADE},
    "formal": {"proofs": [{"name": "cell", "method": "FLUSH", "holds": "always", "controls": ["a", "b"],
                           "seconds": 1.5}], **MADE},
    "mutation": {"blocks": [{
        "block": "cell", "mutants": 1000, "killed": 980, "equivalent": 10, "score": 980 / 990,
        "killers": {"every_pair": 980},
        "gaps": [{"module": "mac_cell", "line": "a | b", "change": "inv at Y", "verdict": "nobody knows"},
                 {"module": "mac_packer", "line": "total > 1'h0", "change": "inv at A", "verdict": "unproved"}],
        }], **MADE},
    "fuzz": {"examples": 5000, "failures": 0, "targets": {
        "test_x": {"examples": 5000, "refused": 4000, "rerun": "make fuzz ONLY=test_x"}}, **MADE},
    "soak": {"simulations": 40, "configurations": 20, "cycles": 123456, "failures": 0, **MADE},
    "oracles": {"stacks": [{"stack": "abc", "version": "1.0", "mode": "DOUBLE", "outputs": 1000000,
                            "differences": 0}], **MADE},
    "oracles-hardware": {"files": [{"vectors": "build/oracles/abc.npz", "outputs": 120000,
                                    "hardware_differences": 3}], **MADE},
}


@pytest.fixture
def reports(tmp_path):
    assert list(SAMPLES) == list(JOBS)
    for job, sample in SAMPLES.items():
        (tmp_path / f"{job}.json").write_text(json.dumps(sample))
    return tmp_path


def test_page_holds_every_figure_in_both_forms(reports):
    markdown, web = (path.read_text() for path in report(reports))
    for figure in ("1,234 tests passed, 0 failed", "3 of 3 coverage bins filled",
                   "2 tests passed, and met every coverage bin as often as in Icarus",
                   "toggle 1,005 of 1,007", "1 hold; 2 deliberate mistakes", "980 of 990 found", "98.99%",
                   "5,000 examples for 1 targets, 0 failures", "123,456 cycles", "1,000,000 outputs, 0 differences",
                   "120,000 outputs, 3 differences", "nobody knows",
                   "what is offered has a byte or more", "0123456789ab", "icarus 11.0", "x.c"):
        assert figure in markdown, figure
        assert figure in web, figure
    assert "<code>make mutate</code>" in web
    assert "<code>a | b</code>" in web
    # Every row of a table has as many cells as its head.
    for lines in re.findall(r"<table>\n(.*?)\n</table>", web, re.DOTALL):
        assert len({len(re.findall(r"<t[hd]>", line)) for line in lines.splitlines()}) == 1


def test_simulators_that_disagree_are_said_to():
    samples = copy.deepcopy(SAMPLES)
    samples["coverage"]["digests"]["first"] = "other"
    what, figure, _ = summary(samples.__getitem__)[1]
    assert what == "Hardware tests in Verilator"
    assert "DIFFERS from Icarus: 1 of 2" in figure


@pytest.mark.parametrize("job", JOBS)
def test_a_missing_report_is_named_with_what_makes_it(reports, job):
    (reports / f"{job}.json").unlink()
    with pytest.raises(VerificationError, match=rf"{job}\.json must be there, type: {JOBS[job]}"):
        report(reports)
    assert not (reports / "verification.md").exists()
