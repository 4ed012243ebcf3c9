"""Hearing of committed changes: one LISTEN connection per serving process, renewed when lost."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from services.reporting.projections.announce import CHANNEL
from shared.db.session import Database
from shared.db.trouble import DRIVER_ERRORS

log = structlog.get_logger(__name__)

_RETRY_FIRST_S = 0.2
_RETRY_MOST_S = 5.0
_CHECK_EVERY_S = 15.0

_LOST = (
    OSError,
    TimeoutError,
    SQLAlchemyError,
    *DRIVER_ERRORS,
)

OnChange = Callable[[dict[str, Any] | None], None]


async def listen(db: Database, on_change: OnChange) -> None:
    """Call ``on_change`` with the cause of each change, until cancelled.

    After every (re)connection it is called once with None: what happened while nobody listened is
    not known.
    """
    wait_s = _RETRY_FIRST_S
    while True:
        try:
            await _listen_once(db, on_change)
            wait_s = _RETRY_FIRST_S
        except _LOST as error:
            log.warning("live_listener_lost", error=type(error).__name__, retry_s=wait_s)
            wait_s = min(_RETRY_MOST_S, wait_s * 2)
        await asyncio.sleep(wait_s)


async def _listen_once(db: Database, on_change: OnChange) -> None:
    """Listen on one connection until it ends."""
    ended = asyncio.Event()

    def heard(_connection: Any, _pid: int, _channel: str, payload: str) -> None:
        on_change(json.loads(payload)["cause"])

    def terminated(_connection: Any) -> None:
        ended.set()

    async with db.engine.connect() as connection:
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection
        driver.add_termination_listener(terminated)
        await driver.add_listener(CHANNEL, heard)
        try:
            on_change(None)
            while not ended.is_set():
                # A connection that died without a word (a cut cable) is found out by asking.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_CHECK_EVERY_S):
                        await ended.wait()
                if not ended.is_set():
                    await driver.fetchval("SELECT 1", timeout=_CHECK_EVERY_S)
        finally:
            driver.remove_termination_listener(terminated)
            if not driver.is_closed():
                await driver.remove_listener(CHANNEL, heard)
            # Never back to the pool: the next user should not find our state.
            await connection.invalidate()
