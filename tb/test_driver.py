"""The Python driver against software models of engine, memory and DMA cores: products equal the golden model."""

import numpy as np
import pytest

from gen.driver import mac_engine
from golden.matmul import accumulate
from tb.driver_bench import CONFIGURATIONS, Bench, equal, operands, random_layer
from tb.run import seed


@pytest.fixture(params=["direct", "mapped"])
def kind(request):
    return request.param


@pytest.fixture
def rng():
    return np.random.default_rng(seed())


@pytest.mark.parametrize("name", [name for name, given in CONFIGURATIONS.items() if given["modes"]])
def test_products_of_any_size_equal_golden(name, kind, rng):
    bench = Bench(kind, CONFIGURATIONS[name])
    for count in range(12):
        config = bench.description["config"]
        mode = config["modes"][count % len(config["modes"])]
        m, k, n = rng.integers(1, 12), rng.integers(1, min(config["k_max"], 60) + 1), rng.integers(1, 40)
        a, w, arguments, want = random_layer(rng, config, mode, m, k, n)
        equal(bench.engine.matmul(a, w, **arguments), want)


@pytest.mark.parametrize("name", [name for name, given in CONFIGURATIONS.items() if given.get("raw_output")])
def test_raw_results_have_no_limit(name, kind, rng):
    bench = Bench(kind, CONFIGURATIONS[name])
    subtract = bench.description["config"]["zero_points"] == "SUBTRACT"
    for k in (1, 18, 19, 50, 137):
        for unsigned in (False, True):
            m, n = rng.integers(1, 9), rng.integers(1, 30)
            a, w = operands(rng, (m, k), unsigned, 8), operands(rng, (k, n), unsigned and subtract, 8)
            a_zp, w_zp = int(a[0, 0]), int(w[0, 0]) if subtract else 0
            bias = rng.integers(-2**31, 2**31, n) if name != "fold-all-raw" else rng.integers(-2**20, 2**20, n)
            want = (a.astype(np.int64) - a_zp) @ (w.astype(np.int64) - w_zp)
            equal(bench.engine.matmul(a, w, bias=bias, a_zero_point=a_zp, w_zero_point=w_zp, raw=True),
                  (want + bias).astype(np.int32))
            equal(bench.engine.matmul(a, w, a_zero_point=a_zp, w_zero_point=w_zp, raw=True),
                  accumulate(a, w, a_zp=a_zp, w_zp=w_zp))


def test_rows_beyond_a_job_become_another(kind, rng, monkeypatch):
    monkeypatch.setattr(mac_engine, "M_MAX", 5)
    bench = Bench(kind, CONFIGURATIONS["fold-f32"])
    a, w, arguments, want = random_layer(rng, bench.description["config"], "F32", 23, 7, 5)
    equal(bench.engine.matmul(a, w, **arguments), want)
    assert len(bench.model.starts) == 5


def test_packets_keep_below_the_limit_of_the_bus(rng):
    bench = Bench("mapped", CONFIGURATIONS["large"] | {"rows": 2, "cols": 2}, length_width=8)
    for shape in ((40, 30, 50), (3, 200, 2), (1, 255, 40), (255, 1, 3), (2, 1, 60)):
        m, k, n = shape
        a, w, arguments, want = random_layer(rng, bench.description["config"], "DOUBLE", m, min(k, 127), n)
        equal(bench.engine.matmul(a, w, **arguments), want)
        a, w = operands(rng, (m, k), False, 8), operands(rng, (k, n), False, 8)
        equal(bench.engine.matmul(a, w, raw=True), accumulate(a, w))


def test_bus_that_cannot_hold_a_beat_is_refused(rng):
    bench = Bench("mapped", CONFIGURATIONS["large"] | {"rows": 8, "cols": 16, "depth": 32}, length_width=8)
    with pytest.raises(ValueError, match="a beat of weights, 512 bytes, not 255"):
        bench.engine.matmul(np.ones((1, 1), np.int8), np.ones((1, 1), np.int8), raw=True)


def test_two_jobs_are_in_flight(kind, rng, monkeypatch):
    bench = Bench(kind, CONFIGURATIONS["fold-f32"])
    bench.model.pace, bench.model.stuck = 1, True
    idle = bench.engine.bus.idle

    def end_one_job():
        bench.model.stuck = False
        bench.model.step()
        bench.model.stuck = True
        idle()

    # A job ends only when the driver has nothing to do but wait.
    monkeypatch.setattr(bench.engine.bus, "idle", end_one_job)
    a, w, arguments, want = random_layer(rng, bench.description["config"], "F32", 4, 18, 60)
    equal(bench.engine.matmul(a, w, **arguments), want)
    assert bench.model.starts == [0] + 9 * [1]


def test_packed_weights_are_packed_once(kind, rng, monkeypatch):
    bench = Bench(kind, CONFIGURATIONS["fold-f32"])
    a, w, arguments, want = random_layer(rng, bench.description["config"], "F32", 4, 18, 60)
    packed = bench.engine.pack_weights(w)
    w += 1                      # a copy was taken
    equal(bench.engine.matmul(a, packed, **arguments), want)
    monkeypatch.setattr(packed, "_pack", None)
    equal(bench.engine.matmul(a[:2], packed, **arguments), want[:2])


def test_bias_of_none_and_defaults_of_the_clamp(kind):
    engine = Bench(kind, CONFIGURATIONS["fold-f32"]).engine
    a, w = np.int8([[100, -100, 3]]), np.int8([[2, 0], [0, 2], [0, 0]])
    equal(engine.matmul(a, w, scale=np.float32(1)), np.int8([[127, -128]]))
    equal(engine.matmul(a, w, scale=1.0, low=0), np.int8([[127, 0]]))
    equal(engine.matmul(a, w, scale=1.0, low=0, high=255), np.uint8([[200, 0]]))


def test_folded_bias_wraps_as_the_accumulator_does(kind):
    engine = Bench(kind, CONFIGURATIONS["fold-all-raw"]).engine
    a, w = np.full((1, 18), -128, np.int8), np.full((18, 1), 127, np.int8)
    want = np.int32([[-(2**31) + 5]])
    equal(engine.matmul(a, w, bias=np.int32([-(2**31) + 5]), a_zero_point=-128, raw=True), want)


def test_lists_and_transposed_arrays_are_welcome(kind, rng):
    engine = Bench(kind, CONFIGURATIONS["fold-raw-only"]).engine
    a, w = operands(rng, (5, 7), False, 8), operands(rng, (6, 5), False, 8)
    equal(engine.matmul(a.T, w.T, raw=True), accumulate(a.T, w.T))
