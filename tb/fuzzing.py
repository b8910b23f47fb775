"""What the fuzz tests share: how many examples, from which seed, and what counts as one clear error."""

import functools
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
# Messages of what `refusal` refused.
_refused: list[str] = []
ASKED = int(os.environ.get("MACAW_EXAMPLES") or 0)


def fuzz(count: int = USUAL, legal: float = 0.1, **inputs: SearchStrategy[Any]
         ) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Run a test with `count` random inputs, the same in every run of `make test`; `make fuzz` scales that.

    How many have run, and what `refusal` refused in them, is in the test's attributes `examples` and `refused`, and in
    the JUnit file. A test in which a smaller share than `legal` is taken shows nothing, and fails.
    """
    def decorate(test: Callable[..., None]) -> Callable[[], None]:
        def counted(**values: Any) -> None:
            refused = len(_refused)
            test(**values)
            whole.examples += 1                         # type: ignore[attr-defined]
            whole.refused += len(_refused) > refused    # type: ignore[attr-defined]

        @functools.wraps(test)
        def whole() -> None:
            run()
            shares = whole.examples, whole.refused      # type: ignore[attr-defined]
            enough = shares[0] < 50 or shares[1] <= (1 - legal) * shares[0]
            assert enough, f"{shares[1]} of {shares[0]} inputs were refused"

        del whole.__wrapped__       # pytest would see arguments
        counted.__name__, counted.__qualname__ = test.__name__, test.__qualname__
        counted.__module__ = test.__module__
        run = settings(max_examples=max(1, ASKED * count // USUAL) if ASKED else count, derandomize=not ASKED,
                       deadline=None, database=None, print_blob=False,
                       suppress_health_check=list(HealthCheck))(given(**inputs)(counted))
        if ASKED:
            run = seed(run_seed())(run)
        whole.examples = whole.refused = 0              # type: ignore[attr-defined]
        return whole

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
        message = clear(error)
        _refused.append(message)
        return None
