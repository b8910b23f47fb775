"""The text of the Python driver: what it needs on the user's machine. What it does is tested in tb/test_driver*.py."""

import ast
import sys
from pathlib import Path

import pytest

DRIVER = Path(__file__).resolve().parents[1] / "driver" / "mac_engine.py"


@pytest.fixture(scope="module")
def tree():
    return ast.parse(DRIVER.read_text(encoding="ascii"), feature_version=(3, 9))


def test_nothing_but_numpy_and_the_standard_library_is_imported(tree):
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            modules.add(node.module.partition(".")[0])
    assert modules - sys.stdlib_module_names == {"numpy"}


def test_nothing_newer_than_python_3_9_is_used(tree):
    # Types such as `int | None` are read by nobody with this import.
    first = next(node for node in tree.body if isinstance(node, ast.ImportFrom))
    assert (first.module, first.names[0].name) == ("__future__", "annotations")
    for node in ast.walk(tree):
        assert not isinstance(node, (ast.Match, ast.TryStar))
        for keyword in getattr(node, "keywords", []):
            assert keyword.arg not in ("strict", "slots", "kw_only"), f"line {keyword.lineno}"
