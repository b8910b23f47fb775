"""The requantizer against the golden functions: one vector a cycle, every output compared."""

from functools import cache

import cocotb
import numpy as np

from tb.coverage import Bins
from tb.sim_bench import case, fail, generator, start_clock
from tb.sim_ports import description, port
from tb.sim_vectors import INT32_MAX, INT32_MIN, Vectors, expected, vectors

RANDOM = int(case("random", "3000"))
# At most so many vectors of each output stage.
VECTORS = int(case("vectors", "1000000"))

# Zero point, lowest and highest output: int8, uint8, ReLU, narrow, inverted signs, ends of 9 bits.
STAGES = [(0, -128, 127), (-128, -128, 127), (128, 0, 255), (7, 7, 127), (3, -8, 7), (-256, -255, 254),
          (255, -255, 254), (0, 0, 0)]


@cache
def plan(mode: str) -> list[tuple[Vectors, tuple[int, int, int], np.ndarray, np.ndarray]]:
    """Vectors of `mode` for each output stage, in any order, with golden outputs and clamp flags."""
    rng = generator(mode)
    runs = []
    for index, stage in enumerate(STAGES):
        v = vectors(mode, rng, RANDOM if index == 0 else RANDOM // 10)
        if index > 0:
            # The corners once in full; of every other stage a third, a different one each time.
            v = v.where(np.arange(len(v.acc)) % 3 == index % 3)
        v = v.where(rng.permutation(len(v.acc))[:VECTORS])
        runs.append((v, stage, *expected(v, *stage)))
    # Each bit of a stage decides: any zero point, and bounds that are some of the outputs or beside them.
    for _ in range(24):
        some = v.where(rng.permutation(len(v.acc))[:40])
        zero_point = int(rng.integers(-256, 256))
        bounds = rng.choice(some.golden(zero_point, -256, 255), 2) + rng.integers(-1, 2, 2)
        low, high = sorted(int(bound) for bound in np.clip(bounds, -255, 254))
        runs.append((some, (zero_point, low, high), *expected(some, zero_point, low, high)))
    return runs


async def run(dut, v: Vectors, stage: tuple[int, int, int], y: np.ndarray, clamped: np.ndarray) -> None:
    """Send `v`, compare `y` and `clamped` of every vector."""
    info = description()
    latency = info["timing"]["latency"]
    zero_point, low, high = stage
    edge = start_clock(dut)
    dut.stage.value = port("stage").pack(zero_point=[zero_point], low=[low], high=[high])[0]
    if hasattr(dut, "mode"):
        dut.mode.value = info["modes"][v.mode]
    multiplier, bias = v.multiplier(), v.bias.view(np.uint32)
    want = np.stack([y & 255, clamped], axis=1).tolist()
    for cycle in range(len(v.acc) + latency):
        if cycle < len(v.acc):
            dut.acc.value = int(v.acc[cycle]) & 0xFFFFFFFF
            dut.multiplier.value = int(multiplier[cycle])
            if hasattr(dut, "bias"):
                dut.bias.value = int(bias[cycle])
            if hasattr(dut, "shift"):
                dut.shift.value = int(v.s[cycle])
        await edge
        index = cycle - latency
        if index >= 0 and want[index] != [dut.y.value.to_unsigned(), int(dut.clamped.value)]:
            fail("output and clamp flag", mode=v.mode, got=[dut.y.value.to_unsigned(), int(dut.clamped.value)],
                 want=want[index], acc=int(v.acc[index]), m=int(v.m[index]), s=int(v.s[index]),
                 scale=float(v.scale[index]).hex(), bias=float(v.bias[index]).hex(),
                 stage=f"zero point, low, high = {stage}", cycle=f"{index} of this stage")


@cocotb.test()
async def every_output_equals_the_golden_model(dut):
    """Corners, ties and random, for every built mode and eight output stages; some for any stage."""
    bins = Bins(case("coverage"))
    modes = description()["config"]["modes"]
    for mode in modes:
        for v, stage, y, clamped in plan(mode):
            await run(dut, v, stage, y, clamped)
            cover(bins, v, stage, y, clamped)
        bins.hit(f"requant.selected_{mode}", len(modes) > 1)
    bins.save()


def cover(bins: Bins, v: Vectors, stage: tuple[int, int, int], y: np.ndarray, clamped: np.ndarray) -> None:
    """Count what `v` met."""
    zero_point, low, high = stage

    def hit(what: str, which: np.ndarray) -> None:
        bins.hit(f"requant.{v.mode}.{what}", np.any(which))

    if v.mode in ("F32", "FBGEMM"):
        with np.errstate(over="ignore"):
            total = v.acc.astype(np.float32) + v.bias
        product = (v.acc if v.mode == "F32" else total) * v.scale.astype(np.float64)
        tie = np.abs(product - np.trunc(product)) == 0.5
        close = np.abs(np.abs(product - np.trunc(product)) - 0.5)
        hit("near_tie", (close > 0) & (close < 1e-6))
        hit("scale_at_least_one", v.scale >= 1)
        hit("subnormal_scale", v.scale < 2.0**-126)
        hit("tiny_scale", v.scale <= 2.0**-60)
        hit("huge_scale", v.scale >= 2.0**20)
        rounded = np.abs(v.acc.astype(np.float32).astype(np.int64))
        hit("acc_rounds_up_to_power_of_two", (rounded > np.abs(v.acc)) & (rounded & (rounded - 1) == 0))
        single = np.abs(product.astype(np.float32).astype(np.float64))
        hit("product_rounds_up_to_power_of_two", (single > np.abs(product)) & (np.frexp(single)[0] == 0.5))
        if v.mode == "FBGEMM":
            last = np.spacing(np.abs(total))
            hit("bias_cancels", (total == 0) & (v.acc != 0))
            hit("bias_dominates", np.abs(v.bias) > np.abs(2.0 * v.acc))
            hit("bias_is_half_a_last_bit", np.abs(v.bias) * 2 == last)
            hit("subnormal_bias", (v.bias != 0) & (np.abs(v.bias) < 2.0**-126))
    else:
        half = np.int64(1) << (v.s - 1)
        rest = (v.acc * v.m) & (2 * half - 1)
        tie = rest == half
        hit("near_tie", (rest == half - 1) | (rest == half + 1))
        hit("scale_at_least_one", v.m >= 2 * half)
        for shift in range(2, 63):
            hit(f"shift_{shift}", v.s == shift)
        if v.mode != "SINGLE":
            hit("rounds_twice", v.s > 31)
    hit("tie_positive", tie & (v.acc > 0))
    hit("tie_negative", tie & (v.acc < 0))
    hit("zero", v.acc == 0)
    hit("int32_min", v.acc == INT32_MIN)
    hit("int32_max", v.acc == INT32_MAX)
    hit("above_2_24", np.abs(v.acc) > 2**24)
    hit("clamped_low", clamped & (y == low))
    hit("clamped_high", clamped & (y == high))
    hit("inside", ~clamped & (y > low) & (y < high))
    hit("at_low_bound", ~clamped & (y == low))
    hit("at_high_bound", ~clamped & (y == high))
    hit("zero_point_lowest", np.array(zero_point == -256))
    hit("zero_point_highest", np.array(zero_point == 255))
