"""The text of the Python drivers: what they need on the user's machine. What they do is tested in tb."""

import ast
import sys
from pathlib import Path

import pytest

DRIVERS = Path(__file__).resolve().parents[1] / "driver"
# What each needs beside the standard library.
NEEDS = {
    "mac_engine.py": {"numpy"},
    "mac_uart.py": {"numpy", "mac_engine", "serial"},
    "mac_engine_litex.py": {"litex", "migen"},
}


@pytest.fixture(scope="module", params=NEEDS)
def driver(request):
    return request.param


@pytest.fixture(scope="module")
def tree(driver):
    return ast.parse((DRIVERS / driver).read_text(encoding="ascii"), feature_version=(3, 9))


def test_nothing_but_what_is_known_and_the_standard_library_is_imported(driver, tree):
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            modules.add(node.module.partition(".")[0])
    assert modules - sys.stdlib_module_names == NEEDS[driver]


def test_nothing_newer_than_python_3_9_is_used(tree):
    # Types such as `int | None` are read by nobody with this import.
    first = next(node for node in tree.body if isinstance(node, ast.ImportFrom))
    assert (first.module, first.names[0].name) == ("__future__", "annotations")
    for node in ast.walk(tree):
        assert not isinstance(node, (ast.Match, ast.TryStar))
        for keyword in getattr(node, "keywords", []):
            assert keyword.arg not in ("strict", "slots", "kw_only"), f"line {keyword.lineno}"
