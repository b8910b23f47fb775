"""What is compared: a quantized layer and the requantization inside it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from golden import matmul
from golden.fbgemm import bias_fbgemm
from golden.frameworks import Factor, Framework
from golden.modes import requantize

Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False, kw_only=True)
class Layer:
    """A fully connected layer as a stack is given it: int8 times int8, so that no CPU saturates on the way.

    Parameters
    ----------
    a: activations, int8 [M, K]; a_zp their zero point.
    w: weights, int8 [K, N]; w_zp their zero point.
    bias: int32 [N] in units of the accumulator, or None.
    real_bias: float32 [N], for a stack whose bias is no integer; then `bias` is None.
    a_scale, y_scale: float32; w_scale: float32, one or [N].
    y_zp: zero point of the result, -128..127.
    relu: whether negative results become 0.
    directed: made to hit a boundary, and therefore saved before all that is random.
    """

    a: Int8
    w: Int8
    bias: Int32 | None = None
    real_bias: Float32 | None = None
    a_zp: int = 0
    w_zp: int = 0
    y_zp: int = 0
    a_scale: np.float32 = field(default=np.float32(1))
    w_scale: Float32
    y_scale: np.float32 = field(default=np.float32(1))
    relu: bool = False
    directed: bool = False

    @property
    def unit(self) -> Float32:
        """The real value of one step of the accumulator, float32(a_scale * w_scale), one or [N]."""
        return np.asarray(self.a_scale * self.w_scale, dtype=np.float32)


@dataclass(frozen=True, eq=False, kw_only=True)
class Rescale:
    """The requantization of a layer: accumulators int32 [M, N], and a factor, one or one per channel [N]."""

    mode: str
    acc: Int32
    factor: Factor
    zp: int
    qmin: int
    qmax: int
    directed: bool = False

    def golden(self) -> Int32:
        """Return what golden says, [M, N]."""
        return requantize(self.mode, self.acc, self.factor, self.zp, self.qmin, self.qmax)

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """Return one value per output, in row-major order: acc, the factor, zp, qmin, qmax."""
        limits = {name: np.int16(getattr(self, name)) for name in ("zp", "qmin", "qmax")}
        named: dict[str, Any] = {"acc": self.acc, **self.factor, **limits}
        return {name: np.broadcast_to(x, self.acc.shape).ravel() for name, x in named.items()}


def rescale(layer: Layer, framework: Framework) -> Rescale:
    """Return the requantization that golden finds inside `layer`."""
    factor = framework.factor(layer.a_scale, layer.w_scale, layer.y_scale)
    if framework.mode == "FBGEMM":
        if layer.real_bias is None:
            raise ValueError(f"real_bias must be given for {framework.name}")
        factor = {"bias": bias_fbgemm(layer.real_bias, layer.a_scale, layer.w_scale), **factor}
    return Rescale(
        mode=framework.mode,
        acc=matmul.accumulate(layer.a, layer.w, a_zp=layer.a_zp, w_zp=layer.w_zp, bias=layer.bias),
        factor=factor,
        zp=layer.y_zp,
        qmin=layer.y_zp if layer.relu else -128,
        qmax=127,
        directed=layer.directed,
    )
