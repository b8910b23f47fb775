"""What the Python driver refuses, and how it says so."""

import json

import numpy as np
import pytest

from gen.driver.mac_engine import read_description
from tb.driver_bench import CONFIGURATIONS, Bench

A, W = np.ones((2, 3), np.int8), np.ones((3, 4), np.int8)
F32 = {"scale": np.float32(0.5)}
DOUBLE = {"multiplier": 2**30, "shift": 31}


@pytest.mark.parametrize("name, a, w, arguments, message", [
    ("fold-f32", A.astype(int), W, F32, r"a must be \[M, K\] int8 or uint8, not \[2, 3\] int64"),
    ("fold-f32", A[0], W, F32, r"a must be \[M, K\] int8 or uint8, not \[3\] int8"),
    ("fold-f32", A[:0], W, F32, r"a must be \[M, K\] int8 or uint8, not \[0, 3\] int8"),
    ("fold-f32", A, W.astype(float), F32, r"w must be \[K, N\] int8 or uint8, not \[3, 4\] float64"),
    ("fold-f32", A, W.astype(np.uint8), F32, "w must be int8 where the engine does not subtract"),
    ("fold-f32", A, W[:2], F32, "a must have as many columns as w has rows, 2, not 3"),
    ("fold-f32", A, W, F32 | {"bias": np.zeros(4)}, "bias must be integers, not float64"),
    ("fold-f32", A, W, F32 | {"bias": [0, 0, 0]}, r"bias must be one number or have shape \(4,\), not \(3,\)"),
    ("fold-f32", A, W, F32 | {"bias": 2**31}, "bias must be in -2147483648..2147483647, not 2147483648"),
    ("fold-f32", A, W, {}, "factor must be scale in mode F32, not none"),
    ("fold-f32", A, W, DOUBLE, "factor must be scale in mode F32, not multiplier and shift"),
    ("fold-f32", A, W, F32 | DOUBLE, "factor must be scale in mode F32, not scale and multiplier and shift"),
    ("fold-double", A, W, F32, "factor must be multiplier and shift in mode DOUBLE, not scale"),
    ("fold-double", A, W, {"shift": 31}, "factor must be multiplier and shift in mode DOUBLE, not shift"),
    ("fold-double", A, W, {"multiplier": 1, "shift": 1}, "shift must be in 2..62, not 1"),
    ("fold-double", A, W, {"multiplier": 2**31, "shift": 2}, "multiplier must be in 0..2147483647, not 2147483648"),
    ("fold-double", A, W, {"multiplier": 0.5, "shift": 2}, "multiplier must be integers, not float64"),
    ("fold-f32", A, W, {"scale": 1}, "scale must be float32, not int64"),
    ("fold-f32", A, W, {"scale": 0.1}, "scale must be finite float32 > 0, not 0.1"),
    ("fold-f32", A, W, {"scale": np.float32([1, 1, -1, 1])}, r"scale must be finite float32 > 0, not -1\.0"),
    ("fold-f32", A, W, {"scale": np.inf}, "scale must be finite float32 > 0, not inf"),
    ("fold-f32", A, W, {"scale": np.ones((2, 2))}, r"scale must be one number or have shape \(4,\), not \(2, 2\)"),
    ("fold-f32", A, W, F32 | {"mode": "DOUBLE"}, "mode must be one of F32, not 'DOUBLE'"),
    ("large", A, W, F32 | {"mode": "DOUBLE"}, "factor must be multiplier and shift in mode DOUBLE, not scale"),
    ("large", A, W, {}, "factor must be scale, or multiplier and shift in mode F32/DOUBLE, not none"),
    ("fold-all-raw", A, W, F32, "mode must be one of F32, FBGEMM, not None"),
    ("fold-all-raw", A, W, DOUBLE, "mode must be one of SINGLE, DOUBLE, DOUBLE_UP, not None"),
    ("fold-all-raw", A, W, F32 | {"mode": "FBGEMM", "bias": [1] * 4}, "bias must be float32, not int64"),
    ("fold-all-raw", A, W, F32 | {"mode": "FBGEMM", "a_zero_point": 1}, "a_zero_point 0 in mode FBGEMM"),
    ("fold-all-raw", A.astype(np.uint8), W, F32 | {"mode": "FBGEMM"}, "a must be int8 and a_zero_point 0 in mode"),
    ("fold-f32", A, W, F32 | {"w_zero_point": [0, 0, 5, 0]}, r"w_zero_point must be 0 where the engine does .*, not 5"),
    ("fold-f32", A, W, F32 | {"a_zero_point": 200}, "a_zero_point must be in -128..127, not 200"),
    ("fold-f32", A, W, F32 | {"a_zero_point": [1, 2]}, r"a_zero_point must be one number, not \(2,\)"),
    ("narrow", A * 8, W, DOUBLE, "a must be in -8..7, not 8..8"),
    ("narrow", A, W * 2, DOUBLE, "w must be in -2..1, not 2..2"),
    ("narrow", A, W, DOUBLE | {"a_zero_point": 8}, "a_zero_point must be in -8..7, not 8"),
    ("narrow", A, W, DOUBLE | {"w_zero_point": -3}, "w_zero_point must be in -2..1, not -3"),
    ("fold-f32", A, W, F32 | {"low": 5, "high": 4}, "low must be at most high, 4, not 5"),
    ("fold-f32", A, W, F32 | {"high": 200}, "must be all int8 or all uint8, not 0, -128, 200"),
    ("fold-f32", A, W, F32 | {"zero_point": 200}, "must be all int8 or all uint8, not 200, -128, 127"),
    ("fold-f32", A, W, F32 | {"low": -129}, "low must be in -128..255, not -129"),
    ("fold-f32", A, W, F32 | {"zero_point": 0.5}, "zero_point must be integers, not float64"),
    ("fold-f32", A, W, {"raw": True}, "raw must be False: the engine is built without int32 output"),
    ("fold-raw-only", A, W, F32, "raw must be True: the engine is built for int32 output only"),
    ("fold-raw-only", A, W, {"raw": True, "scale": 1.0}, "scale must not be given for raw results"),
    ("fold-raw-only", A, W, {"raw": True, "low": 0}, "low must not be given for raw results"),
    ("fold-raw-only", A, W, {"raw": True, "zero_point": 3}, "zero_point must not be given for raw results"),
    ("fold-f32", np.ones((1, 19), np.int8), np.ones((19, 1), np.int8), F32,
     "K must be at most 18 for requantized results, not 19"),
])
def test_wrong_arguments_are_refused_before_the_hardware_is_touched(name, a, w, arguments, message):
    bench = Bench("direct", CONFIGURATIONS[name])
    with pytest.raises(ValueError, match=message):
        bench.engine.matmul(a, w, **arguments)
    assert not bench.model.starts and not any(bench.model.offered.values()) and not bench.engine.bus.expected


def test_weights_packed_for_another_engine_are_refused():
    packed = Bench("direct", CONFIGURATIONS["large"]).engine.pack_weights(W)
    with pytest.raises(ValueError, match=r"w must be packed by an engine with .*cols=3, depth=4"):
        Bench("direct", CONFIGURATIONS["fold-f32"]).engine.matmul(A, packed, **F32)


@pytest.mark.parametrize(("change", "message"), [
    (lambda facts: facts.pop("registers"), "description must be that of an engine, not of engine"),
    (lambda facts: facts["config"].pop("k_max"), r"description must have a number config\.k_max, as the generator"),
    (lambda facts: facts["derived"].update(weight_words=0), r"must have a number derived\.weight_words, as"),
    (lambda facts: facts["config"].update(modes=["UP"]), "description must have modes with numbers, as"),
    (lambda facts: facts["registers"][-1].pop("offset"), "description must have registers with fields, as"),
    (lambda facts: facts["registers"][0].update(offset=1), "description must have registers with fields, as"),
    (lambda facts: facts["registers"][1].update(offset=facts["registers"][0]["offset"]),
     "description must have registers of different names and addresses, as"),
    (lambda facts: facts["registers"].append(facts["registers"][0] | {"offset": 2**16}),
     "description must have registers of different names and addresses, as"),
    (lambda facts: [register.update(name="X") for register in facts["registers"] if register["name"] == "STATUS"],
     "description must have a register STATUS, as"),
], ids=["registers", "k_max", "zero", "modes", "offset", "within-a-word", "same-address", "same-name", "status"])
def test_description_without_something_is_refused(tmp_path, change, message):
    facts = json.loads(json.dumps(Bench("direct", CONFIGURATIONS["large"]).description))
    change(facts)
    path = tmp_path / "engine.json"
    path.write_text(json.dumps(facts))
    for description in (facts, path):
        with pytest.raises(ValueError, match=message):
            read_description(description)


@pytest.mark.parametrize("content", [b"", b"[1]", b"[" * 10**5, b"\xff"])
def test_file_that_is_no_description_is_refused(tmp_path, content):
    (tmp_path / "engine.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"^description must be "):
        read_description(tmp_path / "engine.json")
