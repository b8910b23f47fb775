"""SEED and SIM are checked before anything runs, and so are the settings that make passes on."""

import os
import subprocess
import sys

import pytest

from tb.digits import DigitsError, recognize
from tb.run import ROOT, SettingError, check_settings


@pytest.mark.parametrize(("name", "value", "message"), [
    ("SEED", "abc", "SEED must be an integer from 0 to 2147483647, not 'abc'"),
    ("SEED", "-1", "SEED must be an integer from 0 to 2147483647, not '-1'"),
    ("SEED", "2147483648", "SEED must be an integer from 0 to 2147483647, not '2147483648'"),
    ("SEED", "9" * 5000, f"SEED must be an integer from 0 to 2147483647, not '{'9' * 5000}'"),
    ("SIM", "verilog", "SIM must be icarus or verilator, not 'verilog'"),
    ("PATH", "/nowhere", "iverilog must be on the PATH, type: make setup"),
])
def test_settings_that_cannot_be_used_are_refused_in_one_line(monkeypatch, name, value, message):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError) as error:
        check_settings()
    assert str(error.value) == message
    done = subprocess.run(
        [sys.executable, "-m", "tb", "sim"], cwd=ROOT, capture_output=True, text=True, env=dict(os.environ))
    assert (done.returncode, done.stderr, done.stdout) == (2, f"tb: {message}\n", "")


@pytest.mark.parametrize(("words", "message"), [
    (["MODE=DOUBLE"], "MODES decides the modes of the hardware"),
    (["RAW_OUTPUT=no"], "RAW_OUTPUT must be 0 or 1, not no"),
])
def test_settings_of_make_that_mean_nothing_are_refused(words, message):
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
    done = subprocess.run(
        ["make", "--dry-run", "verilog", *words], cwd=ROOT, capture_output=True, text=True, env=environment)
    assert done.returncode != 0
    assert message in done.stderr


def test_settings_of_the_digits_network_exclude_a_float_bias(tmp_path):
    with pytest.raises(DigitsError, match="modes must not be FBGEMM alone"):
        recognize({"modes": "FBGEMM"}, images=1, directory=tmp_path)
