"""The engine's cycle model: figures worked out by hand, and what must hold for any prediction.

That the hardware takes exactly these cycles is asserted by tb/test_bench.py.
"""

import time
from dataclasses import astuple, replace

import numpy as np
import pytest

from golden.cycles import Cycles, _Run, count
from golden.engine import EngineTiming, Job

SQUARE = EngineTiming(8, 8, 1, 8, 16, 8, 16, 28, 15)
DOT = EngineTiming(1, 8, 8, 8, 16, 64, 64, 29, 16)
SHARED = EngineTiming(2, 6, 1, 2, 4, 8, 8, 30, 17, raw_output=True, subtract=True)
ENGINES = {"square": SQUARE, "dot": DOT, "shared": SHARED}


def random_jobs(rng, timing, number):
    return [Job(*map(int, rng.integers(1, 60, 3)), raw=timing.raw_output and bool(rng.integers(2)))
            for _ in range(number)]


def test_one_wave_by_hand():
    # START, 3 cycles, issue. Word in cycle 3 after the issue, read in 4, at the array in 6, row 0 stored in 34, its
    # one byte read in 35, last beat in 37: counted are the cycles after the issue.
    assert count(SQUARE, [Job(1, 1, 1)]) == Cycles(cycles=37, waves=1, wait_activations=2, drain=34)


def test_first_panel_then_no_lost_cycle():
    # 8 rows of 8 words: the last row's first word ends cycle 3 + 56; 32768 waves; the last panel's 8 rows of 8 beats
    # follow its row 0, which is 2 + 28 cycles behind the last wave.
    found = count(SQUARE, [Job(128, 128, 128)])
    assert found.cycles == (3 + 56) + 32768 + 2 + 28 + 8 * 8 + 2
    assert (found.waves, found.wait_activations) == (32768, 58)


def test_weights_arrive_once_and_every_row_uses_them():
    slow = replace(SQUARE, weight_bytes=1)
    one, many = (count(slow, [Job(m, 64, 64)]) for m in (8, 80))
    assert one.wait_weights > 7 * 512 - 40
    assert many.wait_weights == one.wait_weights
    assert many.waves == 10 * one.waves


def test_short_sums_wait_for_requantizers():
    found = count(replace(SQUARE, requant_lanes=1), [Job(64, 64, 32)])
    # A tile of 32 waves keeps one requantizer busy for 64 cycles; the last one waits when nothing is left to read.
    assert found.wait_outputs == 62 * 32


def test_narrow_outputs_hold_back_tiles():
    narrow, wide = (count(replace(SQUARE, out_bytes=size), [Job(800, 8, 4)]).cycles for size in (1, 16))
    assert narrow > 800 * 8 > wide


def test_two_jobs_overlap_their_loads():
    job = Job(8, 64, 64)
    alone, both = count(SQUARE, [job]).cycles, count(SQUARE, [job, job]).cycles
    assert alone < both < 2 * alone


@pytest.mark.parametrize("name", ENGINES)
def test_every_cycle_is_counted_once(name):
    rng = np.random.default_rng(1)
    for number in (1, 2, 3, 10):
        jobs = random_jobs(rng, ENGINES[name], number)
        found = astuple(count(ENGINES[name], jobs))
        assert found[0] == sum(found[1:]) and min(found) >= 0
        assert found[1] == sum(ENGINES[name].waves(job) for job in jobs)


@pytest.mark.parametrize("name", ENGINES)
def test_jumps_over_panels_change_nothing(name, monkeypatch):
    rng, timing = np.random.default_rng(2), ENGINES[name]
    cases = [[job._replace(m=job.m * int(rng.integers(1, 30))) for job in random_jobs(rng, timing, 3)]
             for _ in range(20)]
    fast = [count(timing, jobs) for jobs in cases]
    calls = iter(range(2**40))
    monkeypatch.setattr(_Run, "_relative", lambda self: (next(calls),))
    assert [count(timing, jobs) for jobs in cases] == fast


def test_time_does_not_grow_with_rows():
    started = time.monotonic()
    found = count(SQUARE, [Job(2**24 - 1, 64, 576)])
    assert found.waves == 2**21 * 8 * 576
    assert time.monotonic() - started < 1
