"""`make soak`: configurations that can be drawn again, a report, failures that name their command and fail again."""

import json
import re
from random import Random

import pytest

from gen.options import configuration
from tb import soak as module
from tb.__main__ import main
from tb.random_configurations import random_parameters
from tb.soak import BLOCKS, MODULES, Part, SoakError, soak


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """The report of a real run stays, and so does the seed."""
    monkeypatch.setattr("tb.report.REPORTS", tmp_path / "reports")
    monkeypatch.setattr(module, "BUILD", tmp_path)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setenv("SEED", "7")


@pytest.mark.parametrize(("arguments", "message"), [
    ({"minutes": 0}, "minutes must be a number from above 0 to 525600, not 0"),
    ({"minutes": float("nan")}, "minutes must be a number from above 0 to 525600, not nan"),
    ({"processes": 0}, "processes must be from 1 to 64, not 0"),
    ({"only": "7"}, "only must be <seed>:<number>, not '7'"),
    ({"only": "7:x"}, "only must be <seed>:<number>, not '7:x'"),
])
def test_what_means_nothing_is_refused(arguments, message):
    with pytest.raises(SoakError, match=f"^{message}$"):
        soak(**arguments)


@pytest.mark.parametrize("block", MODULES)
def test_parameters_are_legal_varied_and_drawn_again_from_the_same_state(block):
    drawn = [random_parameters(Random(number), block) for number in range(60)]
    assert drawn == [random_parameters(Random(number), block) for number in range(60)]
    configurations = {configuration(parameters, block=block) for parameters in drawn}
    assert len(configurations) > (10 if block == "requant" else 30)


def test_every_block_and_module_comes_up():
    assert set(BLOCKS) == set(MODULES)
    drawn = {(part.block, part.drawn()[1]) for part in (Part(1, number) for number in range(400))}
    assert drawn == {(block, name) for block, names in MODULES.items() for name in names}


def test_report_holds_what_was_run(tmp_path, capsys):
    # Number 9 is a cell, the quickest.
    assert main(["soak", "--only", "7:9"]) == 0
    figures = json.loads((tmp_path / "reports" / "soak.json").read_text())
    assert [figures[name] for name in ("configurations", "simulations", "tests", "failures", "seed")] == [1, 1, 2, 0, 7]
    assert figures["cycles"] > 1500 and figures["blocks"]["cell"]["tests"] == 2
    assert re.search(r"together +1 +2 ", capsys.readouterr().out)
    assert not (tmp_path / "soak" / "7-9").exists()


def test_failure_is_reported_and_fails_again_by_its_command(tmp_path, monkeypatch, capsys):
    def broken(*arguments, **parameters):
        cell = generate(*arguments, **parameters)
        text = cell.verilog.read_text()
        assert text.count("assign drain = show ? acc : ") == 1
        cell.verilog.write_text(text.replace("assign drain = show ? acc : ", "assign drain = show ? ~acc : "))
        return cell

    generate = module.generate
    monkeypatch.setattr(module, "generate", broken)
    for _ in range(2):
        assert main(["soak", "--only", "7:9"]) == 1
        (failed,) = json.loads((tmp_path / "reports" / "soak.json").read_text())["failed"]
        assert (failed["block"], failed["module"], failed["again"]) == (
            "cell", "sim_cell", "make soak ONLY=7:9 WAVES=1")
        error = capsys.readouterr().err
        assert "again: make soak ONLY=7:9 WAVES=1" in error and "drain" in error
    monkeypatch.setattr(module, "generate", generate)
    assert main(["soak", "--only", "7:9"]) == 0


def test_simulation_that_does_not_end_is_a_failure(monkeypatch, capsys):
    monkeypatch.setattr(module, "LONGEST", 20)
    assert main(["soak", "--only", "7:9"]) == 1
    error = capsys.readouterr().err
    assert "HANGS: 20 cycles" in error and "again: make soak ONLY=7:9 WAVES=1" in error


def test_run_goes_on_after_a_failure_until_the_time_is_over(monkeypatch):
    numbers = []

    class Pool:
        def __init__(self, *arguments, **options):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *arguments):
            pass

        def submit(self, function, part):
            numbers.append(part.number)
            future = module.Future()
            future.set_result({"number": part.number, "block": part.block, "module": "m", "parameters": {},
                               "again": part.rerun, "message": "bad" * (part.number == 1), "simulations": 1, "tests": 1,
                               "cycles": 10})
            return future

    monkeypatch.setattr(module, "ProcessPoolExecutor", Pool)
    figures = soak(minutes=0.002, processes=1)
    assert len(numbers) > 3 and numbers == list(range(len(numbers)))
    assert (figures["configurations"], figures["failures"]) == (len(numbers), 1)
    assert figures["failed"][0]["again"] == "make soak ONLY=7:1 WAVES=1"
