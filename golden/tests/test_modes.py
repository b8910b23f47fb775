"""One call for any mode gives what the mode's own function gives."""

import numpy as np
import pytest

from golden.fbgemm import requantize_fbgemm
from golden.modes import FACTORS, check_mode, requantize
from golden.requant import requantize_double, requantize_double_up, requantize_f32, requantize_single

ACC = np.array([-7, -6, -2, -1, 0, 1, 2, 5, 6, 10**6], np.int32)
FACTOR = {"scale": np.float32(0.25), "bias": np.float32(0.5), "m": 2**30 - 1, "s": 32}


@pytest.mark.parametrize(("mode", "function", "names"), [
    ("F32", requantize_f32, ["scale"]),
    ("SINGLE", requantize_single, ["m", "s"]),
    ("DOUBLE", requantize_double, ["m", "s"]),
    ("DOUBLE_UP", requantize_double_up, ["m", "s"]),
    ("FBGEMM", requantize_fbgemm, ["bias", "scale"]),
])
def test_requantize_calls_the_function_of_the_mode(mode, function, names):
    want = function(ACC, *(FACTOR[name] for name in names), 3, -100, 100)
    assert np.array_equal(requantize(mode, ACC, FACTOR, 3, -100, 100), want)
    assert list(FACTORS[mode]) == names


def test_modes_differ_from_each_other_on_these_accumulators():
    results = {mode: requantize(mode, ACC, FACTOR, 0, -128, 127).tolist() for mode in FACTORS}
    assert len({tuple(result) for result in results.values()}) == len(FACTORS)


@pytest.mark.parametrize("mode", FACTORS)
def test_requantize_names_what_is_missing(mode):
    for name in FACTORS[mode]:
        with pytest.raises(ValueError, match=f"factor of mode {mode} must have .*, {name} is missing"):
            requantize(mode, ACC, {**FACTOR, name: None}, 0, -128, 127)


@pytest.mark.parametrize("mode", ["UP", "", None, ["F32"]])
def test_check_mode_refuses_what_is_no_name(mode):
    with pytest.raises(ValueError, match=r"^mode must be one of F32, SINGLE, DOUBLE, DOUBLE_UP, FBGEMM, not "):
        check_mode(mode)


def test_check_mode_lists_the_modes():
    with pytest.raises(ValueError, match="mode must be one of F32, SINGLE, DOUBLE, DOUBLE_UP, FBGEMM, not 'F31'"):
        check_mode("F31")
