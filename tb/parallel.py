"""Work for every processor: calls of one function, shared out to as many processes."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

__all__ = ["shared_out"]

Result = TypeVar("Result")


def shared_out(function: Callable[..., Result], *arguments: Iterable[Any]) -> Iterator[Result]:
    """As `map` does it, by as many processes as there are processors; results come in order.

    What a call raises is raised where its result would come; calls that have not begun by then are dropped.
    """
    # Not forked: a copy of a process that has threads may hang.
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        try:
            yield from pool.map(function, *arguments)
        finally:
            pool.shutdown(cancel_futures=True)
