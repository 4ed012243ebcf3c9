"""Waking the relay of the same process as soon as a transaction with events has committed.

A hint that saves waiting for the next poll, nothing more: the relay finds every row without it,
and a relay in another process polls. ``NOTIFY`` would reach that one too, but takes a lock that
queues every commit of the server behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

_WRITTEN = "outbox_written_to"
_listeners: dict[str, list[Callable[[], None]]] = {}


def _name(url: URL) -> str:
    return url.render_as_string(hide_password=True)


def after_commit(session: AsyncSession) -> None:
    """Nudge the relays of the session's database when its transaction commits.

    After a rollback the mark stays for the session's next commit: one needless look.
    """
    session.sync_session.info[_WRITTEN] = _name(session.get_bind().engine.url)


@contextmanager
def listening(engine: AsyncEngine, wake: Callable[[], None]) -> Iterator[None]:
    """Have ``wake`` called after each commit of events into this database by this process."""
    wakers = _listeners.setdefault(_name(engine.url), [])
    wakers.append(wake)
    try:
        yield
    finally:
        wakers.remove(wake)


@event.listens_for(Session, "after_commit")
def _committed(session: Session) -> None:
    database = session.info.pop(_WRITTEN, None)
    if database is not None:
        committed(database)


def committed(database: str) -> None:
    """Wake the relays of a database, named by its URL without the password."""
    for wake in tuple(_listeners.get(database, ())):
        wake()
