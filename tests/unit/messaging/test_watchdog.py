"""The last resort of a worker that stands still."""

from __future__ import annotations

import asyncio
import time

import pytest

from shared.messaging.consumer import Progress
from shared.runtime.watchdog import watch


@pytest.mark.parametrize(
    ("still_s", "kafka_answers", "ended"),
    [(100, True, True), (100, False, False), (0, True, False)],
)
async def test_a_worker_ends_only_if_it_stands_still_and_kafka_answers(
    still_s: float, kafka_answers: bool, ended: bool
) -> None:
    """Goal: a hung process is started anew, a process that waits for Kafka or works is let be.
    Method: each pair of the two conditions; the end is counted, not carried out."""
    progress = Progress(came_round=time.monotonic() - still_s)
    ends: list[int] = []

    async def answers() -> bool:
        return kafka_answers

    watching = asyncio.create_task(
        watch(progress, answers, end=lambda: ends.append(1), standstill_s=50, look_every_s=0.001)
    )
    await asyncio.wait({watching}, timeout=0.03)
    assert watching.done() is ended
    assert len(ends) == ended
    watching.cancel()
