"""The configuration: what it refuses, in which words, and the numbers that follow from it."""

import dataclasses
import itertools

import pytest

from hdl.config import Config, ConfigError, Mode, ZeroPoints

RANGES = {
    "rows": (1, 64), "cols": (1, 64), "depth": (1, 64),
    "act_width": (2, 8), "weight_width": (2, 8), "acc_width": (4, 32),
}


def refusal(**parameters):
    """What `Config` says about bad `parameters`."""
    with pytest.raises(ConfigError) as caught:
        Config(**parameters)
    return str(caught.value)


# Refused ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("wrong", ["below", "above", -1, True, 4.0, "8", None, (8,)], ids=str)
def test_config_refuses_what_is_no_integer_in_range(name, wrong):
    low, high = RANGES[name]
    value = {"below": low - 1, "above": high + 1}.get(wrong, wrong)
    assert refusal(**{name: value}) == f"{name} must be an integer from {low} to {high}, not {value!r}"


@pytest.mark.parametrize("value", [0, -2, 7, True, 2.0, "2"])
def test_config_refuses_requant_lanes_that_are_no_integer_up_to_cols(value):
    assert refusal(cols=6, requant_lanes=value) == f"requant_lanes must be an integer from 1 to 6, not {value!r}"


@pytest.mark.parametrize(("cols", "lanes"), [(8, 3), (8, 5), (8, 6), (8, 7), (3, 2), (64, 33)])
def test_config_refuses_requant_lanes_that_do_not_divide_cols(cols, lanes):
    assert refusal(cols=cols, requant_lanes=lanes) == f"requant_lanes must divide cols ({cols}), not be {lanes}"


@pytest.mark.parametrize(("parameters", "bound"), [
    ({}, 131071),
    ({"zero_points": ZeroPoints.SUBTRACT}, 33025),
    ({"acc_width": 20}, 31),
    ({"act_width": 2, "weight_width": 2, "acc_width": 4}, 1),
])
def test_config_refuses_k_max_beyond_the_bound_of_the_accumulator(parameters, bound):
    width = parameters.get("acc_width", 32)
    assert Config(**parameters, k_max=bound).k_max == bound
    for k_max in (bound + 1, 0, -1, True, 1.0, "1"):
        assert refusal(**parameters, k_max=k_max) == (
            f"k_max must be an integer from 1 to {bound} (the sum must fit acc_width {width}), not {k_max!r}")


@pytest.mark.parametrize(("parameters", "narrowest", "sentence"), [
    ({}, 16, "one wave of depth 1 with operands of 8 and 8 bits (a sum of 0 products fits)"),
    ({"depth": 4}, 18, "one wave of depth 4 with operands of 8 and 8 bits (a sum of 3 products fits)"),
    ({"zero_points": ZeroPoints.SUBTRACT}, 17, "one wave of depth 1 with operands of 9 and 9 bits "
                                               "(a sum of 0 products fits)"),
    ({"act_width": 4, "weight_width": 3}, 7, "one wave of depth 1 with operands of 4 and 3 bits "
                                             "(a sum of 0 products fits)"),
])
def test_config_refuses_an_accumulator_that_holds_no_wave(parameters, narrowest, sentence):
    assert Config(**parameters, acc_width=narrowest).acc_width == narrowest
    message = refusal(**parameters, acc_width=narrowest - 1)
    assert message == f"acc_width must hold at least {sentence}, not be {narrowest - 1}"


def test_config_names_the_accumulator_before_a_k_max_that_cannot_fit_it():
    assert refusal(acc_width=12, k_max=4096).startswith("acc_width must hold at least one wave")


@pytest.mark.parametrize(("parameters", "message"), [
    ({"zero_points": 0}, "zero_points must be a ZeroPoints, not 0"),
    ({"zero_points": "fold"}, "zero_points must be a ZeroPoints, not 'fold'"),
    ({"zero_points": None}, "zero_points must be a ZeroPoints, not None"),
    ({"zero_points": Mode.F32}, "zero_points must be a ZeroPoints, not <Mode.F32: 0>"),
    ({"raw_output": 1}, "raw_output must be True or False, not 1"),
    ({"raw_output": "yes"}, "raw_output must be True or False, not 'yes'"),
    ({"raw_output": None}, "raw_output must be True or False, not None"),
    ({"modes": Mode.F32}, "modes must be a tuple of Mode, not <Mode.F32: 0>"),
    ({"modes": [Mode.F32]}, "modes must be a tuple of Mode, not [<Mode.F32: 0>]"),
    ({"modes": ("F32",)}, "modes must be a tuple of Mode, not ('F32',)"),
    ({"modes": (Mode.F32, 2)}, "modes must be a tuple of Mode, not (<Mode.F32: 0>, 2)"),
    ({"modes": None}, "modes must be a tuple of Mode, not None"),
    ({"modes": (Mode.DOUBLE, Mode.F32, Mode.DOUBLE)},
     "modes must be distinct, not ['DOUBLE', 'F32', 'DOUBLE']"),
    ({"modes": ()}, "modes must not be empty unless raw_output is set: nothing would leave the unit"),
], ids=lambda value: "" if isinstance(value, str) else str(value))
def test_config_refuses_what_is_no_choice(parameters, message):
    assert refusal(**parameters) == message


def test_config_refusals_are_one_line_and_end_with_what_was_given():
    for name, value in itertools.product(RANGES, (0, 65, "1\n2")):
        message = refusal(**{name: value})
        assert len(message.splitlines()) == 1 and message.endswith(f"not {value!r}")


def test_config_takes_both_ends_of_every_range():
    for name, (low, high) in RANGES.items():
        for value in (low, high):
            config = Config(**{"act_width": 2, "weight_width": 2} | {name: value})
            assert getattr(config, name) == value


def test_config_takes_parameters_by_keyword_only_and_stays_as_it_is():
    config = Config()
    with pytest.raises(TypeError):
        Config(8)
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.rows = 4


# Derived ----------------------------------------------------------------------------------------------------------

def operands(width, subtract):
    """Every value that an operand of `width` bits can have inside the array."""
    signed, unsigned = range(-2**(width - 1), 2**(width - 1)), range(2**width)
    if not subtract:
        return set(signed)
    return {value - zero for kind in (signed, unsigned) for value in kind for zero in kind}


def longest_sum(act_width, weight_width, acc_width, subtract):
    """The longest sum whose extremes an accumulator holds, counted up from 0."""
    a, w = operands(act_width, subtract), operands(weight_width, subtract)
    products = [x * y for x in (min(a), max(a)) for y in (min(w), max(w))]
    k = 0
    while (k + 1) * max(products) < 2**(acc_width - 1) and (k + 1) * min(products) >= -2**(acc_width - 1):
        k += 1
    return k


@pytest.mark.parametrize("zero_points", ZeroPoints)
def test_config_k_bound_is_the_longest_sum_that_cannot_overflow(zero_points):
    subtract = zero_points is ZeroPoints.SUBTRACT
    for act_width, weight_width, acc_width in itertools.product(range(2, 9), range(2, 9), (4, 7, 12, 16, 17, 21)):
        parameters = {"act_width": act_width, "weight_width": weight_width, "acc_width": acc_width}
        k = longest_sum(act_width, weight_width, acc_width, subtract)
        if k:
            assert Config(**parameters, zero_points=zero_points).k_bound == k, parameters
        else:
            assert refusal(**parameters, zero_points=zero_points).startswith("acc_width must hold")


def test_config_k_bound_of_bytes_in_32_bits_is_131071_or_with_subtraction_33025():
    assert Config().k_bound == 131071 == longest_sum(8, 8, 32, False)
    assert Config(zero_points=ZeroPoints.SUBTRACT).k_bound == 33025 == longest_sum(8, 8, 32, True)


@pytest.mark.parametrize("width", range(2, 9))
def test_config_operand_widths_hold_every_operand(width):
    for zero_points, bits in ((ZeroPoints.FOLD, width), (ZeroPoints.SUBTRACT, width + 1)):
        values = operands(width, zero_points is ZeroPoints.SUBTRACT)
        assert min(values) >= -2**(bits - 1) > min(values) * 2 and max(values) < 2**(bits - 1)
        config = Config(act_width=width, weight_width=5, zero_points=zero_points)
        assert (config.a_width, config.w_width) == (bits, 5 + bits - width)
        config = Config(act_width=5, weight_width=width, zero_points=zero_points)
        assert (config.a_width, config.w_width) == (5 + bits - width, bits)


@pytest.mark.parametrize(("rows", "cols", "lanes", "groups", "group_width", "drain_interval"), [
    (8, 8, None, 1, 0, 8),
    (8, 8, 8, 1, 0, 8),
    (8, 8, 2, 4, 2, 32),
    (3, 6, 2, 3, 2, 9),
    (5, 7, 1, 7, 3, 35),
    (1, 1, 1, 1, 0, 1),
    (1, 64, 1, 64, 6, 64),
    (64, 64, 32, 2, 1, 128),
])
def test_config_columns_share_lanes_evenly(rows, cols, lanes, groups, group_width, drain_interval):
    config = Config(rows=rows, cols=cols, requant_lanes=lanes)
    assert config.groups == groups
    assert config.group_width == group_width
    assert config.drain_interval == drain_interval


@pytest.mark.parametrize("modes", [
    chosen for count in range(1, len(Mode) + 1) for chosen in itertools.combinations(Mode, count)
], ids=lambda modes: "-".join(mode.name for mode in modes))
def test_config_mode_port_and_fixed_modes_follow_from_the_modes(modes):
    config = Config(modes=modes)
    assert config.selectable == (len(modes) > 1)
    assert config.fixed_modes == tuple(mode for mode in modes if mode.name in ("SINGLE", "DOUBLE", "DOUBLE_UP"))


def test_config_name_is_rows_cols_depth():
    assert Config(rows=1, cols=12, depth=3).name == "1x12x3"


# Normalized -------------------------------------------------------------------------------------------------------

def test_config_has_one_order_of_modes_whatever_the_callers():
    modes = (Mode.F32, Mode.SINGLE, Mode.DOUBLE, Mode.DOUBLE_UP)
    for order in itertools.permutations(modes):
        config = Config(modes=order)
        assert config.modes == modes
        assert config == Config(modes=modes) and hash(config) == hash(Config(modes=modes))


def test_config_with_defaults_spelled_out_equals_the_default():
    spelled = Config(requant_lanes=8, k_max=131071, modes=(Mode.F32,))
    assert spelled == Config() and (spelled.requant_lanes, spelled.k_max) == (8, 131071)


def test_config_without_modes_needs_raw_output():
    assert Config(modes=(), raw_output=True).modes == ()
