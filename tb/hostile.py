"""Inputs that nobody should send, and legal ones beside them: scalars, nested values, texts, arrays, files."""

import io
import json
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

__all__ = ["arrays", "damaged", "json_values", "mutated", "npz", "scalars", "texts", "values"]

LIMITS = [sign * (1 << bits) + more for bits in (0, 7, 8, 15, 16, 31, 32, 53, 63, 64) for sign in (-1, 1)
          for more in (-1, 0, 1)]

texts = st.one_of(
    st.sampled_from([
        "", " ", "0", "-1", "8.0", "1e3", "0x10", "08", "1_0", "+4", "٣", "²", "nan", "inf", "null", "None", "true",
        "\0", "\n", "a\nb", "\ud800", "\x85", "\u2028", "é", "../x", "--", "'", '"', "\\", "%s", "{}", "9" * 5000]),
    st.text(max_size=12), st.integers(-10, 300).map(str))

scalars: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.sampled_from(LIMITS), st.integers(), st.integers(0, 70), st.floats(), texts,
    st.just(10**100))

values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(scalars, st.binary(max_size=4), st.complex_numbers(), st.just(object), st.just(np.int64(3))),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.tuples(inner, inner), st.dictionaries(st.text(max_size=3), inner, max_size=3),
        st.sets(st.integers(), max_size=2)),
    max_leaves=5)

# What a JSON file can hold; texts without the halves of characters that no file holds.
json_values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.sampled_from(LIMITS), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Ways to everything inside `value`."""
    keys: Any = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [path, *(deeper for key in keys for deeper in _paths(value[key], (*path, key)))]


@st.composite
def mutated(draw: st.DrawFn, whole: Any) -> Any:
    """`whole`, which is as JSON holds it, with one to three parts removed, replaced or put elsewhere."""
    value = json.loads(json.dumps(whole))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(_paths(value)))
        if not path:
            value = draw(st.one_of(json_values, st.just(value)))
            continue
        holder = value
        for key in path[:-1]:
            holder = holder[key]
        what = draw(st.sampled_from(["remove", "replace", "replace", "copy"]))
        if what == "remove":
            del holder[path[-1]]
        elif what == "replace":
            holder[path[-1]] = draw(json_values)
        else:
            source: Any = value
            for key in draw(st.sampled_from(_paths(value))):
                source = source[key]
            holder[path[-1]] = json.loads(json.dumps(source))
    return value


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """`content` with bytes changed, cut off, put in or swapped for others."""
    data = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        what = draw(st.sampled_from(["change", "change", "cut", "insert", "zero", "repeat"]))
        if what == "change" and at < len(data):
            data[at] = draw(st.integers(0, 255))
        elif what == "cut":
            del data[at:]
        elif what == "insert":
            data[at:at] = draw(st.binary(min_size=1, max_size=8))
        elif what == "zero":
            data[at:at + 4] = bytes(len(data[at:at + 4]))
        else:
            data[at:at] = data[at:at + draw(st.integers(1, 64))]
    return bytes(data)


KINDS = ["i1", "u1", "i2", "u2", "i4", ">i4", "u4", "i8", "u8", "f2", "f4", ">f4", "f8", "g", "c8", "?", "O", "U2",
         "S2", "M8[D]", "m8[s]", "V3"]


@st.composite
def arrays(draw: st.DrawFn, shape: tuple[int, ...] | None = None, kinds: list[str] | None = None
           ) -> npt.NDArray[Any]:
    """An array of any kind, shape and memory layout, its values small, at limits, not finite, or random bits."""
    if shape is None:
        shape = tuple(draw(st.lists(st.integers(0, 4), max_size=3)))
    dtype = np.dtype(draw(st.sampled_from(kinds or KINDS)))
    count = int(np.prod(shape, dtype=int))
    if dtype.kind == "O":
        made = np.empty(count, object)
        made[:] = [draw(scalars) for _ in range(count)]
    elif dtype.kind in "USVMm":
        made = np.frombuffer(bytes(count * dtype.itemsize), dtype).copy()
    elif dtype.kind == "?" or dtype.kind == "b":
        made = np.array([draw(st.booleans()) for _ in range(count)], bool)
    elif dtype.kind in "iu":
        info = np.iinfo(dtype)
        pick = st.one_of(st.integers(-4, 4), st.sampled_from([info.min, info.min + 1, info.max - 1, info.max]),
                         st.integers(info.min, info.max))
        made = np.array([min(max(draw(pick), info.min), info.max) for _ in range(count)], dtype)
    else:
        number = st.one_of(st.floats(width=32), st.floats(), st.sampled_from([0.5, 1.0, 0.25, 2.0**-20, 1e-45]))
        with np.errstate(all="ignore"):
            made = np.array([draw(number) for _ in range(count)], np.float64).astype(dtype)
    return _laid(draw(st.sampled_from(["plain", "fortran", "strided", "reversed", "read only"])), made.reshape(shape))


def _laid(layout: str, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """`x` with other strides or flags."""
    if layout == "fortran":
        return np.asfortranarray(x)
    if layout == "strided" and x.ndim:
        wide = np.repeat(x, 2, axis=-1)
        return wide[..., ::2]
    if layout == "reversed" and x.ndim:
        return np.ascontiguousarray(x[::-1])[::-1]
    if layout == "read only":
        x.flags.writeable = False
    return x


def npz(**fields: npt.ArrayLike) -> bytes:
    """The bytes of an .npz file."""
    stream = io.BytesIO()
    np.savez(stream, **fields)      # type: ignore[arg-type]
    return stream.getvalue()
