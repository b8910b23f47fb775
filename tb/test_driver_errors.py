"""The Python driver when something fails: what is raised, and that the next product is right."""

import json
from dataclasses import replace

import numpy as np
import pytest

from gen.driver.mac_engine import Engine, EngineError
from tb.driver_bench import CONFIGURATIONS, Bench, job_of, operands, works
from tb.engine_model import DirectBus, EngineModel, engine_description
from tb.run import seed


@pytest.fixture(params=["direct", "mapped"])
def kind(request):
    return request.param


@pytest.fixture
def rng():
    return np.random.default_rng(seed())


@pytest.mark.parametrize("stream", ["activations", "weights", "channels"])
@pytest.mark.parametrize("change", ["EARLY", "LATE"])
def test_stream_error_cancels_and_leaves_an_engine_that_works(stream, change, kind, rng):
    bench = Bench(kind, CONFIGURATIONS["fold-all-raw"])
    good = job_of(bench, rng)
    packet = getattr(good, stream)
    wrong = packet[:-8] if change == "EARLY" else np.concatenate([packet, packet[:8]])
    with pytest.raises(EngineError, match=f"engine: {stream.upper()}_{change} \\(") as caught:
        bench.engine.start(replace(good, **{stream: wrong}))
        bench.engine.start(good)
        bench.engine.wait()
    assert caught.value.errors == (f"{stream.upper()}_{change}",)
    with pytest.raises(ValueError, match="wait must be called after start"):
        bench.engine.wait()
    works(bench, rng)


def test_stream_error_of_the_second_job(kind, rng):
    bench = Bench(kind, CONFIGURATIONS["fold-all-raw"])
    good = job_of(bench, rng)
    bench.model.stuck = True
    bench.engine.start(good)
    bench.engine.start(replace(good, weights=good.weights[:-8]))
    with pytest.raises(EngineError, match="WEIGHTS_EARLY"):
        bench.engine.wait()
    bench.model.stuck = False
    works(bench, rng)


@pytest.mark.parametrize("change, name", [
    ({"n": 17}, "N_RANGE"), ({"k": 19}, "K_RANGE"), ({"mode": 7}, "MODE_RANGE"), ({"a_unsigned": True}, "FORMAT_RANGE"),
    ({"a_zero_point": 1}, "A_ZERO_POINT_RANGE"), ({"raw": False, "low": 1, "high": 0}, "OUTPUT_RANGE"),
])
def test_refused_job_resets_the_bus_too(change, name, kind, rng):
    bench = Bench(kind, CONFIGURATIONS["fold-all-raw"], timeout=100)
    bench.engine.start(job_of(bench, rng, **change))
    with pytest.raises(EngineError, match=name) as caught:
        bench.engine.wait()
    assert caught.value.errors == (name,)
    works(bench, rng)


def test_data_error_is_raised_when_the_job_has_ended(kind, rng):
    bench = Bench(kind, CONFIGURATIONS["fold-all-raw"])
    bench.engine.start(job_of(bench, rng, raw=False))       # the scale is 0
    with pytest.raises(EngineError, match="CHANNEL_RANGE") as caught:
        bench.engine.wait()
    assert caught.value.errors == ("CHANNEL_RANGE",)
    works(bench, rng)


def test_engine_that_does_not_end_is_reset(kind, rng):
    bench = Bench(kind, CONFIGURATIONS["fold-all-raw"], timeout=0.02)
    bench.model.stuck = True
    with pytest.raises(EngineError, match=r"results must come within 0\.02 seconds; STATUS is 1"):
        works(bench, rng)
    bench.model.stuck = False
    bench.engine.timeout = None
    works(bench, rng)


def test_packet_that_never_comes_to_its_end_is_reset(kind, rng, monkeypatch):
    bench = Bench(kind, CONFIGURATIONS["fold-all-raw"], timeout=0.02)
    with monkeypatch.context() as patch:
        send = bench.engine.bus.send
        patch.setattr(bench.engine.bus, "send", lambda stream, data: stream == "weights" or send(stream, data))
        bench.engine.start(job_of(bench, rng))
        bench.engine.abort()                # the weights are owed for ever
    bench.engine.timeout = None
    works(bench, rng)


def test_interrupt_of_the_program_aborts(kind, rng, monkeypatch):
    bench = Bench(kind, CONFIGURATIONS["fold-all-raw"])
    idle, calls = bench.engine.bus.idle, []

    def interrupted():
        calls.append(None)
        if len(calls) == 3:
            raise KeyboardInterrupt
        idle()

    bench.model.stuck = True
    with monkeypatch.context() as patch:
        patch.setattr(bench.engine.bus, "idle", interrupted)
        with pytest.raises(KeyboardInterrupt):
            works(bench, rng)
    assert not bench.model.jobs
    bench.model.stuck = False
    works(bench, rng)


def test_interrupt_of_waiting_aborts(kind, rng, monkeypatch):
    bench = Bench(kind, CONFIGURATIONS["fold-all-raw"])
    bench.model.stuck = True
    bench.engine.start(job_of(bench, rng))
    with monkeypatch.context() as patch:
        patch.setattr(bench.engine, "_raise_errors", lambda *ignored: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            bench.engine.wait()
    assert not bench.model.jobs
    bench.model.stuck = False
    works(bench, rng)


def test_failure_of_the_program_between_jobs_aborts(kind, rng, monkeypatch):
    bench = Bench(kind, CONFIGURATIONS["fold-all-raw"])
    bench.model.stuck = True
    packed = bench.engine.pack_weights(operands(rng, (18, 9), False, 8))
    pack, calls = packed.packet, []

    def failing(*place):
        calls.append(place)
        if len(calls) == 2:
            raise MemoryError
        return pack(*place)

    monkeypatch.setattr(packed, "packet", failing)
    with pytest.raises(MemoryError):
        bench.engine.matmul(operands(rng, (5, 18), False, 8), packed, raw=True)
    assert not bench.model.jobs
    bench.model.stuck = False
    works(bench, rng)


def test_results_of_the_wrong_length_are_refused(rng, monkeypatch):
    bench = Bench("direct", CONFIGURATIONS["fold-all-raw"])
    with monkeypatch.context() as patch:
        patch.setattr(bench.model, "_results", lambda job: np.zeros(3, np.uint8))
        with pytest.raises(EngineError, match="results must have 60 bytes, not 3"):
            works(bench, rng)
    works(bench, rng)


def test_abort_cancels_both_jobs(kind, rng):
    bench = Bench(kind, CONFIGURATIONS["fold-all-raw"])
    good = job_of(bench, rng)
    bench.engine.start(good)
    bench.engine.start(good)
    with pytest.raises(ValueError, match="start must not be called while 2 jobs are running"):
        bench.engine.start(good)
    with pytest.raises(ValueError, match="wait must be called for every started job before matmul"):
        works(bench, rng)
    bench.engine.abort()
    assert not bench.model.jobs and not bench.model.cancelling and not any(bench.model.offered.values())
    assert bench.engine.read("EVENT") == 0
    bus = bench.engine.bus
    assert not bus.expected if kind == "direct" else bus._outputs.idle() and not bus._outputs._packets
    works(bench, rng)


def test_counters_count_and_are_cleared(kind, rng):
    bench = Bench(kind, CONFIGURATIONS["fold-all-raw"])
    works(bench, rng)
    counters = bench.engine.counters()
    assert list(counters) == ["CYCLES", "WAVES", "WAIT_ACTIVATIONS", "WAIT_WEIGHTS", "WAIT_CHANNELS", "WAIT_OUTPUTS",
                              "DRAIN", "JOBS", "CLAMPED"]
    assert counters["JOBS"] == len(bench.model.starts) and counters["CYCLES"] > 0
    bench.engine.clear_counters()
    assert not any(bench.engine.counters().values())


@pytest.mark.parametrize("change, name", [({"rows": 4}, "SHAPE"), ({"k_max": 17}, "K_MAX"), ({"modes": ["SINGLE"]},
                                                                                           "SHAPE"),
                                          ({"raw_output": True}, "OPTIONS"), ({"act_bytes": 4}, "STREAMS")])
def test_another_engine_behind_the_bus_is_found(change, name):
    parameters = CONFIGURATIONS["fold-f32"]
    bus = DirectBus(EngineModel(engine_description(**parameters | change)))
    with pytest.raises(EngineError, match=rf"register {name} must be 0x.* the hardware is another"):
        Engine(engine_description(**parameters), bus)


def test_description_is_a_path_or_what_is_in_it(tmp_path, rng):
    bench = Bench("direct", CONFIGURATIONS["fold-all-raw"])
    path = tmp_path / "mac_engine.json"
    path.write_text(json.dumps(bench.description))
    for form in (path, str(path)):
        bench.engine = Engine(form, bench.engine.bus)
        works(bench, rng)
    with pytest.raises(ValueError, match="description must be that of an engine, not of unit"):
        Engine({"block": "unit"}, bench.engine.bus)


def test_what_an_earlier_program_left_is_reset(kind, rng):
    bench = Bench(kind, CONFIGURATIONS["fold-all-raw"])
    bench.model.stuck = True
    bench.engine.start(job_of(bench, rng))
    bench.engine.start(job_of(bench, rng, n=17))
    bench.engine = Engine(bench.description, bench.engine.bus)
    assert not bench.model.jobs and bench.engine.errors() == ()
    bench.model.stuck = False
    works(bench, rng)
