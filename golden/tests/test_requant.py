"""What all modes share: clamp, zero point, shapes, and how they refuse bad input."""

import numpy as np
import pytest

from golden.requant import REQUANTIZE, clamp, requantize_f32
from golden.tests.exact import limit

FIXED_POINT = ("SINGLE", "DOUBLE", "DOUBLE_UP")


def by_half(mode: str, acc: object, zp: object = 0, qmin: int = -256, qmax: int = 255) -> np.ndarray:
    factor = (0.5,) if mode == "F32" else (2**30, 31)
    return REQUANTIZE[mode](acc, *factor, zp, qmin, qmax)


@pytest.mark.parametrize("mode", REQUANTIZE)
@pytest.mark.parametrize(
    ("qmin", "qmax"), [(-128, 127), (0, 255), (-256, 255), (-3, 3), (5, 5), (-127, -126)]
)
def test_requantize_clamps_after_the_zero_point(mode: str, qmin: int, qmax: int) -> None:
    acc = range(-1100, 1101, 2)
    for zp in (-256, -3, 0, 3, 255):
        want = [limit(a // 2 + zp, qmin, qmax) for a in acc]
        assert by_half(mode, acc, zp, qmin, qmax).tolist() == want


@pytest.mark.parametrize("mode", REQUANTIZE)
@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (2, 1, 3)])
def test_requantize_keeps_shape_and_gives_int32(mode: str, shape: tuple[int, ...]) -> None:
    q = by_half(mode, np.full(shape, 10, np.int32))
    assert q.shape == shape and q.dtype == np.int32 and (q == 5).all()


@pytest.mark.parametrize("mode", FIXED_POINT)
def test_fixed_point_parameters_belong_to_the_last_axis(mode: str) -> None:
    acc, m, s, zp = np.array([[8, 8], [-8, 80]]), [2**30, 2**29], [31, 30], [1, -1]
    assert REQUANTIZE[mode](acc, m, s, zp, -128, 127).tolist() == [[5, 3], [-3, 39]]


def test_f32_parameters_belong_to_the_last_axis() -> None:
    acc = np.array([[8, 8], [-8, 80]])
    assert requantize_f32(acc, [0.5, 0.25], [1, -1], -128, 127).tolist() == [[5, 1], [-3, 19]]


def test_requantize_lists_every_mode() -> None:
    assert set(REQUANTIZE) == {"F32", "SINGLE", "DOUBLE", "DOUBLE_UP"}


def test_clamp_includes_both_bounds() -> None:
    x = np.array([-(2**62), -129, -128, 127, 128, 2**62])
    assert clamp(x, -128, 127).tolist() == [-128, -128, -128, 127, 127, 127]


# Bad input --------------------------------------------------------------------------------------------------

BadInput = tuple[dict[str, object], type[Exception], str]
BAD_EVERYWHERE: list[BadInput] = [
    (dict(acc=[0, 2**31]), ValueError, "acc[1] must be in -2147483648..2147483647, not 2147483648"),
    (dict(acc=[1.0]), TypeError, "acc must be integers of at most 64 bits, not float64"),
    (dict(acc=[]), ValueError, "acc must not be empty, but has shape (0,)"),
    (dict(zp=256), ValueError, "zp must be in -256..255, not 256"),
    (dict(zp=-257), ValueError, "zp must be in -256..255, not -257"),
    (dict(zp=[1, 2, 3]), ValueError, "zp must be a scalar or have shape (2,), not (3,)"),
    (dict(acc=1, zp=[1]), ValueError, "zp must be a scalar, not (1,)"),
    (dict(qmin=-257), ValueError, "qmin must be in -256..255, not -257"),
    (dict(qmax=256), ValueError, "qmax must be in -256..255, not 256"),
    (dict(qmin=[0, 0]), ValueError, "qmin must have 0 dimensions, not 1"),
    (dict(qmin=5, qmax=4), ValueError, "qmin must be <= qmax, 4, not 5"),
]
BAD_FIXED_POINT: list[BadInput] = [
    (dict(m=-1), ValueError, "m must be in 0..2147483647, not -1"),
    (dict(m=2**31), ValueError, "m must be in 0..2147483647, not 2147483648"),
    (dict(m=[1, 2, 3]), ValueError, "m must be a scalar or have shape (2,), not (3,)"),
    (dict(s=1), ValueError, "s must be in 2..62, not 1"),
    (dict(s=[2, 63]), ValueError, "s[1] must be in 2..62, not 63"),
    (dict(s=[[2, 2]]), ValueError, "s must be a scalar or have shape (2,), not (1, 2)"),
]
BAD_F32: list[BadInput] = [
    (dict(scale=0.0), ValueError, "scale must be finite and > 0, not 0.0"),
    (dict(scale=-0.5), ValueError, "scale must be finite and > 0, not -0.5"),
    (dict(scale=float("nan")), ValueError, "scale must be finite and > 0, not nan"),
    (dict(scale=float("inf")), ValueError, "scale must be finite and > 0, not inf"),
    (dict(scale=0.1), ValueError, "scale must be a float32 value, not 0.1"),
    (dict(scale=2.0**-150), ValueError, f"scale must be a float32 value, not {2.0**-150}"),
    (dict(scale=1e39), ValueError, "scale must be a float32 value, not 1e+39"),
    (dict(scale=1), TypeError, "scale must be floating point, not int64"),
    (dict(scale=[0.5] * 3), ValueError, "scale must be a scalar or have shape (2,), not (3,)"),
]


@pytest.mark.parametrize(("change", "error", "message"), BAD_EVERYWHERE + BAD_FIXED_POINT)
@pytest.mark.parametrize("mode", FIXED_POINT)
def test_fixed_point_refuses_bad_input(
    mode: str, change: dict[str, object], error: type[Exception], message: str
) -> None:
    arguments = dict(acc=[1, 2], m=2**30, s=31, zp=0, qmin=-128, qmax=127) | change
    with pytest.raises(error) as raised:
        REQUANTIZE[mode](**arguments)
    assert str(raised.value) == message


@pytest.mark.parametrize(("change", "error", "message"), BAD_EVERYWHERE + BAD_F32)
def test_f32_refuses_bad_input(change: dict[str, object], error: type[Exception], message: str) -> None:
    arguments = dict(acc=[1, 2], scale=0.5, zp=0, qmin=-128, qmax=127) | change
    with pytest.raises(error) as raised:
        REQUANTIZE["F32"](**arguments)
    assert str(raised.value) == message


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int64, np.uint64])
def test_clamp_takes_every_integer_dtype(kind: type) -> None:
    assert clamp(np.array([0, 5, 100], kind), -3, 7).tolist() == [0, 5, 7]


def test_clamp_refuses_what_would_have_to_be_rounded() -> None:
    for x in ([0.5], [np.nan], ["1"]):
        with pytest.raises(TypeError, match=r"^x must be integers of at most 64 bits, not "):
            clamp(x, -128, 127)
