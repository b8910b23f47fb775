"""The engine's cycle model: how many cycles a sequence of jobs takes, with streams that never pause.

A job passes six processes. Each is linear in time, a few cycles behind the one before:

======== ====================================================================================================
cut      words of the activations, one a cycle, ``ceil(K / act_bytes)`` for each row, into one of two panels
load     weights, ``weight_words`` cycles a beat, and channels, one a cycle: once for each job
read     waves, one a cycle, tile by tile, as soon as their operands are there
enter    a tile's last wave enters the array ``rows * groups`` cycles after that of the tile before, or later
store    results come `latency` cycles later, ``groups`` cycles a row, into one of two panels of whole rows
send     pieces of at most `out_bytes`, one a cycle
======== ====================================================================================================

Where two of them meet, the slower one decides. Each rule below is a maximum of such times, evaluated tile
by tile; as soon as a panel repeats what an earlier one did, the panels between are skipped. No register of
the hardware is modelled, and the time that a prediction takes does not grow with M.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import astuple, dataclass

import numpy as np
import numpy.typing as npt

from golden.engine import EngineTiming, Job

__all__ = ["Cycles", "count"]

Times = npt.NDArray[np.int64]

# Cycles from the issue of a job, or from what the same part did last for the job before, to the first
# cycle in which a part works on it.
TO_WORD, TO_LOAD, TO_READ, TO_PIECE = 3, 1, 2, 2
# From START to the issue; the counters start one cycle later. The next START is heard after CHECK + 1 cycles.
CHECK = 3
# From a read to the array; from the last piece to the last beat.
TO_ARRAY, TO_BEAT = 2, 2

LONG_AGO = -(2**62)


@dataclass
class Cycles:
    """Values of the counters of the same names."""

    cycles: int = 0
    waves: int = 0
    wait_activations: int = 0
    wait_weights: int = 0
    wait_channels: int = 0
    wait_outputs: int = 0
    drain: int = 0


def count(timing: EngineTiming, jobs: Iterable[Job]) -> Cycles:
    """The counters after `jobs`, each started as early as one of the two job places is free.

    A product of 64 x 64 x 64: 4096 waves, 32 cycles until the first one is read, 63 after the last one.

    >>> count(EngineTiming(8, 8, 1, 8, 16, 8, 16, 28, 15), [Job(64, 64, 64)])
    Cycles(cycles=4191, waves=4096, wait_activations=30, wait_weights=0, wait_channels=0, wait_outputs=0, drain=65)
    """
    run = _Run(timing)
    for job in jobs:
        run.add(job)
    total = run.total
    total.drain = total.cycles - sum(astuple(total)[1:])
    return total


class _Run:
    """The times at which the processes of an engine are, job after job; cycle 0 is the first START."""

    def __init__(self, timing: EngineTiming):
        self.timing = timing
        self.total = Cycles()
        # Of the jobs before: START and last output beat; last cycle of each part.
        self.start = -CHECK - 1
        self.done: deque[int] = deque([LONG_AGO, LONG_AGO], 2)
        self.cut_end = self.weights_end = self.channels_end = LONG_AGO
        # When no result was on its way any more.
        self.idle: deque[int] = deque([LONG_AGO, LONG_AGO], 2)
        # Of the last two panels: last read, last piece.
        self.released: deque[int] = deque([LONG_AGO, LONG_AGO], 2)
        self.sent: deque[int] = deque([LONG_AGO, LONG_AGO], 2)

    def add(self, job: Job) -> None:
        """Run a job behind those that were added before."""
        timing = self.timing
        panels, tiles, beats = timing.tiles(job)
        self.start = max(self.start + CHECK + 1, self.done[-2] + 1, self.idle[-2] + 1)
        issue = self.start + CHECK
        self.job = job
        self.tiles, self.beats = tiles, beats
        self.row_words, self.row_pieces = timing.row_words(job), timing.row_pieces(job)
        self.latency = timing.raw_latency if job.raw else timing.latency

        self.next_word = max(issue, self.cut_end) + TO_WORD
        self.weights = max(issue, self.weights_end) + TO_LOAD
        self.channels = max(issue, self.channels_end) + TO_LOAD
        self.weights_end = self.weights + tiles * beats * timing.weight_words - 1
        self.channels_end = self.channels + job.n - 1
        self.last_read = max(issue, self.idle[-1]) + TO_READ - 1
        self.piece = max(issue, self.sent[-1]) + TO_PIECE - 1
        # Of the last tiles: when the last wave stood before the array and entered it; when the last row was stored.
        self.stalls: deque[tuple[int, int]] = deque([(LONG_AGO, LONG_AGO)] * 2, 2)
        self.stored: deque[int] = deque([LONG_AGO] * timing.buffered_tiles, timing.buffered_tiles)

        self._panels(panels)

        self.cut_end = self.next_word - 1
        # All results are out of the array's buffers, those that nobody wants included.
        entered = self.stalls[-1][1]
        longest = max(timing.latency, timing.raw_latency) if timing.raw_output else self.latency
        self.idle.append(max(self.stored[-1], entered + longest + timing.tile_cycles - timing.groups) + 1)
        done = self.piece + TO_BEAT + timing.last_beat_is_late(job)
        self.total.cycles += done - max(issue, self.done[-1])
        self.done.append(done)

    def _panels(self, panels: int) -> None:
        """Run the panels of the job; jump over those that repeat what came before."""
        rows, whole = self.timing.rows, self.job.m // self.timing.rows
        seen: dict[tuple[int, ...], tuple[int, int, tuple[int, ...]]] = {}
        panel = 0
        while panel < panels:
            self._panel(min(rows, self.job.m - panel * rows))
            panel += 1
            if panel >= whole or max(self.weights_end, self.channels_end) >= self.last_read:
                continue
            now, key = self.last_read, self._relative()
            if key not in seen:
                seen[key] = panel, now, astuple(self.total)
                continue
            before, then, counted = seen.pop(key)
            times = (whole - panel) // (panel - before)
            self._shift(times * (now - then))
            self.total = Cycles(*(
                value + times * (value - was) for value, was in zip(astuple(self.total), counted, strict=True)))
            panel += times * (panel - before)

    def _times(self) -> list[int]:
        """Everything that the next panel depends on."""
        flat = [time for stall in self.stalls for time in stall]
        return [self.next_word, self.piece, *self.released, *self.sent, *flat, *self.stored]

    def _relative(self) -> tuple[int, ...]:
        return tuple(time - self.last_read for time in self._times())

    def _shift(self, cycles: int) -> None:
        """Move everything that the next panel depends on."""
        self.next_word += cycles
        self.piece += cycles
        self.last_read += cycles
        for times in (self.released, self.sent, self.stored):
            times.extend([time + cycles for time in times])
        self.stalls.extend([(stood + cycles, entered + cycles) for stood, entered in self.stalls])

    def _panel(self, rows: int) -> None:
        """Run one panel, of which so many rows are real."""
        timing = self.timing
        first_word = max(self.next_word, self.released[-2] + 1)
        self.next_word = first_word + rows * self.row_words
        first_row = last_row = 0
        for tile in range(self.tiles):
            self._read(tile, self.next_word - self.row_words)
            stood = max(self.last_read + TO_ARRAY, self.stalls[-1][1] + 1)
            entered = max(stood, self.stalls[-1][1] + timing.tile_cycles, self.stored[0] + 2)
            self.stalls.append((stood, entered))
            # A panel is stored as soon as the one before the one before has been sent.
            results = entered + self.latency
            first_row = max(results, self.stored[-1] + 1, self.sent[-2] + 1 if tile == 0 else LONG_AGO)
            last_row = max(results + (rows - 1) * timing.groups, first_row + rows - 1)
            self.stored.append(max(results + (timing.rows - 1) * timing.groups, first_row + timing.rows - 1))
        self.released.append(self.last_read)
        self.piece = max(max(self.piece, first_row) + rows * self.row_pieces, last_row + self.row_pieces)
        self.sent.append(self.piece)

    def _read(self, tile: int, last_row: int) -> None:
        """Read the waves of a tile; word 0 of the panel's last row of activations is cut in cycle `last_row`."""
        timing, beats = self.timing, self.beats
        start = self.last_read + 1
        self.total.waves += beats
        set_there = self.channels + min((tile + 1) * timing.cols, self.job.n)
        weights_there = self.weights + (tile + 1) * beats * timing.weight_words
        if max(self.next_word, weights_there, set_there) <= start:
            # Everything is there: reads only wait behind last waves that may not enter the array.
            end = start + beats - 1
            for stood, entered in self.stalls:
                if stood <= end and start < entered:
                    held = entered - max(stood, start)
                    self.total.wait_outputs += held
                    end += held
                    start = max(start, entered) if stood <= start else start
            self.last_read = end
            return

        beat = np.arange(beats)
        word = max(timing.act_bytes, timing.depth)
        words = np.minimum((beat * timing.depth // word + 1) * (word // timing.act_bytes), self.row_words)
        activations = last_row + words
        operands = np.maximum(activations, self.weights + (tile * beats + beat + 1) * timing.weight_words)
        there = operands.copy()
        needs_set = 0 if timing.subtract else -1
        there[needs_set] = max(there[needs_set], set_there)
        there[0] = max(there[0], start)
        read = np.maximum.accumulate(there - beat) + beat
        for stood, entered in self.stalls:
            behind = int(np.searchsorted(read, stood))
            read[behind:] = np.maximum(read[behind:], entered + beat[:beats - behind])

        # What the cycles before each read were lost to.
        begin = np.append(start, read[:-1] + 1)
        first, second = (np.clip(time, begin, read) for time in (activations, operands))
        total = self.total
        lost = [self._free(*gap) for gap in ((begin, first), (first, second), (second, read))]
        total.wait_activations += lost[0]
        total.wait_weights += lost[1]
        total.wait_channels += lost[2]
        total.wait_outputs += int((read - begin).sum()) - sum(lost)
        self.last_read = int(read[-1])

    def _free(self, begin: Times, end: Times) -> int:
        """Cycles from `begin` up to `end` in which no last wave stands before the array."""
        free = end - begin
        for stood, entered in self.stalls:
            free = free - np.maximum(np.minimum(end, entered) - np.maximum(begin, stood), 0)
        return int(free.sum())
