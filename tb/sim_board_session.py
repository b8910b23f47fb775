"""The host's script at work on a simulated board, and the frames of jobs without it."""

from dataclasses import replace
from typing import Any

import numpy as np
from cocotb.task import bridge, resume

from tb.sim_bench import case, check, fail, generator, require
from tb.sim_board_line import Line, SimulatedPort, load
from tb.sim_gemm import Gemm, gemm_of, random_stage
from tb.sim_ports import description

__all__ = ["LINE", "Session", "expect", "run"]

# Bits of the first byte of an error.
LINE = ("framing", "escape", "checksum", "timeout", "length", "command", "size", "overrun")

# Seconds for an answer: the simulator is slow.
PATIENCE = 60.0


class Session:
    """The host's script at work on the board; runs in a bridged function."""

    def __init__(self, line: Line, rng: np.random.Generator):
        self.line, self.rng = line, rng
        self.host = load()
        self.host.PATIENCE = PATIENCE       # type: ignore[attr-defined]
        self.port = SimulatedPort(line)
        self.config = description()["config"]
        self.mode = self.config["modes"][0]
        self.bus = self.new_bus(description())
        self.engine = self.new_engine(description(), self.bus)

    def new_bus(self, facts: dict[str, Any], patience: float | None = None) -> Any:
        """A bus over the line."""
        return self.host.UartBus(facts, self.port, patience=patience, nonce=int(self.rng.integers(2**32)))

    def new_engine(self, facts: dict[str, Any], bus: Any) -> Any:
        """The engine behind `bus`, which must be what `facts` describe."""
        return self.host.Engine(facts, bus, timeout=None)

    def product(self, m: int, n: int, k: int, mode: str | None = None, raw: bool = False) -> None:
        """A random product, computed by the board and compared."""
        self.compare(gemm_of(self.rng, m, n, k, mode or self.mode, raw=raw, stage=random_stage(self.rng)))

    def one_call(self) -> None:
        """A product by the function for those who want no more."""
        gemm = gemm_of(self.rng, 2, 3, 4, self.mode, stage=random_stage(self.rng))
        got = self.host.gemm(gemm.a, gemm.layer.weights, description=case("description"), port=self.port,
                             **gemm.arguments())
        check(got.reshape(-1).view(np.uint8), gemm.expected, "results", **gemm.facts())

    def special_bytes(self) -> None:
        """Products whose operands and results are the bytes that frames mark."""
        marks = np.array([self.host.END, self.host.ESCAPE], np.uint8).view(np.int8)
        for result in marks:
            gemm = gemm_of(self.rng, 3, 2, 5, self.mode, stage=(0, int(result), int(result)))
            layer = replace(gemm.layer, weights=self.rng.choice(marks, (5, 2)))
            self.compare(replace(gemm, a=self.rng.choice(marks, (3, 5)), layer=layer))

    def compare(self, gemm: Gemm) -> None:
        """The board's results of `gemm` must be right."""
        got = self.engine.matmul(gemm.a, gemm.layer.weights, **gemm.arguments())
        check(got.reshape(-1).view(np.uint8), gemm.expected, "results", **gemm.facts())

    def frames(self, gemm: Gemm, **changes: int) -> dict[str, bytes]:
        """The four frames of a job, with some of its settings changed."""
        settings = gemm.settings() | changes
        job = b"".join((settings[name] & 0xFFFFFFFF).to_bytes(4, "little") for name in self.host.SETTINGS)
        kinds = self.host.STREAM_KINDS
        bodies = {kinds[name]: gemm.packets()[name] for name in ("channels", "weights", "activations")}
        return {kind.decode(): self.host.encode(kind, body) for kind, body in {b"J": job, **bodies}.items()}

    def answers(self, byte_times: float) -> list[tuple[bytes, bytes] | None]:
        """The frames that come while everything is sent and for some time after; None for a broken one."""
        while self.line.sending:
            resume(self.line.wait)(1)
        resume(self.line.wait)(byte_times)
        coded = bytes(self.line.came).split(bytes([self.host.END]))
        self.line.came.clear()
        require(coded[-1] == b"", "a frame must have been ended", rest=coded[-1])
        return [self.host.decode(part) for part in coded if part]

    def right_job(self, gemm: Gemm, frames: bytes, before: str) -> None:
        """`frames` are those of `gemm`; its results must be the only answer."""
        self.line.send(frames)
        answers = self.answers(60)
        require(answers == [(b"Y", gemm.expected.tobytes())], "the next job must be right",
                before=before, answers=answers, want=gemm.expected)

    def errors(self, what: str, byte_times: float = 40) -> list[tuple[set[str], set[str]]]:
        """Line errors and bits of ERROR in each answer that comes, and no other answer."""
        (register,) = (entry for entry in description()["registers"] if entry["name"] == "ERROR")
        found = []
        for answer in self.answers(byte_times):
            if answer is None or answer[0] != b"E":
                fail(f"{what}: an error must be the answer", answer=answer)
            else:
                line, core = answer[1][0], int.from_bytes(answer[1][1:], "little")
                found.append(({text for bit, text in enumerate(LINE) if line >> bit & 1},
                              {field["name"] for field in register["fields"] if core >> field["low"] & 1}))
        return found


async def run(dut: Any, name: str, what: Any) -> None:
    """Start the board and run `what` with a session."""
    rng = generator(name)
    line = Line(dut, rng)
    line.start()
    await line.wait(int(case("power_up", "4")))
    await bridge(lambda: what(Session(line, rng)))()
    await line.wait(2)
    require(dut.led_0__io.value == int(case("dark")), "the lamp is out when no job is left")


def expect(it: Session, call: Any, text: str) -> None:
    """Whatever is called must raise an error with `text`."""
    try:
        call()
    except it.host.EngineError as error:
        require(text in str(error), "the error must say what is wrong", error=error, wanted=text)
    else:
        fail("an error must be raised", wanted=text)
