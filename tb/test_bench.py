"""The cycle model against the emitted hardware, counter by counter, and what `make bench` makes of it."""

import random
from dataclasses import replace

import pytest

from golden.cycles import count
from golden.engine import EngineTiming, Job
from golden.workloads import NETWORKS, SMALL
from tb import bench
from tb.cycles import measure, program
from tb.driver_jobs import jobs_of
from tb.run import SimulationError, generate, seed, simulate

# Engines in which different parts are the slowest.
ENGINES = {
    "square": {"rows": 4, "cols": 4},
    "deep": {"rows": 2, "cols": 4, "depth": 8, "act_bytes": 4, "weight_bytes": 8, "out_bytes": 2},
    "vector": {"rows": 1, "cols": 8, "depth": 2, "out_bytes": 16},
    "shared": {"rows": 2, "cols": 6, "requant_lanes": 2, "zero_points": "subtract", "raw_output": True,
               "modes": "F32,SINGLE", "act_bytes": 2, "out_bytes": 8},
    "narrow": {"rows": 3, "cols": 3, "depth": 4, "raw_output": True, "act_bytes": 1, "weight_bytes": 1, "out_bytes": 1},
}
LIMITS = {"k_max": 128, "n_max": 128, "weight_beats": 512}
GROUPS = 40


def random_jobs(rng, info):
    """Up to five jobs, two of which overlap: ragged, short and long."""
    config, derived = info["config"], info["derived"]
    jobs = []
    while len(jobs) < rng.choice((1, 2, 3, 5)):
        raw = config["raw_output"] and rng.random() < 0.4
        m = rng.randint(1, rng.choice((2, 2 * config["rows"], 8 * config["rows"])))
        n = rng.randint(1, min(derived["raw_n_max"] if raw else 128, rng.choice((3, 2 * config["cols"], 50))))
        k = rng.randint(1, rng.choice((3, 10, 50, 128)))
        tiles = -(-n // config["cols"]) * -(-k // config["depth"])
        if tiles <= config["weight_beats"] and m * n * k <= 300 * config["rows"] * config["cols"] * config["depth"]:
            jobs.append(Job(m, n, k, raw))
    return jobs


@pytest.mark.parametrize("name", ENGINES)
def test_every_counter_of_random_jobs_is_as_the_model_says(directory, name):
    core = generate("core", directory, **ENGINES[name], **LIMITS)
    info = core.description()
    timing = EngineTiming.described(info)
    rng = random.Random(f"{name} {seed()}")
    groups = [random_jobs(rng, info) for _ in range(GROUPS)]
    # Panels of whole rows, one job behind the other.
    groups.append([Job(4 * timing.rows, 2 * timing.cols, 8 * timing.depth)] * 5)
    found = measure(program(core, "icarus"), timing, groups, directory / "jobs")
    wrong = [(group, got, count(timing, group)) for group, got in zip(groups, found, strict=True)
             if got != count(timing, group)]
    assert not wrong, f"SEED={seed()} {name}: {len(wrong)} of {len(groups)} differ, first: {wrong[0]}"


def test_random_groups_are_many():
    assert GROUPS * len(ENGINES) >= 200


@pytest.mark.parametrize("name", ["square", "shared"])
def test_registers_count_what_the_model_says(directory, name):
    engine = generate("engine", directory, **ENGINES[name] | {"raw_output": True}, **LIMITS)
    assert len(simulate(engine, "sim_bench_engine")) == 1


def test_a_wrong_number_of_beats_is_an_error(directory):
    core = generate("core", directory, rows=1, cols=1)
    timing = EngineTiming.described(core.description())
    command = program(core, "icarus")
    with pytest.raises(SimulationError, match="ERROR"):
        measure(command, replace(timing, out_bytes=8), [[Job(1, 33, 1)]], directory / "jobs")
    with pytest.raises(SimulationError, match="ERROR errors"):
        measure(command, timing, [[Job(0, 1, 1)]], directory / "jobs")


def test_the_driver_cuts_layers_into_jobs_that_fit(directory):
    info = generate("core", directory, rows=1, cols=8, **bench.NETWORK).description()
    timing = EngineTiming.described(info)
    for layer in (*SMALL, *NETWORKS["ResNet-50"]):
        jobs = jobs_of(info, layer.m, layer.n, layer.k)
        assert sum(job.m * job.n * job.k for job in jobs) == layer.macs
        assert all(timing.waves(job._replace(m=1)) <= bench.NETWORK["weight_beats"] for job in jobs)


FIGURES = {"rows": [
    {"configuration": "9x9x9", "network": "", "name": "2x3x4", "m": 2, "n": 3, "k": 4, "count": 1, "jobs": 1,
     "simulators": ["icarus"], "cycles": 200, "waves": 150, "wait_activations": 10, "wait_weights": 0,
     "wait_channels": 0, "wait_outputs": 20, "drain": 20, "ideal_cycles": 100.0, "utilization": 0.5,
     "limits": {}, "bound": "weights", "of_bound": 0.75},
]}
FIGURES["rows"].append(FIGURES["rows"][0] | {"network": "Net", "name": "layer", "count": 3})


def test_table_says_where_the_cycles_went():
    lines = bench.table(FIGURES).splitlines()
    assert lines[0] == "9x9x9"
    assert lines[2].split() == ["2x3x4", "1", "200", "100", "50.00%", "weights", "75.00%", "25.00%", "5.00%", "-",
                                "-", "10.00%", "10.00%"]
    assert lines[-1].split() == ["9x9x9", "Net:", "all", "layers", "600", "300", "50.00%"]
