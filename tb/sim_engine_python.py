"""The Python driver that is shipped with an engine runs products of any size on the simulated engine."""

import importlib.util
import sys
from types import ModuleType
from typing import Any

import cocotb
import numpy as np
from cocotb.task import bridge, resume

from tb.sim_axi import EngineBench, same
from tb.sim_bench import case, check, fail, generator
from tb.sim_gemm import INPUTS, Gemm, gemm_of, largest_n, random_stage
from tb.sim_ports import description


def load() -> ModuleType:
    """The driver, from the file beside the Verilog."""
    spec = importlib.util.spec_from_file_location("shipped_driver", case("driver"))
    assert spec is not None and spec.loader is not None
    module = sys.modules["shipped_driver"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class SimulatedBus:
    """The driver's bus: the bench's registers and streams. Used in a bridged function."""

    def __init__(self, bench: EngineBench):
        self.bench = bench
        self._tokens = 0
        self._packets: dict[int, np.ndarray] = {}
        self._arrived = 0
        # What could receive is idle until a packet is expected.
        bench.sink.pause = True

    def read(self, offset: int) -> int:
        """A register."""
        return int.from_bytes(resume(self.bench.axil.read)(offset, 4).data, "little")

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        resume(self.bench.axil.write)(offset, int(value).to_bytes(4, "little"))

    def send(self, stream: str, data: np.ndarray) -> None:
        """Queue a packet."""
        self.bench.send({stream: data.tobytes()})

    def receive(self, count: int) -> int:
        """Expect a packet."""
        self.bench.watch.relax = False
        self.bench.sink.pause = False
        self._tokens += 1
        return self._tokens - 1

    def received(self, token: int) -> np.ndarray | None:
        """The packet of `token`, once."""
        while not self.bench.sink.empty():
            self._packets[self._arrived] = np.frombuffer(bytes(self.bench.sink.recv_nowait().tdata), np.uint8)
            self._arrived += 1
        self.bench.sink.pause = self._arrived == self._tokens
        return self._packets.pop(token, None)

    def sent(self) -> bool:
        """Whether all packets have left."""
        return all(source.idle() for source in self.bench.sources.values())

    def idle(self) -> None:
        """Let the simulation go on."""
        resume(self.bench.cycles)(20)

    def reset(self) -> None:
        """Forget all packets."""
        self.bench.watch.relax = True
        self.bench.forget()
        self.bench.sink.pause = True
        self._arrived = self._tokens
        self._packets.clear()


def _arguments(gemm: Gemm) -> dict[str, Any]:
    layer = gemm.layer
    factor: dict[str, Any] = {"bias": layer.bias if layer.float_bias is None else layer.float_bias}
    if not gemm.raw:
        factor |= {"zero_point": layer.y_zp, "low": layer.qmin, "high": layer.qmax, "mode": layer.mode}
        factor |= {"scale": layer.scale} if layer.m is None else {"multiplier": layer.m, "shift": layer.s}
    return factor | {"a_zero_point": layer.a_zp, "w_zero_point": layer.w_zp, "raw": gemm.raw}


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
                    got = engine.matmul(gemm.a, gemm.layer.weights, **_arguments(gemm))
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
