"""What every simulator-side module needs: clock, reset, random numbers, and failures that can be rerun."""

import os
import zlib
from collections.abc import Iterable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from cocotb.clock import Clock
from cocotb.task import Task
from cocotb.triggers import RisingEdge

__all__ = [
    "case", "check", "fail", "generator", "require", "reset", "rounds", "runs_few", "some", "start_clock",
    "watches_inside",
]

# As in tb/run.py, which stays outside the simulator.
PERIOD_NS = 10

T = TypeVar("T")

_clock: Task[None] | None = None


def start_clock(dut: Any) -> RisingEdge:
    """Start the clock, low for half a period so that inputs are known; returns the trigger of its rising edge."""
    global _clock
    # One clock for each test, which the end of the test stops.
    if _clock is None or _clock.done():
        _clock = Clock(dut.clk, PERIOD_NS, unit="ns", impl="gpi").start(start_high=False)
    return RisingEdge(dut.clk)


async def reset(dut: Any, edge: RisingEdge, cycles: int = 3) -> None:
    """Hold the synchronous reset for so many cycles."""
    dut.rst.value = 1
    for _ in range(cycles):
        await edge
    dut.rst.value = 0


def generator(name: str) -> np.random.Generator:
    """Random numbers for the test `name`: different for each test, the same for the same seed."""
    return np.random.default_rng([seed(), zlib.crc32(name.encode())])


def seed() -> int:
    """The seed of this run."""
    return int(os.environ["COCOTB_RANDOM_SEED"])


def case(name: str, default: str = "") -> str:
    """What the pytest side asked for, by the environment variable MACAW_<NAME>."""
    return os.environ.get(f"MACAW_{name.upper()}", default)


def watches_inside() -> bool:
    """Whether signals inside the block are compared too; MACAW_WATCH=ports asks for its ports only, as of a netlist."""
    asked = case("watch", "inside")
    if asked not in ("inside", "ports"):
        raise ValueError(f"MACAW_WATCH must be inside or ports, not {asked!r}")
    return asked == "inside"


def runs_few() -> bool:
    """Whether a quarter of a test's rounds will do, as for another form of what is tested in full: MACAW_ROUNDS=few."""
    asked = case("rounds", "all")
    if asked not in ("all", "few"):
        raise ValueError(f"MACAW_ROUNDS must be all or few, not {asked!r}")
    return asked == "few"


def rounds(count: int) -> int:
    """How often a test that may be repeated `count` times repeats itself: once at least."""
    return max(count // 4, 1) if runs_few() else count


def some(rng: np.random.Generator, items: Iterable[T]) -> list[T]:
    """All `items`, or those of so many rounds, in the same order; which ones, the seed says."""
    items = list(items)
    if runs_few():
        return [items[index] for index in sorted(rng.permutation(len(items))[:rounds(len(items))])]
    return items


def fail(what: str, **facts: object) -> None:
    """Fail with the facts, the seed and the command that runs this test again with waves."""
    lines = [what, *(f"  {key}: {value}" for key, value in facts.items())]
    lines += [f"  seed: {seed()}", f"  again: {case('rerun')}"]
    raise AssertionError("\n".join(lines))


def require(condition: bool, what: str, **facts: object) -> None:
    """Fail unless `condition`."""
    if not condition:
        fail(what, **facts)


def check(got: npt.ArrayLike, want: npt.ArrayLike, what: str, **facts: object) -> None:
    """Fail at the first element that differs; integers are equal or wrong."""
    got_array, want_array = np.asarray(got), np.asarray(want)
    require(got_array.shape == want_array.shape, f"{what}: wrong shape",
            got=got_array.shape, want=want_array.shape, **facts)
    if not np.array_equal(got_array, want_array):
        index = tuple(int(i) for i in np.argwhere(got_array != want_array)[0])
        fail(what, index=list(index), got=int(got_array[index]), want=int(want_array[index]),
             wrong=f"{np.count_nonzero(got_array != want_array)} of {got_array.size}", **facts)
