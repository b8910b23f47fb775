"""What is mutated: configurations of blocks, the tests that must find their mutants, and how the others are judged."""

from dataclasses import dataclass
from typing import Any

from tb.mutation.equivalence import Frame
from tb.mutation.kill import Round

__all__ = ["TARGETS", "Target"]


@dataclass(frozen=True, kw_only=True)
class Target:
    """One configuration of a block.

    Parameters
    ----------
    block
        Name of the row in the report.
    emitted, parameters
        What is emitted: see `tb.run.generate`.
    rounds
        Tests: those that all mutants are tried with, and then those for what neither they found nor a proof.
    modules
        Regular expression of the modules that are changed.
    frames
        What a mutant is judged within, one after the other until it is proved equivalent.
    """

    block: str
    emitted: str
    parameters: dict[str, Any]
    rounds: tuple[Round, ...]
    modules: str = ".*"
    frames: tuple[Frame, ...] = (Frame(),)

    @property
    def name(self) -> str:
        """For people."""
        return " ".join([self.block, *(f"{key}={value}" for key, value in self.parameters.items())])


REQUANT = (Round(tests=("sim_requant",), case={"vectors": 400}), Round(tests=("sim_requant",), case={}))
CELL = (Round(tests=("sim_cell.sums_of_random_operands_match_in_every_cycle",)), Round(tests=("sim_cell",)))
ARRAY = (Round(tests=("sim_array.random_tiles_match_in_every_cycle",)), Round(tests=("sim_array",)))
UNITS = (Round(tests=("sim_unit.products_match_whatever_pauses",)), Round(tests=("sim_unit", "sim_misuse")))
ENGINES = (
    Round(tests=("sim_engine_random",), case={"gemms": 12, "budget": 60}),
    Round(tests=("sim_engine_registers", "sim_engine_cancel", "sim_engine_errors")),
    Round(tests=("sim_engine_random", "sim_engine"), case={"gemms": 60}))
REGISTERS = (Round(tests=tuple(f"sim_registers.{name}" for name in (
    "each_command_is_one_pulse", "flags_stay_until_one_is_written_and_setting_wins",
    "what_is_no_register_or_read_only_is_refused_and_changes_nothing", "counters_count_what_is_enabled",
    "every_register_has_its_value_after_reset_and_its_bits"))), Round(tests=("sim_registers",)))
FIXED = ("shift >= 2 && shift <= 62", "!multiplier[31]")
FLOAT = ("!multiplier[31]", "multiplier[30:23] != 8'hff")

# Modules of a unit that are blocks of their own, or within one.
INNER = "mac_(array|row|cell|requant|multiply|fixed_round|float_from_int|float_round)"
UNIT = f"{INNER}|mac_(admission|buffer_outputs|channels|collect_outputs|datapath|gather|lane)"
ENGINE = {"rows": 2, "cols": 2, "modes": "SINGLE", "raw_output": True, "k_max": 24, "n_max": 16, "weight_beats": 64,
          "act_bytes": 4, "weight_bytes": 2, "out_bytes": 4}

TARGETS = (
    Target(block="cell", emitted="cell", parameters={"rows": 1, "cols": 1}, rounds=CELL),
    Target(block="cell", emitted="cell", parameters={"rows": 1, "cols": 1, "depth": 2, "zero_points": "subtract"},
           rounds=CELL),
    Target(block="requant", emitted="requant", parameters={"modes": "SINGLE"}, rounds=REQUANT,
           frames=(Frame(steps=8), Frame(module="mac_requant", assume=FIXED, steps=12))),
    Target(block="requant", emitted="requant", parameters={"modes": "F32"}, rounds=REQUANT,
           frames=(Frame(steps=8), Frame(module="mac_requant", assume=FLOAT, steps=18))),
    Target(block="array", emitted="array", parameters={"rows": 3, "cols": 2}, rounds=ARRAY),
    Target(block="array", emitted="array", parameters={"rows": 2, "cols": 3, "depth": 2, "fanout": 2}, rounds=ARRAY),
    Target(block="unit", emitted="unit", parameters={
        "rows": 2, "cols": 2, "requant_lanes": 1, "modes": "SINGLE", "raw_output": True, "zero_points": "subtract"},
           modules=f"(?!({INNER})$).*", rounds=UNITS),
    Target(block="engine", emitted="engine", parameters=ENGINE, rounds=ENGINES,
           modules=f"(?!({UNIT}|mac_registers.*)$).*"),
    Target(block="registers", emitted="registers", parameters=ENGINE, rounds=REGISTERS),
)
