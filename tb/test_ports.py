"""Packing of structured payloads by the JSON description."""

from typing import Any

import numpy as np
import pytest

from tb.sim_ports import Field, Port

# Ports ------------------------------------------------------------------------------------------------------------

def field(offset, shape, width, signed):
    return {"offset": offset, "shape": shape, "width": width, "signed": signed}


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("width", [1, 2, 7, 8, 9, 32])
@pytest.mark.parametrize("shape", [[], [1], [5], [2, 3], [2, 1, 3]], ids=str)
def test_field_gives_back_what_was_packed(signed, width, shape):
    low, high = (-(1 << (width - 1)), (1 << (width - 1)) - 1) if signed else (0, (1 << width) - 1)
    values = np.random.default_rng(width).integers(low, high, (40, *shape), endpoint=True)
    values[0], values[1] = low, high
    item = Field(field(3, shape, width, signed))
    words = item.pack(values)
    assert max(words) < 1 << (3 + width * item.count) and all(word % 8 == 0 for word in words)
    assert np.array_equal(item.unpack(words), values)
    # Whatever else the payload holds does not matter.
    assert np.array_equal(item.unpack([word | 7 | 1 << (3 + width * item.count) for word in words]), values)


def test_field_has_the_first_index_slowest_and_the_first_element_lowest():
    item = Field(field(4, [2, 3], 8, True))
    assert item.pack([[[1, 2, 3], [4, 5, -1]]]) == [0xFF_05_04_03_02_01_0]
    assert item.unpack([0xFF_05_04_03_02_01_0]).tolist() == [[[1, 2, 3], [4, 5, -1]]]


@pytest.mark.parametrize(("signed", "wrong"), [
    (True, -129), (True, 128), (True, 255), (True, 2**40), (False, 256), (False, -129), (False, -2**40)])
def test_field_refuses_values_that_do_not_fit(signed, wrong):
    item = Field(field(0, [2], 8, signed))
    with pytest.raises(ValueError, match="values must fit 8 bits"):
        item.pack([[0, 0], [wrong, 0]])


def test_field_takes_the_bits_of_signed_values_when_it_is_raw():
    item = Field(field(0, [2], 8, False))
    assert item.pack([[-1, -128]]) == [0x80FF]
    assert item.unpack([0x80FF]).tolist() == [[255, 128]]


PORT: dict[str, Any] = {"name": "weights__payload", "width": 27, "fields": {
    "data": field(0, [3], 8, True), "last": field(24, [], 1, False), "keep": field(25, [], 2, False)}}


def test_port_gives_back_what_was_packed():
    values: dict[str, Any] = {"data": [[-128, 127, 0], [1, -1, 5]], "last": [0, 1], "keep": [3, 2]}
    item = Port(PORT)
    words = item.pack(**values)
    assert words == [0x06_00_7F_80, 0x05_05_FF_01]
    assert {name: value.tolist() for name, value in item.unpack(words).items()} == values


@pytest.mark.parametrize(("values", "message"), [
    ({"data": [[0, 0, 0]], "last": [0]}, "has fields"),
    ({"data": [[0, 0, 0]], "last": [0], "keep": [0], "first": [0]}, "has fields"),
    ({"data": [[0, 0, 0]], "last": [0, 1], "keep": [0]}, "the same number of beats"),
    ({"data": [[0, 0]], "last": [0], "keep": [0]}, "cannot reshape"),
    ({"data": [[0, 0, 0]], "last": [2], "keep": [0]}, "values must fit 1 bits"),
])
def test_port_refuses_fields_and_beats_that_do_not_match(values, message):
    with pytest.raises(ValueError, match=message):
        Port(PORT).pack(**values)
