import dataclasses
import platform

import numpy as np
import pytest

from golden import modes
from golden.oracles import litert
from golden.oracles.layer import Layer
from golden.oracles.stack import compare
from golden.oracles.stacks import STACKS
from golden.requant import requantize_single

# On ARM64 ruy has other kernels, and there is no "litert-ruy" to compare with.
NAMES = [name for name in ("litert", "litert-ruy") if name in STACKS]

rng = np.random.default_rng(1)
LAYER = Layer(
    a=rng.integers(-128, 128, (5, 30), dtype=np.int8),
    w=rng.integers(-127, 128, (30, 7), dtype=np.int8),
    a_scale=np.float32(0.1),
    w_scale=np.array(0.01, np.float32),
    y_scale=np.float32(2),
)


def test_both_answers_are_compared_on_x86() -> None:
    assert len(NAMES) == 1 + (platform.machine() in ("x86_64", "AMD64"))


@pytest.mark.parametrize("name", NAMES)
def test_golden_equals_litert(name: str) -> None:
    found = compare(STACKS[name], seed=1, count=200_000)
    assert found.differences == 0, found.first
    assert found.directed > 80_000
    assert found.outputs - found.directed > 80_000


def test_the_comparison_sees_another_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = STACKS[NAMES[-1]]
    if stack.mode == "F32":
        monkeypatch.setitem(modes._FUNCTIONS, "F32", lambda acc, scale, *rest: modes.requantize("FBGEMM", acc,
                            {"bias": np.float32(0.5), "scale": scale}, *rest))
    else:
        monkeypatch.setitem(modes._FUNCTIONS, stack.mode, requantize_single)
    found = compare(stack, seed=1, count=1)
    assert 0 < found.differences < found.outputs
    assert found.first.startswith("acc ")


def test_xnnpack_and_ruy_give_different_answers() -> None:
    # 3 / 2 is a tie: to even by XNNPACK, up by ruy.
    layer = dataclasses.replace(
        LAYER, a=np.ones((2, 1), np.int8), w=np.array([[1, 3, 5]], np.int8), a_scale=np.float32(1),
        w_scale=np.array(0.5, np.float32), y_scale=np.float32(1),
    )
    assert litert.xnnpack(layer)[0].tolist() == [0, 2, 2]
    assert litert.ruy(layer)[0].tolist() == [1, 2, 3]


def test_a_layer_that_falls_back_from_xnnpack_is_noticed() -> None:
    with pytest.raises(RuntimeError, match=r"^LiteRT must delegate this layer, but runs FULLY_CONNECTED$"):
        litert.xnnpack(dataclasses.replace(LAYER, w_zp=3))


def test_xnnpack_refuses_a_factor_of_256() -> None:
    with pytest.raises(RuntimeError, match=r"failed to create XNNPACK runtime"):
        litert.xnnpack(dataclasses.replace(LAYER, w_scale=np.array(6000, np.float32)))


def test_a_real_bias_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^real_bias must be None in a .tflite layer$"):
        litert.ruy(dataclasses.replace(LAYER, real_bias=np.zeros(7, np.float32)))
