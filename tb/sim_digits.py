"""Recognizes handwritten digits on the engine under test: layer after layer, by the driver that is shipped with it."""

import json
import time
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.task import bridge

from golden import digits
from golden.linear import QuantizedLinear
from tb.sim_axi import EngineBench
from tb.sim_bench import case, check, generator
from tb.sim_engine_bus import SimulatedBus, load
from tb.sim_ports import description

# Images in one product: what the progress bar steps by.
BATCH = 120


@cocotb.test()
async def digits_are_recognized_as_the_golden_model_does(dut):
    """Feeds each layer with the outputs of the hardware, not with golden ones; writes the figures."""
    config = description()["config"]
    data = digits.load()
    count = int(case("images"))
    network = digits.layers(config["modes"][0], config["act_width"], config["weight_width"], digits=data)
    a = digits.quantize_images(data.images[:count], config["act_width"], digits=data)

    bench = EngineBench(dut, generator("digits"))
    await bench.start()
    figures = await bridge(run)(bench, network, a)
    classes = figures.pop("classes")
    labels = data.labels[:count]
    figures |= {
        "images": count,
        "mode": config["modes"][0],
        "float32_accuracy": digits.float_accuracy(data, count),
        "golden_accuracy": float(np.mean(digits.predict(network, a) == labels)),
        "hardware_accuracy": float(np.mean(np.array(classes) == labels)),
    }
    Path(case("figures")).write_text(json.dumps(figures))
    check(figures["mismatches"], 0, "mismatches", outputs=figures["outputs_compared"])


def run(bench: EngineBench, network: list[QuantizedLinear], a: np.ndarray) -> dict[str, Any]:
    """All images through all layers; the figures, and the classes that the hardware found."""
    config = description()["config"]
    engine = load().Engine(case("description"), SimulatedBus(bench), timeout=None)
    packed = [engine.pack_weights(layer.weights) for layer in network]
    classes: list[int] = []
    compared = mismatches = products = 0
    engine.clear_counters()
    started, first_cycle = time.perf_counter(), bench.watch.cycle
    for first in range(0, len(a), BATCH):
        golden: np.ndarray = a[first:first + BATCH]
        hardware: np.ndarray = golden
        for layer, weights in zip(network, packed, strict=True):
            products += len(golden) * layer.weights.size
            hardware = engine.matmul(hardware, weights, **settings(layer))
            golden = layer.forward(golden)
            compared += golden.size
            mismatches += int(np.count_nonzero(hardware != golden))
        classes += hardware.argmax(axis=1).tolist()
        print(f"progress {min(first + BATCH, len(a))} {len(a)}", flush=True)
    seconds = time.perf_counter() - started
    cycles = engine.counters()["CYCLES"]
    return {
        "classes": classes,
        "outputs_compared": compared,
        "mismatches": mismatches,
        "cycles": cycles,
        "utilization": products / (config["rows"] * config["cols"] * config["depth"]) / cycles,
        "simulated_cycles_per_second": (bench.watch.cycle - first_cycle) / seconds,
    }


def settings(layer: QuantizedLinear) -> dict[str, Any]:
    """Arguments of the driver's `matmul` for a layer."""
    factor = {"scale": layer.scale} if layer.m is None else {"multiplier": layer.m, "shift": layer.s}
    return factor | {"bias": layer.bias, "a_zero_point": layer.a_zp, "w_zero_point": layer.w_zp,
                     "zero_point": layer.y_zp, "low": layer.qmin, "high": layer.qmax, "mode": layer.mode}
