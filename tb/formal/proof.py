"""What a proof is: emitted Verilog, a specification beside it, how long to look, and a mistake that must be found."""

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

__all__ = ["Method", "Mistake", "Proof", "ProofError"]


class ProofError(Exception):
    """A proof or its control did not end as it must; the message is one line."""


class Method(Enum):
    """How a claim is proved; each value says for which inputs and times it then holds."""

    STEPS = "from any state, unbounded"
    INDUCTION = "by induction, unbounded"


@dataclass(frozen=True)
class Mistake:
    """A change of the emitted text that the proof must find.

    Parameters
    ----------
    module
        Where: a module, or a file of the specification where the claim is about that alone.
    old, new
        What `re.sub` takes: `old` occurs there, and its first place is changed.
    """

    module: str
    old: str
    new: str

    def made(self, name: str, text: str) -> str:
        """`text`, which is that of a Verilog file called `name`, with the mistake if this is its place.

        Raises
        ------
        ProofError
            It has no place there.
        """
        start, end = 0, len(text)
        if self.module != name:
            if name.endswith(".sv") or self.module.endswith(".sv"):
                return text
            found = re.search(rf"^module {self.module}\(.*?^endmodule", text, re.MULTILINE | re.DOTALL)
            if not found:
                raise ProofError(f"{self.module} must be a module of the block")
            start, end = found.span()
        changed, count = re.subn(self.old, self.new, text[start:end], count=1, flags=re.MULTILINE)
        if not count:
            raise ProofError(f"{self.module} must contain {self.old}, where a mistake is to be made")
        return text[:start] + changed + text[end:]


@dataclass(frozen=True, kw_only=True)
class Proof:
    """One claim about one emitted block.

    Parameters
    ----------
    name
        Of the claim; no two are equal.
    block, parameters
        What is emitted: see `gen.block.files` and `gen.options.configuration`.
    spec
        Files beside this one; the module `spec` is the top.
    mistakes
        Each is made alone, and the proof must then fail.
    method, depth
        STEPS: cycles from an unknown state to where the claim is checked, beyond those of `through`. INDUCTION: most
        cycles that one step may look back.
    through
        STEPS: what is on the way, by its latency in the JSON description of the block.
    defines
        Verilog macros of the specification.
    cut
        Modules of the block that the specification replaces by its own, and proves around.
    probes
        Verilog added to a module, which looks at what has no name.
    taps
        Wires of `spec` and what they are joined to inside the block, once all is flat.
    reach
        Cycles from reset to where each wire `cover_*` of the specification must be able to be 1 (STEPS: `depth`).
    share
        Equal cells of equal inputs are one before anything is proved, registers too. Only with STEPS, where registers
        of equal inputs are equal from the second cycle on.
    cells
        The file in tb with models of an FPGA's cells: the block is then read as synthesis does.
    quick
        It is one of the quick set.
    """

    name: str
    block: str
    parameters: dict[str, Any]
    spec: tuple[str, ...]
    mistakes: tuple[Mistake, ...]
    method: Method
    depth: int
    defines: dict[str, int | str] = field(default_factory=dict)
    cut: tuple[str, ...] = ()
    probes: dict[str, str] = field(default_factory=dict)
    taps: dict[str, str] = field(default_factory=dict)
    through: tuple[str, ...] = ()
    reach: int = 12
    share: bool = False
    cells: str = ""
    quick: bool = False

    def steps(self, timing: dict[str, int]) -> int:
        """`depth`, and what is on the way."""
        return self.depth + sum(timing[key] for key in self.through)

    @property
    def holds(self) -> str:
        """For which times the claim is proved."""
        return self.method.value
