"""What is mutated: configurations of each block, the tests that must find its mutants, and how the others are judged."""

from dataclasses import dataclass, field
from typing import Any

from tb.mutation.equivalence import Frame
from tb.mutation.kill import Round

__all__ = ["TARGETS", "Target"]


@dataclass(frozen=True, kw_only=True)
class Target:
    """One configuration of a block.

    Parameters
    ----------
    block
        Name of the row in the report.
    emitted, parameters
        What is emitted: see `tb.run.generate`.
    rounds
        Tests: those that all mutants are tried with, then those for what neither they found nor a proof.
    modules
        Regular expression of the modules that are changed.
    frames
        What a mutant is judged within, one after the other until it is proved equivalent.
    """

    block: str
    emitted: str
    parameters: dict[str, Any]
    rounds: tuple[Round, Round]
    modules: str = ".*"
    frames: tuple[Frame, ...] = (Frame(),)
    case: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For people."""
        return " ".join([self.block, *(f"{key}={value}" for key, value in self.parameters.items())])


REQUANT = (Round(tests=("sim_requant",), case={"vectors": 400}), Round(tests=("sim_requant",), case={}))
FIXED = ("shift >= 2 && shift <= 62", "!multiplier[31]")
FLOAT = ("!multiplier[31]", "multiplier[30:23] != 8'hff")

TARGETS = (
    Target(block="requant", emitted="requant", parameters={"modes": "SINGLE"}, rounds=REQUANT,
           frames=(Frame(module="mac_requant", assume=FIXED, steps=12),)),
    Target(block="requant", emitted="requant", parameters={"modes": "F32"}, rounds=REQUANT,
           frames=(Frame(module="mac_requant", assume=FLOAT, steps=18),)),
)
