"""Ends a worker's process whose consuming stands still although Kafka answers.

The last resort against a client that hangs in a way nobody foresaw: a container engine starts the
process anew, and what it had in hand is delivered again.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable

import structlog

from shared.messaging.consumer import Progress

log = structlog.get_logger(__name__)

STANDSTILL_S = 600.0
"""Without a fetch and without a record done with; one record may take a minute."""
LOOK_EVERY_S = 15.0


def end_process() -> None:
    """End at once: an orderly end would wait for the very tasks that hang."""
    os._exit(os.EX_SOFTWARE)


async def watch(
    progress: Progress,
    answers: Callable[[], Awaitable[bool]],
    *,
    end: Callable[[], None] = end_process,
    standstill_s: float = STANDSTILL_S,
    look_every_s: float = LOOK_EVERY_S,
) -> None:
    """Look until cancelled; while the transport itself does not answer, wait for it."""
    while True:
        await asyncio.sleep(look_every_s)
        still_s = time.monotonic() - progress.came_round
        if still_s > standstill_s and await answers():
            log.error("worker_gives_up", reason="consuming stands still", still_s=round(still_s))
            end()
            return
