"""The counters of an engine, as they count and as software reads them over AXI4-Lite."""

import cocotb

from tb.sim_bench import check
from tb.sim_ports import description
from tb.sim_register_bench import COMMANDS, WORD, RegisterBench


@cocotb.test()
async def counters_count_what_is_enabled(dut):
    """Enable at random, near the ends, and in the cycle of CLEAR."""
    bench = await RegisterBench(dut, 0.0).start()
    rng = bench.rng
    enables = [name for name in bench.inputs if name.endswith("_enable")]
    check(len(enables), 8, "counters that count by one")
    want = dict.fromkeys(enables, 0)
    amount = 0
    limit = 1 << next(entry["width"] for entry in description()["ports"] if entry["name"] == "clamped_add")
    for _ in range(300):
        for name in enables:
            value = int(rng.integers(2))
            getattr(dut, name).value = value
            want[name] += value
        add = int(rng.integers(limit))
        dut.clamped_add.value = add
        amount += add
        await bench.edge
    for name in (*enables, "clamped_add"):
        getattr(dut, name).value = 0
    for name in enables:
        check(await bench.read(name.removesuffix("_enable").upper()), want[name], name)
    check(await bench.read("CLAMPED"), amount, "CLAMPED")

    # Every bit of each, where no simulation gets by counting: long carries, and any bits set. What is held stays held.
    for start in (2**31 - 1, WORD ^ 1, *[None] * 8):
        held = {name: int(rng.integers(2**32)) if start is None else start for name in enables}
        for name, value in held.items():
            getattr(dut.counters, name.removesuffix("_enable")).value = value
        await bench.edge
        for name in enables:
            getattr(dut, name).value = 1
        for counted in (0, 1, 1, 1):
            await bench.edge
            for name, value in held.items():
                got = getattr(dut.counters, name.removesuffix("_enable")).value.to_unsigned()
                check(got, (value + counted) & WORD, name, value=value)
                getattr(dut, name).value = 0
        for name, value in held.items():
            check(await bench.read(name.removesuffix("_enable").upper()), (value + 1) & WORD, name, value=value)
    for _ in range(8):
        value, add = int(rng.integers(2**32 - 2 * limit)), int(rng.integers(limit))
        dut.counters.clamped.value = value
        await bench.edge
        dut.clamped_add.value = add
        for counted in (0, add, add, add):
            await bench.edge
            check(dut.counters.clamped.value.to_unsigned(), value + counted, "CLAMPED", value=value)
            dut.clamped_add.value = 0

    # Near their ends.
    dut.counters.jobs.value = WORD
    dut.counters.clamped.value = WORD - 1
    await bench.edge
    check(await bench.read("CLAMPED"), WORD - 1, "CLAMPED")
    dut.jobs_enable.value = 1
    dut.clamped_add.value = limit - 1
    await bench.edge
    dut.jobs_enable.value = 0
    await bench.edge
    dut.clamped_add.value = 0
    check(await bench.read("JOBS"), 0, "JOBS wraps")
    check(await bench.read("CLAMPED"), WORD, "CLAMPED stays at its end")

    await bench.write("CONTROL", 1 << COMMANDS.index("CLEAR"))
    await bench.settle()
    for name in (*want, "clamped_add"):
        register = name.removesuffix("_enable").removesuffix("_add").upper()
        check(await bench.read(register), 0, f"{register} after CLEAR")
    # What happens in the cycle of CLEAR counts.
    count = len(bench.commands)
    dut.waves_enable.value = 1
    dut.clamped_add.value = limit - 1
    write = cocotb.start_soon(bench.write("CONTROL", 1 << COMMANDS.index("CLEAR")))
    while len(bench.commands) == count:
        await bench.edge
    dut.waves_enable.value = 0
    dut.clamped_add.value = 0
    await write
    check(await bench.read("WAVES"), 1, "WAVES counts in the cycle of CLEAR")
    check(await bench.read("CLAMPED"), limit - 1, "CLAMPED counts in the cycle of CLEAR")
