"""The FuseSoC core: what CAPI2 wants, read by a reader of the YAML that is used here."""

import pytest

from gen.block import BLOCKS, PURPOSE, files
from gen.describe import VERSION
from gen.fusesoc import core_file
from gen.tests.toy import ToyEngine
from hdl.config import Config
from hdl.engine_config import EngineConfig


def read(text):
    """Mappings, lists of plain words, `[a, b]` and `{a: b}`; as YAML has them, and nothing else."""
    first, *lines = [line for line in text.splitlines() if line.strip()]
    assert first == "CAPI=2:" and "\t" not in text
    return mapping(lines, 0)


def mapping(lines, indent):
    found = {}
    while lines and indentation(lines[0]) == indent:
        key, _, rest = lines.pop(0).strip().partition(":")
        assert key not in found
        if rest.strip():
            found[key] = scalar(rest.strip())
        elif lines[0].strip().startswith("- "):
            found[key] = []
            while lines and indentation(lines[0]) == indent + 2:
                found[key].append(item(lines.pop(0).strip().removeprefix("- ")))
        else:
            found[key] = mapping(lines, indent + 2)
    return found


def indentation(line):
    return len(line) - len(line.lstrip())


def scalar(word):
    if word.startswith("["):
        return [entry.strip() for entry in word.strip("[]").split(",")]
    return word.strip('"')


def item(word):
    name, _, flags = word.partition(": ")
    return {name: flags} if flags else name


def test_fusesoc_core_of_verilog_alone():
    assert read(core_file("top", "1.2.3", "what it is", ["top.v", "top.json", "top.f"])) == {
        "name": "macaw::top:1.2.3",
        "description": "what it is",
        "filesets": {"rtl": {"files": ["top.v"], "file_type": "verilogSource-2005"}},
        "targets": {"default": {"filesets": ["rtl"], "toplevel": "top"}},
    }


def test_fusesoc_core_with_a_driver_has_it_apart():
    core = read(core_file("top", "1.2.3", "what it is", ["top.v", "top.h", "top.c", "top.md"]))
    assert core["filesets"]["driver"] == {
        "files": [{"top.h": "{is_include_file: true}"}, "top.c"], "file_type": "cSource"}
    assert core["targets"] == {"default": {"filesets": ["rtl"], "toplevel": "top"}, "driver": {"filesets": ["driver"]}}


@pytest.mark.parametrize("block", ["unit", "array", "requant", "cell"])
def test_fusesoc_core_of_a_block_names_its_files(block):
    texts = files(block, Config(rows=2, cols=3), "layer1")
    core = read(texts["layer1.core"])
    assert core["name"] == f"macaw::layer1:{VERSION}" and core["description"] == PURPOSE[block]
    assert core["filesets"] == {"rtl": {"files": ["layer1.v"], "file_type": "verilogSource-2005"}}


def test_fusesoc_core_of_an_engine_brings_headers_and_driver(monkeypatch):
    monkeypatch.setitem(BLOCKS, "engine", ToyEngine)
    texts = files("engine", EngineConfig(rows=2, cols=3))
    core = read(texts["mac_engine_2x3x1.core"])
    named = [name for entry in core["filesets"]["driver"]["files"] for name in ([entry] if isinstance(entry, str)
                                                                                 else entry)]
    assert named == [name for name in texts if name.endswith((".h", ".c"))]
    assert set(named) | set(core["filesets"]["rtl"]["files"]) <= texts.keys()
