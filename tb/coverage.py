"""Coverage bins: what the regression must have met at least once.

The simulator side counts into a file of its own; the end of a full run adds them up, and a bin
that nobody filled fails it.
"""

import json
from collections import Counter
from hashlib import sha256
from itertools import combinations
from pathlib import Path

__all__ = ["BINS", "SETTINGS", "Bins", "digests", "empty", "merge"]

FIXED = ("SINGLE", "DOUBLE", "DOUBLE_UP")
FLOAT = ("F32", "FBGEMM")
MODES = (*FLOAT, *FIXED)
STREAMS = ("activations", "weights", "channels", "outputs")
# A beat moves; one is offered and not taken; none is offered where one would be taken.
DOINGS = ("moves", "waits", "lacks")
# Registers of an engine: settings, and flags with their number.
SETTINGS = ("M", "N", "K", "MODE", "FORMAT", "A_ZERO_POINT", "ZERO_POINT", "LOW", "HIGH")
FLAGS = {"ERROR": 20, "EVENT": 4}

BINS: tuple[str, ...] = (
    # Cell: operand and accumulator corners.
    "cell.lowest_x_lowest", "cell.lowest_x_highest", "cell.highest_x_highest", "cell.all_pairs",
    # Array: waves and sums.
    "array.bubble", "array.bubble_in_tile", "array.single_wave_tile", "array.back_to_back",
    "array.tiles_as_close_as_rows", "array.gap_between_tiles", "array.acc_highest", "array.acc_lowest",
    "array.acc_wraps",
    # Requantizer, for each mode: what the arithmetic can get wrong.
    *(f"requant.{mode}.{what}" for mode in MODES for what in (
        "tie_positive", "tie_negative", "near_tie", "zero", "int32_min", "int32_max", "scale_at_least_one",
        "clamped_low", "clamped_high", "inside", "at_low_bound", "at_high_bound",
        "zero_point_lowest", "zero_point_highest", "above_2_24")),
    *(f"requant.{mode}.shift_{shift}" for mode in FIXED for shift in range(2, 63)),
    *(f"requant.{mode}.rounds_twice" for mode in ("DOUBLE", "DOUBLE_UP")),
    *(f"requant.{mode}.{what}" for mode in FLOAT for what in (
        "subnormal_scale", "tiny_scale", "huge_scale", "acc_rounds_up_to_power_of_two",
        "product_rounds_up_to_power_of_two")),
    *(f"requant.FBGEMM.{what}" for what in (
        "bias_cancels", "bias_dominates", "bias_is_half_a_last_bit", "subnormal_bias")),
    *(f"requant.selected_{mode}" for mode in MODES),
    # Unit: streams and tile borders.
    *(f"unit.stall.{what}" for what in (
        "activations_pause", "weights_pause", "channels_pause", "outputs_refuse", "accumulators_refuse",
        "activations_wait", "weights_wait", "channels_wait", "channels_starve")),
    *(f"unit.tile.{what}" for what in (
        "ragged_m", "ragged_n", "ragged_k", "single_beat", "keeps_channels", "new_channels",
        "shorter_than_drain", "as_long_as_drain", "longer_than_drain")),
    *(f"unit.mode.{mode}" for mode in MODES),
    *(f"unit.zero_points.{what}" for what in ("fold", "subtract_signed", "subtract_unsigned")),
    *(f"unit.error.{what}" for what in (
        "last_mismatch", "keep_mismatch", "illegal_channel", "clamp_range")),
    "unit.bias_wraps", "unit.clamped_counted", "unit.shared_lanes", "unit.raw_only",
    # Core: the engine without AXI.
    "core.pauses", "core.no_pauses", "core.refused", "core.cancelled",
    # Engine: sizes and formats of jobs.
    *(f"engine.shape.{what}_{size}" for what in ("single", "ragged", "several_tiles") for size in "mnk"),
    "engine.shape.many_rows",
    *(f"engine.limit.{what}" for what in ("k_max", "n_max", "raw_n_max", "weight_beats")),
    *(f"engine.partial_beat.{what}" for what in ("activations", "outputs")),
    *(f"engine.format.{what}" for what in ("int8", "uint8", "raw", "a_int8", "a_uint8", "w_int8", "w_uint8")),
    *(f"engine.zero_points.{what}" for what in ("folded", "subtracted", "per_channel")),
    *(f"engine.mode.{mode}" for mode in MODES),
    *(f"engine.corner.{what}" for what in ("zero_point", "single_value_clamp", "bias_int32_end")),
    # Engine: streams that stall, jobs that follow each other, counters.
    *(f"engine.stall.{name}_{what}" for name in ("activations", "weights", "channels")
      for what in ("pause", "refused", "awaited")),
    "engine.stall.outputs_pause", "engine.stall.outputs_refused",
    # What two streams do in the same cycle.
    *(f"engine.cross.{one}_{does}.{other}_{what}" for one, other in combinations(STREAMS, 2)
      for does in DOINGS for what in DOINGS),
    "engine.two_in_flight", "engine.rewritten_while_busy",
    *(f"engine.change.{what}" for what in ("mode", "format", "zero_point")),
    *(f"engine.counter.{name}" for name in (
        "WAVES", "WAIT_ACTIVATIONS", "WAIT_WEIGHTS", "WAIT_CHANNELS", "WAIT_OUTPUTS", "DRAIN")),
    # Engine: what software and streams do wrong, and what ends a job early.
    *(f"engine.error.{name}" for name in (
        "M_RANGE", "N_RANGE", "K_RANGE", "WEIGHTS_SIZE", "MODE_RANGE", "FORMAT_RANGE", "A_ZERO_POINT_RANGE",
        "OUTPUT_RANGE", "QUEUE_FULL", "CHANNEL_RANGE", "OPERAND_RANGE")),
    *(f"engine.error.{name}_{what}" for name in ("ACTIVATIONS", "WEIGHTS", "CHANNELS")
      for what in ("EARLY", "LATE", "KEEP")),
    *(f"engine.error_at.{name}.{where}" for name in ("activations", "weights", "channels")
      for where in ("first", "middle", "last", "any")),
    "engine.error_with_two_jobs",
    *(f"engine.abort.{what}" for what in (
        "unfed", "loading", "computing", "draining", "two_jobs", "one_job_done", "stalled", "in_check")),
    "engine.reset.aresetn", "engine.reset.control",
    *(f"engine.event.{name}" for name in ("DONE", "CANCELLED", "REFUSED", "SATURATED")),
    "engine.interrupt", "engine.registers.stalled",
    # Registers: every bit that can be written, written and read back.
    *(f"registers.{name}.{bit}_{value}" for name in SETTINGS for bit in range(32) for value in (0, 1)),
    *(f"registers.INTERRUPT_ENABLE.{bit}_{value}" for bit in range(4) for value in (0, 1)),
    *(f"registers.{name}.{bit}_{what}" for name, width in FLAGS.items() for bit in range(width)
      for what in ("set", "cleared")),
)


class Bins:
    """Counts of one simulation, saved to `path`."""

    def __init__(self, path: str):
        self._path = Path(path)
        self._counts: Counter[str] = Counter()

    def hit(self, name: str, condition: object = True) -> None:
        """Count bin `name` if `condition` holds; the name must be one of `BINS`."""
        if name not in BINS:
            raise KeyError(f"{name} must be declared in tb/coverage.py")
        if condition:
            self._counts[name] += 1

    def save(self) -> None:
        """Add this simulation's counts to the file."""
        if self._path.exists():
            self._counts.update(json.loads(self._path.read_text()))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(self._counts, indent=1, sort_keys=True))
        self._counts.clear()


def merge(directory: Path) -> Counter[str]:
    """Counts of all simulations that saved into `directory`."""
    total: Counter[str] = Counter()
    for path in sorted(directory.glob("*.json")):
        total.update(json.loads(path.read_text()))
    return total


def digests(directory: Path) -> dict[str, str]:
    """A digest of the counts of each test that saved into `directory`: equal where two runs met all bins as often."""
    return {path.stem: sha256(path.read_bytes()).hexdigest()[:16] for path in sorted(directory.glob("*.json"))}


def empty(counts: Counter[str]) -> list[str]:
    """Bins that nothing filled."""
    return [name for name in BINS if not counts[name]]
