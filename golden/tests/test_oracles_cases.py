"""What the oracles are asked, and what is done with the answers; no inference stack is needed here."""

import itertools
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden.frameworks import framework
from golden.modes import requantize
from golden.oracles import __main__ as command
from golden.oracles import cases, directed, vectors
from golden.oracles.accepts import Accepts
from golden.oracles.inject import inject
from golden.oracles.layer import Layer, rescale
from golden.oracles.stack import Comparison, Stack, compare, layer_stack

ONNX, TFLITE = framework("onnxruntime"), framework("tflite-micro")


def faithful(layer: Layer) -> Any:
    return rescale(layer, TFLITE).golden().astype(np.int8)


def wrong_once(layer: Layer) -> Any:
    y = faithful(layer)
    y[0, 0] ^= layer.directed and len(y) == 7 and y.shape[1] == 1
    return y


def fake(run: Any = faithful) -> Stack:
    return layer_stack("fake", "tflite-micro", lambda: "fake 1.0", run, Accepts(product=2.0**30))


def test_random_layers_cover_the_shapes_of_the_field() -> None:
    rng = np.random.default_rng(1)
    layers = [cases._random_layer(rng, Accepts(w_zp=True)) for _ in range(400)]
    depths, channels = {x.w.shape[0] for x in layers}, {x.w.shape[1] for x in layers}
    assert {1, 2, 3, 1024} < depths and max(depths) == 1024
    assert {1, 40} < channels and max(channels) == 40
    for claim in ("x.a_zp", "x.w_zp", "x.relu", "x.w_scale.ndim", "x.bias is not None", "len(x.a) == 1", "x.y_zp"):
        found = {bool(eval(claim, {"x": x, "len": len})) for x in layers}
        assert found == {False, True}, claim


def test_directed_layers_reach_the_ends() -> None:
    rng = np.random.default_rng(1)
    made = [rescale(x, ONNX) for x in cases.directed_layers(rng, ONNX, Accepts())]
    assert all(x.directed for x in made)
    acc = np.concatenate([x.acc.ravel() for x in made])
    scale = np.concatenate([x.columns()["scale"] for x in made])
    near = [2**24 + step for step in range(-3, 4)]
    assert {-(2**31), 2**31 - 1, *near, *(-x for x in near)} <= set(acc.tolist())
    assert {2.0**power for power in range(-60, 12)} <= set(scale.tolist())
    ties = np.abs(acc * scale.astype(np.float64)) % 1 == 0.5
    assert (ties & (acc < 0)).sum() > 500 and (ties & (acc > 0)).sum() > 500


@pytest.mark.parametrize("bias", ["int32", "float", "none", "real"])
def test_injection_gives_the_accumulators_asked_for(bias: str) -> None:
    accepts = Accepts(bias=bias, weights=63)
    acc = np.array([0, 1, -1, 1000, -12345, 2**24 + 5, -(2**24) - 5])
    acc = np.append(acc, [2**31 - 4, -(2**31) + 3] if bias in ("int32", "float") else [2**25, -(2**25)])
    layer = inject(np.random.default_rng(1), accepts, acc, cases.ONE, np.ones(len(acc)), cases.ONE)
    got = rescale(layer, framework("pytorch-fbgemm-bias") if bias == "real" else ONNX).acc
    assert (got == acc + directed.STEPS[:, None]).all()
    assert bias == "int32" or layer.w[2:].min(initial=0) >= -63


@pytest.mark.parametrize("mode", ["SINGLE", "DOUBLE", "DOUBLE_UP"])
def test_a_unit_of_the_rounding_constant_shows_at_every_product_boundary(mode: str) -> None:
    found = directed.product_boundaries(mode)
    for acc, m, s in found:
        r = directed.rounding_constant(mode, s, 1 if acc >= 0 else -1)
        results = [(acc * m + r + unit) >> s for unit in (-1, 0, 1)]
        assert results[0] < results[1] or results[1] < results[2]
        q = requantize(mode, acc, {"m": m, "s": s}, 0, -256, 255)
        assert q == np.clip(results[1], -256, 255)
    sides = {(acc > 0, (acc * m + directed.rounding_constant(mode, s, 1 if acc > 0 else -1)) % 2**s == 0, s > 31)
             for acc, m, s in found}
    assert len(sides) == 8


def test_the_same_seed_gives_the_same_layers() -> None:
    for layer, again in zip(*[
        itertools.islice(cases.layers(np.random.default_rng(3), TFLITE, Accepts()), 20) for _ in range(2)
    ], strict=True):
        assert (layer.a == again.a).all() and (layer.w == again.w).all() and layer.y_zp == again.y_zp


def test_compare_counts_and_names_the_first_difference() -> None:
    good = compare(fake(), 1, 110_000)
    assert good.differences == 0 and good.first == "" and good.outputs >= 110_000 > good.directed > 0
    bad = compare(fake(wrong_once), 1, 1)
    assert bad.differences > 0
    assert bad.first.startswith("acc ") and ": fake gives " in bad.first and ", golden " in bad.first


def test_saved_vectors_hold_what_the_stack_answered(tmp_path: Path) -> None:
    found = compare(fake(), 1, 110_000, keep=True)
    assert vectors.save(tmp_path / "new" / "fake.npz", "DOUBLE", found, 40_000, 1) == 40_000
    with np.load(tmp_path / "new" / "fake.npz") as file:
        data = dict(file)
    assert str(data.pop("mode")) == "DOUBLE"
    assert set(data) == {"acc", "m", "s", "zp", "qmin", "qmax", "y"}
    assert {x.shape for x in data.values()} == {(40_000,)}
    kinds = {"acc": np.int32, "m": np.int32, "s": np.int8, "y": np.int16}
    assert all(data[name].dtype == kind for name, kind in kinds.items())
    for stage in set(zip(*(data[name].tolist() for name in ("zp", "qmin", "qmax")), strict=True)):
        where = (np.stack([data[name] for name in ("zp", "qmin", "qmax")], axis=1) == stage).all(axis=1)
        part = {name: x[where] for name, x in data.items()}
        assert (requantize("DOUBLE", part["acc"], part, *stage) == part["y"]).all()


def test_fewer_outputs_than_wanted_are_saved_whole(tmp_path: Path) -> None:
    columns = {"acc": np.arange(5), "y": np.arange(5)}
    found = Comparison(columns=[(True, columns), (False, columns)])
    assert vectors.save(tmp_path / "x.npz", "F32", found, 100, 1) == 10


@pytest.mark.parametrize(("run", "status", "words"), [
    (faithful, 0, ""),
    (wrong_once, 1, " differ, the first: acc "),
    (lambda layer: faithful(layer)[:, :0], 1, "must return outputs of shape"),
])
def test_exit_status_and_report(
    run: Any, status: int, words: str,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "STACKS", {"fake": fake(run)})
    monkeypatch.setattr(command, "REPORT", tmp_path / "reports" / "oracles.json")
    monkeypatch.setattr(sys, "argv", ["oracles", "--stacks", "fake", "--outputs", "110000", "--seed", "7"])
    assert command.main() == status
    shown = capsys.readouterr()
    assert words in shown.err and bool(shown.err) == bool(status)
    assert "fake" in shown.out
    assert '"seed": 7' in (tmp_path / "reports" / "oracles.json").read_text()


def test_too_few_outputs_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def few(seed: int, count: int) -> Any:
        layer = cases._random_layer(np.random.default_rng(seed), Accepts())
        yield rescale(layer, TFLITE), faithful(layer)

    stack = Stack(name="fake", framework="tflite-micro", version=lambda: "fake 1.0", outputs=few)
    monkeypatch.setattr(command, "STACKS", {"fake": stack})
    monkeypatch.setattr(command, "REPORT", tmp_path / "oracles.json")
    monkeypatch.setattr(sys, "argv", ["oracles", "--stacks", "fake"])
    assert command.main() == 1
    assert "fake: outputs must be at least 1000000, not " in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--stacks", "tensorrt"], ["--outputs", "0"], ["--outputs", "many"]])
def test_bad_options_are_refused(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["oracles", *arguments])
    with pytest.raises(SystemExit) as exit_:
        command.main()
    assert exit_.value.code == 2
    assert "must be" in capsys.readouterr().err
