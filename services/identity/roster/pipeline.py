"""Working on a long list piece by piece, the next piece's computing beside this one's database."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


_pausing = 0


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the cyclic garbage collector from looking through a whole roster again and again.

    Rows and events refer to nothing that refers back to them, so counting references frees them;
    looking for cycles among them took a quarter of an import's time.
    """
    global _pausing  # noqa: PLW0603 - counts the imports of this process that want it paused
    _pausing += 1
    gc.disable()
    try:
        yield
    finally:
        _pausing -= 1
        if not _pausing:
            gc.enable()


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in pieces of ``size``, the last one shorter."""
    return (items[start : start + size] for start in range(0, len(items), size))


def gathered(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """As :func:`chunks`, of items that come one by one."""
    coming = iter(items)
    while piece := list(islice(coming, size)):
        yield piece


async def one_by_one(pieces: Iterable[T]) -> AsyncIterator[T]:
    """The pieces, for :func:`ahead`."""
    for piece in pieces:
        yield piece


async def ahead(pieces: AsyncIterable[T], work: Callable[[T], R]) -> AsyncGenerator[R, None]:
    """``work`` done on each piece in a thread, one piece ahead of whoever takes the results.

    The pieces are fetched while nobody works on a result: they may come from the same session.
    """
    under_way: asyncio.Task[R] | None = None
    try:
        async for piece in pieces:
            following = asyncio.create_task(asyncio.to_thread(work, piece))
            ready, under_way = under_way, following
            if ready is not None:
                yield await ready
        if under_way is not None:
            yield await under_way
    finally:
        if under_way is not None:
            await asyncio.gather(under_way, return_exceptions=True)
