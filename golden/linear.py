"""A quantized fully connected layer: Y = requantize(A W + bias)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from golden import check, matmul
from golden.memory import MemoryUsage, linear_memory
from golden.modes import FACTORS, check_mode, requantize
from golden.multiplier import Scale, multiplier_tflite, scale_onnxruntime
from golden.observers import MinMax, Observer
from golden.quantize import Quantization, quantize, storage, symmetric


@dataclass(frozen=True, eq=False, kw_only=True)
class QuantizedLinear:
    """A layer of N output channels with K inputs each, in the integers which the hardware is given.

    Parameters
    ----------
    weights: int8 or uint8 [K, N].
    bias: int32 [N], in units of the accumulator.
    a_zp: zero point of the activations, -128..255.
    w_zp: zero point of the weights, in the range of their dtype; one or one per channel [N].
    y_zp: zero point of the result, -128..255.
    qmin, qmax: clamp of the result, within int8 or within uint8; it decides the dtype of the result.
    mode: F32, SINGLE, DOUBLE, DOUBLE_UP or FBGEMM.
    scale: for F32 and FBGEMM, float32; one or one per channel [N], stored as [N].
    m, s: for the other modes, multiplier and right shift; one or one per channel [N], stored as int32 [N]
        and int8 [N].
    float_bias: for FBGEMM only, float32, one or one per channel [N], stored as [N]; `bias` is then 0.
    a_scale, y_scale: real value of one step of activations and result; not used by the arithmetic.
    """

    weights: npt.NDArray[np.int8 | np.uint8]
    bias: npt.NDArray[np.int32]
    a_zp: int
    w_zp: npt.ArrayLike = 0
    y_zp: int
    qmin: int
    qmax: int
    mode: str
    scale: npt.NDArray[np.float32] | None = None
    m: npt.NDArray[np.int32] | None = None
    s: npt.NDArray[np.int8] | None = None
    float_bias: npt.NDArray[np.float32] | None = None
    a_scale: float | None = None
    y_scale: float | None = None

    def __post_init__(self) -> None:
        """Check the fields and give them their dtypes and shapes."""
        weights = check.array("weights", self.weights)
        if weights.dtype not in (np.int8, np.uint8):
            raise TypeError(f"weights must be int8 or uint8, not {weights.dtype}")
        check.dimensions("weights", weights, ndim=2)
        object.__setattr__(self, "weights", weights)
        channels = weights.shape[1]
        bias = check.integers("bias", self.bias, check.INT32_MIN, check.INT32_MAX, shape=(channels,))
        object.__setattr__(self, "bias", bias.astype(np.int32))
        check.integers("a_zp", self.a_zp, -128, 255, ndim=0)
        check.integers("y_zp", self.y_zp, -128, 255, ndim=0)
        low, high = np.iinfo(weights.dtype).min, np.iinfo(weights.dtype).max
        check.per_channel("w_zp", check.integers("w_zp", self.w_zp, low, high), channels)
        storage(self.qmin, self.qmax)
        for name in ("a_scale", "y_scale"):
            if getattr(self, name) is not None:
                check.scales(name, getattr(self, name))
        self._check_factor(channels)

    def _check_factor(self, channels: int) -> None:
        """Check that the factor is of the kind which the mode needs, and give every channel its own."""
        check_mode(self.mode)
        needed = {"float_bias" if name == "bias" else name for name in FACTORS[self.mode]}
        given = {name for name in ("scale", "m", "s", "float_bias") if getattr(self, name) is not None}
        if given != needed:
            names = " and ".join(sorted(given)) or "none"
            raise ValueError(
                f"factor of mode {self.mode} must be {' and '.join(sorted(needed))}, not {names}"
            )
        factors: dict[str, npt.NDArray[np.generic]] = {}
        if self.scale is not None:
            factors["scale"] = check.scales("scale", self.scale)
        if self.float_bias is not None:
            factors["float_bias"] = check.floats("float_bias", self.float_bias)
            if self.bias.any():
                raise ValueError("bias must be 0 where float_bias is given")
        if self.m is not None and self.s is not None:
            factors["m"] = check.integers("m", self.m, 0, 2**31 - 1).astype(np.int32)
            factors["s"] = check.integers("s", self.s, 2, 62).astype(np.int8)
        for name, factor in factors.items():
            check.per_channel(name, factor, channels)
            object.__setattr__(self, name, np.broadcast_to(factor, channels).copy())

    def accumulators(self, a: npt.ArrayLike) -> npt.NDArray[np.int32]:
        """Return the int32 sums [M, N] for activations `a` [M, K], int8 or uint8."""
        return matmul.accumulate(a, self.weights, a_zp=self.a_zp, w_zp=self.w_zp, bias=self.bias)

    def forward(self, a: npt.ArrayLike) -> npt.NDArray[np.int8 | np.uint8]:
        """Return the results [M, N] for activations `a` [M, K]: int8 if qmin..qmax fits int8, else uint8."""
        factor = {"scale": self.scale, "m": self.m, "s": self.s, "bias": self.float_bias}
        q = requantize(self.mode, self.accumulators(a), factor, self.y_zp, self.qmin, self.qmax)
        return q.astype(self.output_dtype)

    def memory_usage(self, weight_bits: int = 8) -> MemoryUsage:
        """Return the bytes of the parameters, in float32 and quantized.

        Parameters
        ----------
        weight_bits: 2..8, the width at which weights are stored, or 1 for weights of -1 and 1.  Too few bits
            for the weights are a ValueError.
        """
        k, n = self.weights.shape
        usage = linear_memory(k, n, weight_bits=weight_bits, fixed_point=self.m is not None)
        low = -(2 ** (weight_bits - 1)) if self.weights.dtype == np.int8 else 0
        if weight_bits > 1 or not np.isin(self.weights, (-1, 1)).all():
            check.integers("weights", self.weights, low, low + 2**weight_bits - 1)
        return usage

    @property
    def output_dtype(self) -> type[np.int8] | type[np.uint8]:
        """The dtype of the result: int8 if qmin..qmax fits it, else uint8."""
        return storage(self.qmin, self.qmax)

    @classmethod
    def from_float(
        cls,
        w: npt.ArrayLike,
        bias: npt.ArrayLike,
        a_q: Quantization,
        y_q: Quantization,
        *,
        mode: str,
        weight_bits: int = 8,
        relu: bool = False,
    ) -> Self:
        """Quantize a layer of real weights `w` [K, N] and `bias` [N].

        Weights are symmetric per channel.  The factor is derived as ONNX Runtime does for F32, as TFLite does
        for the other modes.  A ReLU raises the lower clamp to the zero point of the result.

        Parameters
        ----------
        w, bias: real numbers, [K, N] and [N].
        a_q, y_q: quantization of the activations and of the result, per tensor.
        mode: F32, SINGLE, DOUBLE or DOUBLE_UP.
        weight_bits: 8, 4 or 2.
        relu: whether negative results become 0.
        """
        w = check.floats("w", w, ndim=2)
        w_q = symmetric(w, weight_bits, axis=1)
        for name, q in (("a_q", a_q), ("y_q", y_q)):
            if q.axis is not None:
                raise ValueError(f"{name} must be per tensor, not per channel on axis {q.axis}")
        a_scale, y_scale, y_zp = float(a_q.scale), float(y_q.scale), int(y_q.zero_point)
        factor: dict[str, npt.NDArray[Any]]
        if mode == "F32":
            factor = {"scale": scale_onnxruntime(a_scale, w_q.scale, y_scale)}
        else:
            factor = dict(zip("ms", multiplier_tflite(a_scale, w_q.scale, y_scale), strict=True))
        return cls(
            weights=np.asarray(quantize(w, w_q), dtype=np.int8),
            bias=quantize_bias(bias, a_scale, w_q.scale),
            a_zp=int(a_q.zero_point),
            y_zp=y_zp,
            qmin=max(y_q.low, y_zp) if relu else y_q.low,
            qmax=y_q.high,
            mode=mode,
            a_scale=a_scale,
            y_scale=y_scale,
            **factor,
        )

    @classmethod
    def calibrate(
        cls,
        w: npt.ArrayLike,
        bias: npt.ArrayLike,
        x: npt.ArrayLike,
        *,
        mode: str,
        act_bits: int = 8,
        weight_bits: int = 8,
        relu: bool = False,
        observer: Callable[[], Observer] = MinMax,
    ) -> tuple[Self, Quantization, Quantization]:
        """Quantize a layer for examples `x` [M, K]; also return how its activations and results are quantized.

        Both are asymmetric, signed, per tensor, of act_bits (8, 4 or 2), over the range which an observer takes
        from `x` and from what the real layer makes of it.  The other parameters are those of `from_float`.  For
        batches and for several layers there is `golden.model.quantize_model`.
        """
        x, w = check.floats("x", x, ndim=2), check.floats("w", w, ndim=2)
        if x.shape[1] != len(w):
            raise ValueError(f"x must have {len(w)} columns, not {x.shape[1]}")
        y = x @ w + check.floats("bias", bias, ndim=1)
        inputs, results = observer(), observer()
        inputs.observe(x)
        results.observe(np.maximum(y, 0) if relu else y)
        a_q, y_q = inputs.quantization(act_bits), results.quantization(act_bits)
        return cls.from_float(w, bias, a_q, y_q, mode=mode, weight_bits=weight_bits, relu=relu), a_q, y_q


def quantize_bias(bias: npt.ArrayLike, a_scale: Scale, w_scale: npt.ArrayLike) -> npt.NDArray[np.int32]:
    """Return rint(bias / float32(a_scale * w_scale)), int32 [N]: the bias in units of the accumulator.

    The quotient is a double, because a float32 holds no more than 24 of the 32 bits.  A result outside
    int32 is a ValueError.

    >>> quantize_bias([0.375, -0.125], 0.5, [0.5, 0.5])
    array([2, 0], dtype=int32)
    """
    bias = check.floats("bias", bias, ndim=1)
    with np.errstate(over="ignore", under="ignore"):
        unit = check.scales(
            "a_scale * w_scale", check.scales("a_scale", a_scale) * check.scales("w_scale", w_scale)
        )
    check.per_channel("w_scale", unit, len(bias))
    steps = np.rint(bias.astype(np.float64) / unit.astype(np.float64))
    inside = (steps >= check.INT32_MIN) & (steps <= check.INT32_MAX)
    if not inside.all():
        n = int(np.argmin(inside))
        raise ValueError(f"bias[{n}] / (a_scale * w_scale) must be within int32, not {steps[n]:.0f}")
    return steps.astype(np.int32)
