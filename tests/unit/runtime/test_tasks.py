"""Work beside a block ends with it, and nobody's cancellation is lost in waiting for that."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from shared.runtime.tasks import alongside


async def test_it_runs_while_the_block_does_and_is_waited_for() -> None:
    """Goal: nothing goes on behind the block, also after its fault. Method: a work that needs a
    moment to end, in a block that raises."""
    told: list[str] = []

    async def work() -> None:
        told.append("begun")
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            told.append("ended")

    async def block() -> None:
        async with alongside(work(), work()):
            await asyncio.sleep(0)
            raise ValueError("of the block")

    with pytest.raises(ValueError, match="of the block"):
        await block()
    assert told == ["begun", "begun", "ended", "ended"]


async def test_who_is_cancelled_while_he_waits_stays_cancelled() -> None:
    """Goal: the end of a process is not swallowed. Method: a cancellation that comes while a work
    still ends."""
    ending, may_end = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ending.set()
            await may_end.wait()

    async def block() -> None:
        async with alongside(work()):
            await asyncio.sleep(0)

    waiting = asyncio.create_task(block())
    await ending.wait()
    waiting.cancel()
    await asyncio.wait({waiting})
    may_end.set()
    assert waiting.cancelled()


async def test_a_fault_of_its_own_is_told_and_hurts_nobody() -> None:
    """Goal: no fault is lost, none falls on the block. Method: a work that fails."""

    async def work() -> None:
        raise LookupError("of the work")

    with capture_logs() as logs:
        async with alongside(work()):
            await asyncio.sleep(0)
    assert [each["event"] for each in logs] == ["work_alongside_failed"]
    assert "LookupError" in logs[0]["error"]
