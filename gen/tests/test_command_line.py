"""``python -m gen`` as a user calls it: files, exit codes, refusals in one line, the same bytes everywhere."""

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gen.block import BLOCKS
from gen.presets import PRESETS
from hdl.engine_config import EngineConfig

ROOT = Path(__file__).resolve().parent.parent.parent


def gen(*words, root=ROOT, **environment):
    """Run the generator of the checkout in `root`."""
    return subprocess.run([sys.executable, "-m", "gen", *map(str, words)], cwd=root, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(root), **environment})


def refusal(*words):
    """The one line on stderr of a call that is refused."""
    done = gen(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"gen: [^\n]+\n", done.stderr), done.stderr
    return done.stderr.removeprefix("gen: ").removesuffix("\n")


# Refusals ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("words", "message"), [
    (["--rows", 0], "rows must be an integer from 1 to 64, not 0"),
    (["--acc-width", 12, "--k-max", 4096],
     "acc_width must hold at least one wave of depth 1 with operands of 8 and 8 bits "
     "(a sum of 0 products fits), not be 12"),
    (["--requant-lanes", 3, "--cols", 8], "requant_lanes must divide cols (8), not be 3"),
    (["--cols", "many"], "cols must be an integer, not 'many'"),
    (["--preset", "circle"], f"preset must be one of {', '.join(PRESETS)}, not 'circle'"),
    (["--block", "motor"], f"block must be one of {', '.join(BLOCKS)}, not 'motor'"),
    (["--n-max", 64], "n_max must be given for blocks engine and core only, not for 'unit'"),
    (["--block", "cell", "--out-bytes", 4], "out_bytes must be given for blocks engine and core only, not for 'cell'"),
    (["--block", "requant", "--modes", "none", "--raw-output"], "modes must not be empty for block requant"),
    (["--lanes", 2], "unrecognized arguments: --lanes 2"),
    (["two\nlines"], "unrecognized arguments: two lines"),
    (["--rows"], "argument --rows: expected one argument"),
], ids=lambda value: "" if isinstance(value, str) else " ".join(map(str, value)))
def test_command_refuses_in_one_line_and_writes_nothing(tmp_path, words, message):
    out = tmp_path / "out"
    assert refusal("--out", out, *words) == message
    assert not out.exists()


def test_command_refuses_a_directory_below_a_file(tmp_path):
    (tmp_path / "file").write_text("mine\n")
    out = tmp_path / "file" / "out"
    assert refusal("--rows", 1, "--cols", 1, "--out", out) == (
        f"out must be a directory that can be written, not {out} (Not a directory)")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# Results ----------------------------------------------------------------------------------------------------------

def test_command_explains_every_parameter_and_preset():
    done = gen("--help", COLUMNS="200")
    assert (done.returncode, done.stderr) == (0, "")
    options = [f"--{field.name.replace('_', '-')}" for field in dataclasses.fields(EngineConfig)]
    assert all(option in done.stdout for option in [*options, "--preset", "--block", "--out"])
    assert all(f"{name}: {purpose}" in " ".join(done.stdout.split()) for name, (purpose, _) in PRESETS.items())


def test_command_writes_a_refined_preset_and_says_what_changed(tmp_path):
    words = ["--preset", "lean", "--cols", 4, "--rows", 2, "--out", tmp_path]
    paths = [tmp_path / f"mac_unit_2x4x1.{suffix}" for suffix in ("v", "json", "f", "core")]
    done = gen(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "".join(f"{path} (written)\n" for path in paths)
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    config = json.loads(paths[1].read_text())["config"]
    assert (config["rows"], config["cols"], config["modes"], config["requant_lanes"]) == (2, 4, ["DOUBLE"], 2)
    paths[2].write_text("edited\n")
    done = gen(*words)
    states = ("unchanged", "unchanged", "written", "unchanged")
    assert done.stdout == "".join(f"{path} ({state})\n" for path, state in zip(paths, states, strict=True))


@pytest.fixture(scope="module")
def checkouts(tmp_path_factory):
    """Files of a large configuration from this checkout, and from a copy elsewhere with other hashes."""
    copy = tmp_path_factory.mktemp("elsewhere") / "a copy"
    for package in ("gen", "golden", "hdl"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__", "tests", "data"))
    results = []
    for index, (root, seed) in enumerate([(ROOT, "1"), (ROOT, "2"), (copy, "3")]):
        out = tmp_path_factory.mktemp(f"out{index}")
        done = gen("--preset", "universal", "--rows", 3, "--cols", 6, "--requant-lanes", 2, "--out", out,
                   root=root, PYTHONHASHSEED=seed)
        assert (done.returncode, done.stderr) == (0, "")
        results.append((root, out, {path.name: path.read_bytes() for path in out.iterdir()}))
    return results


def test_command_writes_the_same_bytes_in_every_process_and_checkout(checkouts):
    first, *others = (texts for _, _, texts in checkouts)
    assert sorted(first) == [f"mac_unit_3x6x1.{suffix}" for suffix in ("core", "f", "json", "v")]
    assert all(texts == first for texts in others)


def test_command_writes_no_path(checkouts):
    for root, out, texts in checkouts:
        for name, content in texts.items():
            text = content.decode()
            places = [str(root), str(out), str(Path.home()), sys.prefix]
            assert not [place for place in places if len(place) > 1 and place in text], name
            # Slashes come in pairs: comments.
            assert not re.search(r"(?<!/)/(?!/)|\\\\", text), name
