"""The sizes and latencies of an engine from which its cycles follow, and what a job asks of each of its parts."""

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

__all__ = ["EngineTiming", "Job"]


class Job(NamedTuple):
    """A product of [M, K] by [K, N]; `raw`: int32 results."""

    m: int
    n: int
    k: int
    raw: bool = False


@dataclass(frozen=True)
class EngineTiming:
    """Sizes and latencies of an engine, as its JSON description gives them.

    Parameters
    ----------
    rows, cols, depth, requant_lanes, act_bytes, weight_bytes, out_bytes: see the generator's parameters.
    latency, raw_latency: cycles from a tile's last wave at the array to its row 0 at the output buffer.
    raw_output: int32 results are built.
    subtract: a tile needs its channel parameters with its first wave instead of its last.

    >>> timing = EngineTiming(8, 8, 1, 8, 16, 8, 16, 28, 15)
    >>> timing.waves(Job(64, 64, 64)), timing.row_words(Job(64, 64, 64)), timing.row_pieces(Job(64, 64, 64))
    (4096, 4, 4)
    """

    rows: int
    cols: int
    depth: int
    requant_lanes: int
    act_bytes: int
    weight_bytes: int
    out_bytes: int
    latency: int
    raw_latency: int
    raw_output: bool = False
    subtract: bool = False

    @classmethod
    def described(cls, description: dict[str, Any]) -> "EngineTiming":
        """That of the JSON `description` of an engine or core."""
        known = description["config"] | description["timing"]
        known["subtract"] = known["zero_points"] == "SUBTRACT"
        return cls(**{field.name: known[field.name] for field in fields(cls)})

    @property
    def groups(self) -> int:
        """Columns that share a requantizer: cycles for a row of results."""
        return self.cols // self.requant_lanes

    @property
    def tile_cycles(self) -> int:
        """Fewest cycles between the last waves of two tiles: rows * cols / requant_lanes."""
        return self.rows * self.groups

    @property
    def weight_words(self) -> int:
        """Cycles that a beat of cols * depth weights takes."""
        return -(-self.cols * self.depth // self.weight_bytes)

    @property
    def buffered_tiles(self) -> int:
        """Tiles on their way to the output buffer, from their last wave on."""
        return 1 - (-(self.latency + self.tile_cycles + 4) // self.tile_cycles)

    def tiles(self, job: Job) -> tuple[int, int, int]:
        """Panels of rows, tiles in a panel, beats in a tile: M, N, K divided by rows, cols, depth, rounded up."""
        return -(-job.m // self.rows), -(-job.n // self.cols), -(-job.k // self.depth)

    def waves(self, job: Job) -> int:
        """Waves that a job takes: cycles of an engine that loses none."""
        panels, tiles, beats = self.tiles(job)
        return panels * tiles * beats

    def row_words(self, job: Job) -> int:
        """Cycles that a row of activations takes: a word never holds bytes of two rows."""
        return -(-job.k // self.act_bytes)

    @property
    def output_word(self) -> int:
        """Bytes in a word of the output buffer: neighbouring tiles, as many as fit the stream, or an int32 tile."""
        return self.cols * max(1 << max(self.out_bytes // self.cols, 1).bit_length() - 1, 4 * self.raw_output)

    def row_pieces(self, job: Job) -> int:
        """Cycles that a row of outputs takes to leave: a piece never holds bytes of two words or rows."""
        row, word = job.n * (4 if job.raw else 1), self.output_word
        return row // word * -(-word // self.out_bytes) + -(-(row % word) // self.out_bytes)

    def last_beat_is_late(self, job: Job) -> bool:
        """Whether the last piece completes a beat and begins another one."""
        row = job.n * (4 if job.raw else 1)
        tail = row % self.output_word or self.output_word
        last = tail % self.out_bytes or self.out_bytes
        return (job.m * row - last) % self.out_bytes + last > self.out_bytes
