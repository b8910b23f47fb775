"""Mutants of a netlist against tests: a cocotb test for each mutant and each test, until one finds it.

The tests are those of other modules, as they are. MACAW_PLAN names a JSON file with `mutants`, their numbers in the
order in which they are tried, and `tests`, each ``module.function``, or ``module`` for all of it, in `package`.
Number 0 is the netlist without a change. What happens is appended to the file MACAW_OUTCOMES, line by line: a
simulation that never ends ends itself, and leaves what it has found.
"""

import faulthandler
import importlib
import json
import time
from pathlib import Path
from typing import Any

import cocotb
from cocotb.handle import ArrayObject, HierarchyObject
from cocotb.regression import TestGenerator
from cocotb.simtime import get_sim_time
from cocotb.triggers import Timer, with_timeout

from tb.sim_bench import case

PLAN = json.loads(Path(case("plan")).read_text())
OUTCOMES = Path(case("outcomes"))

# A mutant may take so many times as long as the netlist without a change, in simulated and in real time.
PATIENCE = 3
SECONDS_PATIENCE, SECONDS = 20, 60


def tests() -> dict[str, Any]:
    """The coroutine functions of the tests, by name."""
    found = {}
    for name in PLAN["tests"]:
        module, _, wanted = name.partition(".")
        for label, value in vars(importlib.import_module(f"{PLAN['package']}.{module}")).items():
            # Functions that are tests, and were not imported from another module.
            own = isinstance(value, TestGenerator) and value.module.endswith(f".{module}")
            if own and wanted in ("", label):
                found[f"{module}.{label}"] = value.func
    return found


TESTS = tests()
TURNS = [(number, name) for number in PLAN["mutants"] for name in TESTS]

_killed: set[int] = set()
_running: tuple[int, str] | None = None
_limits: dict[str, tuple[int, float]] = {}


def note(number: int, name: str, outcome: str) -> None:
    """Append an outcome: began, passed, or why it failed."""
    with OUTCOMES.open("a") as file:
        file.write(json.dumps([number, name, outcome]) + "\n")


def memories(scope: Any) -> list[Any]:
    """All memories in `scope` and below."""
    inside = list(scope)
    return [handle for handle in inside if isinstance(handle, ArrayObject)] + [
        memory for inner in inside if isinstance(inner, HierarchyObject) for memory in memories(inner)]


@cocotb.test()
@cocotb.parametrize(turn=range(len(TURNS)))
async def mutant_is_tried(dut, turn):
    """Select a mutant and run one test, unless another test has found it; the first turns set the limits of time."""
    global _running
    if _running:
        _killed.add(_running[0])
    number, name = TURNS[turn]
    # A netlist without a change that fails makes everything that follows worthless.
    if number in _killed or 0 in _killed:
        _running = None
        return
    _running = number, name
    simulated, seconds = _limits.get(name, (None, SECONDS * 10))
    faulthandler.dump_traceback_later(seconds, exit=True)
    note(number, name, "began")
    started, started_at = time.monotonic(), get_sim_time("ns")
    try:
        dut.mutsel.value = number
        # No reset empties them, and a mutant that reads beyond the end of one fills others with unknown values.
        for memory in memories(dut):
            for word in memory:
                word.value = 0
        await Timer(1, "ns")
        if simulated is None:
            await TESTS[name](dut)
        else:
            await with_timeout(TESTS[name](dut), simulated, "ns")
    except BaseException as error:
        note(number, name, type(error).__name__)
        raise
    finally:
        faulthandler.cancel_dump_traceback_later()
    note(number, name, "passed")
    _running = None
    if name not in _limits:
        _limits[name] = (round(PATIENCE * (get_sim_time("ns") - started_at)) + 1000,
                         max(SECONDS_PATIENCE * (time.monotonic() - started), SECONDS))
