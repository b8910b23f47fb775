"""Driver of a Macaw matrix engine at the end of a serial line: products of 8-bit matrices of any size.

    engine = connect("mac_core_8x8x1.json", open_port("/dev/ttyUSB0"))
    y = engine.matmul(a, w, bias=bias, scale=scale)

It needs mac_engine.py beside it, whose `Engine` cuts products into jobs and packs operands; Python 3.9 or newer, NumPy,
and for `open_port` pyserial. `UartBus` is the engine's bus: it turns registers and packets into frames on the line.

    python mac_uart.py mac_core_8x8x1.json /dev/ttyUSB0     checks a board with products of random matrices
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import zlib
from typing import Any, Protocol

import numpy as np
from mac_engine import Engine, EngineError, read_description

__all__ = ["BAUD", "LineError", "Port", "UartBus", "connect", "decode", "encode", "gemm", "open_port"]

BAUD = 115_200

# Frames: END kind byte ... checksum END.
END, ESCAPE, ESCAPED_END, ESCAPED_ESCAPE = 0xC0, 0xDB, 0xDC, 0xDD
CHECKSUM_BYTES = 4
STREAM_KINDS = {"activations": b"A", "weights": b"W", "channels": b"C"}
SETTINGS = ("M", "N", "K", "MODE", "FORMAT", "A_ZERO_POINT", "ZERO_POINT", "LOW", "HIGH")
PROTOCOL = 1

# Bits of an error's first byte.
LINE_ERRORS = (
    "a stop bit was wrong (noise, or another baud rate)", "a byte was escaped wrongly", "a checksum was wrong",
    "a frame was not completed in time", "a frame was too short", "a frame was of an unknown kind",
    "a frame had a wrong number of bytes", "a frame came that no job waits for")

# Seconds to wait for the answer to a greeting.
PATIENCE = 1.0

# Bytes that are written before what has come is read: a computer's receiver holds some thousand.
CHUNK = 256


class LineError(EngineError):
    """What came over the line was wrong, or nothing came; the board has been reset, or does not answer."""


class Port(Protocol):
    """What is needed of a serial port, as pyserial has it.

    `read` waits for a moment if nothing is there. A port may have a method `reset_output_buffer`.
    """

    @property
    def in_waiting(self) -> int:
        """Bytes that have come and can be read without waiting."""

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none if none came for a moment."""

    def write(self, data: bytes) -> Any:
        """Send `data`; may wait until the line has taken it."""


def open_port(path: str, baud: int = BAUD) -> Port:
    """The serial port at `path`, such as /dev/ttyUSB0 or COM3; needs pyserial."""
    import serial

    port: Port = serial.Serial(path, baud, timeout=0.005, write_timeout=10)
    return port


def connect(description: str | os.PathLike[str] | dict[str, Any], port: Port, *,
            timeout: float | None = 60.0) -> Engine:
    """The engine behind `port`.

    Parameters
    ----------
    description
        The JSON description that was generated with the hardware: its path, or what is in it.
    port
        `open_port`, or anything else that is a `Port`.
    timeout
        Seconds that one job may take, with its transfer; None: for ever.

    Raises
    ------
    EngineError
        There is no engine, or not the one that `description` describes.
    """
    facts = read_description(description)
    return Engine(facts, UartBus(facts, port), timeout=timeout)


def gemm(a: Any, w: Any, bias: Any = None, *, description: str | os.PathLike[str] | dict[str, Any], port: Port | str,
         baud: int = BAUD, **settings: Any) -> np.ndarray:
    """One product, ``requantize(a @ w + bias)``; `settings` are those of `Engine.matmul`.

    For more than one, keep what `connect` returns.
    """
    opened = open_port(port, baud) if isinstance(port, str) else port
    y: np.ndarray = connect(description, opened).matmul(a, w, bias=bias, **settings)
    return y


# ----------------------------------------------------------------------------------------------------------- frames


def encode(kind: bytes, body: bytes) -> bytes:
    """The bytes of a frame."""
    whole = kind + body
    whole += zlib.crc32(whole).to_bytes(CHECKSUM_BYTES, "little")
    whole = whole.replace(bytes([ESCAPE]), bytes([ESCAPE, ESCAPED_ESCAPE]))
    whole = whole.replace(bytes([END]), bytes([ESCAPE, ESCAPED_END]))
    return bytes([END]) + whole + bytes([END])


def decode(coded: bytes) -> tuple[bytes, bytes] | None:
    """Kind and body of what was between two ENDs; None if it is not as it was sent."""
    whole = _plain(coded)
    if whole is None or len(whole) < 1 + CHECKSUM_BYTES:
        return None
    content, checksum = whole[:-CHECKSUM_BYTES], whole[-CHECKSUM_BYTES:]
    if zlib.crc32(content) != int.from_bytes(checksum, "little"):
        return None
    return content[:1], content[1:]


def _plain(coded: bytes) -> bytes | None:
    """Without escapes; None if one is wrong."""
    first, *parts = coded.split(bytes([ESCAPE]))
    plain = bytearray(first)
    for part in parts:
        if part[:1] == bytes([ESCAPED_END]):
            plain.append(END)
        elif part[:1] == bytes([ESCAPED_ESCAPE]):
            plain.append(ESCAPE)
        else:
            return None
        plain += part[1:]
    return bytes(plain)


# -------------------------------------------------------------------------------------------------------------- bus


class UartBus:
    """A `Bus` of `Engine` over a serial line: one job at a time.

    The board keeps no bytes that its engine cannot take: activations are sent panel by panel, two panels ahead of the
    results, which the engine's buffers hold whatever happens.

    Parameters
    ----------
    description
        Of the core.
    port
        The line.
    patience
        Seconds to wait for the answer to a greeting, three times; None: `PATIENCE`.
    nonce
        What the first greeting says; None: something random.
    """

    # Bytes of a packet: some seconds at the slowest rate.
    packet_limit = 1 << 16

    def __init__(self, description: dict[str, Any], port: Port, *, patience: float | None = None,
                 nonce: int | None = None):
        self._port = port
        self._patience = PATIENCE if patience is None else patience
        self._nonce = int.from_bytes(os.urandom(4), "little") if nonce is None else nonce
        self._rows: int = description["config"]["rows"]
        registers = {register["name"]: register for register in description["registers"]}
        self._names = {register["offset"]: name for name, register in registers.items()}
        self._bits = {name: {field["name"]: 1 << field["low"] for field in registers[name]["fields"]}
                      for name in ("CONTROL", "STATUS", "ERROR", "EVENT")}
        self._identity = [name for name, register in registers.items()
                          if register["access"] == "RO" and register["offset"] < registers["CONTROL"]["offset"]]
        self._values = {name: register["reset"] for name, register in registers.items() if name in SETTINGS}
        self._values |= {"ERROR": 0, "EVENT": 0, "JOBS": 0}
        self._known: dict[str, int] = {}
        self._outgoing = bytearray()
        self._incoming = bytearray()
        self._forget()

    def _forget(self) -> None:
        """No job is under way; whoever waits for results of one gets nothing."""
        self._packets: dict[int, np.ndarray] = {}
        self._tokens = getattr(self, "_tokens", 0)
        self._done = self._tokens
        self._expected = 0
        self._busy = False
        self._waiting: dict[str, bytes] = {}
        self._panels: list[bytes] = []
        self._sent_panels = 0
        self._panel_outputs = 1

    # ----------------------------------------------------------------------------------------------- as a bus

    def read(self, offset: int) -> int:
        """A register, as far as the line can tell."""
        name = self._names[offset]
        if name in self._identity:
            if not self._known:
                self._greet()
            return self._known[name]
        if name == "STATUS":
            return self._bits["STATUS"]["BUSY" if self._busy else "READY"]
        if name not in self._values:
            raise ValueError(f"register must be one that the line can tell, not {name}")
        return self._values[name]

    def write(self, offset: int, value: int) -> None:
        """A setting, a command, or flags to clear."""
        name, control = self._names[offset], self._bits["CONTROL"]
        if name in ("ERROR", "EVENT"):
            self._values[name] &= ~value
        elif name in SETTINGS:
            self._values[name] = value
        elif name == "CONTROL" and value & control["START"]:
            self._busy = True
            self._outgoing += encode(b"J", b"".join(self._values[one].to_bytes(4, "little") for one in SETTINGS))
        elif name == "CONTROL" and value & (control["ABORT"] | control["RESET"]):
            self._greet()
        elif name == "CONTROL" and value & control["CLEAR"]:
            self._values["JOBS"] = 0

    def send(self, stream: str, data: np.ndarray) -> None:
        """A packet of the job that was started; the last of the three sets them going."""
        self._waiting[stream] = data.tobytes()
        if len(self._waiting) == len(STREAM_KINDS):
            for name in ("channels", "weights"):
                self._outgoing += encode(STREAM_KINDS[name], self._waiting[name])
            m, k = self._values["M"], self._values["K"]
            packet, panel = self._waiting["activations"], self._rows * k
            self._panels = [packet[start:start + panel] for start in range(0, len(packet), max(panel, 1))]
            self._sent_panels = 0
            self._panel_outputs = max(self._expected // max(m, 1) * self._rows, 1)
            self._waiting = {}
            self._more_panels()

    def receive(self, count: int) -> int:
        """Expect a packet of results."""
        self._expected = count
        self._tokens += 1
        return self._tokens

    def received(self, token: int) -> np.ndarray | None:
        """The results of `token`, once; nothing if their job was cancelled."""
        if token in self._packets:
            return self._packets.pop(token)
        return np.zeros(0, np.uint8) if token <= self._done else None

    def sent(self) -> bool:
        """Whether everything has left."""
        return not self._outgoing and self._sent_panels == len(self._panels)

    def idle(self) -> None:
        """Move some bytes in both directions.

        Raises
        ------
        LineError
            The board says that something was wrong with the line, or its results have a wrong checksum.
        """
        for found in self._exchange():
            self._take(found)
        self._more_panels()

    def reset(self) -> None:
        """Forget what is queued or expected."""
        self._outgoing.clear()
        self._forget()

    # -------------------------------------------------------------------------------------------- on the line

    def _more_panels(self) -> None:
        """Queue the panels for which there is room on the board."""
        if not self._panels:
            return
        plain = _plain(bytes(self._incoming)) or b""
        # Of a frame that is still coming; of one that has come, nothing is left to send.
        results = len(plain) - 1 if plain[:1] == b"Y" else 0
        while self._sent_panels < min(len(self._panels), max(results, 0) // self._panel_outputs + 2):
            last = self._sent_panels == len(self._panels) - 1
            self._outgoing += encode(b"A" if last else b"a", self._panels[self._sent_panels])
            self._sent_panels += 1

    def _exchange(self) -> list[tuple[bytes, bytes] | None]:
        """Write some bytes, read what has come, and return the frames that it completes; None for a broken one."""
        if self._outgoing:
            self._port.write(bytes(self._outgoing[:CHUNK]))
            del self._outgoing[:CHUNK]
            come = self._port.read(self._port.in_waiting) if self._port.in_waiting else b""
        else:
            come = self._port.read(max(self._port.in_waiting, 1))
        self._incoming += come
        *whole, rest = bytes(self._incoming).split(bytes([END]))
        self._incoming = bytearray(rest)
        return [decode(coded) for coded in whole if coded]

    def _take(self, found: tuple[bytes, bytes] | None) -> None:
        """Note what a frame says."""
        if found is None:
            # Results that were cut off are followed by the reason.
            if not any(self._note(answer) for answer in self._greet()):
                raise LineError("line: the checksum of what came from the board must be right, but is not")
        elif found[0] == b"Y" and self._busy:
            self._packets[self._tokens] = np.frombuffer(found[1], np.uint8)
            self._values["JOBS"] += 1
            self._done = self._tokens
            self._busy = False
        else:
            self._note(found)

    def _note(self, found: tuple[bytes, bytes] | None) -> bool:
        """Whether a frame reports errors: those of the engine become those of a register, others are raised."""
        if found is None or found[0] != b"E" or len(found[1]) != 5:
            return False
        line, core = found[1][0], int.from_bytes(found[1][1:], "little")
        self._values["ERROR"] |= core
        self.reset()
        # Frames that were on their way when the engine found an error have no job any more.
        if line and not self._values["ERROR"]:
            raise LineError("line: " + ", ".join(text for bit, text in enumerate(LINE_ERRORS) if line >> bit & 1))
        return True

    def _greet(self) -> list[tuple[bytes, bytes] | None]:
        """Reset the board and learn who it is; returns the frames that came before its answer.

        Raises
        ------
        LineError
            Nobody answers, or something that is not a board with this protocol.
        """
        getattr(self._port, "reset_output_buffer", _nothing)()
        self._outgoing.clear()
        self._forget()
        before: list[tuple[bytes, bytes] | None] = []
        for _ in range(3):
            self._nonce = (self._nonce + 1) % 2**32
            echo = self._nonce.to_bytes(4, "little")
            self._outgoing += encode(b"H", echo)
            limit = time.monotonic() + self._patience
            while self._outgoing or time.monotonic() < limit:
                for found in self._exchange():
                    if found is not None and found[0] == b"H" and found[1][:4] == echo:
                        self._identify(found[1][4:])
                        return before
                    before.append(found)
        raise LineError("line: a board must answer, but none does (is it the right port, baud rate and bitstream?)")

    def _identify(self, answer: bytes) -> None:
        if answer[:1] != bytes([PROTOCOL]) or len(answer) != 1 + 4 * len(self._identity):
            raise LineError(f"line: the board must speak protocol {PROTOCOL}, not {answer[0] if answer else 'none'}")
        self._known = {name: int.from_bytes(answer[1 + 4 * i:5 + 4 * i], "little")
                       for i, name in enumerate(self._identity)}


def _nothing() -> None:
    """Where a port keeps no bytes that could be forgotten."""


# ------------------------------------------------------------------------------------------------------- self-check


def check(engine: Engine, products: int, say: Any = print) -> int:
    """Compare products of random matrices with NumPy; returns how many outputs were wrong."""
    config, rng, wrong = engine.config, np.random.default_rng(1), 0
    rows, cols, depth = config["rows"], config["cols"], config["depth"]
    k_most = min(config["k_max"], config["weight_beats"] * depth, 64)
    for number in range(products):
        m, n, k = (int(rng.integers(1, most + 1)) for most in (4 * rows, min(config["n_max"], 4 * cols), k_most))
        a, w = (rng.integers(-8, 8, shape).astype(np.int8) for shape in ((m, k), (k, n)))
        bias = rng.integers(-99, 100, n).astype(np.int32)
        sums = a.astype(np.int64) @ w + bias
        started = time.monotonic()
        if not config["modes"]:
            wrong_now = np.count_nonzero(engine.matmul(a, w, bias=bias, raw=True) != sums)
        else:
            # A factor of 1 has no rounding: what is left is the clamp.
            mode = config["modes"][0]
            given: dict[str, Any] = (
                {"scale": np.float32(1)} if mode == "F32" else {"multiplier": 2**30, "shift": 30})
            if mode == "FBGEMM":
                given, bias = {"scale": np.float32(1)}, bias.astype(np.float32)
            y = engine.matmul(a, w, bias=bias, mode=mode, **given)
            wrong_now = np.count_nonzero(y != np.clip(sums, -128, 127))
        wrong += int(wrong_now)
        say(f"{number + 1}: {m} x {k} x {n}, {wrong_now} of {m * n} outputs wrong, "
            f"{time.monotonic() - started:.2f} s")
    return wrong


def main(arguments: list[str] | None = None) -> int:
    """Check a board; returns the exit code."""
    parser = argparse.ArgumentParser(description="Check a board with products of random matrices.")
    parser.add_argument("description", help="the .json that was generated with the bitstream")
    parser.add_argument("port", help="such as /dev/ttyUSB0")
    parser.add_argument("--baud", type=int, default=BAUD)
    parser.add_argument("--products", type=int, default=10)
    options = parser.parse_args(arguments)
    try:
        engine = connect(options.description, open_port(options.port, options.baud))
        wrong = check(engine, options.products)
    except (EngineError, OSError, ImportError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print("all outputs are right" if wrong == 0 else f"{wrong} outputs are wrong")
    return int(wrong != 0)


if __name__ == "__main__":
    sys.exit(main())
