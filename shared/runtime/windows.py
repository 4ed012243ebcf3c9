"""How many windows wait for this process: what is not urgent can let them go first.

In a process that serves windows too (``make run``) the relays read their outboxes, and the consumers
begin a transaction, a moment later while somebody waits. Then more events lie ready, and are
published, handled and marked together: fewer transactions for the same events, and fewer of them
between a question and its answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

_LOOK_EVERY_S = 0.01

_waiting = 0


@contextmanager
def waits() -> Iterator[None]:
    """Somebody waits at a window for what is done in the block."""
    global _waiting  # noqa: PLW0603 - counts for the whole process
    _waiting += 1
    try:
        yield
    finally:
        _waiting -= 1


async def let_go_first(at_most_s: float) -> None:
    """Return when nobody waits, but after ``at_most_s`` in any case; at once if nobody does."""
    until = time.monotonic() + at_most_s
    while _waiting and time.monotonic() < until:  # noqa: ASYNC110 - a count, of whichever loop
        await asyncio.sleep(_LOOK_EVERY_S)
