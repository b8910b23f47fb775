"""The array against the cycle model: every cell and every column, in every cycle."""

import cocotb
import numpy as np

from golden.array import ArrayModel, Waves
from tb.coverage import Bins
from tb.sim_bench import case, check, generator, require, reset, rounds, start_clock, watches_inside
from tb.sim_ports import description, port


def operand_range(which: str) -> tuple[int, int]:
    """Lowest and highest operand `a` or `w` of the array."""
    width = description()["derived"][f"{which}_width"]
    return -(1 << (width - 1)), (1 << (width - 1)) - 1


class Plan:
    """Builds the input of every cycle, tile by tile."""

    def __init__(self, rng: np.random.Generator):
        config = description()["config"]
        self.rows, self.cols, self.depth = config["rows"], config["cols"], config["depth"]
        self._rng = rng
        self._cycles: list[tuple[np.ndarray, np.ndarray, bool, bool, bool]] = []
        self._since_last = self.rows

    def _operands(self, which: str, count: int, extreme: float) -> np.ndarray:
        low, high = operand_range(which)
        values = self._rng.integers(low, high, (count, self.depth), endpoint=True)
        corners = self._rng.choice([low, high], values.shape)
        return np.where(self._rng.random(values.shape) < extreme, corners, values)

    def bubbles(self, count: int) -> None:
        """Cycles without a wave; their operands and tokens are noise."""
        for _ in range(count):
            self._add(self._operands("a", self.rows, 0), self._operands("w", self.cols, 0), False, True, True)

    def tile(self, waves: int, *, stall: float = 0.0, extreme: float = 0.2,
             operands: tuple[int, int] | None = None) -> None:
        """A tile of `waves` waves, with bubbles before a share `stall` of them; `operands`: all the same."""
        for index in range(waves):
            last = index == waves - 1
            while (last and self._since_last < self.rows) or self._rng.random() < stall:
                self.bubbles(1)
            a = self._operands("a", self.rows, extreme)
            w = self._operands("w", self.cols, extreme)
            if operands is not None:
                a[:], w[:] = operands
            self._add(a, w, True, index == 0, last)

    def _add(self, a: np.ndarray, w: np.ndarray, valid: bool, first: bool, last: bool) -> None:
        self._since_last = 1 if valid and last else self._since_last + 1
        self._cycles.append((a, w, valid, first, last))

    def waves(self) -> Waves:
        """The plan, followed by bubbles until everything has left."""
        self.bubbles(self.rows + self.cols + description()["timing"]["latency"] + 1)
        columns = [np.array(column) for column in zip(*self._cycles, strict=True)]
        return Waves(*columns)


async def run(dut, waves: Waves, before: int = 0) -> ArrayModel:
    """Reset, feed `waves`, compare all accumulators and all that leaves with the model in every cycle.

    `before`: so many of these waves come before a reset of one cycle, in which one more is offered. What they leave in
    the cells then shows in `drain`, but no token comes with it.
    """
    info = description()
    rows, cols = info["config"]["rows"], info["config"]["cols"]
    latency = info["timing"]["latency"]
    model = ArrayModel(waves, latency - 1, info["config"]["acc_width"], info["config"]["fanout"])
    bank = np.cumsum(waves.valid & waves.last) % 2
    words = port("wave__payload").pack(
        a=waves.a, w=waves.w, first=waves.first, last=waves.last, set=bank)
    drain, token = port("drain").fields[""], TokenField()
    cells = [getattr(getattr(dut, f"row_r{r}"), f"cell_c{c}").acc
             for r in range(rows) for c in range(cols)] if watches_inside() else []
    edge = start_clock(dut)
    if before:
        for cycle in range(before + 1):
            dut.wave__payload.value = words[cycle]
            dut.wave__valid.value = int(waves.valid[cycle]) or cycle == before
            dut.rst.value = cycle == before
            await edge
        dut.rst.value = 0
    else:
        dut.wave__valid.value = 0
        await reset(dut, edge)
    # Accumulators are not reset: let earlier contents be known before they are compared.
    dut.wave__payload.value = words[0]
    started = [False] * len(cells)
    left = np.zeros(cols, int)
    bank_out = np.zeros(cols, int)
    for cycle in range(len(words)):
        dut.wave__payload.value = words[cycle]
        dut.wave__valid.value = int(waves.valid[cycle])
        await edge
        held = model.held(cycle).reshape(-1)
        for index, cell in enumerate(cells):
            started[index] = started[index] or _begun(
                waves, cycle - latency + 1 - index // cols - index % cols // info["config"]["fanout"])
            if started[index]:
                got = cell.value.to_signed()
                require(got == held[index], "accumulator", row=index // cols, col=index % cols,
                        got=got, want=int(held[index]), cycle=cycle)
        # One cycle later, what a cell showed is in the register of its column.
        valid, values = model.leaving(cycle - 1)
        got_valid, got_last, got_bank = token.unpack(dut.token.value.to_unsigned())
        check(got_valid, valid, "column valid", cycle=cycle)
        shown = drain.unpack([dut.drain.value.to_unsigned()])[0]
        check(np.where(valid, shown, 0) if before else shown, values, "column value", cycle=cycle)
        for col in np.flatnonzero(valid):
            left[col] += 1
            ends = left[col] % rows == 0
            bank_out[col] += left[col] % rows == 1 or rows == 1
            require(got_last[col] == ends, "column last", col=int(col), want=bool(ends), cycle=cycle)
            require(got_bank[col] == bank_out[col] % 2, "bank", col=int(col), cycle=cycle)
    tiles = np.count_nonzero(waves.valid & waves.last)
    check(left, [tiles * rows] * cols, "results that left each column")
    return model


def _begun(waves: Waves, wave: int) -> bool:
    """Whether wave number `wave` starts a sum: from then on an accumulator's contents are defined."""
    return 0 <= wave < len(waves.valid) and bool(waves.valid[wave] and waves.first[wave])


class TokenField:
    """The token port: [cols] of valid, last, bank."""

    def unpack(self, word: int) -> tuple[list[bool], list[bool], list[int]]:
        """Valid, last and bank of each column."""
        cols = description()["config"]["cols"]
        tokens = [(word >> (3 * col)) & 7 for col in range(cols)]
        return [bool(t & 1) for t in tokens], [bool(t & 2) for t in tokens], [t >> 2 for t in tokens]


@cocotb.test()
async def directed_tiles_match_in_every_cycle(dut):
    """Largest sums of both signs, single waves, tiles as close as rows allow, bubbles everywhere."""
    plan = Plan(generator("directed"))
    rows = plan.rows
    (a_low, a_high), (w_low, w_high) = operand_range("a"), operand_range("w")
    plan.tile(1)
    for _ in range(3):
        plan.tile(rows)
    plan.bubbles(2 * rows)
    for operands in ((a_low, w_low), (a_low, w_high), (a_high, w_low), (a_high, w_high), (0, 0), (-1, 1)):
        plan.tile(rows + 3, operands=operands)
    plan.tile(2 * rows + 1, stall=0.3)
    plan.tile(1, operands=(a_low, w_low))
    waves = plan.waves()
    await run(dut, waves)
    bins = Bins(case("coverage"))
    gaps = np.diff(np.flatnonzero(waves.valid & waves.last))
    firsts, lasts = np.flatnonzero(waves.valid & waves.first), np.flatnonzero(waves.valid & waves.last)
    between = firsts[1:] - lasts[:-1]
    bins.hit("array.bubble", (~waves.valid).any())
    bins.hit("array.bubble_in_tile", (lasts - firsts + 1 > [
        waves.valid[f:e + 1].sum() for f, e in zip(firsts, lasts, strict=True)]).any())
    bins.hit("array.single_wave_tile", (waves.valid & waves.first & waves.last).any())
    bins.hit("array.back_to_back", (between == 1).any())
    bins.hit("array.gap_between_tiles", (between > 1).any())
    bins.hit("array.tiles_as_close_as_rows", (gaps == rows).any())
    bins.save()


@cocotb.test()
async def random_tiles_match_in_every_cycle(dut):
    """Random lengths and bubbles."""
    rng = generator("random")
    plan = Plan(rng)
    for _ in range(12):
        plan.tile(int(rng.integers(1, 3 * plan.rows + 2)), stall=float(rng.choice([0.0, 0.2, 0.6])))
        if rng.random() < 0.3:
            plan.bubbles(int(rng.integers(1, 6)))
    await run(dut, plan.waves())


@cocotb.test()
async def a_reset_forgets_what_is_on_its_way(dut):
    """After any number of cycles, with waves offered in the cycle of the reset, the next tiles are right."""
    rng = generator("reset")
    for _ in range(rounds(24)):
        plan = Plan(rng)
        for _ in range(4):
            plan.tile(int(rng.integers(1, plan.rows + 2)), stall=float(rng.choice([0.0, 0.4])))
        waves = plan.waves()
        await run(dut, waves, before=int(rng.integers(1, len(waves.valid))))


@cocotb.test()
async def sums_reach_and_leave_the_accumulator_range(dut):
    """The largest K of the configuration's own bound where it is short enough, and one wave beyond it."""
    info = description()
    k_bound, depth = info["derived"]["k_bound"], info["config"]["depth"]
    plan = Plan(generator("range"))
    bins = Bins(case("coverage"))
    # A bound of thousands of waves is the cell's arithmetic, not the array's: the cell is tested at it.
    if k_bound // depth <= 64:
        (a_low, a_high), (w_low, w_high) = operand_range("a"), operand_range("w")
        for operands in ((a_low, w_low), (a_low, w_high), (a_high, w_low)):
            plan.tile(k_bound // depth, operands=operands)
            plan.tile(k_bound // depth + 1, operands=operands)
    else:
        plan.tile(64, extreme=1.0)
    model = await run(dut, plan.waves())
    top = 1 << (info["config"]["acc_width"] - 1)
    sums = model.sums
    bins.hit("array.acc_highest", sums.max() >= top - top // 8)
    bins.hit("array.acc_lowest", sums.min() <= -top + top // 8)
    steps = np.abs(np.diff(sums, axis=0))
    bins.hit("array.acc_wraps", (steps > top).any())
    bins.save()
