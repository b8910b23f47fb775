"""A .tflite model of one fully connected layer, written with the flatbuffer schema that ai-edge-litert brings."""

from typing import Any

import numpy as np

from golden.oracles.layer import Layer


def fully_connected(layer: Layer) -> bytes:
    """Return the model: input int8 [M, K], output int8 [M, N], weights [N, K] and bias inside."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    if layer.real_bias is not None:
        raise ValueError("real_bias must be None in a .tflite layer")
    buffers = [schema.BufferT()]
    tensors: list[Any] = []

    def tensor(name: str, shape: tuple[int, ...], kind: int, scale: Any, zp: int, data: Any = None) -> None:
        scales = np.atleast_1d(scale).astype(np.float32)
        quantization = schema.QuantizationParametersT(scale=scales, zeroPoint=np.full(len(scales), zp, np.int64))
        buffer = 0
        if data is not None:
            buffer = len(buffers)
            buffers.append(schema.BufferT(data=np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)))
        tensors.append(schema.TensorT(
            shape=list(shape), type=kind, buffer=buffer, name=name.encode(), quantization=quantization,
        ))

    (rows, depth), columns = layer.a.shape, layer.w.shape[1]
    int8, int32 = schema.TensorType.INT8, schema.TensorType.INT32
    tensor("a", (rows, depth), int8, layer.a_scale, layer.a_zp)
    tensor("w", (columns, depth), int8, layer.w_scale, layer.w_zp, layer.w.T)
    tensor("y", (rows, columns), int8, layer.y_scale, layer.y_zp)
    if layer.bias is not None:
        tensor("bias", (columns,), int32, layer.unit, 0, layer.bias.astype(np.int32))
    activation = schema.ActivationFunctionType
    operator = schema.OperatorT(
        opcodeIndex=0,
        inputs=[0, 1, 3 if layer.bias is not None else -1],
        outputs=[2],
        builtinOptionsType=schema.BuiltinOptions.FullyConnectedOptions,
        builtinOptions=schema.FullyConnectedOptionsT(
            fusedActivationFunction=activation.RELU if layer.relu else activation.NONE, keepNumDims=True,
        ),
    )
    code = schema.BuiltinOperator.FULLY_CONNECTED
    model = schema.ModelT(
        version=3,
        operatorCodes=[schema.OperatorCodeT(deprecatedBuiltinCode=code, builtinCode=code, version=12)],
        subgraphs=[schema.SubGraphT(tensors=tensors, inputs=[0], outputs=[2], operators=[operator])],
        buffers=buffers,
    )
    builder = flatbuffers.Builder(layer.w.size + 4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
