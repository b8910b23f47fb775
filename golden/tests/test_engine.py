"""What follows from an engine's sizes, and that the JSON description has them."""

from dataclasses import replace

import pytest

from golden.engine import EngineTiming, Job

SQUARE = EngineTiming(8, 8, 1, 8, 16, 8, 16, 28, 15)


def test_a_ragged_job_takes_whole_tiles():
    assert SQUARE.tiles(Job(17, 23, 29)) == (3, 3, 29)
    assert SQUARE.waves(Job(17, 23, 29)) == 9 * 29
    assert replace(SQUARE, depth=4).tiles(Job(17, 23, 29)) == (3, 3, 8)


def test_rows_of_activations_start_a_word():
    assert [SQUARE.row_words(Job(1, 1, k)) for k in (1, 16, 17)] == [1, 1, 2]


def test_a_beat_of_weights_takes_whole_words():
    assert replace(SQUARE, cols=5, weight_bytes=2).weight_words == 3


@pytest.mark.parametrize(("cols", "out_bytes", "raw_output", "job", "word", "pieces"), [
    (8, 16, False, Job(1, 40, 1), 16, 3),
    (5, 16, False, Job(1, 40, 1), 10, 4),       # two tiles of 5 bytes fit 16 bytes
    (8, 4, False, Job(1, 13, 1), 8, 4),
    (5, 4, False, Job(1, 12, 1), 5, 5),         # 5 bytes leave as 4 and 1; 2 are left
    (8, 16, True, Job(1, 40, 1), 32, 3),
    (8, 16, True, Job(1, 10, 1, True), 32, 3),
])
def test_pieces_never_cross_the_words_of_the_buffer(cols, out_bytes, raw_output, job, word, pieces):
    timing = replace(SQUARE, cols=cols, out_bytes=out_bytes, raw_output=raw_output)
    assert (timing.output_word, timing.row_pieces(job)) == (word, pieces)


def test_the_last_beat_is_late_when_the_last_piece_does_not_fit_it():
    assert not SQUARE.last_beat_is_late(Job(2, 8, 1))
    assert not SQUARE.last_beat_is_late(Job(1, 9, 1))
    assert SQUARE.last_beat_is_late(Job(2, 9, 1))


def test_description_gives_the_timing():
    config = {"rows": 8, "cols": 8, "depth": 1, "requant_lanes": 8, "act_bytes": 16, "weight_bytes": 8,
              "out_bytes": 16, "raw_output": False, "zero_points": "FOLD", "k_max": 1024}
    info = {"config": config, "timing": {"latency": 28, "raw_latency": 15}}
    assert EngineTiming.described(info) == SQUARE
    info["config"] = config | {"zero_points": "SUBTRACT"}
    assert EngineTiming.described(info).subtract
