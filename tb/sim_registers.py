"""The registers of an engine over AXI4-Lite: every register and bit, flags, commands, counters, random traffic."""

import cocotb
from cocotbext.axi import AxiResp

from tb.coverage import Bins
from tb.sim_bench import case, check, require, reset, start_clock
from tb.sim_ports import description
from tb.sim_register_bench import COMMANDS, SETTINGS, WORD, RegisterBench

TRAFFIC = 400


@cocotb.test()
async def every_register_has_its_value_after_reset_and_its_bits(dut):
    """Write every bit, byte and part of the registers that can be written, and read all of them."""
    bench = await RegisterBench(dut, 0.2).start()
    bins = Bins(case("coverage"))
    await bench.check_resets()
    masks = dict.fromkeys(SETTINGS, WORD) | {"INTERRUPT_ENABLE": (1 << bench.width("EVENT")) - 1}
    check(sorted(masks), sorted(name for name, entry in bench.by_name.items() if entry["access"] == "RW"), "RW")
    values = {name: bench.by_name[name]["reset"] for name in masks}
    for name, mask in masks.items():
        for value in (WORD, 0, *(1 << bit for bit in range(32)), int(bench.rng.integers(2**32))):
            await bench.write(name, value)
            values[name] = value & mask
            check(await bench.read(name), values[name], name, written=value)
            bench.check_ports({setting: values[setting] for setting in SETTINGS})
            for bit in range(mask.bit_length()):
                bins.hit(f"registers.{name}.{bit}_{value >> bit & 1}")
        # Each byte and each part of the word on its own, among ones and among zeros.
        for around in (WORD, 0):
            await bench.write(name, around)
            values[name] = around & mask
            for start in (3, 2, 1, 0):
                for stop in range(start + 1, 5):
                    data = bench.rng.bytes(stop - start)
                    await bench.put(bench.by_name[name]["offset"] + start, data)
                    keep = ~(int.from_bytes(b"\xFF" * len(data), "little") << 8 * start)
                    values[name] = (values[name] & keep | int.from_bytes(data, "little") << 8 * start) & mask
                    check(await bench.read(name), values[name], name, bytes=[start, stop])
    for name, value in values.items():
        check(await bench.read(name), value, f"{name} after the others were written")
    bench.check_ports({name: values[name] for name in SETTINGS})
    await bench.write("CONTROL", 1 << COMMANDS.index("RESET"))
    await bench.check_resets()
    bins.save()


@cocotb.test()
async def what_is_no_register_or_read_only_is_refused_and_changes_nothing(dut):
    """Access every address of the map's gaps, and write to what is read only."""
    bench = await RegisterBench(dut, 0.3).start()
    before = {name: await bench.read(name) for name in bench.by_name}
    offsets = {entry["offset"]: entry for entry in bench.by_name.values()}
    for address in range(0, 256, 4):
        entry = offsets.get(address)
        if entry is None:
            check(await bench.get(address, AxiResp.SLVERR), 0, f"what is read at {address:#x}")
        if entry is None or entry["access"] == "RO":
            await bench.put(address, b"\xFF\xFF\xFF\xFF", AxiResp.SLVERR)
    check([await bench.read(name) for name in before], list(before.values()), "registers")
    check(bench.commands, [], "commands")


@cocotb.test()
async def status_is_read_as_it_is(dut):
    """Show every combination of its bits."""
    bench = await RegisterBench(dut, 0.2).start()
    for value in range(1 << bench.width("STATUS")):
        dut.status.value = value
        await bench.settle()
        check(await bench.read("STATUS"), value, "STATUS")


@cocotb.test()
async def flags_stay_until_one_is_written_and_setting_wins(dut):
    """Set and clear bit by bit, byte by byte, and both around the same cycle."""
    bench = await RegisterBench(dut, 0.0).start()
    bins = Bins(case("coverage"))
    for name in ("ERROR", "EVENT"):
        wire, width = getattr(dut, f"{name.lower()}_set"), bench.width(name)
        every = (1 << width) - 1

        async def pulse(value, wire=wire):
            wire.value = value
            await bench.edge
            wire.value = 0
            await bench.settle()

        for bit in range(width):
            await pulse(1 << bit)
            check(await bench.read(name), 1 << bit, name, bit=bit)
            bins.hit(f"registers.{name}.{bit}_set")
            await bench.write(name, WORD ^ (1 << bit))
            check(await bench.read(name), 1 << bit, f"{name} after the other bits were cleared")
            await bench.put(bench.by_name[name]["offset"] + (bit // 8 + 1) % 4, b"\xFF")
            check(await bench.read(name), 1 << bit, f"{name} after another byte was cleared")
            await bench.put(bench.by_name[name]["offset"] + bit // 8, bytes([1 << bit % 8]))
            check(await bench.read(name), 0, f"{name} after the bit was cleared")
            bins.hit(f"registers.{name}.{bit}_cleared")
        await pulse(every)
        some = int(bench.rng.integers(1, every))
        await bench.write(name, some)
        check(await bench.read(name), every & ~some, name)
        # A pulse before the write's cycle is lost to it; one in that cycle, one before the response, or later stays.
        outcomes = set()
        for delay in range(12):
            await bench.write(name, WORD)
            count = len(bench.answers)
            write = cocotb.start_soon(bench.write(name, WORD))
            for _ in range(delay):
                await bench.edge
            wire.value = every
            await bench.edge
            wire.value = 0
            pulsed = bench.cycle
            await write
            await bench.settle()
            want = every if pulsed >= bench.answers[count] - 1 else 0
            outcomes.add((pulsed - bench.answers[count] + 1, want))
            check(await bench.read(name), want, f"{name} set around its clearing", delay=delay)
        require({(-1, 0), (0, every)} <= outcomes, "a flag was set in the cycle of its clearing", found=outcomes)
    bins.save()


@cocotb.test()
async def an_enabled_event_raises_the_interrupt(dut):
    """Enable every combination of events."""
    bench = await RegisterBench(dut, 0.1).start()
    width = bench.width("EVENT")
    for enable in range(1 << width):
        await bench.write("INTERRUPT_ENABLE", enable)
        for events in {0, enable, ~enable & (1 << width) - 1, 1 << int(bench.rng.integers(width))}:
            dut.event_set.value = events
            await bench.edge
            dut.event_set.value = 0
            await bench.settle()
            check(int(dut.irq.value), int(bool(events & enable)), "interrupt", events=events, enable=enable)
            await bench.write("EVENT", events)
            await bench.settle()
            check(int(dut.irq.value), 0, "interrupt after the events were cleared")


@cocotb.test()
async def each_command_is_one_pulse(dut):
    """Write every combination of commands, and the bytes without any."""
    bench = await RegisterBench(dut, 0.2).start()
    check([entry["name"] for entry in bench.by_name["CONTROL"]["fields"]], list(COMMANDS), "commands")
    want = []
    for value in (*range(16), WORD, WORD ^ 15):
        await bench.write("CONTROL", value)
        want += [value & 15] if value & 15 else []
        check(await bench.read("CONTROL"), 0, "CONTROL")
    address = bench.by_name["CONTROL"]["offset"]
    for byte in (1, 2, 3):
        await bench.put(address + byte, b"\xFF")
    await bench.put(address, b"\x02")
    await bench.settle()
    check([value for _, value in bench.commands], [*want, 2], "pulses")
    cycles = [cycle for cycle, _ in bench.commands]
    # Registered: in the cycle of the response.
    require(set(cycles) <= set(bench.answers), "a command comes with its response")


@cocotb.test()
async def reset_puts_everything_back_and_loses_flags_of_its_cycle(dut):
    """Fill all registers, and set flags while RESET is carried out."""
    bench = await RegisterBench(dut, 0.0).start()
    for name in (*SETTINGS, "INTERRUPT_ENABLE"):
        await bench.write(name, int(bench.rng.integers(1, 2**32)) | 15)
    dut.error_set.value = dut.event_set.value = 1
    dut.cycles_enable.value = dut.jobs_enable.value = 1
    await bench.settle()
    dut.error_set.value = dut.event_set.value = 0
    dut.cycles_enable.value = dut.jobs_enable.value = 0
    count = len(bench.answers)
    write = cocotb.start_soon(bench.write("CONTROL", 1 << COMMANDS.index("RESET")))
    # Flags are set in every cycle up to that of the pulse, which comes with the response.
    dut.error_set.value = dut.event_set.value = 15
    while len(bench.answers) == count:
        await bench.edge
    dut.error_set.value = dut.event_set.value = 0
    await write
    await bench.check_resets()
    check(int(dut.irq.value), 0, "interrupt after reset")


@cocotb.test()
async def a_reset_forgets_the_requests_on_their_way(dut):
    """Reset for one cycle with an address, data, both, a read, and responses that nobody takes, and flags up."""
    edge = start_clock(dut)
    await reset(dut, edge)
    entries = {entry["name"]: entry["offset"] for entry in description()["registers"]}

    async def ask(names, address, cycles):
        dut.s_axil_awaddr.value = dut.s_axil_araddr.value = address
        dut.s_axil_wdata.value, dut.s_axil_wstrb.value = WORD, 15
        for name in names:
            getattr(dut, f"s_axil_{name}valid").value = 1
        await edge
        for name in names:
            getattr(dut, f"s_axil_{name}valid").value = 0
        for _ in range(cycles):
            await edge

    for names in (("aw",), ("w",), ("aw", "w"), ("ar",), ("aw", "w", "ar")):
        for cycles in range(5):
            dut.s_axil_bready.value = dut.s_axil_rready.value = 1
            await ask(("aw", "w"), entries["INTERRUPT_ENABLE"], 3)
            dut.event_set.value = dut.error_set.value = 15
            for _ in range(3):
                await edge
            check(int(dut.irq.value), 1, "interrupt")
            dut.event_set.value = dut.error_set.value = 0
            dut.s_axil_bready.value = dut.s_axil_rready.value = 0
            # Of no register, so that a response is an error.
            await ask(names, 0xFC, cycles)
            dut.rst.value = 1
            await edge
            dut.rst.value = 0
            await edge
            wires = [f"s_axil_{name}" for name in ("awready", "wready", "arready", "bvalid", "rvalid")]
            wires += ["irq", "control"]
            check([int(getattr(dut, wire).value) for wire in wires], [1, 1, 1, 0, 0, 0, 0], f"{wires} after reset",
                  requests=names, cycles=cycles)
    bench = await RegisterBench(dut, 0.0).start()
    await bench.check_resets()


@cocotb.test()
async def random_traffic_of_reads_and_writes_at_once(dut):
    """Read and write at the same time, with pauses on every channel, then without waiting for responses."""
    bench = await RegisterBench(dut, 0.4).start()
    rng = bench.rng
    values = {name: bench.by_name[name]["reset"] for name in SETTINGS}
    others = [name for name, entry in bench.by_name.items() if entry["access"] == "RO" and name != "STATUS"]

    async def writer():
        for _ in range(TRAFFIC):
            name = str(rng.choice(SETTINGS))
            start = int(rng.integers(4))
            data = rng.bytes(int(rng.integers(1, 5 - start)))
            await bench.put(bench.by_name[name]["offset"] + start, data)
            keep = ~(int.from_bytes(b"\xFF" * len(data), "little") << 8 * start)
            values[name] = values[name] & keep | int.from_bytes(data, "little") << 8 * start
            if rng.random() < 0.3:
                check(await bench.read(name), values[name], name)

    async def reader():
        for _ in range(TRAFFIC):
            name = str(rng.choice(others))
            check(await bench.read(name), bench.by_name[name]["reset"], name)

    tasks = [cocotb.start_soon(writer()), cocotb.start_soon(reader())]
    for task in tasks:
        await task
    for name in SETTINGS:
        check(await bench.read(name), values[name], name)
    # Queued requests, without waiting for responses: as many responses, in order.
    names = [str(rng.choice(SETTINGS)) for _ in range(TRAFFIC)]
    writes = []
    for index, name in enumerate(names):
        writes.append(cocotb.start_soon(bench.write(name, index)))
        values[name] = index
    for write in writes:
        await write
    bench.check_ports({name: values[name] for name in set(names)})
    reads = [cocotb.start_soon(bench.read(name)) for name in names]
    check([await read for read in reads], [values[name] for name in names], "registers that are read one after another")
    require(bench.address_first > 20 and bench.data_first > 20, "both orders of address and data",
            address_first=bench.address_first, data_first=bench.data_first)


@cocotb.test()
async def each_register_is_read_whatever_the_others_hold(dut):
    """Let all of them hold random bits, and read all of them."""
    bench = await RegisterBench(dut, 0.0).start()
    counters = [name.removesuffix("_enable").upper() for name in bench.inputs if name.endswith("_enable")]
    for _ in range(12):
        want = {name: int(bench.rng.integers(2**32)) for name in (*SETTINGS, *counters, "CLAMPED")}
        want |= {name: int(bench.rng.integers(1 << bench.width(name))) for name in ("STATUS", "ERROR", "EVENT")}
        want["INTERRUPT_ENABLE"] = int(bench.rng.integers(1 << bench.width("EVENT")))
        for name in ("ERROR", "EVENT"):
            await bench.write(name, WORD)
        for name in (*SETTINGS, "INTERRUPT_ENABLE"):
            await bench.write(name, want[name])
        for name in (*counters, "CLAMPED"):
            getattr(dut.counters, name.lower()).value = want[name]
        dut.status.value, dut.error_set.value, dut.event_set.value = want["STATUS"], want["ERROR"], want["EVENT"]
        await bench.edge
        dut.error_set.value = dut.event_set.value = 0
        await bench.settle()
        check([await bench.read(name) for name in bench.by_name],
              [want.get(name, entry["reset"]) for name, entry in bench.by_name.items()], f"of {list(bench.by_name)}")
        bench.check_ports({name: want[name] for name in SETTINGS})
