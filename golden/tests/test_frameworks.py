import re

import numpy as np
import pytest

from golden.frameworks import FRAMEWORKS, NOT_EXACT, Framework, framework
from golden.modes import FACTORS, requantize
from golden.multiplier import multiplier_ruy, multiplier_tflite, scale_onnxruntime, scale_qnnpack

A, W, Y = np.float32(0.1), np.float32(0.7), np.float32(0.3)  # the derivations differ here
DERIVED = [f for f in FRAMEWORKS.values() if f.derive is not None]
GIVEN = [f for f in FRAMEWORKS.values() if f.derive is None]


def test_every_name_gives_its_entry() -> None:
    for name, entry in FRAMEWORKS.items():
        assert framework(name) is entry
        assert entry.name == name


def test_every_mode_exists_and_is_used() -> None:
    assert {f.mode for f in FRAMEWORKS.values()} == set(FACTORS)


def test_every_entry_says_what_stands_behind_it() -> None:
    for entry in FRAMEWORKS.values():
        assert entry.verified == "by definition" or re.fullmatch(r"[a-z-]+ \d[\w.]+", entry.verified)


@pytest.mark.parametrize(("name", "mode"), [
    ("onnxruntime", "F32"), ("litert", "F32"), ("litert-ruy-x86", "DOUBLE_UP"), ("litert-ruy-arm64", "SINGLE"),
    ("tflite-micro", "DOUBLE"), ("cmsis-nn", "DOUBLE"), ("cmsis-nn-single", "SINGLE"), ("tosa-single", "SINGLE"),
    ("tosa-double", "DOUBLE"), ("tosa-inexact", "F32"), ("pytorch-qnnpack", "F32"), ("pytorch-fbgemm", "F32"),
    ("pytorch-fbgemm-bias", "FBGEMM"), ("gemmlowp", "DOUBLE"),
])
def test_framework_has_its_mode(name: str, mode: str) -> None:
    assert framework(name).mode == mode


def test_every_framework_is_listed_above() -> None:
    assert len(FRAMEWORKS) == 14


@pytest.mark.parametrize("name", sorted(NOT_EXACT))
def test_an_unmatched_stack_says_so_and_why(name: str) -> None:
    assert name not in FRAMEWORKS
    with pytest.raises(ValueError, match=f"^{name} is not matched: .*[^.]$") as error:
        framework(name)
    assert "\n" not in str(error.value)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"^framework must be one of onnxruntime, .*gemmlowp, not 'tensorrt'$"):
        framework("tensorrt")


@pytest.mark.parametrize("entry", DERIVED, ids=lambda f: f.name)
def test_factor_has_the_names_and_order_of_the_mode(entry: Framework) -> None:
    factor = entry.factor(A, np.full(3, W), Y)
    assert tuple(factor) == tuple(name for name in FACTORS[entry.mode] if name != "bias")
    assert {x.shape for x in factor.values()} == {(3,)}


@pytest.mark.parametrize("entry", DERIVED, ids=lambda f: f.name)
def test_factor_requantizes(entry: Framework) -> None:
    factor = {"bias": np.float32([0]), **entry.factor(1.0, [np.float32(0.25)], 1.0)}
    assert requantize(entry.mode, [[8], [-8]], factor, 0, -128, 127).tolist() == [[2], [-2]]


def test_onnxruntime_and_xnnpack_divide_once() -> None:
    for name in ("onnxruntime", "litert", "pytorch-fbgemm"):
        assert framework(name).factor(A, W, Y) == {"scale": scale_onnxruntime(A, W, Y)}


def test_qnnpack_multiplies_by_the_reciprocal() -> None:
    assert framework("pytorch-qnnpack").factor(A, W, Y) == {"scale": scale_qnnpack(A, W, Y)}
    assert scale_qnnpack(A, W, Y) != scale_onnxruntime(A, W, Y)


@pytest.mark.parametrize("name", ["litert-ruy-x86", "litert-ruy-arm64"])
def test_ruy_rounds_the_product_per_tensor_only(name: str) -> None:
    per_tensor, per_channel = framework(name).factor(A, W, Y), framework(name).factor(A, [W], Y)
    assert per_tensor["m"] == multiplier_ruy(A, W, Y)[0]
    assert per_channel["m"] == multiplier_tflite(A, [W], Y)[0]
    assert per_tensor["m"] != per_channel["m"]


@pytest.mark.parametrize("name", ["tflite-micro", "cmsis-nn", "cmsis-nn-single"])
def test_tflite_micro_and_cmsis_nn_keep_the_product(name: str) -> None:
    assert framework(name).factor(A, W, Y)["m"] == multiplier_tflite(A, W, Y)[0]


@pytest.mark.parametrize("entry", GIVEN, ids=lambda f: f.name)
def test_a_stack_without_derivation_says_so(entry: Framework) -> None:
    with pytest.raises(ValueError, match=f"^{entry.name} has m and s in the model"):
        entry.factor(A, W, Y)


def test_litert_refuses_a_scale_of_256() -> None:
    below = np.nextafter(np.float32(256), np.float32(0))
    assert framework("litert").factor(1.0, below, 1.0)["scale"] == below
    with pytest.raises(ValueError, match=r"^scale of litert must be below 256, not 256$"):
        framework("litert").factor(1.0, [0.5, 256.0], 1.0)
    assert framework("onnxruntime").factor(1.0, 256.0, 1.0)["scale"] == 256


def test_fbgemm_with_bias_wants_a_scale_for_each_channel() -> None:
    assert framework("pytorch-fbgemm-bias").factor(A, [W], Y)["scale"] == scale_onnxruntime(A, [W], Y)
    with pytest.raises(ValueError, match=r"^w_scale of pytorch-fbgemm-bias must have shape \(N,\)"):
        framework("pytorch-fbgemm-bias").factor(A, W, Y)
