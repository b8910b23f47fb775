"""The cell against products and sums: every pair of operands, then runs with random tokens.

The cell is fed as the array feeds it: `first` in the cycle before the wave's sum is at the adder, `done` in the
cycle before the accumulator is shown.
"""

from collections import deque

import cocotb
import numpy as np

from golden.array import ArrayModel, Waves
from tb.coverage import Bins
from tb.sim_bench import case, check, generator, runs_few, start_clock, watches_inside
from tb.sim_ports import description, port

RANDOM_CYCLES = 1500


async def run(dut, waves: Waves, done: np.ndarray) -> None:
    """Feed `waves`; compare accumulator and drain with the model in every cycle.

    `done` [cycles]: show the accumulator at `drain` a cycle later.
    """
    info, inside = description(), watches_inside()
    first_latency = info["timing"]["first_latency"]
    model = ArrayModel(waves, info["timing"]["latency"], info["config"]["acc_width"])
    a_words = port("a").fields[""].pack(waves.a)
    w_words = port("w").fields[""].pack(waves.w)
    firsts = deque([0] * first_latency)
    bubbles = deque([0] * info["timing"]["bubble_latency"])
    edge = start_clock(dut)
    # What an earlier test left in the cell goes: sums of zeros that start anew.
    a, w, drain, acc = dut.a, dut.w, dut.drain, dut.acc if inside else None
    tokens, before = (dut.bubble, dut.first, dut.done), (1, 1, 0)
    a.value, w.value, dut.bubble.value, dut.first.value, dut.done.value = 0, 0, *before
    for _ in range(info["timing"]["latency"]):
        await edge
    for cycle in range(len(waves.valid)):
        firsts.append(int(waves.first[cycle] and waves.valid[cycle]))
        bubbles.append(int(not waves.valid[cycle]))
        a.value, w.value = a_words[cycle], w_words[cycle]
        now = bubbles.popleft(), firsts.popleft(), int(done[cycle])
        # Written when they change: most of the time goes into writes.
        for token, new, old in zip(tokens, now, before, strict=True):
            if new != old:
                token.value = new
        before = now
        await edge
        want = int(model.held(cycle)[0, 0])
        if acc is not None:
            check(acc.value.to_signed(), want, "acc", cycle=cycle)
        check(drain.value.to_signed(), want if cycle and done[cycle - 1] else 0, "drain", cycle=cycle)


def flushed(a: np.ndarray, w: np.ndarray, first: np.ndarray, valid: np.ndarray) -> Waves:
    """Waves of one cell from [cycles, depth] operands, with bubbles behind them until the last sum shows."""
    tail = description()["timing"]["latency"] + 1

    def padded(x: np.ndarray) -> np.ndarray:
        return np.concatenate([x, np.zeros((tail, *x.shape[1:]), x.dtype)])

    a, w, first, valid = (padded(x) for x in (a, w, first, valid))
    return Waves(a[:, None], w[:, None], valid, first, np.zeros_like(valid))


def operand_range(which: str) -> tuple[int, int]:
    """Lowest and highest operand of port `a` or `w`."""
    width = description()["derived"][f"{which}_width"]
    return -(1 << (width - 1)), (1 << (width - 1)) - 1


@cocotb.test()
async def every_pair_of_operands_gives_its_product(dut):
    """One product a cycle, other positions of a dot product 0. Above 8 bits, and in few rounds: corners and their
    neighbours.
    """
    depth = description()["config"]["depth"]
    axes = []
    for which in "aw":
        low, high = operand_range(which)
        values = np.arange(low, high + 1)
        if len(values) > 256 or runs_few():
            corners = np.array([low, low + 1, -129, -128, -127, -2, -1, 0, 1, 2, 127, 128, high - 1, high])
            values = np.unique(corners[(low <= corners) & (corners <= high)])
        axes.append(values)
    pairs = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    generator("pairs").shuffle(pairs)
    a = np.zeros((len(pairs), depth), np.int64)
    w = np.zeros_like(a)
    lane = np.arange(len(pairs)) % depth
    a[np.arange(len(pairs)), lane], w[np.arange(len(pairs)), lane] = pairs.T
    every = np.ones(len(pairs), bool)
    waves = flushed(a, w, every, every)
    await run(dut, waves, np.ones(len(waves.valid), bool))
    bins = Bins(case("coverage"))
    (a_low, a_high), (w_low, w_high) = operand_range("a"), operand_range("w")
    for name, pair in (("lowest_x_lowest", (a_low, w_low)), ("lowest_x_highest", (a_low, w_high)),
                       ("highest_x_highest", (a_high, w_high))):
        bins.hit(f"cell.{name}", (pairs == pair).all(axis=1).any())
    bins.hit("cell.all_pairs", len(np.unique(pairs, axis=0)) == 65536)
    bins.save()


@cocotb.test()
async def sums_of_random_operands_match_in_every_cycle(dut):
    """Random lengths, bubbles and reads; operands at random and at the corners."""
    rng = generator("sums")
    depth = description()["config"]["depth"]
    operands = []
    for which in "aw":
        low, high = operand_range(which)
        values = rng.integers(low, high, (RANDOM_CYCLES, depth), endpoint=True)
        corners = rng.choice([low, high], values.shape)
        operands.append(np.where(rng.random(values.shape) < 0.3, corners, values))
    first = rng.random(RANDOM_CYCLES) < 0.1
    valid = rng.random(RANDOM_CYCLES) < 0.8
    # A long run of the largest products: the accumulator wraps where it is narrow.
    operands[0][200:500], operands[1][200:500] = operand_range("a")[0], operand_range("w")[0]
    first[200:500] = False
    waves = flushed(operands[0], operands[1], first, valid)
    await run(dut, waves, rng.random(len(waves.valid)) < 0.5)
