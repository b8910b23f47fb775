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
UNITS = (
    Round(tests=("sim_unit.products_match_whatever_pauses",)),
    Round(tests=("sim_misuse", "sim_unit", "sim_violations")))
ENGINES = (
    Round(tests=("sim_engine_random",), case={"gemms": 12, "budget": 60}),
    # What takes a second or two.
    Round(tests=("sim_bench_engine", "sim_engine_registers", "sim_engine_errors.a_third_job_is_refused_while_two_wait",
                 "sim_engine_errors.data_that_means_nothing_is_flagged_and_the_job_ends",
                 "sim_engine.every_bit_of_the_parameters_decides", "sim_engine.neighbouring_jobs_do_not_mix",
                 "sim_engine.jobs_alone_are_exact_and_offered_before_anyone_is_ready",
                 "sim_engine_packets.each_byte_of_a_beat_must_be_kept",
                 "sim_engine_cancel.nothing_starts_while_jobs_are_cancelled",
                 "sim_engine_cancel.abort_right_after_start_cancels_the_job")),
    Round(tests=("sim_engine_errors", "sim_engine_packets", "sim_engine_cancel", "sim_engine", "sim_engine_random"),
          case={"gemms": 60}))
REGISTERS = (
    Round(tests=(*(f"sim_registers.{name}" for name in (
        "each_command_is_one_pulse", "each_register_is_read_whatever_the_others_hold",
        "flags_stay_until_one_is_written_and_setting_wins",
        "what_is_no_register_or_read_only_is_refused_and_changes_nothing",
        "every_register_has_its_value_after_reset_and_its_bits")), "sim_counters")),
    Round(tests=("sim_registers",)))
FIXED = ("shift >= 2 && shift <= 62", "!multiplier[31]")
FLOAT = ("!multiplier[31]", "multiplier[30:23] != 8'hff")

# Tiles end at least as many cycles apart as an array has rows: none does while rows of another one leave.
SPACED = (Frame(), Frame(only="mac_array_.*", assume=("!(last_line[2] && rows_left != 0)",)))
SPACED_LATER = (Frame(), Frame(only="mac_array_.*", assume=("!(last_line[3] && rows_left != 0)",)))

# Of the parts of a unit of two rows and two groups: a row of a tile waits while the one before is gathered, and all of
# them are before the next tile ends; rows in an output buffer have been claimed.
STORES = ("mac_column_store", "mac_token_store")
CLAIMED = ("claimed_0 <= 16", "claimed_1 <= 16", "!(outputs_popped && claimed_0 == 0)",
           "!(accumulators_popped && claimed_1 == 0)")
PARTS = (
    # What is stored is only what comes with `valid`.
    Frame(only="mac_gather", inside=STORES, assume=("waiting <= 1",)),
    Frame(only="mac_buffer_.*", assume=("waiting <= 15", "!(i__valid && !read__en && waiting == 15)")),
    Frame(only="mac_datapath", inside=("mac_gather", *STORES), assume=CLAIMED),
    Frame(only="(?!mac_(gather|buffer_.*|datapath)$).*"),
)

# Of the parts of an engine: those of which something is known, and the others.
STAGES = (
    Frame(only="mac_(?!pipeline_issue).*_turn", assume=(
        "waiting != 3", "!(done && waiting == 0)", "!(issue && waiting == 2 && !done)")),
    Frame(only="mac_.*_gate", assume=("packets != 3", "!(issue && packets == 2)")),
    # What the packer offers has a byte or more.
    Frame(only="mac_outputs_exit", assume=(
        "packets != 3", "!(issue && packets == 2)", "!(i__valid && !i__payload[32])")),
    # What comes is at most what its job, which was checked, may have: 16 channels in 8 sets, 64 beats of weights.
    Frame(only="mac_channel_memory", assume=("channels <= 15", "rst || !(i__valid && mine[3])")),
    Frame(only="mac_weight_buffer", assume=("rst || !(i__valid && mine[6])",)),
    Frame(only="mac_core", inside=("mac_job_check",)),
    Frame(only="mac_engine_.*", inside=("mac_core", "mac_job_check")),
    # Of a record of channels only some bytes mean anything.
    Frame(only="mac_engine_.*", inside=(
        "mac_core", "mac_job_check", "mac_pipeline", "mac_channels_gate", "mac_channel_memory")),
    Frame(only="mac_(pipeline_issue_turn|(?!.*_(turn|gate|exit)$|channel_memory|weight_buffer|core|engine).*)"),
)

# Modules of a unit that are blocks of their own, or within one.
INNER = "mac_(array|row|cell|requant|multiply|fixed_round|float_from_int|float_round)"
UNIT = f"{INNER}|mac_(admission|buffer_.*|channels|collect_.*|column_store|datapath|gather|lane|token_store)"
ENGINE = {"rows": 4, "cols": 2, "requant_lanes": 1, "modes": "SINGLE", "zero_points": "subtract", "raw_output": True,
          "k_max": 24, "n_max": 16, "weight_beats": 64, "act_bytes": 4, "weight_bytes": 2, "out_bytes": 4}

TARGETS = (
    Target(block="cell", emitted="cell", parameters={"rows": 1, "cols": 1}, rounds=CELL),
    Target(block="cell", emitted="cell", parameters={"rows": 1, "cols": 1, "depth": 2, "zero_points": "subtract"},
           rounds=CELL),
    Target(block="requant", emitted="requant", parameters={"modes": "SINGLE"}, rounds=REQUANT,
           frames=(Frame(steps=8), Frame(module="mac_requant", assume=FIXED, steps=12))),
    Target(block="requant", emitted="requant", parameters={"modes": "F32"}, rounds=REQUANT,
           frames=(Frame(steps=8), Frame(module="mac_requant", assume=FLOAT, steps=18))),
    Target(block="array", emitted="array", parameters={"rows": 3, "cols": 2}, rounds=ARRAY,
           frames=SPACED),
    Target(block="array", emitted="array", parameters={"rows": 2, "cols": 3, "depth": 2, "fanout": 2}, rounds=ARRAY,
           frames=SPACED_LATER),
    Target(block="unit", emitted="unit", parameters={
        "rows": 2, "cols": 2, "requant_lanes": 1, "modes": "SINGLE", "raw_output": True, "zero_points": "subtract"},
           modules=f"(?!({INNER})$).*", rounds=UNITS, frames=PARTS),
    Target(block="engine", emitted="engine", parameters=ENGINE, rounds=ENGINES, frames=STAGES,
           modules=f"(?!({UNIT}|mac_registers.*)$).*"),
    Target(block="registers", emitted="registers", parameters=ENGINE, rounds=REGISTERS),
)
