"""The curve against measurements one by one, and the drawing as XML."""

import xml.etree.ElementTree as xml

import numpy as np
import pytest

from golden.errors import measure
from golden.plot import HEIGHT, LEFT, TOP, WIDTH, chart, sweep
from golden.quantize import asymmetric, symmetric

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("scheme", [symmetric, asymmetric])
def test_sweep_measures_each_share(scheme: type) -> None:
    x = np.random.default_rng(1).normal(0, 1, 500).astype(np.float32)
    shares, errors = sweep(x, scheme, steps=4)
    assert shares == [0.25, 0.5, 0.75, 1.0]
    limits = np.array([x.min(), x.max()], np.float32)
    assert errors == [measure(x, scheme(limits * np.float32(share))) for share in shares]
    assert errors[-1].clipped == 0 < errors[0].clipped


def test_chart_is_well_formed_and_inside_its_frame() -> None:
    curves = {"all & <each>": [1e-9, 0.5, 7.0], "none": [0.0, 0.0, 0.0]}
    root = xml.fromstring(chart("title", [0.0, 0.5, 1.0], curves, "across", "up"))
    first, second = root.findall(f"{SVG}polyline")
    points = [tuple(map(float, point.split(","))) for point in first.attrib["points"].split()]
    assert [x for x, _ in points] == [LEFT, LEFT + (WIDTH - LEFT - 20) / 2, WIDTH - 20]
    assert points[0][1] > points[1][1] > points[2][1]  # the largest error is drawn highest
    assert all(TOP <= y <= HEIGHT for _, y in points) and second.attrib["points"] == ""
    texts = [text.text for text in root.findall(f"{SVG}text")]
    assert {"title", "across", "up", "all & <each>", "1e-9", "1e1"} <= set(texts)


def test_chart_of_one_decade_and_of_nothing() -> None:
    for values in ([1.0, 1.0], [0.0, 0.0]):
        assert xml.fromstring(chart("", [0, 1], {"": values}, "", "")).tag == f"{SVG}svg"


def test_sweep_refuses_nan() -> None:
    with pytest.raises(ValueError, match=r"^x\[0\] must be finite in float32, not nan$"):
        sweep([np.nan], symmetric)
