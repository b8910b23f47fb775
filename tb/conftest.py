"""Fixtures of the hardware tests: a directory and a coverage file for each."""

import re
import shutil

import pytest

from tb.run import BUILD


@pytest.fixture
def directory(request):
    """An empty directory that is kept after the test, so that its Verilog and waves can be looked at."""
    path = BUILD / "tb" / _slug(request)
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


@pytest.fixture
def coverage(request):
    """Path of the coverage counts of this test, not there yet."""
    path = BUILD / "coverage" / f"{_slug(request)}.json"
    path.unlink(missing_ok=True)
    return path


def _slug(request) -> str:
    return re.sub(r"[^A-Za-z0-9=,.-]+", "_", request.node.name)
