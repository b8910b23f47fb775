"""Inference stacks by name: which rounding mode each has, and how it derives the factor of a layer.

    stack = framework("litert")
    factor = stack.factor(a_scale, w_scale, y_scale)          # {"scale": ...} or {"m": ..., "s": ...}
    q = REQUANTIZE[stack.mode](acc, *factor.values(), zp, qmin, qmax)

`verified` says what stands behind an entry.  A version means that the outputs of that package were compared
with golden, element for element, and none differed (`python -m golden.oracles` does it again).  "by
definition" means that golden computes what the stack's source or specification says, and no more than that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.fbgemm import multiplier_fbgemm
from golden.multiplier import Multiplier, Scale, multiplier_ruy, multiplier_tflite, scale_onnxruntime, scale_qnnpack

Factor = dict[str, npt.NDArray[Any]]
Derive = Callable[[Scale, npt.ArrayLike, Scale], npt.NDArray[np.float32] | Multiplier]


@dataclass(frozen=True, kw_only=True)
class Framework:
    """How one stack requantizes.

    Parameters
    ----------
    name: what `framework` takes.
    mode: F32, SINGLE, DOUBLE or DOUBLE_UP of `golden.requant`, or FBGEMM of `golden.fbgemm`.
    derive: from a_scale, w_scale and y_scale to the factor; None where the model itself holds m and s.
    per_tensor_derive: the same for a w_scale that is one number, where the stack computes it differently.
    per_channel_only: golden equals the stack only where every channel has its own w_scale.
    scale_limit: the stack refuses factors from here on, or computes them in another way; None for no limit.
    verified: the version of the stack whose outputs were compared, or "by definition".
    note: what else a user must know.
    """

    name: str
    mode: str
    derive: Derive | None
    per_tensor_derive: Derive | None = None
    per_channel_only: bool = False
    scale_limit: float | None = None
    verified: str
    note: str = ""

    def factor(self, a_scale: Scale, w_scale: npt.ArrayLike, y_scale: Scale) -> Factor:
        """Return the factor of a layer, in the order in which the mode's function takes it.

        Parameters
        ----------
        a_scale, y_scale: float32 > 0, of the activations and of the result.
        w_scale: float32 > 0, one or one per output channel [N].

        The result has the shape of w_scale: `scale` float32, or `m` int32 and `s` int8.

        >>> framework("litert").factor(0.5, 0.25, 2.0)
        {'scale': array(0.0625, dtype=float32)}
        >>> framework("tflite-micro").factor(0.5, [0.25], 2.0)
        {'m': array([1073741824], dtype=int32), 's': array([34], dtype=int8)}
        """
        if self.derive is None:
            raise ValueError(f"{self.name} has m and s in the model and no rule that derives them from scales")
        per_tensor = np.ndim(w_scale) == 0
        if per_tensor and self.per_channel_only:
            raise ValueError(f"w_scale of {self.name} must have shape (N,); with one for all it is not matched")
        derive = self.per_tensor_derive if self.per_tensor_derive and per_tensor else self.derive
        result = derive(a_scale, w_scale, y_scale)
        if isinstance(result, tuple):
            return {"m": result[0], "s": result[1]}
        if self.scale_limit is not None and (result >= self.scale_limit).any():
            raise ValueError(f"scale of {self.name} must be below {self.scale_limit:g}, not {result.max():g}")
        return {"scale": result}


_KNOWN = (
    Framework(
        name="onnxruntime", mode="F32", derive=scale_onnxruntime, verified="onnxruntime 1.31.1",
        note="QGemm, QLinearMatMul and a QDQ Gemm that is fused; unfused QDQ computes in float32",
    ),
    Framework(
        name="litert", mode="F32", derive=scale_onnxruntime, scale_limit=256.0, verified="ai-edge-litert 2.3.0",
        note="the default, XNNPACK; weights with a zero point fall back to ruy",
    ),
    Framework(
        name="litert-ruy-x86", mode="DOUBLE_UP", derive=multiplier_tflite, per_tensor_derive=multiplier_ruy,
        verified="ai-edge-litert 2.3.0", note="BUILTIN_WITHOUT_DEFAULT_DELEGATES on x86",
    ),
    Framework(
        name="litert-ruy-arm64", mode="SINGLE", derive=multiplier_tflite, per_tensor_derive=multiplier_ruy,
        verified="by definition", note="without delegates, batches of 2 and more; a batch of 1 is DOUBLE_UP",
    ),
    Framework(
        name="tflite-micro", mode="DOUBLE", derive=multiplier_tflite, verified="tflite-micro 0.dev20261023182759",
        note="the reference kernels; with CMSIS-NN kernels see cmsis-nn",
    ),
    Framework(
        name="cmsis-nn", mode="DOUBLE", derive=multiplier_tflite, verified="by definition",
        note="the default; with CMSIS_NN_USE_SINGLE_ROUNDING see cmsis-nn-single",
    ),
    Framework(
        name="cmsis-nn-single", mode="SINGLE", derive=multiplier_tflite, verified="by definition",
        note="built with CMSIS_NN_USE_SINGLE_ROUNDING",
    ),
    Framework(
        name="tosa-single", mode="SINGLE", derive=None, verified="tosa-tools 2026.8.0",
        note="RESCALE with SINGLE_ROUND and scale32",
    ),
    Framework(
        name="tosa-double", mode="DOUBLE", derive=None, verified="tosa-tools 2026.8.0",
        note="RESCALE with DOUBLE_ROUND and scale32",
    ),
    Framework(
        name="tosa-inexact", mode="F32", derive=None, verified="tosa-tools 2026.8.0",
        note="RESCALE with INEXACT_ROUND in the reference model; the scale is float32(m / 2^s)",
    ),
    Framework(
        name="pytorch-qnnpack", mode="F32", derive=scale_qnnpack, verified="torch 2.13.0",
        note="quantized linear with torch.backends.quantized.engine = 'qnnpack'",
    ),
    Framework(
        name="pytorch-fbgemm", mode="F32", derive=multiplier_fbgemm, verified="torch 2.13.0",
        note="quantized linear without bias on x86; with a bias see pytorch-fbgemm-bias",
    ),
    Framework(
        name="pytorch-fbgemm-bias", mode="FBGEMM", derive=multiplier_fbgemm, per_channel_only=True,
        verified="torch 2.13.0",
        note="quantized linear with its float32 bias, which golden.fbgemm.bias_fbgemm prepares, and weights per"
        " channel; per tensor the bias is multiplied and added in one fused step",
    ),
    Framework(
        name="gemmlowp", mode="DOUBLE", derive=None, verified="by definition",
        note="OutputStageQuantizeDownByFixedPoint; its right shift is s - 31",
    ),
)

FRAMEWORKS: dict[str, Framework] = {f.name: f for f in _KNOWN}
"""The stacks that golden equals bit for bit, by name."""

NOT_EXACT: dict[str, str] = {
    "litert-builtin-ref": "its reference kernels multiply in double precision and round half away from zero",
    "litert-ruy-arm64-batch1": "a batch of 1 has a kernel of its own there; its arithmetic is mode DOUBLE_UP",
    "onednn": "it has three float32 factors, and adds the zero point before it rounds",
    "onnx-reference": "onnx.reference adds the zero point before it rounds; ONNX Runtime does not",
    "qdq-unfused": "it dequantizes, computes in float32 and quantizes; no integer accumulator exists",
}
"""Stacks that golden does not equal, each with the reason."""


def framework(name: str) -> Framework:
    """Return the stack called `name`; a ValueError says why a stack is missing, or which ones there are.

    >>> framework("cmsis-nn").mode
    'DOUBLE'
    >>> framework("onednn")
    Traceback (most recent call last):
    ValueError: onednn is not matched: it has three float32 factors, and adds the zero point before it rounds
    """
    if name in NOT_EXACT:
        raise ValueError(f"{name} is not matched: {NOT_EXACT[name]}")
    if name not in FRAMEWORKS:
        raise ValueError(f"framework must be one of {', '.join(FRAMEWORKS)}, not {name!r}")
    return FRAMEWORKS[name]
