"""Blocks that power up unknown or at random: reset alone, or new data, makes everything right."""

import re

import pytest

from tb import power_up
from tb.engine_configurations import CONFIGURATIONS as ENGINES
from tb.run import SimulationError, generate, simulate
from tb.test_unit import CONFIGURATIONS as UNITS

# Block, parameters, and simulator sides with the number of their tests.
CASES = {
    "cell": ("cell", {"rows": 1, "cols": 1, "act_width": 4, "weight_width": 4}, {"sim_cell": 2}),
    "array": ("array", {"rows": 3, "cols": 5}, {"sim_array": 4}),
    "array-fanout": ("array", {"rows": 2, "cols": 3, "depth": 3, "fanout": 1}, {"sim_array": 4}),
    "requant": ("requant", {"modes": "F32,DOUBLE,FBGEMM"}, {"sim_requant": 1}),
    "unit": ("unit", UNITS["subtract-shared"], {"sim_unit": 10, "sim_misuse": 1}),
    "unit-raw": ("unit", UNITS["4x4x1"], {"sim_unit": 10}),
    "core": ("core", ENGINES["3x5x1"], {"sim_core": 2}),
    "engine": ("engine", ENGINES["1x1x1"], {"sim_engine_random": 1, "sim_engine_cancel": 5}),
    "engine-subtract": ("engine", ENGINES["subtract-shared"], {"sim_engine_random": 1}),
}
# Blocks without reset: what they hold is replaced by what comes, and their benches look at every output from then on.
NO_RESET = ("cell", "requant")
SEEDS = (1, 2)


def changed(directory, name, change):
    """The block of case `name`, its Verilog changed."""
    block, parameters, _ = CASES[name]
    generated = generate(block, directory, **parameters)
    generated.verilog.write_text(change(generated.verilog.read_text()))
    return generated


def run(generated, name, tmp_path, monkeypatch):
    """Run the tests of the case; their coverage does not count."""
    block, _, modules = CASES[name]
    if block in ("core", "engine"):
        # Bytes that a packet does not keep are unknown, and these benches read whole words; the watch tells them apart.
        monkeypatch.setenv("COCOTB_RESOLVE_X", "zeros")
    beside = {} if block in NO_RESET else {"watch": power_up.watch(generated.description())}
    for module, count in modules.items():
        passed = simulate(generated, module, beside=beside, watch="ports", gemms=30, random=300, vectors=300,
                          rounds="few", coverage=tmp_path / "coverage.json")
        assert len(passed) == count


@pytest.mark.parametrize("name", CASES)
def test_reset_leaves_nothing_unknown(directory, tmp_path, monkeypatch, name):
    run(changed(directory, name, power_up.unknown), name, tmp_path, monkeypatch)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["cell", "array", "requant", "unit", "core", "engine"])
def test_results_do_not_depend_on_the_state_at_power_up(directory, tmp_path, monkeypatch, name, seed):
    run(changed(directory, name, lambda text: power_up.random(text, seed)), name, tmp_path, monkeypatch)


@pytest.mark.parametrize(("name", "register"), [
    ("unit-raw", "waiting"), ("array", "last_line"), ("core", "o__valid"), ("engine", "bvalid")])
def test_watch_finds_a_register_that_reset_forgets(directory, tmp_path, monkeypatch, name, register):
    generated = changed(directory, name, lambda text: without_reset(power_up.unknown(text), register))
    # The array's bench looks at every column itself, before the watch does.
    with pytest.raises(SimulationError, match=r"UNKNOWN \S+, \d+ cycles after reset|contains non-0/1 values"):
        run(generated, name, tmp_path, monkeypatch)


def without_reset(verilog, register):
    """`verilog` in which the first register of that name is not reset any more."""
    (assigned,) = re.findall(rf"^    {register} <= (\w+);", verilog, re.MULTILINE)[:1]
    module = next(text for text in verilog.split("endmodule") if f"    {register} <= {assigned};" in text)
    broken, count = re.subn(rf"(assign {assigned} = )rst \? \S+ : ", r"\1", module)
    assert count == 1, (register, assigned)
    return verilog.replace(module, broken)


def test_text_that_is_not_understood_is_refused():
    for text in ("  reg [7:0] a = 8'sd3;\n", "  initial\n    a = 1;\n", "  reg a = b;\n"):
        with pytest.raises(ValueError, match="emitted text must be understood"):
            power_up.unknown(text)
    with pytest.raises(ValueError, match="emitted text must be understood"):
        power_up.random("\n  reg [7:0] a = 8'sd3;\n", 1)
