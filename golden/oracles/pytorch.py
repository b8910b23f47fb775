"""Quantized linear layers of PyTorch, by QNNPACK and by FBGEMM.

They take uint8 activations and results only: int8 values and zero points move up by 128, which changes
neither the accumulators nor the scales.  FBGEMM multiplies uint8 by int8 and, on a CPU without VNNI, sums
pairs of products in int16: weights must lie within -64..63, as PyTorch's `reduce_range` is there to arrange.
"""

import warnings
from typing import Any

import numpy as np

from golden.oracles.layer import Float32, Int8, Layer


def version() -> str:
    """Return the package compared with, and its version."""
    import torch

    return f"torch {torch.__version__}"


def qnnpack(layer: Layer) -> Int8:
    """Return the outputs [M, N] of QNNPACK; the bias is given in float32, and must round to the one wanted."""
    bias = None
    if layer.bias is not None:
        bias = (layer.bias * layer.unit.astype(np.float64)).astype(np.float32)
        if (np.rint(bias / layer.unit.astype(np.float64)) != layer.bias).any():
            raise ValueError("bias must come back from float32(bias * a_scale * w_scale)")
    return _linear("qnnpack", layer, bias)


def fbgemm(layer: Layer) -> Int8:
    """Return the outputs [M, N] of FBGEMM, with the real bias of the layer or without any."""
    if layer.bias is not None:
        raise ValueError("bias must be None for FBGEMM; it takes a real_bias")
    if layer.w.min() < -64 or layer.w.max() > 63:
        raise ValueError("w must be in -64..63 for FBGEMM, or CPUs without VNNI saturate")
    return _linear("fbgemm", layer, layer.real_bias)


def _linear(engine: str, layer: Layer, bias: Float32 | None) -> Int8:
    import torch

    if layer.w_zp:
        raise ValueError(f"w_zp must be 0 in PyTorch, not {layer.w_zp}")
    scale: Any = layer.w_scale.astype(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that quantized tensors are deprecated in favour of another library
        torch.backends.quantized.engine = engine
        torch.set_num_threads(1)
        a = torch.from_numpy((layer.a.astype(np.int16) + 128).astype(np.uint8))
        a = torch._make_per_tensor_quantized_tensor(a, float(layer.a_scale), layer.a_zp + 128)
        w = torch.from_numpy(np.ascontiguousarray(layer.w.T))
        if scale.ndim:
            zeros = torch.zeros(len(scale), dtype=torch.long)
            w = torch._make_per_channel_quantized_tensor(w, torch.from_numpy(scale), zeros, 0)
        else:
            w = torch._make_per_tensor_quantized_tensor(w, float(scale), 0)
        packed = torch.ops.quantized.linear_prepack(w, None if bias is None else torch.from_numpy(bias))
        linear = torch.ops.quantized.linear_relu if layer.relu else torch.ops.quantized.linear
        y = linear(a, packed, float(layer.y_scale), layer.y_zp + 128).int_repr().numpy()
    return np.asarray(y.astype(np.int16) - 128, dtype=np.int8)
