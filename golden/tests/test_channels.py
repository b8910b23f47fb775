"""Each channel as if it were alone, and what does not fit."""

import math

import numpy as np
import pytest

from golden.channels import PerChannel
from golden.observers import OBSERVERS, MinMax
from golden.quantize import symmetric


@pytest.mark.parametrize("name", OBSERVERS)
@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("symmetric_", [False, True])
def test_channel_is_quantized_as_if_alone(name: str, axis: int, symmetric_: bool) -> None:
    x = np.random.default_rng(1).normal(0, 1, (4, 3, 5)).astype(np.float32) * np.float32(3)
    observer = PerChannel(OBSERVERS[name], axis)
    for batch in (x, -2 * x):
        observer.observe(batch)
    q = observer.quantization(4, symmetric_)
    assert q.axis == axis % 3 and q.scale.shape == (x.shape[axis],)
    for c in range(x.shape[axis]):
        alone = OBSERVERS[name]()
        for batch in (x, -2 * x):
            alone.observe(np.take(batch, c, axis))
        want = alone.quantization(4, symmetric_)
        assert (q.scale[c], q.zero_point[c], q.low, q.high) == (want.scale, want.zero_point, want.low, want.high)


def test_minmax_per_channel_is_the_quantization_of_the_tensor() -> None:
    x = np.random.default_rng(2).normal(0, 1, (6, 4))
    observer = PerChannel(MinMax, 1)
    observer.observe(x)
    assert np.array_equal(observer.quantization(symmetric=True).scale, symmetric(x, axis=1).scale)


@pytest.mark.parametrize(
    ("axis", "batches", "message"),
    [
        (2, [np.ones((2, 2))], "axis must be in -2..1, not 2"),
        (-3, [np.ones((2, 2))], "axis must be in -2..1, not -3"),
        (0, [1.0], "batch must have a channel axis, but is a scalar"),
        (1, [np.ones((2, 2)), np.ones((2, 3))], "batch must have 2 channels on axis 1, not 3"),
        (0, [np.ones((2, 2)), np.ones(2)], "batch must have 2 dimensions, not 1"),
        (0, [[[1.0], [math.nan]]], "batch[1, 0] must be finite in float32, not nan"),
        (0, [np.ones((2, 0))], "batch must not be empty, but has shape (2, 0)"),
    ],
)
def test_bad_batch_is_refused(axis: int, batches: list[object], message: str) -> None:
    observer = PerChannel(MinMax, axis)
    with pytest.raises(ValueError) as raised:
        for batch in batches:
            observer.observe(batch)  # type: ignore[arg-type]
    assert str(raised.value) == message


def test_no_data_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^observer must see a batch before it is asked for a range$"):
        PerChannel(MinMax, 0).quantization()
