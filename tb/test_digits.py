"""`make sim`: the digits network on the emitted unit, and what it refuses to run on."""

import json
import re
import subprocess
import sys

import pytest

import tb.report
from golden import digits
from tb.digits import DigitsError, recognize, table
from tb.run import ROOT

SMALL_SHARED_SUBTRACT = {
    "rows": 4, "cols": 4, "requant_lanes": 2, "zero_points": "subtract", "modes": "DOUBLE"}


@pytest.fixture
def reports(tmp_path, monkeypatch):
    """Where reports go, so that those of a real run stay."""
    monkeypatch.setattr(tb.report, "REPORTS", tmp_path / "reports")
    return tmp_path / "reports"


@pytest.mark.parametrize(("parameters", "block", "mode"), [
    ({}, "mac_engine_8x8x1", "F32"),
    (SMALL_SHARED_SUBTRACT, "mac_engine_4x4x1", "DOUBLE"),
], ids=["default", "small-shared-subtract"])
def test_digits_are_recognized_without_mismatch(directory, reports, parameters, block, mode):
    figures = recognize(parameters, images=8, directory=directory)
    assert json.loads((reports / "sim.json").read_text()).items() >= figures.items()
    assert (figures["images"], figures["block"], figures["mode"], figures["mismatches"]) == (8, block, mode, 0)
    assert figures["hardware_accuracy"] == figures["golden_accuracy"]
    data = digits.load()
    assert f"mode {mode}" in table(figures)
    assert figures["outputs_compared"] == 8 * sum(weights.shape[1] for weights in data.weights)
    assert figures["float32_accuracy"] == digits.float_accuracy(data, 8)
    assert 0 < figures["utilization"] <= 1 and figures["simulated_cycles_per_second"] > 0
    # Utilization counts the products that the network needs.
    products = 8 * sum(weights.size for weights in data.weights)
    rows, cols = figures["config"]["rows"], figures["config"]["cols"]
    assert round(figures["utilization"] * figures["cycles"] * rows * cols) == products
    for name in ("verilog", "waves"):
        assert (ROOT / figures[name]).stat().st_size > 0
        assert (ROOT / figures[name]).is_relative_to(directory)


def test_digits_table_shows_every_figure():
    figures = {
        "block": "mac_engine_8x8x1", "mode": "F32", "icarus": "12.0", "float32_accuracy": 0.975,
        "golden_accuracy": 0.9625, "hardware_accuracy": 0.95, "outputs_compared": 12345, "mismatches": 6,
        "cycles": 7890, "images": 360, "utilization": 0.625, "simulated_cycles_per_second": 4321.4,
        "verilog": "out/a.v", "waves": "out/a.fst"}
    text = table(figures)
    for value in ("mac_engine_8x8x1", "F32", "Icarus Verilog 12.0", "97.50%", "96.25%", "95.00%", "12,345", "  6 ",
                  "7,890", "360 images", "62.5%", "4,321", "out/a.v", "out/a.fst"):
        assert value in text, value


@pytest.mark.parametrize(("parameters", "images", "message"), [
    ({"modes": "none", "raw_output": True}, 8, "modes must not be empty: the network's layers are requantized"),
    ({"act_width": 5}, 8, "act_width must be 8, 4 or 2 for the digits network, not 5"),
    ({"weight_width": 3}, 8, "weight_width must be 8, 4 or 2 for the digits network, not 3"),
    ({"k_max": 63}, 8, "acc_width and k_max must allow sums of K = 64, not 63"),
    ({"acc_width": 21}, 8, "acc_width and k_max must allow sums of K = 64, not 63"),
    ({}, 0, "images must be from 1 to 360, not 0"),
    ({}, -1, "images must be from 1 to 360, not -1"),
    ({}, 361, "images must be from 1 to 360, not 361"),
], ids=str)
def test_digits_refuse_what_cannot_run_them(directory, reports, parameters, images, message):
    with pytest.raises(DigitsError) as caught:
        recognize(parameters, images=images, directory=directory)
    assert str(caught.value) == message
    assert not reports.exists() and list(directory.iterdir()) == []


@pytest.mark.parametrize(("words", "message"), [
    (["sim", "--rows", "0"], "rows must be an integer from 1 to 64, not 0"),
    (["sim", "--modes", "none", "--raw-output"], "modes must not be empty: the network's layers are requantized"),
    (["sim", "--images", "0"], "images must be from 1 to 360, not 0"),
    (["sim", "--images", "some"], "argument --images: invalid int value: 'some'"),
    (["simulate"], None),
    ([], "the following arguments are required: job"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_command_refuses_in_one_line(words, message):
    done = subprocess.run([sys.executable, "-m", "tb", *words], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"tb[a-z ]*: [^\n]+\n", done.stderr), done.stderr
    assert message is None or done.stderr.endswith(f": {message}\n")
