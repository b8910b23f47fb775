"""Vectors that somebody else made, through the requantizer or the unit under test; results go to a file."""

from pathlib import Path

import cocotb
import numpy as np

from tb.sim_bench import case, generator, start_clock
from tb.sim_driver import Product, UnitDriver
from tb.sim_ports import description, port
from tb.vectors import VectorFile, load


@cocotb.test()
async def vectors_run_through_the_hardware(dut):
    """Writes the hardware's results in the order of the file; comparing them is the caller's."""
    loaded = load(Path(case("vectors")), case("mode"))
    if isinstance(loaded, VectorFile):
        results = await requantize(dut, loaded)
    else:
        layer, a, _ = loaded
        driver = UnitDriver(dut, generator("replay"))
        await driver.start()
        results = await driver.compute(Product(layer, a))
    np.save(case("results"), results)


async def requantize(dut, vectors: VectorFile) -> np.ndarray:
    """One vector a cycle, stage by stage; [count] results."""
    info = description()
    latency = info["timing"]["latency"]
    edge = start_clock(dut)
    if hasattr(dut, "mode"):
        dut.mode.value = info["modes"][vectors.mode]
    fields = vectors.fields
    words = {"acc": fields["acc"].astype(np.int32).view(np.uint32)}
    words["multiplier"] = fields["scale"].view(np.uint32) if "scale" in fields else fields["m"]
    if "bias" in fields:
        words["bias"] = fields["bias"].view(np.uint32)
    if "s" in fields:
        words["shift"] = fields["s"]
    handles = {name: getattr(dut, name) for name in words}
    results = np.zeros(len(vectors), np.int64)
    done = 0
    for (zero_point, low, high), where in vectors.stages():
        dut.stage.value = port("stage").pack(zero_point=[zero_point], low=[low], high=[high])[0]
        table = {name: word[where].tolist() for name, word in words.items()}
        for cycle in range(len(where) + latency):
            if cycle < len(where):
                for name, handle in handles.items():
                    handle.value = table[name][cycle]
            await edge
            if cycle >= latency:
                results[where[cycle - latency]] = dut.y.value.to_unsigned()
        # 8 bits say which number only together with the bounds of the clamp.
        raw = results[where]
        results[where] = np.where((raw > high) | (low < 0) & (raw > 127) & (raw - 256 >= low), raw - 256, raw)
        done += len(where)
        print(f"progress {done} {len(vectors)}", flush=True)
    return results
