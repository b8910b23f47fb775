"""The C driver, compiled for this machine, runs products on the simulated engine."""

import ctypes
from typing import Any, ClassVar

import cocotb
import numpy as np
from cocotb.task import bridge, resume

from golden.matmul import fold_bias
from tb.sim_axi import EngineBench, same
from tb.sim_bench import case, check, generator
from tb.sim_gemm import Gemm, gemm_of, random_gemm
from tb.sim_layers import built_modes
from tb.sim_ports import description

# Where the registers would be.
BASE = 0x43C0_0000

# Values of mac_engine_result, by name.
RESULTS = ("OK", "NOT_FOUND", "WRONG_VERSION", "BAD_ARGUMENT", "NOT_READY", "BAD_M", "BAD_N", "BAD_K",
           "BAD_WEIGHTS_SIZE", "BAD_MODE", "BAD_FORMAT", "BAD_A_ZERO_POINT", "BAD_OUTPUT_RANGE", "QUEUE_FULL",
           "STREAM_ERROR", "DATA_ERROR", "CANCELLED", "TIMEOUT")
POLLS = 100_000

READ = ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_size_t)
WRITE = ctypes.CFUNCTYPE(None, ctypes.c_size_t, ctypes.c_uint32)


class CEngine(ctypes.Structure):
    """As mac_engine."""

    _fields_: ClassVar = [
        ("base", ctypes.c_size_t),
        *((name, ctypes.c_uint32) for name in (
            "rows", "cols", "depth", "act_bytes", "weight_bytes", "out_bytes", "channel_bytes", "act_width",
            "weight_width", "acc_width", "modes")),
        ("raw_output", ctypes.c_bool), ("subtract", ctypes.c_bool),
        *((name, ctypes.c_uint32) for name in ("k_max", "n_max", "raw_n_max", "weight_beats"))]


class CJob(ctypes.Structure):
    """As mac_engine_job."""

    _fields_: ClassVar = [
        *((name, ctypes.c_uint32) for name in ("m", "n", "k", "mode")),
        *((name, ctypes.c_bool) for name in ("raw", "a_unsigned", "w_unsigned")),
        *((name, ctypes.c_int32) for name in ("a_zero_point", "zero_point", "low", "high"))]


class CChannel(ctypes.Structure):
    """As mac_engine_channel."""

    _fields_: ClassVar = [("bias", ctypes.c_uint32), ("multiplier", ctypes.c_uint32), ("shift", ctypes.c_uint8),
                          ("weight_zero_point", ctypes.c_uint8)]


class Driver:
    """The library, its registers those of the simulated engine; to be used in a bridged function."""

    def __init__(self, bench: EngineBench):
        self.lib = ctypes.CDLL(case("library"))
        self.bench = bench
        self.engine = CEngine()
        self.accesses = 0
        for name in ("activations_size", "weights_size", "channels_size", "outputs_size"):
            getattr(self.lib, f"mac_engine_{name}").restype = ctypes.c_size_t
        for name in ("errors", "events", "float_bits", "fold_bias"):
            getattr(self.lib, f"mac_engine_{name}").restype = ctypes.c_uint32
        for name in ("busy", "ready"):
            getattr(self.lib, f"mac_engine_{name}").restype = ctypes.c_bool
        self._callbacks = READ(self._read), WRITE(self._write)
        for name, callback in zip(("read", "write"), self._callbacks, strict=True):
            pointer = ctypes.c_void_p.in_dll(self.lib, f"port_{name}32")
            pointer.value = ctypes.cast(callback, ctypes.c_void_p).value

    def _read(self, address: int) -> int:
        self.accesses += 1
        response = resume(self.bench.axil.read)(address - BASE, 4)
        return int.from_bytes(response.data, "little")

    def _write(self, address: int, value: int) -> None:
        self.accesses += 1
        resume(self.bench.axil.write)(address - BASE, value.to_bytes(4, "little"))

    def call(self, function: str, *arguments: Any) -> Any:
        """Call mac_engine_<function>(&engine, ...)."""
        return getattr(self.lib, f"mac_engine_{function}")(ctypes.byref(self.engine), *arguments)

    def expect(self, result: str, function: str, *arguments: Any) -> None:
        """Call a function that must return `result`."""
        same(RESULTS[self.call(function, *arguments)], result, f"mac_engine_{function}")

    def job(self, gemm: Gemm) -> CJob:
        """The description of a job."""
        m, n, k = gemm.shape
        layer, subtract = gemm.layer, self.engine.subtract
        return CJob(m, n, k, description()["modes"][layer.mode], gemm.raw,
                    bool(subtract and gemm.a.dtype.kind == "u"), bool(subtract and layer.weights.dtype.kind == "u"),
                    layer.a_zp if subtract else 0, layer.y_zp, layer.qmin, layer.qmax)

    def packets(self, gemm: Gemm, order: int) -> dict[str, bytes]:
        """The packets of a job, packed by the driver from weights in this memory order."""
        m, n, k = gemm.shape
        layer, job = gemm.layer, self.job(gemm)
        weights = np.ascontiguousarray(layer.weights.T if order else layer.weights)
        packed = ctypes.create_string_buffer(self.call("weights_size", n, k))
        self.expect("BAD_ARGUMENT", "pack_weights", n, k, weights.ctypes.data_as(ctypes.c_void_p), order, packed,
                    ctypes.c_size_t(len(packed) - 1))
        self.expect("OK", "pack_weights", n, k, weights.ctypes.data_as(ctypes.c_void_p), order, packed,
                    ctypes.c_size_t(len(packed)))
        records = (CChannel * n)(*(self._channel(gemm, channel, weights, order) for channel in range(n)))
        channels = ctypes.create_string_buffer(self.call("channels_size", n))
        self.expect("OK", "pack_channels", n, records, channels, ctypes.c_size_t(len(channels)))
        check(self.lib.mac_engine_activations_size(ctypes.byref(job)), m * k, "activations_size")
        check(self.lib.mac_engine_outputs_size(ctypes.byref(job)), len(gemm.expected), "outputs_size")
        return {"activations": gemm.a.tobytes(), "weights": packed.raw, "channels": channels.raw}

    def _channel(self, gemm: Gemm, channel: int, weights: np.ndarray, order: int) -> CChannel:
        layer, (_, n, k) = gemm.layer, gemm.shape
        bias = int(layer.bias[channel]) & 0xFFFFFFFF
        if layer.float_bias is not None:
            bias = self.lib.mac_engine_float_bits(ctypes.c_float(layer.float_bias[channel]))
        elif not self.engine.subtract:
            bias = self.lib.mac_engine_fold_bias(
                ctypes.c_uint32(bias), layer.a_zp, n, k, channel, weights.ctypes.data_as(ctypes.c_void_p), order)
            want = fold_bias(layer.bias, layer.weights, layer.a_zp)[channel]
            check(bias, int(want) & 0xFFFFFFFF, "mac_engine_fold_bias", channel=channel)
        if layer.scale is not None:
            multiplier = self.lib.mac_engine_float_bits(ctypes.c_float(layer.scale[channel]))
        else:
            multiplier = 0 if layer.m is None else int(layer.m[channel])
        shift = 0 if layer.s is None else int(layer.s[channel])
        return CChannel(bias, multiplier, shift, int(np.broadcast_to(layer.w_zp, n)[channel]) & 255)


async def _driver(dut: Any, name: str) -> tuple[EngineBench, np.random.Generator]:
    rng = generator(name)
    bench = EngineBench(dut, rng)
    await bench.start()
    return bench, rng


@cocotb.test()
async def the_c_driver_runs_products_from_start_to_end(dut):
    """Registers and packing by the driver, of weights in both orders; one job and two in flight."""
    bench, rng = await _driver(dut, "c products")
    driver = Driver(bench)

    def session() -> None:
        driver.expect("OK", "probe", ctypes.c_size_t(BASE))
        config = description()["config"]
        for name in ("rows", "cols", "depth", "k_max", "n_max", "weight_beats", "act_bytes", "act_width"):
            check(getattr(driver.engine, name), config[name], name)
        jobs = [random_gemm(rng, 80) for _ in range(10)]
        for index in range(0, len(jobs), 2):
            pair = jobs[index:index + 2]
            driver.call("clear_counters")
            packets = [driver.packets(gemm, (index // 2 + number) % 2) for number, gemm in enumerate(pair)]
            for gemm, each in zip(pair, packets, strict=True):
                driver.expect("OK", "check", ctypes.byref(driver.job(gemm)))
                driver.expect("OK", "start", ctypes.byref(driver.job(gemm)))
                # A second job waits for the first, whose packets come late in every other pair.
                if index % 4:
                    bench.send(each)
            if not index % 4:
                driver.expect("NOT_READY", "start", ctypes.byref(driver.job(pair[0])))
                for each in packets:
                    bench.send(each)
            for gemm in pair:
                got = np.frombuffer(resume(bench.receive)(), np.uint8)
                check(got, gemm.expected, "outputs", **gemm.facts())
            driver.expect("OK", "wait", POLLS)
            counters = (ctypes.c_uint32 * 9)()
            driver.call("read_counters", counters)
            check(counters[0], sum(counters[1:7]), "cycles", counters=list(counters))
            check([counters[1], counters[7], counters[8]],
                  [sum(gemm.waves for gemm in pair), 2, sum(gemm.clamped for gemm in pair)], "waves, jobs, clamped")

    await bridge(session)()
    await bench.idle()


@cocotb.test()
async def the_c_driver_tells_what_went_wrong(dut):
    """Jobs that it refuses itself, broken packets, ABORT, RESET, interrupts; the next product is right."""
    bench, rng = await _driver(dut, "c errors")
    driver = Driver(bench)
    config = description()["config"]
    raw = not config["modes"]

    def good() -> None:
        gemm = gemm_of(rng, 2, 2, 3, built_modes()[0], raw=raw)
        driver.expect("OK", "start", ctypes.byref(driver.job(gemm)))
        bench.send(driver.packets(gemm, 0))
        check(np.frombuffer(resume(bench.receive)(), np.uint8), gemm.expected, "outputs", **gemm.facts())
        driver.expect("OK", "wait", POLLS)

    def session() -> None:
        driver.expect("OK", "probe", ctypes.c_size_t(BASE))
        gemm = gemm_of(rng, 2, 2, 3, built_modes()[0], raw=raw)
        for field, value, result in (("m", 0, "BAD_M"), ("n", 2**16 + 1, "BAD_N"), ("k", 0, "BAD_K"),
                                     ("k", config["k_max"] + 1, "BAD_K")):
            job = driver.job(gemm)
            setattr(job, field, value)
            before = driver.accesses
            driver.expect(result, "start", ctypes.byref(job))
            check(driver.accesses, before, "a job that cannot run touches no register")
        driver.call("enable_interrupts", 15)
        driver.expect("OK", "start", ctypes.byref(driver.job(gemm)))
        packets = driver.packets(gemm, 0)
        # One record more than the job has channels.
        bench.send(packets | {"channels": packets["channels"] + bytes(driver.engine.channel_bytes)})
        resume(bench.receive)()
        driver.expect("STREAM_ERROR", "wait", POLLS)
        same(bool(dut.irq.value), True, "interrupt")
        driver.call("clear_errors", 2**32 - 1)
        driver.call("clear_events", 2**32 - 1)
        same([driver.call("errors"), driver.call("events")], [0, 0], "flags that were cleared")
        good()
        driver.expect("OK", "start", ctypes.byref(driver.job(gemm)))
        bench.send(packets)
        driver.expect("OK", "abort", POLLS)
        resume(bench.receive)()
        driver.expect("CANCELLED", "wait", POLLS)
        driver.call("clear_events", 2**32 - 1)
        good()
        driver.expect("OK", "start", ctypes.byref(driver.job(gemm)))
        driver.expect("TIMEOUT", "wait", 3)
        driver.expect("TIMEOUT", "abort", 3)
        driver.call("reset")
        bench.forget()
        same([driver.call("busy"), driver.call("ready")], [False, True], "busy and ready after reset")
        good()

    await bridge(session)()
