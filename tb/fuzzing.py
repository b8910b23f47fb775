"""What the fuzz tests share: how many examples, from which seed, and what counts as one clear error."""

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, configuration, given, seed, settings
from hypothesis.strategies import SearchStrategy

from tb.run import BUILD
from tb.run import seed as run_seed

__all__ = ["clear", "fuzz", "refusal"]

# Where Hypothesis may keep what it computes once.
configuration.set_hypothesis_home_dir(BUILD / "hypothesis")

# Examples of a usual test in `make test`; MACAW_EXAMPLES asks for as many in its place.
USUAL = 100
ASKED = int(os.environ.get("MACAW_EXAMPLES") or 0)


def fuzz(count: int = USUAL, **inputs: SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a test with `count` random inputs, the same in every run of `make test`; `make fuzz` scales that.

    How many have run is in the test's attribute `examples`, and in the JUnit file.
    """
    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        def counted(**values: Any) -> None:
            run.examples += 1   # type: ignore[attr-defined]
            test(**values)

        counted.__name__, counted.__doc__ = test.__name__, test.__doc__
        counted.__module__, counted.__qualname__ = test.__module__, test.__qualname__
        run = given(**inputs)(counted)
        run = settings(max_examples=max(1, ASKED * count // USUAL) if ASKED else count, derandomize=not ASKED,
                       deadline=None, database=None, print_blob=False, suppress_health_check=list(HealthCheck))(run)
        if ASKED:
            run = seed(run_seed())(run)
        run.examples = 0    # type: ignore[attr-defined]
        return run

    return decorate


def clear(error: BaseException) -> str:
    """The message of `error`, which must be one line that says what must hold."""
    message = str(error)
    assert len(message.splitlines()) == 1, f"one line, not {message!r}"
    assert " must " in f" {message}", f"the message says what must hold, not {message!r}"
    return message


def refusal(kinds: type[BaseException] | tuple[type[BaseException], ...], call: Callable[[], Any]) -> Any:
    """What `call` returns, or None after one clear error of `kinds`; any other error goes on."""
    try:
        return call()
    except kinds as error:
        clear(error)
        return None
