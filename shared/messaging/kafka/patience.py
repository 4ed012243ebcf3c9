"""Waiting for aiokafka, some of whose calls go on when they are cancelled.

Its consumer's heartbeat, its fetcher and its client take a cancellation for their own and carry on
(``except CancelledError: break`` around a wait), so that ``asyncio.timeout``, which cancels once,
may wait for ever. Here a call is a task of its own, cancelled several times and then left behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any, TypeVar

import structlog

from shared.observability.metrics import METRICS

log = structlog.get_logger(__name__)

CANCEL_EVERY_S = 0.1
CANCELLATIONS = 20
MOST_LEFT = 50
"""Tasks left behind and still alive, from which on this process makes no further client."""

LEFT: set[asyncio.Future[Any]] = set()
"""What did not end when cancelled and is alive still."""

T = TypeVar("T")


async def within(seconds: float, call: Awaitable[T], what: str) -> T:
    """The call's result, or after ``seconds`` (and a little, for cancelling it) without it.

    Raises:
        TimeoutError: it took longer; it has ended, or is left behind with a line in the log.
    """
    task = asyncio.ensure_future(call)
    try:
        await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        leave([task], what)
        raise
    if not task.done():
        await end([task], what)
        raise TimeoutError(f"{what} took longer than {seconds:g} s")
    if task.cancelled():
        raise TimeoutError(f"{what} was cancelled from within")
    return task.result()


async def end(tasks: Iterable[asyncio.Future[Any]], what: str) -> bool:
    """Cancel them until they end; whether they did. Those that do not are left behind."""
    waiting = set(tasks)
    for _ in range(CANCELLATIONS):
        for task in waiting:
            task.cancel()
        done, waiting = await asyncio.wait(waiting, timeout=CANCEL_EVERY_S)
        for task in done:
            _hear(task)
        if not waiting:
            return True
    leave(waiting, what)
    log.warning("left_behind", what=what, count=len(waiting), alive=len(LEFT))
    return False


def leave(tasks: Iterable[asyncio.Future[Any]], what: str) -> None:
    """Let them be, and count them until they end."""
    for task in tasks:
        if not task.done():
            LEFT.add(task)
        task.add_done_callback(_ended)
    METRICS.kafka_left_behind.set(len(LEFT))
    log.debug("not_waited_for", what=what, alive=len(LEFT))


def too_many_left() -> bool:
    """Whether so much is left behind that another client would only add to it."""
    return len(LEFT) >= MOST_LEFT


def _ended(task: asyncio.Future[Any]) -> None:
    LEFT.discard(task)
    METRICS.kafka_left_behind.set(len(LEFT))
    _hear(task)


def _hear(task: asyncio.Future[Any]) -> None:
    """Take note of how it ended, or asyncio complains that nobody did."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.debug("ended_late", error_type=type(error).__name__)
