"""A software model of an engine behind its registers and packets, for testing drivers without a simulator."""

from collections import Counter, deque
from copy import deepcopy
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from gen.block import description_of
from gen.options import configuration
from golden.modes import requantize

__all__ = ["DirectBus", "EngineModel", "engine_description"]

INPUTS = ("activations", "weights", "channels")
Packet = npt.NDArray[np.uint8]

_described = cache(partial(description_of, "engine"))     # made once for each configuration


def engine_description(**parameters: Any) -> dict[str, Any]:
    """The JSON description of the engine with these `parameters`: what its driver reads of it."""
    return deepcopy(_described(configuration(parameters, block="engine")))


class _Job:
    """A job that START was written for: its settings, and which of its packets were taken."""

    def __init__(self, settings: dict[str, int]):
        self.settings = settings
        self.packets: dict[str, Packet] = {}


class EngineModel:
    """What a driver sees of an engine; time passes in `step`, and with each access to a register.

    Parameters
    ----------
    description: the engine's.
    seed: of the delays.

    Members
    -------
    offered: packets in front of each input stream.
    outputs: packets that have left.
    pace: chance of the oldest job to end in a step.
    stuck: while set, no job ends.
    starts: how many jobs were running when a START was written.
    """

    def __init__(self, description: dict[str, Any], seed: int = 1):
        self.config, self.derived = description["config"], description["derived"]
        self.modes = {number: name for name, number in description["modes"].items()}
        self.registers = {entry["offset"]: entry for entry in description["registers"]}
        self.bits = {entry["name"]: {field["name"]: 1 << field["low"] for field in entry["fields"]}
                     for entry in description["registers"]}
        self.rng = np.random.default_rng(seed)
        self.offered: dict[str, deque[Packet]] = {stream: deque() for stream in INPUTS}
        self.starts: list[int] = []
        self.pace, self.stuck = 0.03, False
        self.reset()

    def reset(self) -> None:
        """Everything as after reset, but what stands in front of the streams."""
        self.values = {entry["name"]: entry["reset"] for entry in self.registers.values()}
        self.jobs: deque[_Job] = deque()
        self.owed: Counter[str] = Counter()
        self.outputs: deque[Packet] = deque()
        self.cancelling = False

    # ------------------------------------------------------------------------------------------------ registers

    def read(self, offset: int) -> int:
        """Read the register at `offset`; SLVERR, on most systems the end of the program, is an AssertionError."""
        self.step()
        assert offset in self.registers, f"SLVERR: read of 0x{offset:02x}"
        entry = self.registers[offset]
        if entry["name"] == "STATUS":
            return self._status()
        return 0 if entry["access"] == "WO" else self.values[entry["name"]]

    def write(self, offset: int, value: int) -> None:
        """Write the register at `offset`."""
        assert 0 <= value < 2**32, f"{value} has no 32 bits"
        entry = self.registers.get(offset, {"access": None})
        assert entry["access"] in ("RW", "WO", "W1C"), f"SLVERR: write to 0x{offset:02x}"
        if entry["access"] == "W1C":
            self.values[entry["name"]] &= ~value
        elif entry["access"] == "RW":
            self.values[entry["name"]] = value
        else:
            for name, mask in self.bits["CONTROL"].items():
                if value & mask:
                    getattr(self, f"_control_{name.lower()}")()
        self.step()

    def _status(self) -> int:
        bits = self.bits["STATUS"]
        return (bits["BUSY"] * (bool(self.jobs) or self.cancelling) | bits["CANCELLING"] * self.cancelling
                | bits["READY"] * (len(self.jobs) < 2 and not self.cancelling))

    def _control_start(self) -> None:
        if not self._status() & self.bits["STATUS"]["READY"]:
            self._flag("QUEUE_FULL")
            self._event("REFUSED")
            return
        self.starts.append(len(self.jobs))
        names = ("M", "N", "K", "MODE", "FORMAT", "A_ZERO_POINT", "ZERO_POINT", "LOW", "HIGH")
        settings = {name: self.values[name] for name in names}
        for name in names[5:]:
            settings[name] -= (settings[name] & 2**31) << 1
        wrong = self._wrong(settings)
        for name in wrong:
            self._flag(name)
        if wrong:
            self._event("REFUSED")
        else:
            self.jobs.append(_Job(settings))

    def _control_abort(self) -> None:
        if self.jobs:
            self._cancel()

    def _control_reset(self) -> None:
        self.reset()

    def _control_clear(self) -> None:
        self.values.update(CYCLES=0, JOBS=0)

    def _wrong(self, job: dict[str, int]) -> list[str]:
        """Names of the errors for which START is refused."""
        config, raw = self.config, job["FORMAT"] & 1
        subtract, kinds = config["zero_points"] == "SUBTRACT", job["FORMAT"] >> 1
        width = config["act_width"]
        low, high = (0, 2**width - 1) if kinds & 1 else (-(2 ** (width - 1)), 2 ** (width - 1) - 1)
        if not subtract:
            low = high = 0
        triple = (job["ZERO_POINT"], job["LOW"], job["HIGH"])
        eight_bits = (min(triple) >= -128 and max(triple) <= 127) or (min(triple) >= 0 and max(triple) <= 255)
        beats = -(-job["N"] // config["cols"]) * -(-job["K"] // config["depth"])
        return [name for name, wrong in (
            ("M_RANGE", not 1 <= job["M"] < 2**24),
            ("N_RANGE", not 1 <= job["N"] <= (self.derived["raw_n_max"] if raw else config["n_max"])),
            ("K_RANGE", not 1 <= job["K"] <= config["k_max"]),
            ("WEIGHTS_SIZE", beats > config["weight_beats"]),
            ("MODE_RANGE", bool(config["modes"]) and self.modes.get(job["MODE"]) not in config["modes"]),
            ("FORMAT_RANGE", kinds > 3 or (kinds and not subtract) or not (
                config["raw_output"] if raw else config["modes"])),
            ("A_ZERO_POINT_RANGE", not low <= job["A_ZERO_POINT"] <= high),
            ("OUTPUT_RANGE", not raw and not (job["LOW"] <= job["HIGH"] and eight_bits)),
        ) if wrong]

    def _flag(self, name: str) -> None:
        self.values["ERROR"] |= self.bits["ERROR"][name]

    def _event(self, name: str) -> None:
        self.values["EVENT"] |= self.bits["EVENT"][name]

    # --------------------------------------------------------------------------------------------------- packets

    def step(self) -> None:
        """Let a little time pass: packets are taken, the oldest job may end."""
        self.values["CYCLES"] += bool(self.jobs)
        for stream in INPUTS:
            if self.offered[stream] and self.rng.random() < 0.6:
                self._take(stream)
        if self.cancelling and not self.owed.total():
            self.cancelling = False
            self._event("CANCELLED")
        if self.jobs and len(self.jobs[0].packets) == len(INPUTS) and not self.stuck and self.rng.random() < self.pace:
            self.outputs.append(self._results(self.jobs.popleft()))
            self.values["JOBS"] += 1
            self._event("DONE")

    def _take(self, stream: str) -> None:
        if self.cancelling:
            if self.owed[stream]:
                self.owed[stream] -= 1
                self.offered[stream].popleft()
            return
        job = next((job for job in self.jobs if stream not in job.packets), None)
        if job is None:
            return
        packet = self.offered[stream].popleft()
        job.packets[stream] = packet
        needed = self._bytes(job.settings)[stream]
        unit = {"weights": self.config["weight_bytes"], "channels": self.derived["channel_bytes"]}.get(stream, 1)
        error = ("EARLY" if packet.size < needed else "LATE" if packet.size > needed else
                 "KEEP" if packet.size % unit else "")
        if error:
            self._flag(f"{stream.upper()}_{error}")
            self._cancel()

    def _bytes(self, job: dict[str, int]) -> dict[str, int]:
        """Bytes of a job's packets."""
        beats = -(-job["N"] // self.config["cols"]) * -(-job["K"] // self.config["depth"])
        return {"activations": job["M"] * job["K"],
                "weights": beats * self.derived["weight_words"] * self.config["weight_bytes"],
                "channels": job["N"] * self.derived["channel_bytes"]}

    def _cancel(self) -> None:
        """Every job owes the packets that it did not take, and its output packet is closed by one byte."""
        for job in self.jobs:
            self.owed.update(stream for stream in INPUTS if stream not in job.packets)
            self.outputs.append(np.zeros(1, np.uint8))
        self.jobs.clear()
        self.cancelling = True

    def _results(self, job: _Job) -> Packet:
        """The output packet of a job whose packets are all there."""
        config, settings = self.config, job.settings
        m, n, k = settings["M"], settings["N"], settings["K"]
        raw, a_unsigned, w_unsigned = (settings["FORMAT"] >> bit & 1 for bit in range(3))
        cols, depth = config["cols"], config["depth"]
        tiles, beats = -(-n // cols), -(-k // depth)
        a = job.packets["activations"].view(np.uint8 if a_unsigned else np.int8).reshape(m, k).astype(np.int64)
        words = job.packets["weights"].reshape(tiles, beats, -1)[:, :, :cols * depth]
        cells = words.reshape(tiles, beats, cols, depth).transpose(1, 3, 0, 2).reshape(beats * depth, tiles * cols)
        w = cells[:k, :n].copy().view(np.uint8 if w_unsigned else np.int8).astype(np.int64)
        self._check_operands((a, "act_width", a_unsigned), (w, "weight_width", w_unsigned))
        records = job.packets["channels"].reshape(n, -1)
        bias, factor = (records[:, at:at + 4].copy().view("<u4").reshape(n) for at in (0, 4))
        if config["zero_points"] == "SUBTRACT":
            a -= settings["A_ZERO_POINT"]
            w -= records[:, 9].view(np.uint8 if w_unsigned else np.int8)
        mode = self.modes[settings["MODE"]]
        acc = a @ w
        if not (config["modes"] and mode == "FBGEMM"):
            acc += bias.view(np.int32)
        acc = acc.astype(np.int32)
        shift = records[:, 8] if records.shape[1] > 8 else None
        if raw:
            if shift is not None and mode not in ("F32", "FBGEMM") and (shift < 2).any():
                self._flag("CHANNEL_RANGE")
            return acc.astype("<i4").view(np.uint8).reshape(-1)
        numbers: dict[str, Any] = {
            "scale": factor.view(np.float32), "bias": bias.view(np.float32), "m": factor.astype(np.int64), "s": shift}
        try:
            y = requantize(mode, acc, numbers, settings["ZERO_POINT"], settings["LOW"], settings["HIGH"])
        except ValueError:
            self._flag("CHANNEL_RANGE")
            return np.zeros(m * n, np.uint8)
        return y.astype(np.uint8).reshape(-1)

    def _check_operands(self, *operands: tuple[npt.NDArray[np.int64], str, int]) -> None:
        for values, width, unsigned in operands:
            bits = self.config[width]
            low, high = (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
            if values.min() < low or values.max() > high:
                self._flag("OPERAND_RANGE")


class DirectBus:
    """The bus of a driver, straight to an `EngineModel`."""

    def __init__(self, engine: EngineModel):
        self.engine = engine
        self.expected: deque[list[Packet]] = deque()

    def read(self, offset: int) -> int:
        """Read a register."""
        return self.engine.read(offset)

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        self.engine.write(offset, value)

    def send(self, stream: str, data: Packet) -> None:
        """Queue a packet; `data` is not copied, so that a driver which changes it too early is found out."""
        assert data.dtype == np.uint8 and data.ndim == 1 and data.size
        self.engine.offered[stream].append(data)

    def receive(self, count: int) -> list[Packet]:
        """Expect a packet; it will be in the list that is returned."""
        token: list[Packet] = []
        self.expected.append(token)
        return token

    def received(self, token: list[Packet]) -> Packet | None:
        """The packet of `token`, once."""
        while self.expected and self.engine.outputs:
            self.expected.popleft().append(self.engine.outputs.popleft())
        return token.pop() if token else None

    def sent(self) -> bool:
        """Whether every packet was taken."""
        return not any(self.engine.offered.values())

    def idle(self) -> None:
        """Let time pass."""
        self.engine.step()

    def reset(self) -> None:
        """Forget all packets."""
        for packets in self.engine.offered.values():
            packets.clear()
        self.engine.outputs.clear()
        self.expected.clear()
