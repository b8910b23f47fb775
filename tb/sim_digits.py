"""Recognizes handwritten digits on the unit under test: every layer's product and requantization."""

import json
import time
from pathlib import Path

import cocotb
import numpy as np

from golden import digits
from tb.sim_bench import case, check, generator
from tb.sim_driver import Product, UnitDriver
from tb.sim_ports import description

# Images in one go: what the progress bar steps by.
BATCH = 40


@cocotb.test()
async def digits_are_recognized_as_the_golden_model_does(dut):
    """Feeds each layer with the outputs of the hardware, not with golden ones; writes the figures."""
    config = description()["config"]
    mode = config["modes"][0]
    data = digits.load()
    images, labels = data.images[:int(case("images"))], data.labels[:int(case("images"))]
    network = digits.layers(mode, config["act_width"], config["weight_width"], digits=data)
    a = digits.quantize_images(images, config["act_width"], digits=data)

    driver = UnitDriver(dut, generator("digits"))
    await driver.start()
    classes: list[int] = []
    compared = mismatches = 0
    ideal = 0.0
    busy_cycles = 0
    started = time.perf_counter()
    for first in range(0, len(a), BATCH):
        golden: np.ndarray = a[first:first + BATCH]
        hardware: np.ndarray = golden
        for layer in network:
            begin = driver.cycle
            hardware = await driver.compute(Product(layer, hardware))
            busy_cycles += driver.cycle - begin
            golden = layer.forward(golden)
            compared += golden.size
            mismatches += int(np.count_nonzero(hardware != golden))
            ideal += driver.geometry.ideal_cycles(len(golden), *layer.weights.shape[::-1])
        classes += hardware.argmax(axis=1).tolist()
        print(f"progress {min(first + BATCH, len(a))} {len(a)}", flush=True)
    seconds = time.perf_counter() - started
    figures = {
        "images": len(a),
        "mode": mode,
        "float32_accuracy": digits.float_accuracy(data, len(a)),
        "golden_accuracy": float(np.mean(digits.predict(network, a) == labels)),
        "hardware_accuracy": float(np.mean(np.array(classes) == labels)),
        "outputs_compared": compared,
        "mismatches": mismatches,
        "cycles": busy_cycles,
        "utilization": ideal / busy_cycles,
        "simulated_cycles_per_second": driver.cycle / seconds,
    }
    Path(case("figures")).write_text(json.dumps(figures))
    check(mismatches, 0, "mismatches", outputs=compared)
