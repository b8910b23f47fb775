"""Replayed vectors and layers: right ones pass, one wrong result is found, bad files are refused."""

import subprocess
import sys

import numpy as np
import pytest

from golden.linear import QuantizedLinear
from golden.modes import FACTORS
from golden.requant import requantize_double, requantize_f32
from tb.replay import replay
from tb.run import ROOT
from tb.sim_vectors import vectors
from tb.vectors import VectorError, load


def vector_fields(mode: str, count: int = 300) -> dict[str, np.ndarray]:
    """A file's fields, its `y` from the golden model; zero points and clamps differ between vectors."""
    rng = np.random.default_rng(5)
    v = vectors(mode, rng, count)
    v = v.where(rng.permutation(len(v.acc)) < count)
    stage = np.arange(len(v.acc)) % 3
    zp, low, high = np.array([0, -7, 30])[stage], np.array([-128, 0, -128])[stage], np.array([127, 255, 127])[stage]
    y = np.zeros(len(v.acc), np.int64)
    for number in range(3):
        where = stage == number
        y[where] = v.where(where).golden(int(zp[where][0]), int(low[where][0]), int(high[where][0]))
    fields = {"acc": v.acc.astype(np.int32), "zp": zp, "qmin": low, "qmax": high, "y": y}
    if mode in ("F32", "FBGEMM"):
        fields["scale"] = v.scale
        if mode == "FBGEMM":
            fields["bias"] = v.bias
    else:
        fields |= {"m": v.m.astype(np.int32), "s": v.s.astype(np.int8)}
    return fields


def layer_fields(unsigned: bool) -> dict[str, np.ndarray]:
    """Fields of a layer with both zero points, its `y` from the golden model."""
    rng = np.random.default_rng(6)
    kind = np.uint8 if unsigned else np.int8
    limits = np.iinfo(kind)
    a = rng.integers(limits.min, limits.max, (9, 20), kind, endpoint=True)
    w = rng.integers(limits.min, limits.max, (20, 11), kind, endpoint=True)
    fields = {"bias": rng.integers(-5000, 5000, 11).astype(np.int32), "a_zp": 3, "w_zp": 7, "y_zp": -4,
              "qmin": -128, "qmax": 127, "m": rng.integers(2**30, 2**31, 11).astype(np.int32), "s": np.int8(41)}
    layer = QuantizedLinear(weights=w, mode="DOUBLE", **fields)
    return {**fields, "a": a, "w": w, "y": layer.forward(a), "mode": np.array("DOUBLE")}


def save(path, fields):
    np.savez(path, **fields)
    return path


@pytest.mark.parametrize("mode", FACTORS)
def test_replay_accepts_right_vectors_and_finds_one_wrong_result(directory, mode):
    fields = vector_fields(mode)
    figures, lines = replay(save(directory / "right.npz", fields), mode, directory=directory)
    assert (figures["outputs"], figures["golden_differences"], figures["hardware_differences"]) == (300, 0, 0)
    assert lines == []

    right = int(fields["y"][123])
    fields["y"][123] = right - 1 if right > fields["qmin"][123] else right + 1
    figures, lines = replay(save(directory / "wrong.npz", fields), mode, directory=directory)
    assert (figures["golden_differences"], figures["hardware_differences"]) == (1, 1)
    assert [line.split(":")[0] for line in lines] == ["golden", "hardware"]
    for line in lines:
        assert f"index [123], acc {fields['acc'][123]}, " in line
        assert line.endswith(f"got {right}, want {fields['y'][123]}")


@pytest.mark.parametrize("unsigned", [False, True])
def test_replay_runs_layers_with_zero_points(directory, unsigned):
    fields = layer_fields(unsigned)
    figures, lines = replay(save(directory / "layer.npz", fields), directory=directory)
    assert (figures["outputs"], figures["golden_differences"], figures["hardware_differences"]) == (99, 0, 0)
    fields["y"][4, 2] ^= 1
    figures, lines = replay(save(directory / "layer.npz", fields), directory=directory)
    assert figures["hardware_differences"] == 1
    assert "index [4, 2]" in lines[1] and "channel 2" in lines[1]


def test_replay_takes_the_name_of_a_framework(directory):
    acc = np.arange(-50, 50, dtype=np.int32)
    fields = {"acc": acc, "m": np.int32(2**30), "s": np.int8(33), "zp": 0, "qmin": -128, "qmax": 127}
    fields["y"] = requantize_double(acc, 2**30, 33, 0, -128, 127)
    path = save(directory / "tflm.npz", fields)
    assert replay(path, framework="tflite-micro", directory=directory)[0]["hardware_differences"] == 0
    # The same results are not those of a stack that rounds in another way.
    assert replay(path, framework="cmsis-nn-single", directory=directory)[0]["hardware_differences"] > 0


GOOD = {"acc": np.int32([1, 2, 3]), "scale": np.float32(0.5), "zp": 0, "qmin": -128, "qmax": 127,
        "y": requantize_f32([1, 2, 3], np.float32(0.5), 0, -128, 127)}


@pytest.mark.parametrize(("change", "message"), [
    ({"acc": np.float32([1, 2, 3])}, "acc must be integers"),
    ({"acc": np.int64([1, 2, 2**31])}, r"acc\[2\] must be in"),
    ({"acc": np.int32([[1, 2, 3]])}, "acc must"),
    ({"scale": np.float32([0.5, 0.5])}, r"scale must be one number or of shape \[3\], not \[2\]"),
    ({"scale": np.float32(0)}, "scale must be finite and > 0"),
    ({"scale": np.float32(np.nan)}, "scale must be finite and > 0"),
    ({"zp": 300}, "zp must be in -256..255, not 300"),
    ({"qmin": 5, "qmax": 4}, "qmin must be at most qmax, not 5 above 4"),
    ({"y": None}, "vectors of mode F32 must have a field y"),
    ({"scale": None}, "vectors of mode F32 must have a field scale"),
])
def test_vector_files_that_cannot_be_used_are_refused(tmp_path, change, message):
    fields = {name: value for name, value in (GOOD | change).items() if value is not None}
    with pytest.raises(VectorError, match=message) as error:
        load(save(tmp_path / "x.npz", fields), "F32")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", ["", "text", "single", "cut"])
def test_files_of_another_kind_are_refused(tmp_path, content):
    path = save(tmp_path / "x.npz", GOOD)
    if content == "single":
        with path.open("wb") as stream:
            np.save(stream, GOOD["acc"])
    else:
        path.write_bytes(path.read_bytes()[:100] if content == "cut" else content.encode())
    with pytest.raises(VectorError, match=r"vectors must be a \.npz file") as error:
        load(path, "F32")
    assert "\n" not in str(error.value)


def test_fields_that_nobody_reads_are_refused(tmp_path):
    for fields in (GOOD | {"scales": 1}, layer_fields(False) | {"acc": 1}):
        with pytest.raises(VectorError, match="fields must be among"):
            load(save(tmp_path / "x.npz", fields), "F32")


@pytest.mark.parametrize(("change", "message"), [
    ({"bias": np.zeros(3, np.int32)}, r"bias must be one number or of shape \[11\], not \[3\]"),
    ({"w": np.zeros((3, 2), np.int8)}, r"a must be \[M, K\] and w \[K, N\]"),
    ({"w": np.zeros((20, 11), np.uint8)}, "a and w must both be int8 or both be uint8"),
    ({"y": np.zeros((1, 1), np.int8)}, "y"),
    ({"m": None}, "a layer of mode DOUBLE must have a field m"),
    ({"a_zp": 200}, "a_zp"),
])
def test_layer_files_that_cannot_be_used_are_refused(tmp_path, change, message):
    fields = {name: value for name, value in (layer_fields(False) | change).items() if value is not None}
    with pytest.raises((VectorError, ValueError), match=message) as error:
        loaded = load(save(tmp_path / "x.npz", fields), None)
        loaded[0].forward(loaded[1])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("words", "code", "message"), [
    ([], 2, "vectors must be given"),
    (["/nowhere.npz", "--mode", "F32"], 2, "vectors must be a .npz file"),
    (["README.md", "--mode", "F32"], 2, "vectors must be a .npz file"),
    (["{right}"], 2, "mode must be one of"),
    (["{right}", "--mode", "F33"], 2, "mode must be one of"),
    (["{right}", "--framework", "onednn"], 2, "onednn is not matched"),
    (["{right}", "--framework", "litert", "--mode", "F32"], 2, "mode must not be given beside framework"),
])
def test_replay_command_refuses_bad_input_in_one_line(tmp_path, words, code, message):
    right = save(tmp_path / "right.npz", GOOD)
    done = subprocess.run(
        [sys.executable, "-m", "tb", "replay", *(word.format(right=right) for word in words)],
        cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == code
    assert message in done.stderr and done.stderr.count("\n") == 1
