"""Options: one for each parameter, texts to values, presets refined."""

import argparse
import dataclasses

import pytest

from gen.options import ENGINE_BLOCKS, HELP, add_options, config_from, configuration
from gen.presets import PRESETS
from hdl.config import Config, ConfigError, Mode, ZeroPoints
from hdl.engine_config import EngineConfig

NAMES = ", ".join(mode.name for mode in Mode)
FIELDS = [field.name for field in dataclasses.fields(Config)]
ENGINE_FIELDS = [field.name for field in dataclasses.fields(EngineConfig)]
ONLY_ENGINE = ENGINE_FIELDS[len(FIELDS):]


def parse(*words, block="unit"):
    parser = argparse.ArgumentParser()
    add_options(parser)
    return config_from(parser.parse_args(words), block)


def refusal(given, preset="square", block="unit"):
    with pytest.raises(ConfigError) as caught:
        configuration(given, preset, block)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


def test_options_are_a_preset_a_framework_and_the_parameters():
    parser = argparse.ArgumentParser(add_help=False)
    add_options(parser)
    options = [action.option_strings for action in parser._actions]
    assert options == [["--preset"], ["--framework"], *([f"--{name.replace('_', '-')}"] for name in ENGINE_FIELDS)]
    assert list(HELP) == ENGINE_FIELDS and all(action.help for action in parser._actions)


def test_options_left_out_give_the_default_configuration():
    assert parse() == Config() == configuration({})


@pytest.mark.parametrize(("words", "given"), [
    (["--rows", "3"], {"rows": 3}),
    (["--cols", "5"], {"cols": 5}),
    (["--depth", "7"], {"depth": 7}),
    (["--act-width", "4"], {"act_width": 4}),
    (["--weight-width", "3"], {"weight_width": 3}),
    (["--acc-width", "24"], {"acc_width": 24}),
    (["--k-max", "512"], {"k_max": 512}),
    (["--zero-points", "subtract"], {"zero_points": ZeroPoints.SUBTRACT}),
    (["--zero-points", "FOLD"], {"zero_points": ZeroPoints.FOLD}),
    (["--modes", "double_up, f32"], {"modes": (Mode.F32, Mode.DOUBLE_UP)}),
    (["--modes", "None", "--raw-output"], {"modes": (), "raw_output": True}),
    (["--requant-lanes", "4"], {"requant_lanes": 4}),
    (["--raw-output"], {"raw_output": True}),
], ids=str)
def test_option_sets_its_parameter(words, given):
    assert parse(*words) == Config(**given) != Config() or words == ["--zero-points", "FOLD"]


@pytest.mark.parametrize("block", ENGINE_BLOCKS)
@pytest.mark.parametrize(("words", "given"), [
    ([], {}),
    (["--n-max", "64"], {"n_max": 64}),
    (["--weight-beats", "9"], {"weight_beats": 9}),
    (["--act-bytes", "4"], {"act_bytes": 4}),
    (["--weight-bytes", "2"], {"weight_bytes": 2}),
    (["--out-bytes", "128", "--depth", "4"], {"out_bytes": 128, "depth": 4}),
], ids=str)
def test_option_of_an_engine_sets_its_parameter(block, words, given):
    assert parse(*words, block=block) == EngineConfig(**given) == configuration(given, block=block)


def test_options_refine_a_preset_of_an_engine():
    assert parse("--preset", "dot", "--n-max", "64", block="engine") == EngineConfig(rows=4, cols=4, depth=4, n_max=64)


@pytest.mark.parametrize("name", ONLY_ENGINE)
@pytest.mark.parametrize("block", ["unit", "array", "requant", "cell"])
def test_option_of_an_engine_is_refused_for_another_block(block, name):
    message = f"{name} must be given for blocks engine and core only, not for {block!r}"
    assert refusal({name: 4}, block=block) == message
    with pytest.raises(ConfigError) as caught:
        parse(f"--{name.replace('_', '-')}", "4", block=block)
    assert str(caught.value) == message


@pytest.mark.parametrize(("given", "message"), [
    ({"depth": "3"}, "depth must be a power of two for an engine, not 3"),
    ({"n_max": "0"}, "n_max must be an integer from 1 to 65536, not 0"),
    ({"act_bytes": "many"}, "act_bytes must be an integer, not 'many'"),
    ({"row": 8}, f"parameters must be among {', '.join(sorted(ENGINE_FIELDS))}, not 'row'"),
], ids=str)
def test_configuration_of_an_engine_refuses_what_is_no_value(given, message):
    assert refusal(given, block="engine") == message


def test_options_refine_a_preset_and_leave_the_rest_of_it():
    assert parse("--preset", "dot", "--cols", "6") == Config(rows=4, cols=6, depth=4)
    assert parse("--preset", "lean", "--modes", "F32") == Config(requant_lanes=2)


def test_options_take_the_mode_of_a_framework():
    assert parse("--framework", "onnxruntime") == Config(modes=(Mode.F32,))
    assert parse("--framework", "tflite-micro", "--rows", "3") == Config(rows=3, modes=(Mode.DOUBLE,))


@pytest.mark.parametrize(("words", "message"), [
    (["--framework", "onnxruntime", "--modes", "F32"],
     "modes must not be given beside framework 'onnxruntime', which decides them"),
    (["--framework", "abacus"], "framework must be "),
], ids=["with-modes", "unknown"])
def test_options_refuse_a_framework_that_decides_nothing(words, message):
    with pytest.raises(ConfigError) as caught:
        parse(*words)
    assert str(caught.value).startswith(message) and len(str(caught.value).splitlines()) == 1


def test_configuration_takes_values_as_in_a_description():
    given = {"rows": 2, "modes": ["DOUBLE", "F32"], "zero_points": "FOLD", "raw_output": False, "k_max": None}
    assert configuration(given) == Config(rows=2, modes=(Mode.F32, Mode.DOUBLE))


@pytest.mark.parametrize(("given", "message"), [
    ({"modes": 5}, "modes must be a list of names, not 5"),
    ({"rows": "eight"}, "rows must be an integer, not 'eight'"),
    ({"rows": "8.0"}, "rows must be an integer, not '8.0'"),
    ({"rows": ""}, "rows must be an integer, not ''"),
    ({"rows": "0"}, "rows must be an integer from 1 to 64, not 0"),
    ({"rows": 8.0}, "rows must be an integer from 1 to 64, not 8.0"),
    ({"modes": "F32,DOUBEL"}, f"modes must be among {NAMES}, not 'DOUBEL'"),
    ({"modes": ""}, f"modes must be among {NAMES}, not ''"),
    ({"modes": ["F32", 1]}, f"modes must be among {NAMES}, not 1"),
    ({"modes": "none"}, "modes must not be empty unless raw_output is set: nothing would leave the unit"),
    ({"modes": "F32,F32"}, "modes must be distinct, not ['F32', 'F32']"),
    ({"zero_points": "keep"}, "zero_points must be among FOLD, SUBTRACT, not 'keep'"),
    ({"zero_points": 0}, "zero_points must be among FOLD, SUBTRACT, not 0"),
    ({"raw_output": "yes"}, "raw_output must be True or False, not 'yes'"),
    ({"row": 8}, f"parameters must be among {', '.join(sorted(FIELDS))}, not 'row'"),
], ids=str)
def test_configuration_refuses_what_is_no_value(given, message):
    assert refusal(given) == message


def test_configuration_refuses_an_unknown_preset():
    for preset in ("circle", ["tiny"], None):
        assert refusal({}, preset) == f"preset must be one of {', '.join(PRESETS)}, not {preset!r}"
