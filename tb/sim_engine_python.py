"""The Python driver that is shipped with an engine runs products of any size on the simulated engine."""

from types import ModuleType
from typing import Any

import cocotb
import numpy as np
from cocotb.task import bridge

from tb.sim_axi import EngineBench, same
from tb.sim_bench import case, check, fail, generator
from tb.sim_engine_bus import SimulatedBus, load
from tb.sim_gemm import INPUTS, gemm_of, largest_n, random_stage
from tb.sim_ports import description


@cocotb.test()
async def the_python_driver_runs_products_of_any_size(dut):
    """Products within and beyond the buffers on every side, in every mode, with random stalls."""
    rng = generator("python products")
    shares = {name: 0.3 for name in INPUTS}
    bench = EngineBench(dut, rng)
    await bench.start()
    module = load()
    config = description()["config"]
    rows, cols = config["rows"], config["cols"]

    def session() -> None:
        engine = module.Engine(case("description"), SimulatedBus(bench), timeout=None)
        kinds = [(mode, False) for mode in config["modes"]] + [("F32", True)] * config["raw_output"]
        for stalls in (False, True):
            if stalls:
                bench.pause(shares)
            for mode, raw in kinds:
                n_max, k_max = largest_n(raw), config["k_max"]
                longest = min(k_max, config["weight_beats"] * config["depth"])
                for m, n, k in ((1, 1, 1), (2 * rows + 1, n_max + cols + 1, min(longest, 9)),
                                (rows, cols + 1, 2 * k_max + 3 if raw else longest)):
                    gemm = gemm_of(rng, m, n, k, mode, raw=raw, stage=random_stage(rng))
                    got = engine.matmul(gemm.a, gemm.layer.weights, **gemm.arguments())
                    want = gemm.accumulators if raw else gemm.layer.forward(gemm.a)
                    same(str(got.dtype), str(want.dtype), "type of the results")
                    check(got, want, "results", **gemm.facts())
        _errors(module, engine, bench, rng)

    await bridge(session)()
    await bench.idle()


def _errors(module: ModuleType, engine: Any, bench: EngineBench, rng: np.random.Generator) -> None:
    """Jobs that fail raise, and the next product is right."""
    config = description()["config"]
    raw = not config["modes"]
    gemm = gemm_of(rng, 2, 2, 3, "F32" if raw else config["modes"][0], raw=raw, stage=None if raw else (0, 5, 9))
    packets = {name: np.frombuffer(packet, np.uint8) for name, packet in gemm.packets().items()}
    settings = {"raw": gemm.raw, "a_unsigned": bool(gemm.settings()["FORMAT"] & 2),
                "w_unsigned": bool(gemm.settings()["FORMAT"] & 4), "a_zero_point": gemm.settings()["A_ZERO_POINT"],
                "mode": gemm.settings()["MODE"]}
    if not raw:
        settings |= {"zero_point": 0, "low": 5, "high": 9}
    job = module.Job(2, 2, 3, packets["activations"], packets["weights"], packets["channels"], **settings)
    engine.start(job)
    check(engine.wait().reshape(-1).view(np.uint8), gemm.expected, "results of a job")

    one_more = np.append(packets["channels"], packets["channels"][:description()["derived"]["channel_bytes"]])
    for number, wrong in enumerate(({"k": config["k_max"] + 1}, {"m": 0}, {"channels": one_more})):
        fields = {name: getattr(job, name) for name in ("m", "n", "k", *INPUTS)} | wrong
        try:
            engine.start(module.Job(**fields, **settings))
            engine.wait()
        except module.EngineError as error:
            same(error.errors, (("K_RANGE",), ("M_RANGE",), ("CHANNELS_LATE",))[number], "errors")
        else:
            fail("a job that is wrong must raise", wrong=wrong)
        engine.start(job)
        check(engine.wait().reshape(-1).view(np.uint8), gemm.expected, "results after an error")
    engine.start(job)
    engine.abort()
    engine.start(job)
    check(engine.wait().reshape(-1).view(np.uint8), gemm.expected, "results after an abort")
