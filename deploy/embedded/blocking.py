"""Calling asynchronous database work from ordinary code, inside or outside an event loop."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def outside_the_loop(work: Callable[[], T]) -> T:
    """Do blocking work that may start an event loop of its own.

    Where a loop already runs in this thread, a short-lived thread does it while this one waits.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    results: list[T] = []
    failures: list[BaseException] = []

    def body() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - handed to the waiting thread below
            failures.append(error)

    thread = threading.Thread(target=body, name="outside-the-loop")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return results[0]


def run_blocking(start: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run one coroutine to its end and return its result."""
    return outside_the_loop(lambda: asyncio.run(start()))
