"""A stack under comparison, and the comparison itself."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from golden import frameworks
from golden.oracles import cases
from golden.oracles.accepts import Accepts
from golden.oracles.layer import Layer, Rescale, rescale

Outputs = Iterator[tuple[Rescale, npt.NDArray[np.integer[Any]]]]


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One answer of one package.

    Parameters
    ----------
    name: of the row in the table and of the file of vectors.
    framework: what `golden.frameworks.framework` calls its arithmetic.
    version: returns the package's name and version.
    outputs: yields what golden is to requantize, and what the stack made of it; (seed, count) -> pairs, as
        many as make at least count outputs.
    """

    name: str
    framework: str
    version: Callable[[], str]
    outputs: Callable[[int, int], Outputs]

    @property
    def mode(self) -> str:
        """The rounding mode of its framework."""
        return frameworks.framework(self.framework).mode


def layer_stack(
    name: str,
    framework: str,
    version: Callable[[], str],
    run: Callable[[Layer], npt.NDArray[np.int8]],
    accepts: Accepts,
) -> Stack:
    """Return a stack which `run`s whole layers, [M, K] to [M, N]."""

    def outputs(seed: int, count: int) -> Outputs:
        known = frameworks.framework(framework)
        for layer in cases.layers(np.random.default_rng(seed), known, accepts):
            if count <= 0 and not layer.directed:
                return
            pair = rescale(layer, known), run(layer)
            count -= pair[1].size
            yield pair

    return Stack(name=name, framework=framework, version=version, outputs=outputs)


@dataclass
class Comparison:
    """What a comparison found.

    Parameters
    ----------
    outputs, directed, differences: how many outputs were compared, how many of them were injected on
        purpose, and how many differed.
    first: the first difference in words, empty if there is none.
    columns: for each pair whether it is directed, and its inputs and the stack's output `y`, flat.
    """

    outputs: int = 0
    directed: int = 0
    differences: int = 0
    first: str = ""
    columns: list[tuple[bool, dict[str, npt.NDArray[Any]]]] = field(default_factory=list)


def compare(stack: Stack, seed: int, count: int, *, keep: bool = False) -> Comparison:
    """Compare `count` outputs of `stack` with golden; `keep` collects them for `vectors.save`."""
    result = Comparison()
    for case, y in stack.outputs(seed, count):
        want = case.golden()
        if y.shape != want.shape:
            raise RuntimeError(f"{stack.name} must return outputs of shape {want.shape}, not {y.shape}")
        different = np.flatnonzero(y.ravel() != want.ravel())
        result.outputs += y.size
        result.directed += y.size * case.directed
        result.differences += len(different)
        if keep or (len(different) and not result.first):
            columns = {**case.columns(), "y": y.ravel().astype(np.int16)}
            if len(different) and not result.first:
                i = int(different[0])
                given = ", ".join(f"{name} {x[i]!s}" for name, x in columns.items() if name != "y")
                result.first = f"{given}: {stack.name} gives {columns['y'][i]}, golden {want.ravel()[i]}"
            if keep:
                result.columns.append((case.directed, columns))
    return result
