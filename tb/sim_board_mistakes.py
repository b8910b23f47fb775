"""Every mistake on the line of a board: one answer that says it, no result, and the next job is right."""

from typing import Any

import cocotb
import numpy as np
from cocotb.task import resume

from tb.sim_bench import case, check, fail, require
from tb.sim_board_session import LINE, Session, expect, run
from tb.sim_gemm import Gemm, gemm_of


@cocotb.test()
async def board_answers_every_mistake(dut):
    """Whatever is wrong with a frame: one answer that says it, no result, and the next job is right."""
    await run(dut, "board mistakes", _mistakes)


def _mistakes(it: Session) -> None:
    """Each mistake by itself, with the bits that must come."""
    rng, host, line = it.rng, it.host, it.line
    gemm = gemm_of(rng, 2, 2, 3, it.mode, stage=(0, -128, 127))
    good = it.frames(gemm)
    whole = b"".join(good.values())
    end = bytes([host.END])

    def flipped(frame: bytes) -> bytes:
        """One bit of a byte is wrong, and neither it nor its neighbours are special."""
        places = [i for i in range(2, len(frame) - 2) if not {*frame[i - 1:i + 1], frame[i] ^ 1} & {0xC0, 0xDB}]
        place = int(rng.choice(places))
        return frame[:place] + bytes([frame[place] ^ 1]) + frame[place + 1:]

    def parts(broken: str, how: Any) -> bytes:
        """The job's frames up to one that is not what it should be."""
        kinds = list(good)
        before = kinds[:kinds.index(broken)]
        return b"".join(good[kind] for kind in before) + how(good[broken])

    cases: list[tuple[str, bytes, str]] = [
        *((f"checksum of {kind}", parts(kind, flipped), "checksum") for kind in good),
        ("garbage before a frame", b"?" + bytes(rng.integers(1, 128, 9, np.uint8)) + end, "command"),
        ("short garbage", bytes(rng.integers(1, 128, 3, np.uint8)) + end, "length"),
        ("a wrong escape", end + b"A12345" + bytes([host.ESCAPE, 0x31]) + b"45678" + end, "escape"),
        ("an escape at the end", end + b"A12345" + bytes([host.ESCAPE]) + end, "escape"),
        ("no bytes", host.encode(b"A", b""), "length"),
        ("a kind alone", end + b"A" + end, "length"),
        ("an unknown kind", host.encode(b"Z", b"12345678901234"), "command"),
        ("a job that goes on", host.encode(b"j", bytes(36)), "command"),
        ("a job that is short", host.encode(b"J", bytes(35)), "size"),
        ("a job that is long", host.encode(b"J", bytes(37)), "size"),
        ("half a channel", good["J"] + host.encode(b"C", bytes(15)), "size"),
        ("a packet without a job", host.encode(b"W", b"12"), "overrun"),
        ("a byte without a job", host.encode(b"A", b"1"), "overrun"),
        ("a record without a job", host.encode(b"C", bytes(16)), "overrun"),
        ("a cut frame", good["J"][:20], "timeout"),
        ("an escape and silence", end + b"A" + bytes([host.ESCAPE]), "timeout"),
    ]
    for what, sent, error in cases:
        line.send(sent)
        found = it.errors(what, 40 + int(case("timeout_bytes")) * (error == "timeout"))
        require(found == [({error}, set())], f"{what}: {error} must be the answer", found=found)
        it.right_job(gemm, end + whole, what)
    _mistakes_of_jobs(it, gemm, whole)
    _line_that_fails(it, gemm, whole)
    # Results that take far longer to leave than operands to come: nothing may be sent that the board cannot hold.
    it.product(8 * it.config["rows"], it.config["n_max"], 1)
    require(it.host.check(it.engine, 1, say=lambda text: None) == 0, "the script's own check must find nothing wrong")


def _mistakes_of_jobs(it: Session, gemm: Gemm, whole: bytes) -> None:
    """What the core finds comes by name; what the script makes of it."""
    frames = it.frames(gemm, K=0, M=0)
    it.line.send(frames["J"])
    found = it.errors("sizes of nothing")
    require(found == [(set(), {"K_RANGE", "M_RANGE"})], "both rules must be named", found=found)
    late = it.host.encode(b"W", gemm.packets()["weights"] + b"1")
    good = it.frames(gemm)
    it.line.send(good["J"] + good["C"] + late)
    found = it.errors("a packet that is too long")
    require(found == [(set(), {"WEIGHTS_LATE"})], "the packet must be named", found=found)
    it.right_job(gemm, whole, "packets")

    packets = {name: np.frombuffer(packet, np.uint8) for name, packet in gemm.packets().items()}
    job = {"m": 2, "n": 2, "k": 3, **packets, "mode": gemm.settings()["MODE"], "zero_point": 0}
    kind = it.engine.start.__globals__["Job"]
    for wrong, name in (({"n": 0}, "N_RANGE"), ({"channels": packets["channels"][:16]}, "CHANNELS_EARLY")):
        it.engine.start(kind(**job | wrong))
        try:
            it.engine.wait()
        except it.host.EngineError as error:
            require(error.errors == (name,), "the error must have its name", errors=error.errors, name=name)
        else:
            fail("a wrong job must raise", wrong=wrong)
        it.engine.start(kind(**job))
        check(it.engine.wait().reshape(-1).view(np.uint8), gemm.expected, "results after an error")


def _line_that_fails(it: Session, gemm: Gemm, whole: bytes) -> None:
    """Noise and breaks, whenever they come; results that are cut off, or changed on their way."""
    resume(it.line.hold)(0.3)
    it.right_job(gemm, whole, "a pulse that is no start bit")

    resume(it.line.hold)(25)
    found = it.errors("a break")
    require(found == [({"framing"}, set())], "a break must be answered once", found=found)

    # A frame that is broken off by a wrong stop bit is ignored to its end.
    it.line.send(whole[:30])
    resume(it.line.hold)(12)
    it.line.send(whole[30:40])
    found = it.errors("a break in a frame")
    require(found == [({"framing"}, set())], "what follows must be ignored", found=found)

    # While results leave: they are cut off, and the reason follows.
    many = it.frames(gemm_of(it.rng, 4, 8, 1, it.mode))
    it.line.send(bytes([it.host.END]) + b"".join(many.values()) + it.host.encode(b"Z", b"1"))
    answers = it.answers(60)
    require(answers[0] is None and answers[1] == (b"E", bytes([1 << LINE.index("command"), 0, 0, 0, 0])),
            "results must be cut off", answers=answers)

    # The script learns of it, and of a bit that is wrong at the computer's end.
    read, count = it.port.read, 0

    def noisy(size: int) -> bytes:
        nonlocal count
        data = bytearray(read(size))
        for index in range(len(data)):
            count += 1
            if count == 4:
                data[index] ^= 4
        return bytes(data)

    it.port.read = noisy        # type: ignore[method-assign]
    expect(it, lambda: it.engine.matmul(gemm.a, gemm.layer.weights, **gemm.arguments()), "checksum")
    it.port.read = read         # type: ignore[method-assign]
