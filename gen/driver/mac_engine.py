"""Driver of a Macaw matrix engine: products of 8-bit matrices of any size, on hardware or in simulation.

    engine = Engine("mac_engine_8x8x1.json", MappedBus(registers, activations, weights, channels, outputs))
    y = engine.matmul(a, w, bias=bias, scale=scale)

This file stands alone: Python 3.9 or newer and NumPy, nothing else. `Engine` cuts a product into jobs that fit the
hardware's buffers, packs operands and runs two jobs at a time. How registers and packets reach the engine is a `Bus`;
`MappedBus` is the one for memory-mapped hardware with Xilinx AXI DMA cores (PYNQ, or any Linux).
"""

from __future__ import annotations

import json
import mmap
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

__all__ = [
    "AxiDma", "Bus", "Engine", "EngineError", "Job", "MappedBus", "PackedWeights", "map_registers", "read_description",
]

# Rows of a job, and jobs that the engine takes before the first has ended.
M_MAX = 2**24 - 1
PLACES = 2

STREAMS = ("activations", "weights", "channels")
# Modes whose factor is a float32; the others have multiplier and shift.
FLOAT_MODES = ("F32", "FBGEMM")
# Errors that leave the job running: its results mean nothing.
DATA_ERRORS = ("CHANNEL_RANGE", "OPERAND_RANGE")


class EngineError(RuntimeError):
    """The hardware failed; it has been aborted or reset, and takes the next job.

    Parameters
    ----------
    message
        What happened.
    errors
        Names of the bits that were set in register ERROR; empty if the engine reported none.
    """

    def __init__(self, message: str, errors: tuple[str, ...] = ()):
        super().__init__(message)
        self.errors = errors


class Bus(Protocol):
    """How registers and packets reach an engine. No method waits for the engine.

    A bus may have an attribute `packet_limit`: the most bytes that a packet may have.
    """

    def read(self, offset: int) -> int:
        """The 32-bit register at byte address `offset`."""

    def write(self, offset: int, value: int) -> None:
        """Write 0 <= `value` < 2^32 to the register at byte address `offset`."""

    def send(self, stream: str, data: np.ndarray) -> None:
        """Queue `data`, bytes, as one packet for ``activations``, ``weights`` or ``channels``."""

    def receive(self, count: int) -> Any:
        """Queue the receiving of one packet of at most `count` bytes from the outputs; returns a token."""

    def received(self, token: Any) -> np.ndarray | None:
        """The bytes of the packet that `token` stands for, once; None while it is not complete."""

    def sent(self) -> bool:
        """Whether every queued packet has left."""

    def idle(self) -> None:
        """Called whenever the driver waits: may sleep, or advance a simulation."""

    def reset(self) -> None:
        """Forget all packets that are queued, under way or expected."""


@dataclass(frozen=True, eq=False)
class Job:
    """One job as the hardware takes it: what goes into registers M to HIGH, and the three packets.

    Parameters
    ----------
    m, n, k
        Size of the product.
    activations, weights, channels
        Packets, bytes.
    mode
        Number of the rounding mode.
    raw, a_unsigned, w_unsigned
        Bits of FORMAT.
    a_zero_point, zero_point, low, high
        As in `Engine.matmul`.
    """

    m: int
    n: int
    k: int
    activations: np.ndarray
    weights: np.ndarray
    channels: np.ndarray
    mode: int = 0
    raw: bool = False
    a_unsigned: bool = False
    w_unsigned: bool = False
    a_zero_point: int = 0
    zero_point: int = 0
    low: int = -128
    high: int = 127

    @property
    def dtype(self) -> np.dtype:
        """Type of the results: int32, or int8 if low..high fits it, else uint8."""
        return np.dtype("<i4") if self.raw else _output_type(self.low, self.high)

    @property
    def output_bytes(self) -> int:
        """Bytes of the output packet."""
        return self.m * self.n * self.dtype.itemsize


class _Layout(NamedTuple):
    """What decides the order of packed weights."""

    cols: int
    depth: int
    beat_bytes: int


class PackedWeights:
    """Weights [K, N] that an engine's `pack_weights` has checked; packets made from them are kept.

    Parameters
    ----------
    w
        int8 or uint8 [K, N]; copied.
    layout
        The engine's.
    """

    def __init__(self, w: np.ndarray, layout: _Layout):
        self.values = np.array(w)
        self.layout = layout
        self._packets: dict[tuple[int, ...], np.ndarray] = {}
        self._sums: dict[tuple[int, int], np.ndarray] = {}

    @property
    def shape(self) -> tuple[int, int]:
        """K and N."""
        return self.values.shape[0], self.values.shape[1]

    def packet(self, k: slice, n: slice) -> np.ndarray:
        """The packet of rows `k` and columns `n`."""
        key = (k.start, k.stop, n.start, n.stop)
        if key not in self._packets:
            self._packets[key] = self._pack(self.values[k, n])
        return self._packets[key]

    def sums(self, k: slice) -> np.ndarray:
        """Sums of the columns over rows `k`, int64 [N]."""
        key = (k.start, k.stop)
        if key not in self._sums:
            self._sums[key] = self.values[k].sum(axis=0, dtype=np.int64)
        return self._sums[key]

    def _pack(self, w: np.ndarray) -> np.ndarray:
        """For each tile of columns, for each beat: [cols][depth] bytes, zeros up to whole words."""
        cols, depth, beat_bytes = self.layout
        beats, tiles = _ceil(w.shape[0], depth), _ceil(w.shape[1], cols)
        full = np.zeros((beats * depth, tiles * cols), np.uint8)
        full[:w.shape[0], :w.shape[1]] = w.view(np.uint8)
        packed = np.zeros((tiles * beats, beat_bytes), np.uint8)
        order = full.reshape(beats, depth, tiles, cols).transpose(2, 0, 3, 1)
        packed[:, :cols * depth] = order.reshape(tiles * beats, cols * depth)
        return packed.reshape(-1)


class _Activations(NamedTuple):
    """Operands as the hardware gets them; the zero point is subtracted there, or `folded` into the bias."""

    values: np.ndarray
    unsigned: bool
    subtracted: int
    folded: int


class _Running:
    """A started job; `packet` is what came."""

    def __init__(self, job: Job, token: Any):
        self.job, self.token = job, token
        self.packet: np.ndarray | None = None


# What is read of a description: numbers of 1 or more, and bits of registers that have a meaning here.
_NUMBERS = (
    ("config", "rows"), ("config", "cols"), ("config", "depth"), ("config", "act_width"), ("config", "weight_width"),
    ("config", "k_max"), ("config", "n_max"), ("config", "weight_beats"), ("config", "weight_bytes"),
    ("derived", "weight_words"), ("derived", "channel_bytes"))
_BITS: dict[str, tuple[str, ...]] = {
    "CONTROL": ("START", "ABORT", "CLEAR", "RESET"), "STATUS": ("READY", "BUSY", "CANCELLING"), "ERROR": (),
    "EVENT": ("REFUSED",), "FORMAT": ("RAW", "A_UNSIGNED", "W_UNSIGNED"),
    **dict.fromkeys(("M", "N", "K", "MODE", "A_ZERO_POINT", "ZERO_POINT", "LOW", "HIGH"), ())}


def read_description(description: str | os.PathLike[str] | dict[str, Any]) -> dict[str, Any]:
    """What is in a description, or in the file of one.

    Raises
    ------
    ValueError
        It is not a JSON file, or something that a driver needs is missing or wrong.
    """
    facts: Any = description
    if not isinstance(description, dict):
        try:
            facts = json.loads(Path(description).read_text())
        except (ValueError, RecursionError):
            raise ValueError(f"description must be a JSON file, not {os.fspath(description)!r}") from None
    if not isinstance(facts, dict) or "registers" not in facts:
        block = facts.get("block", "something else") if isinstance(facts, dict) else "something else"
        raise ValueError(f"description must be that of an engine, not of {block}")

    def need(condition: bool, what: str) -> None:
        if not condition:
            raise ValueError(f"description must have {what}, as the generator writes it")

    for part, name in _NUMBERS:
        need(_is_number(_part(facts, part).get(name), 1), f"a number {part}.{name}")
    config, numbers = facts["config"], _part(facts, "modes")
    need(_is_number(facts["derived"].get("raw_n_max")), "a number derived.raw_n_max")
    need(config.get("zero_points") in ("FOLD", "SUBTRACT"), "config.zero_points")
    need(isinstance(config.get("raw_output"), bool), "config.raw_output")
    need(isinstance(config.get("modes"), list) and all(
        isinstance(mode, str) and _is_number(numbers.get(mode)) for mode in config["modes"]), "modes with numbers")
    need(isinstance(facts["registers"], list) and all(map(_is_register, facts["registers"])), "registers with fields")
    registers = {register["name"]: register for register in facts["registers"]}
    addresses = {register["offset"] for register in facts["registers"]}
    need(len(facts["registers"]) == len(registers) == len(addresses), "registers of different names and addresses")
    for name, bits in _BITS.items():
        need(name in registers, f"a register {name}")
        missing = set(bits) - {field["name"] for field in registers[name]["fields"]}
        need(not missing, f"a field {min(missing, default='')} of register {name}")
    return facts


def _part(facts: dict[str, Any], name: str) -> dict[str, Any]:
    part = facts.get(name)
    return part if isinstance(part, dict) else {}


def _is_number(value: Any, low: int = 0, high: int = 2**32 - 1) -> bool:
    return type(value) is int and low <= value <= high


def _is_register(entry: Any) -> bool:
    """Whether `entry` describes a register at the address of a word, and fields within its 32 bits."""
    return (isinstance(entry, dict) and isinstance(entry.get("name"), str) and isinstance(entry.get("access"), str)
            and _is_number(entry.get("offset"), high=2**16) and entry["offset"] % 4 == 0
            and _is_number(entry.get("reset"))
            and isinstance(entry.get("fields"), list)
            and all(isinstance(field, dict) and isinstance(field.get("name"), str)
                    and isinstance(field.get("text"), str) and _is_number(field.get("low"), high=31)
                    and _is_number(field.get("width"), 1, 32 - field["low"]) for field in entry["fields"]))


class Engine:
    """A matrix engine behind a bus.

    Parameters
    ----------
    description
        The JSON description that was generated with the hardware: its path, or what is in it.
    bus
        A `Bus`. Whatever an earlier program left on it and in the engine is reset.
    timeout
        Seconds that one job may take before it counts as failed; None: for ever.

    Raises
    ------
    ValueError
        `description` is none of an engine.
    EngineError
        What is behind the bus is not what `description` describes.
    """

    def __init__(self, description: str | os.PathLike[str] | dict[str, Any], bus: Bus, *,
                 timeout: float | None = 10.0):
        facts = read_description(description)
        self.bus = bus
        self.timeout = timeout
        self.config: dict[str, Any] = facts["config"]
        self._derived: dict[str, Any] = facts["derived"]
        self._mode_numbers: dict[str, int] = facts["modes"]
        self._registers = {register["name"]: register for register in facts["registers"]}
        self._fields = {
            name: {field["name"]: ((1 << field["width"]) - 1) << field["low"] for field in register["fields"]}
            for name, register in self._registers.items()}
        self._running: deque[_Running] = deque()
        self._subtract = self.config["zero_points"] == "SUBTRACT"
        self._layout = _Layout(self.config["cols"], self.config["depth"],
                               self._derived["weight_words"] * self.config["weight_bytes"])
        self._check_hardware()
        self.reset()

    def _check_hardware(self) -> None:
        """Compare the registers that tell how the engine was built."""
        for register in self._registers.values():
            if register["access"] == "RO" and register["offset"] < self._registers["CONTROL"]["offset"]:
                found = self.read(register["name"])
                if found != register["reset"]:
                    raise EngineError(f"register {register['name']} must be 0x{register['reset']:08x} as in the "
                                      f"description, not 0x{found:08x}: the hardware is another")

    # ------------------------------------------------------------------------------------------------ products

    def matmul(self, a: Any, w: Any, *, bias: Any = None, scale: Any = None, multiplier: Any = None,
               shift: Any = None, a_zero_point: int = 0, w_zero_point: Any = 0, zero_point: int = 0,
               low: int | None = None, high: int | None = None, mode: str | None = None,
               raw: bool = False) -> np.ndarray:
        """``requantize((a - a_zero_point) @ (w - w_zero_point) + bias)``, of any size.

        Parameters
        ----------
        a
            int8 or uint8 [M, K].
        w
            int8 or uint8 [K, N], or what `pack_weights` made of them.
        bias
            int32 [N], or float32 [N] in mode FBGEMM, in units of the accumulator; None: no bias.
        scale
            float32 > 0, one or one per channel [N], in a floating-point mode.
        multiplier, shift
            0 to 2^31 - 1 and 2 to 62, one or one per channel [N], in a fixed-point mode.
        a_zero_point
            In the range of `a`. Where the engine does not subtract zero points it goes into the bias.
        w_zero_point
            In the range of `w`, one or one per channel [N]; only where the engine subtracts.
        zero_point
            Of the results.
        low, high
            Clamp of the results, within int8 or within uint8; None: that end of int8.
        mode
            Name of a rounding mode; None: the only one that is built for such a factor.
        raw
            Give int32 accumulators with bias, modulo 2^32, instead.

        Returns
        -------
        np.ndarray
            [M, N] of int8 if low..high fits it, else uint8; int32 if `raw`.

        Raises
        ------
        ValueError
            An argument is wrong; the hardware has not been touched.
        EngineError
            The hardware failed; it takes the next job.
        """
        if self._running:
            raise ValueError("wait must be called for every started job before matmul")
        packed = w if isinstance(w, PackedWeights) else self.pack_weights(w)
        if packed.layout != self._layout:
            raise ValueError(f"w must be packed by an engine with {self._layout}, not with {packed.layout}")
        k, n = packed.shape
        activations = self._activations(a, k, a_zero_point)
        settings: dict[str, Any] = {
            "raw": bool(raw), "a_unsigned": activations.unsigned, "a_zero_point": activations.subtracted,
            "w_unsigned": self._subtract and packed.values.dtype == np.uint8}
        if raw:
            self._check_raw(scale=scale, multiplier=multiplier, shift=shift, low=low, high=high, mode=mode,
                            zero_point=zero_point or None)
            # Any mode but FBGEMM, which has no integer bias and is the last in the list; a factor that is legal in it.
            mode = next(iter(self.config["modes"]), None)
            factor, shifts = _fill(0, n, np.uint32), _fill(2, n, np.uint8)
        else:
            mode = self._mode(mode, scale, multiplier, shift)
            settings.update(_clamp(zero_point, low, high))
            if mode in FLOAT_MODES:
                factor, shifts = _floats("scale", scale, n, positive=True), _fill(0, n, np.uint8)
            else:
                factor = _integers("multiplier", multiplier, n, 0, 2**31 - 1).astype(np.uint32)
                shifts = _integers("shift", shift, n, 2, 62).astype(np.uint8)
        settings["mode"] = self._mode_numbers.get(mode or "", 0)

        records = np.zeros((n, self._derived["channel_bytes"]), np.uint8)
        records[:, 4:8] = _bytes(factor)
        if records.shape[1] > 8:
            records[:, 8] = shifts
            records[:, 9] = self._w_zero_points(packed, w_zero_point)
        else:
            self._w_zero_points(packed, w_zero_point)
        return self._product(activations, packed, records, self._bias(bias, n, mode, raw, activations.folded),
                             mode == "FBGEMM", settings)

    def pack_weights(self, w: Any) -> PackedWeights:
        """Check weights, int8 or uint8 [K, N]; for `matmul`, again and again without packing them anew."""
        values = self._operand("w", w, "[K, N]", "weight_width")
        if not self._subtract and values.dtype == np.uint8:
            raise ValueError("w must be int8 where the engine does not subtract zero points, not uint8")
        return PackedWeights(values, self._layout)

    def _product(self, a: _Activations, w: PackedWeights, records: np.ndarray, bias: np.ndarray, float_bias: bool,
                 settings: dict[str, Any]) -> np.ndarray:
        """Cut the product into jobs, run them, and put the results together."""
        raw = settings["raw"]
        on_host = raw and float_bias
        (m, (k, n)) = len(a.values), w.shape
        step_m, step_n, step_k = self._steps(m, n, k, raw)
        places: deque[tuple[slice, slice]] = deque()

        def jobs() -> Iterator[Job]:
            for rows in _cut(k, step_k):
                bits = bias if float_bias or rows.start == 0 else np.zeros_like(bias)
                if a.folded:
                    bits = (bits.astype(np.int64) - a.folded * w.sums(rows)).astype(np.uint32)
                records[:, :4] = 0 if on_host else _bytes(bits)
                for columns in _cut(n, step_n):
                    for lines in _cut(m, step_m):
                        part = np.ascontiguousarray(a.values[lines, rows])
                        places.append((lines, columns))
                        yield Job(len(part), columns.stop - columns.start, part.shape[1], part.reshape(-1),
                                  w.packet(rows, columns), records[columns].copy().reshape(-1), **settings)

        dtype = np.dtype(np.int32) if raw else _output_type(settings["low"], settings["high"])
        y = np.zeros((m, n), dtype)
        if on_host:
            y += (bias.astype(np.int64) - a.folded * w.sums(slice(0, k))).astype(np.int32)
        try:
            for result in self._results(jobs()):
                place = places.popleft()
                y[place] = y[place] + result if raw else result
        except BaseException:
            if self._running:
                self.abort()
            raise
        return y

    def _results(self, jobs: Iterator[Job]) -> Iterator[np.ndarray]:
        """Results of `jobs`, in order; the next job is started before the first has ended."""
        for job in jobs:
            if len(self._running) == PLACES:
                yield self.wait()
            self.start(job)
        while self._running:
            yield self.wait()

    def _steps(self, m: int, n: int, k: int, raw: bool) -> tuple[int, int, int]:
        """Rows, columns and summands of the largest job."""
        config, (cols, depth, beat_bytes) = self.config, self._layout
        limit = getattr(self.bus, "packet_limit", None) or 2**62
        longest = min(config["k_max"], config["weight_beats"] * depth, limit, limit // beat_bytes * depth)
        if k <= longest:
            step_k = k
        elif raw:
            step_k = longest // depth * depth or longest
        else:
            raise ValueError(f"K must be at most {longest} for requantized results, not {k}; "
                             "with raw=True the sums may be longer, and requantized by you")
        item = 4 if raw else 1
        beats = _ceil(step_k, depth) if step_k else 1
        step_n = min(self._derived["raw_n_max"] if raw else config["n_max"],
                     min(config["weight_beats"], limit // beat_bytes) // beats * cols,
                     limit // self._derived["channel_bytes"])
        if n > step_n >= cols:
            step_n -= step_n % cols
        step_n = min(n, step_n)
        if step_k < 1 or step_n < 1:
            raise ValueError(f"bus must carry packets that hold a beat of weights, {beat_bytes} bytes, not {limit}")
        return min(m, M_MAX, limit // max(step_k, step_n * item)), step_n, step_k

    # ----------------------------------------------------------------------------------------------- arguments

    def _operand(self, name: str, x: Any, shape: str, width: str) -> np.ndarray:
        """`x` as an array, after checking type, dimensions and width."""
        values = np.asarray(x)
        if values.dtype not in (np.int8, np.uint8) or values.ndim != 2 or values.size == 0:
            raise ValueError(f"{name} must be {shape} int8 or uint8, not {list(values.shape)} {values.dtype}")
        low, high = _range(values.dtype, self.config[width])
        if self.config[width] < 8 and (values.min() < low or values.max() > high):
            raise ValueError(f"{name} must be in {low}..{high}, not {values.min()}..{values.max()}")
        return values

    def _activations(self, a: Any, k: int, zero_point: int) -> _Activations:
        """Operands and zero point; where it is folded, uint8 becomes int8 by moving both by 128."""
        values = self._operand("a", a, "[M, K]", "act_width")
        if values.shape[1] != k:
            raise ValueError(f"a must have as many columns as w has rows, {k}, not {values.shape[1]}")
        unsigned = values.dtype == np.uint8
        zero = int(_integers("a_zero_point", zero_point, None, *_range(values.dtype, self.config["act_width"])))
        if self._subtract:
            return _Activations(values.view(np.uint8), unsigned, zero, 0)
        if not unsigned:
            return _Activations(values.view(np.uint8), False, 0, zero)
        if self.config["act_width"] < 8:
            raise ValueError("a must be int8 where the engine does not subtract zero points, not uint8")
        return _Activations(values ^ np.uint8(128), False, 0, zero - 128)

    def _w_zero_points(self, w: PackedWeights, zero_points: Any) -> np.ndarray:
        """Zero points of the weights, raw bytes [N]."""
        zeros = _integers("w_zero_point", zero_points, w.shape[1],
                          *_range(w.values.dtype, self.config["weight_width"]))
        if not self._subtract and zeros.any():
            raise ValueError("w_zero_point must be 0 where the engine does not subtract zero points, "
                             f"not {zeros[zeros != 0][0]}")
        return zeros.astype(w.values.dtype).view(np.uint8)

    def _bias(self, bias: Any, n: int, mode: str | None, raw: bool, folded: int) -> np.ndarray:
        """Bias [N], int32, or float32 in mode FBGEMM."""
        if mode != "FBGEMM" or raw:
            return _integers("bias", 0 if bias is None else bias, n, -2**31, 2**31 - 1).astype(np.int32)
        if folded:
            raise ValueError("a must be int8 and a_zero_point 0 in mode FBGEMM, whose float bias takes no zero point, "
                             "where the engine does not subtract zero points")
        return _fill(0, n, np.float32) if bias is None else _floats("bias", bias, n)

    def _check_raw(self, **given: Any) -> None:
        """Refuse what means nothing for accumulators."""
        if not self.config["raw_output"]:
            raise ValueError("raw must be False: the engine is built without int32 output")
        for name, value in given.items():
            if value is not None:
                raise ValueError(f"{name} must not be given for raw results")

    def _mode(self, mode: str | None, scale: Any, multiplier: Any, shift: Any) -> str:
        """The mode that is asked for, or the only one for this kind of factor."""
        built = list(self.config["modes"])
        if not built:
            raise ValueError("raw must be True: the engine is built for int32 output only")
        if mode is not None and mode not in built:
            raise ValueError(f"mode must be one of {', '.join(built)}, not {mode!r}")
        given = " and ".join(name for name, value in (
            ("scale", scale), ("multiplier", multiplier), ("shift", shift)) if value is not None) or "none"
        wanted = {name: "scale" if name in FLOAT_MODES else "multiplier and shift" for name in built}
        fitting = [name for name in built if wanted[name] == given and mode in (None, name)]
        if len(fitting) > 1:
            raise ValueError(f"mode must be one of {', '.join(fitting)}, not None")
        if not fitting:
            kinds = sorted({wanted[name] for name in ([mode] if mode else built)}, reverse=True)
            raise ValueError(f"factor must be {', or '.join(kinds)} in mode {mode or '/'.join(built)}, not {given}")
        return fitting[0]

    # ---------------------------------------------------------------------------------------------------- jobs

    def start(self, job: Job) -> None:
        """Start `job` as soon as the engine is ready for it; at most two may be running.

        Raises
        ------
        EngineError
            The engine failed; all jobs are cancelled.
        """
        if len(self._running) == PLACES:
            raise ValueError(f"start must not be called while {PLACES} jobs are running: wait first")
        with self._recovering():
            self._until(lambda: self._status("READY") or None, "READY")
            self._running.append(_Running(job, self.bus.receive(job.output_bytes)))
            formats = self._fields["FORMAT"]
            for name, value in (
                ("M", job.m), ("N", job.n), ("K", job.k), ("MODE", job.mode),
                ("FORMAT", sum(formats[bit] for bit in formats if getattr(job, bit.lower()))),
                ("A_ZERO_POINT", job.a_zero_point), ("ZERO_POINT", job.zero_point),
                ("LOW", job.low), ("HIGH", job.high),
            ):
                self.write(name, value)
            self._command("START")
            for stream in STREAMS:
                self.bus.send(stream, getattr(job, stream))

    def wait(self) -> np.ndarray:
        """Wait for the oldest started job; its results [M, N].

        Raises
        ------
        EngineError
            The engine failed; all jobs are cancelled.
        """
        if not self._running:
            raise ValueError("wait must be called after start")
        with self._recovering():
            running, job = self._running[0], self._running[0].job
            packet = self._until(lambda: self._arrived(running), "results")
            self._raise_errors()
            if packet.size != job.output_bytes:
                raise EngineError(f"results must have {job.output_bytes} bytes, not {packet.size}")
            self._running.popleft()
            return packet.view(job.dtype).reshape(job.m, job.n)

    def abort(self) -> None:
        """Cancel all jobs. An engine whose packets do not come to an end is reset, together with the bus."""
        self._command("ABORT")
        try:
            # A refused job never takes its packets.
            if not self.read("EVENT") & self._fields["EVENT"]["REFUSED"]:
                self._until(self._settled, "end of the cancelled packets", errors=False)
                self._running.clear()
                self.clear_errors()
                return
        except EngineError:
            pass
        self.reset()

    def reset(self) -> None:
        """Bring bus and engine into the state after reset; packets and counters are lost."""
        self._running.clear()
        self.bus.reset()
        self._command("RESET")
        self.clear_errors()

    def errors(self) -> tuple[str, ...]:
        """Names of the bits that are set in register ERROR."""
        value = self.read("ERROR")
        return tuple(name for name, mask in self._fields["ERROR"].items() if value & mask)

    def clear_errors(self) -> None:
        """Clear registers ERROR and EVENT."""
        self.write("ERROR", sum(self._fields["ERROR"].values()))
        self.write("EVENT", sum(self._fields["EVENT"].values()))

    def counters(self) -> dict[str, int]:
        """Counters of cycles, jobs and clamped outputs, by register name."""
        return {name: self.read(name) for name, register in self._registers.items()
                if register["access"] == "RO" and register["offset"] > self._registers["HIGH"]["offset"]}

    def clear_counters(self) -> None:
        """Set all counters to 0."""
        self._command("CLEAR")

    def read(self, name: str) -> int:
        """The value of register `name`."""
        return self.bus.read(self._registers[name]["offset"])

    def write(self, name: str, value: int) -> None:
        """Write `value`, if negative in two's complement, to register `name`."""
        self.bus.write(self._registers[name]["offset"], value & 0xFFFFFFFF)

    def _command(self, name: str) -> None:
        self.write("CONTROL", self._fields["CONTROL"][name])

    def _status(self, *names: str) -> int:
        value = self.read("STATUS")
        return sum(value & self._fields["STATUS"][name] for name in names)

    def _arrived(self, running: _Running) -> np.ndarray | None:
        if running.packet is None:
            running.packet = self.bus.received(running.token)
        return running.packet

    def _settled(self) -> bool | None:
        """True when nothing is left of cancelled jobs, else None."""
        arrived = [self._arrived(running) is not None for running in self._running]
        sent = self.bus.sent()
        return (all(arrived) and sent and not self._status("BUSY", "CANCELLING")) or None

    def _until(self, poll: Callable[[], Any], what: str, errors: bool = True) -> Any:
        """Call `poll` until it gives something; errors that cancel jobs, and a time that is up, are raised."""
        limit = None if self.timeout is None else time.monotonic() + self.timeout
        while True:
            result = poll()
            if result is not None:
                return result
            if errors:
                self._raise_errors(*DATA_ERRORS)
            if limit is not None and time.monotonic() > limit:
                raise EngineError(f"{what} must come within {self.timeout} seconds; STATUS is {self.read('STATUS')}")
            self.bus.idle()

    def _raise_errors(self, *ignored: str) -> None:
        found = self.errors()
        if set(found) - set(ignored):
            texts = {field["name"]: field["text"] for field in self._registers["ERROR"]["fields"]}
            raise EngineError("engine: " + "; ".join(f"{name} ({texts[name]})" for name in found), found)

    @contextmanager
    def _recovering(self) -> Iterator[None]:
        """Whatever is raised inside: leave an engine that takes the next job."""
        try:
            yield
        except EngineError as error:
            if error.errors:
                self.abort()
            else:
                self.reset()
            raise
        except BaseException:
            self.abort()
            raise


def _ceil(x: int, y: int) -> int:
    return -(-x // y)


def _cut(size: int, step: int) -> Iterator[slice]:
    return (slice(start, min(start + step, size)) for start in range(0, size, step))


def _bytes(words: np.ndarray) -> np.ndarray:
    """32-bit words [N] as bytes [N, 4], lowest first."""
    return words.view(np.uint32).astype("<u4").view(np.uint8).reshape(-1, 4)


def _fill(value: float, n: int, dtype: Any) -> np.ndarray:
    return np.full(n, value, dtype)


def _range(dtype: Any, width: int) -> tuple[int, int]:
    """Least and greatest number of `width` bits that is signed as `dtype` is."""
    return (-(1 << width - 1), (1 << width - 1) - 1) if dtype == np.int8 else (0, (1 << width) - 1)


def _output_type(low: int, high: int) -> np.dtype:
    return np.dtype(np.int8 if low >= -128 and high <= 127 else np.uint8)


def _clamp(zero_point: Any, low: Any, high: Any) -> dict[str, int]:
    """Zero point and clamp, all int8 or all uint8."""
    given = {"zero_point": zero_point, "low": -128 if low is None else low, "high": 127 if high is None else high}
    values = {name: int(_integers(name, value, None, -128, 255)) for name, value in given.items()}
    if values["low"] > values["high"]:
        raise ValueError(f"low must be at most high, {values['high']}, not {values['low']}")
    if min(values.values()) < 0 and max(values.values()) > 127:
        raise ValueError("zero_point, low and high must be all int8 or all uint8, "
                         f"not {', '.join(map(str, values.values()))}")
    return values


def _integers(name: str, x: Any, n: int | None, low: int, high: int) -> np.ndarray:
    """`x` as int64, spread to [n] where n is given, after checking type, shape and range."""
    values = np.asarray(x)
    if values.dtype.kind not in "iu":
        raise ValueError(f"{name} must be integers, not {values.dtype}")
    if values.ndim and values.shape != (n,):
        raise ValueError(f"{name} must be one number{'' if n is None else f' or have shape ({n},)'}, "
                         f"not {values.shape}")
    wrong = values[(values < low) | (values > high)]
    if wrong.size:
        raise ValueError(f"{name} must be in {low}..{high}, not {wrong.reshape(-1)[0]}")
    values = values.astype(np.int64)
    return values if n is None else np.broadcast_to(values, (n,))


def _floats(name: str, x: Any, n: int, positive: bool = False) -> np.ndarray:
    """`x` as float32 [n], after checking that it holds finite float32 values, > 0 if `positive`."""
    values = np.asarray(x)
    if values.dtype.kind != "f":
        raise ValueError(f"{name} must be float32, not {values.dtype}")
    if values.ndim and values.shape != (n,):
        raise ValueError(f"{name} must be one number or have shape ({n},), not {values.shape}")
    with np.errstate(over="ignore", under="ignore"):
        rounded = values.astype(np.float32)
    good = np.isfinite(values) & (rounded == values) & ((values > 0) | (not positive))
    if not good.all():
        kind = "float32 > 0" if positive else "float32"
        raise ValueError(f"{name} must be finite {kind}, not {values[~good].reshape(-1)[0]}")
    return np.ascontiguousarray(np.broadcast_to(rounded, (n,)))


# ------------------------------------------------------------------------------------------ memory-mapped hardware


def map_registers(path: str | os.PathLike[str], base: int, size: int) -> np.ndarray:
    """The `size` bytes of registers at `base` of /dev/mem (or at 0 of a /dev/uio*), as 32-bit words."""
    handle = os.open(path, os.O_RDWR | getattr(os, "O_SYNC", 0))
    try:
        return np.frombuffer(mmap.mmap(handle, size, offset=base), np.uint32)
    finally:
        os.close(handle)


class AxiDma:
    """One channel of a Xilinx AXI DMA core in direct register mode (PG021); moves one packet at a time.

    Parameters
    ----------
    registers
        Of the whole core: anything that is indexed by 32-bit words.
    direction
        ``"send"``, memory to stream, or ``"receive"``, stream to memory.
    allocate
        Gives a buffer of so many bytes: something `np.asarray` takes without a copy, with attribute
        `device_address` or `physical_address`, and where caches need it methods `flush` and `invalidate`.
        On PYNQ: ``lambda size: pynq.allocate(size, np.uint8)``.
    length_width
        The core's width of buffer length register. Its default is 14; up to 26 are possible.
    """

    # Byte addresses, for "receive" from 0x30 up; bits.
    CONTROL, STATUS, ADDRESS, ADDRESS_HIGH, LENGTH = 0x00, 0x04, 0x18, 0x1C, 0x28
    RUN, RESET = 1 << 0, 1 << 2
    HALTED, COMPLETE = 1 << 0, 1 << 12
    ERRORS = (("DMAIntErr", 1 << 4), ("DMASlvErr", 1 << 5), ("DMADecErr", 1 << 6))
    POLLS = 100_000         # a core answers within microseconds

    def __init__(self, registers: Any, direction: str, allocate: Callable[[int], Any], *, length_width: int = 26):
        if direction not in ("send", "receive"):
            raise ValueError(f"direction must be 'send' or 'receive', not {direction!r}")
        if not 8 <= length_width <= 26:
            raise ValueError(f"length_width must be from 8 to 26, not {length_width}")
        self.packet_limit = (1 << length_width) - 1
        self._registers = registers
        self._allocate = allocate
        self._sends = direction == "send"
        self._base = 0x00 if self._sends else 0x30
        self._queue: deque[tuple[int, Any, int]] = deque()      # number, buffer, bytes
        self._moving = False
        self._count = 0
        self._free: list[Any] = []
        self._packets: dict[int, np.ndarray] = {}

    def send(self, data: np.ndarray) -> None:
        """Queue `data` as a packet."""
        buffer = self._buffer(data.size)
        _view(buffer)[:data.size] = data
        self._enqueue(buffer, data.size)

    def receive(self, count: int) -> int:
        """Queue the receiving of a packet of at most `count` bytes; its number."""
        return self._enqueue(self._buffer(count), count)

    def received(self, number: int) -> np.ndarray | None:
        """Packet `number`, once; None while it is not complete."""
        self.advance()
        return self._packets.pop(number, None)

    def idle(self) -> bool:
        """Whether no packet is queued or under way."""
        self.advance()
        return not self._queue

    def advance(self) -> None:
        """Take note of a packet that is complete, and start the next.

        Raises
        ------
        EngineError
            The core reports an error.
        """
        if self._moving:
            status = self._read(self.STATUS)
            errors = [name for name, mask in self.ERRORS if status & mask]
            if errors:
                raise EngineError(f"DMA that {'sends' if self._sends else 'receives'}: {', '.join(errors)}")
            if not status & self.COMPLETE:
                return
            self._write(self.STATUS, self.COMPLETE)
            number, buffer, _ = self._queue.popleft()
            self._moving = False
            if not self._sends:
                getattr(buffer, "invalidate", _nothing)()
                self._packets[number] = _view(buffer)[:self._read(self.LENGTH)].copy()
            self._free.append(buffer)
        if self._queue:
            self._start()

    def reset(self) -> None:
        """Reset the core, its other channel included, and forget all packets."""
        self._write(self.CONTROL, self.RESET)
        self._poll(self.CONTROL, self.RESET, 0, "end of reset")
        # Free or not, no buffer is used again: a core that was stopped in a packet owns it until it has halted.
        self._queue.clear()
        self._packets.clear()
        self._free.clear()
        self._moving = False

    def _start(self) -> None:
        """Give the oldest packet to the core; writing the length starts it."""
        _, buffer, count = self._queue[0]
        if self._read(self.STATUS) & self.HALTED:
            self._write(self.CONTROL, self.RUN)
            self._poll(self.STATUS, self.HALTED, 0, "start")
        # Written lines of the cache: into memory what is sent, and none left to fall upon what is received.
        getattr(buffer, "flush", _nothing)()
        address = getattr(buffer, "device_address", None)
        address = buffer.physical_address if address is None else address
        self._write(self.ADDRESS, address & 0xFFFFFFFF)
        self._write(self.ADDRESS_HIGH, address >> 32)
        self._write(self.LENGTH, count)
        self._moving = True

    def _enqueue(self, buffer: Any, count: int) -> int:
        self._count += 1
        self._queue.append((self._count, buffer, count))
        self.advance()
        return self._count

    def _buffer(self, count: int) -> Any:
        """A free buffer that is large enough, or a new one."""
        if not 1 <= count <= self.packet_limit:
            raise ValueError(f"packet must have 1 to {self.packet_limit} bytes, not {count}")
        for index, buffer in enumerate(self._free):
            if _view(buffer).size >= count:
                return self._free.pop(index)
        self._free.clear()          # too small for this job: let them go rather than keep every size
        return self._allocate(max(4096, 1 << (count - 1).bit_length()))

    def _poll(self, offset: int, mask: int, value: int, what: str) -> None:
        for _ in range(self.POLLS):
            if self._read(offset) & mask == value:
                return
        raise EngineError(f"{what} of a DMA must come: register 0x{self._base + offset:02x} "
                          f"is 0x{self._read(offset):08x}")

    def _read(self, offset: int) -> int:
        return int(self._registers[(self._base + offset) >> 2])

    def _write(self, offset: int, value: int) -> None:
        self._registers[(self._base + offset) >> 2] = value


def _nothing() -> None:
    """Where a buffer needs no cache maintenance."""


def _view(buffer: Any) -> np.ndarray:
    return np.asarray(buffer).view(np.uint8).reshape(-1)


class MappedBus:
    """A `Bus` of registers in memory and one DMA channel for each stream.

    Parameters
    ----------
    registers
        The engine's: anything that is indexed by 32-bit words, such as `map_registers` or PYNQ's ``mmio.array``.
    activations, weights, channels, outputs
        `AxiDma` channels; `outputs` receives. Two may be the two directions of one core.
    sleep
        Seconds to sleep whenever the driver waits.
    """

    def __init__(self, registers: Any, activations: AxiDma, weights: AxiDma, channels: AxiDma, outputs: AxiDma, *,
                 sleep: float = 0.0):
        self._registers = registers
        self._senders = {"activations": activations, "weights": weights, "channels": channels}
        self._outputs = outputs
        self._sleep = sleep
        self.packet_limit = min(channel.packet_limit for channel in self._all())

    def _all(self) -> list[AxiDma]:
        return [*self._senders.values(), self._outputs]

    def read(self, offset: int) -> int:
        """The register at byte address `offset`."""
        return int(self._registers[offset >> 2])

    def write(self, offset: int, value: int) -> None:
        """Write the register at byte address `offset`."""
        self._registers[offset >> 2] = value

    def send(self, stream: str, data: np.ndarray) -> None:
        """Queue a packet."""
        self._senders[stream].send(data)

    def receive(self, count: int) -> int:
        """Queue the receiving of a packet."""
        return self._outputs.receive(count)

    def received(self, token: int) -> np.ndarray | None:
        """The packet of `token`, once; None while it is not complete."""
        return self._outputs.received(token)

    def sent(self) -> bool:
        """Whether every queued packet has left."""
        return all([channel.idle() for channel in self._senders.values()])

    def idle(self) -> None:
        """Keep the queues moving, and sleep."""
        for channel in self._all():
            channel.advance()
        time.sleep(self._sleep)

    def reset(self) -> None:
        """Reset the DMA cores; all packets are forgotten."""
        for channel in self._all():
            channel.reset()
