"""Whatever the generator is asked for: a legal result, or one clear error and no file."""

import contextlib
import dataclasses
import io
import json
import re
import subprocess
import tempfile
from pathlib import Path

from hypothesis import strategies as st

from gen.__main__ import main
from gen.block import BLOCKS, ConfigError, files, parameters
from gen.options import ENGINE_BLOCKS, configuration, kind_of
from gen.presets import PRESETS
from tb.fuzzing import clear, fuzz, refusal
from tb.hostile import json_values, texts, values
from tb.random_configurations import random_parameters

NAMES = [field.name for field in dataclasses.fields(kind_of("engine"))]
PLAUSIBLE = st.one_of(
    st.integers(-1, 70), st.integers(0, 70).map(str), st.booleans(), st.none(),
    st.sampled_from(["F32", "none", "single, double", "FOLD", "subtract", "ecp5", "gowin", ["F32", "FBGEMM"], [], (),
                     "F32,F32"]))
RIGHT = dict.fromkeys(NAMES, st.sampled_from([8, 4, 2, "4", " 2"])) | {
    "acc_width": st.integers(20, 32), "zero_points": st.sampled_from(["fold", "SUBTRACT"]), "raw_output": st.booleans(),
    "modes": st.sampled_from(["F32", "single, double", ["F32", "FBGEMM"]]),
    "multiplier": st.sampled_from(["ecp5", "gowin", "ecp5_carry"])}


def given_parameters(hostile):
    """Up to three parameters, right more often than not; now and then one with another name."""
    named = st.lists(st.sampled_from(NAMES), max_size=3, unique=True).flatmap(lambda names: st.fixed_dictionaries(
        {name: st.one_of(*[RIGHT[name]] * 4, PLAUSIBLE, hostile) for name in names}))
    return st.one_of(*[named] * 7, st.dictionaries(texts, hostile, max_size=2))


@fuzz(300, given=given_parameters(values), preset=st.one_of(*[st.sampled_from(list(PRESETS))] * 9, values),
      block=st.one_of(*[st.sampled_from(list(BLOCKS))] * 9, values))
def test_configuration_is_legal_or_one_clear_error(given, preset, block):
    config = refusal(ConfigError, lambda: configuration(given, preset, block))
    if config is not None:
        assert isinstance(config, kind_of(block))
        described = json.loads(json.dumps(parameters(config)))
        assert configuration(described, block=block) == config


@fuzz(200, given=given_parameters(json_values), block=st.sampled_from(list(BLOCKS)))
def test_parameters_from_json_are_legal_or_one_clear_error(given, block):
    given = json.loads(json.dumps(given))
    config = refusal(ConfigError, lambda: configuration(given, block=block))
    assert config is None or configuration(parameters(config), block=block) == config


def words(names):
    option = st.tuples(st.sampled_from(names).map(lambda name: f"--{name.replace('_', '-')}"), st.one_of(
        texts, st.integers(-2, 70).map(str), st.sampled_from(["F32", "subtract", "none", "tiny", "litert"])))
    return st.lists(st.one_of(option, st.tuples(texts)), max_size=3).map(
        lambda pairs: [word for pair in pairs for word in pair])


@fuzz(150, words=words([*NAMES, "preset", "framework", "name", "block"]), block=st.sampled_from(["cell", "requant"]))
def test_command_writes_all_files_or_says_one_line_and_writes_none(words, block):
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory) / "out"
        said, error = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(error):
            try:
                code = main(["--block", block, "--out", str(out), *words])
            except SystemExit as left:
                code = left.code
        if code == 0 and not out.exists():      # --help, or another --out
            assert any(word.startswith(("-h", "--h", "--o")) for word in words)
        elif code == 0:
            assert error.getvalue() == ""
            assert any(path.suffix == ".v" for path in out.iterdir())
        else:
            assert (code, said.getvalue()) == (2, "")
            assert re.fullmatch(r"gen: .+\n", error.getvalue()), error.getvalue()
            assert not out.exists()


def reads(verilog, name):
    """Let Icarus read `verilog` with all warnings on."""
    with tempfile.NamedTemporaryFile("w", suffix=".v") as file:
        file.write(verilog)
        file.flush()
        done = subprocess.run(["iverilog", "-tnull", "-Wall", "-g2005", "-s", name, file.name],
                              capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@fuzz(8, block=st.sampled_from(list(BLOCKS)), rng=st.randoms(use_true_random=False))
def test_verilog_of_every_legal_configuration_is_read_without_a_warning(block, rng):
    given = random_parameters(rng, block)
    (name, verilog), *_ = files(block, configuration(given, block=block)).items()
    reads(verilog, name.removesuffix(".v"))


@fuzz(20, block=st.sampled_from(["cell", "cell", "requant"]), name=st.one_of(
    texts, st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True),
    st.sampled_from(["module", "cell", "reg", "mac", "mac_cell", "mac_requant", "macaw_top", "a" * 300])))
def test_name_is_that_of_the_top_module_or_refused(block, name):
    texts = refusal(ConfigError, lambda: files(block, configuration({}, block=block), name))
    if texts is not None:
        assert next(iter(texts)) == f"{name}.v"
        reads(texts[f"{name}.v"], name)


def test_a_clear_error_is_told_from_others():
    assert clear(ValueError("x must be 1, not 2")) == "x must be 1, not 2"
    for message in ("x is bad", "x must be\n1", ""):
        try:
            clear(ValueError(message))
        except AssertionError:
            continue
        raise RuntimeError(f"{message!r} passes for a clear error")


def test_blocks_of_engines_are_known():
    assert {"engine", "core"} < set(ENGINE_BLOCKS)
