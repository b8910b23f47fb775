"""What bounds a product, by hand, and that the picture is drawn to its limits."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from golden.cycles import count
from golden.engine import EngineTiming, Job
from golden.roofline import Point, chart, limits

SQUARE = EngineTiming(8, 8, 1, 8, 16, 8, 16, 28, 15)


@pytest.mark.parametrize(("job", "bound", "least"), [
    (Job(64, 64, 64), "compute", 4096),
    (Job(1, 784, 128), "weights", 98 * 128),
    (Job(800, 1, 64), "activations", 3200),
    (Job(1000, 80, 1), "outputs", 5000),
])
def test_the_slowest_part_bounds_a_product(job, bound, least):
    found = limits(SQUARE, [job])
    assert (found.bound, found.least) == (bound, least)
    assert found.macs == job.m * job.n * job.k


def test_padding_of_weights_is_moved_and_int32_outputs_are_four_bytes():
    found = limits(replace(SQUARE, cols=5, weight_bytes=2, raw_output=True), [Job(4, 6, 3, True)])
    assert found.cycles == {"compute": 72 / 40, "activations": 12 / 16, "weights": 2 * 3 * 3, "outputs": 96 / 16}


def test_jobs_move_their_own_operands():
    once, twice = (limits(SQUARE, [Job(8, 8, 8)] * n) for n in (1, 2))
    assert all(twice.cycles[name] == 2 * once.cycles[name] for name in once.cycles)


@pytest.mark.parametrize("job", [Job(64, 64, 64), Job(1, 784, 128), Job(800, 1, 64), Job(1000, 80, 1), Job(1, 1, 1)])
def test_no_prediction_beats_the_limits(job):
    assert count(SQUARE, [job]).cycles > limits(SQUARE, [job]).least


def test_points_are_at_or_below_the_roof():
    names = ["a<b", "c"]
    points = [Point(name, limits(SQUARE, [job]), count(SQUARE, [job]).cycles)
              for name, job in zip(names, (Job(64, 64, 64), Job(1, 784, 128)), strict=True)]
    root = ET.fromstring(chart("t", SQUARE, points))
    space = "{http://www.w3.org/2000/svg}"
    roof = float(next(line for line in root.iter(f"{space}line") if line.get("stroke") == "#333333").get("y1"))
    circles = list(root.iter(f"{space}circle"))
    assert len(circles) == 2 and all(float(circle.get("cy")) > roof for circle in circles)
    texts = [text.text for text in root.iter(f"{space}text")]
    assert "1  a<b: 97.7% of compute" in texts and "2  c: 99.3% of weights" in texts


def test_points_at_one_place_have_numbers_of_their_own():
    point = Point("same", limits(SQUARE, [Job(64, 64, 64)]), 4191)
    root = ET.fromstring(chart("t", SQUARE, [point] * 5))
    numbers = {text.text: (text.get("x"), text.get("y")) for text in root.iter("{http://www.w3.org/2000/svg}text")
               if text.get("font-size") == "9"}
    assert list(numbers) == ["1", "2", "3", "4", "5"] and len(set(numbers.values())) == 5
