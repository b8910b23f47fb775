"""Which mutants the tests of a block find: one simulation that tries them one after the other, on each processor."""

import json
import os
import shutil
from dataclasses import dataclass, field, replace
from typing import Any

from tb.mutation.mutants import MutationError
from tb.parallel import shared_out
from tb.run import Generated, SimulationError, simulate

__all__ = ["Round", "tried"]


@dataclass(frozen=True, kw_only=True)
class Round:
    """Tests that mutants are tried with.

    Parameters
    ----------
    tests
        Functions of the simulator side, ``module.function``, or all of a ``module``; those that are quick come first.
    case
        What they are asked for.
    package
        Where the modules are.
    """

    tests: tuple[str, ...]
    case: dict[str, Any] = field(default_factory=dict)
    package: str = "tb"


# After so many mutants the netlist without a change must still pass: nothing that one leaves behind reaches the next.
BETWEEN = 100


def tried(netlist: Generated, numbers: list[int], round_: Round) -> dict[int, str]:
    """The test that fails with each mutant that one fails with, of those in `numbers`.

    Raises
    ------
    MutationError
        A test fails without a change, before the first mutant, after the last one or between them; or there is none.
    """
    step = os.cpu_count() or 1
    parts = [numbers[start::step] for start in range(step) if numbers[start::step]]
    found = shared_out(_tried, [_copied(netlist, f"part_{index}") for index in range(len(parts))], parts,
                       [round_] * len(parts))
    return {number: name for part in found for number, name in part.items()}


def _copied(netlist: Generated, name: str) -> Generated:
    """The same in a directory of its own."""
    copy = replace(netlist, directory=netlist.directory / name)
    copy.directory.mkdir(exist_ok=True)
    for path in (netlist.verilog, netlist.json):
        shutil.copy(path, copy.directory)
    return copy


def _tried(netlist: Generated, numbers: list[int], round_: Round) -> dict[int, str]:
    """As `tried`, in one simulation; a simulation that ends itself is followed by another one."""
    plan, outcomes = netlist.directory / "plan.json", netlist.directory / "outcomes.txt"
    killers: dict[int, str] = {}
    left = list(numbers)
    while left:
        order = [0]
        for start in range(0, len(left), BETWEEN):
            order += [*left[start:start + BETWEEN], 0]
        plan.write_text(json.dumps({"mutants": order, "tests": round_.tests, "package": round_.package}))
        outcomes.unlink(missing_ok=True)
        message = ""
        try:
            simulate(netlist, "sim_mutants", plan=plan, outcomes=outcomes,
                     coverage=netlist.directory / "coverage.json", **round_.case)
        except SimulationError as error:
            message = str(error)
        if not outcomes.exists():
            raise MutationError(f"{netlist.name} must simulate with its mutants: {message[:2000]}")
        done: list[int] = []
        name = outcome = ""
        for line in outcomes.read_text().splitlines():
            number, name, outcome = json.loads(line)
            if number not in done[-1:]:
                done.append(number)
            if outcome not in ("began", "passed"):
                if number == 0:
                    before = f" after mutant {done[-2]}" if len(done) > 1 else ""
                    raise MutationError(f"{netlist.name} must pass {name} without a change{before}: {outcome}")
                killers[number] = name
        if outcome == "began":
            # The simulation ended itself in the middle of a test: this mutant kept it from going on.
            if done[-1] == 0:
                raise MutationError(f"{netlist.name} must pass {name} without a change: it does not end")
            killers[done[-1]] = name
        elif len(done) != len(order):
            raise MutationError(f"{netlist.name} must go through all mutants: {message[:2000]}")
        left = [number for number in left if number not in done]
    return killers
