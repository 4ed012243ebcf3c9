"""Which failures pass by themselves, and how to write a failure down without what it was about."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import PurePath
from types import TracebackType

import asyncpg
import httpx
from sqlalchemy import exc

_TRANSIENT = (
    ConnectionError,
    TimeoutError,
    httpx.TransportError,
    exc.TimeoutError,
    # The server ended the connection in the middle of a statement; SQLAlchemy does not wrap it.
    asyncpg.InternalClientError,
)
_TRANSIENT_SQL = (exc.OperationalError,)
_TRANSIENT_CLASSES = ("08", "53", "57P")
"""Connection lost, out of connections or space, server going down."""
_TRANSIENT_STATES = frozenset({"40001", "40P01", "55P03", "57014", "25006"})
"""Serialization failure, deadlock, lock or statement timeout, a server that is read-only."""
_MAX_LINKS = 10
_OWN = ("services", "shared", "deploy", "tests")


def is_transient(error: BaseException) -> bool:
    """Whether the same work may succeed later, unchanged: the surroundings failed, not the event.

    Covers lost connections, timeouts, deadlocks and serialization failures; an error raised
    *from* such a one counts as well.
    """
    return any(_transient(each) for each in _chain(error))


def _transient(error: BaseException) -> bool:
    if isinstance(error, exc.DBAPIError):
        state = sqlstate(error)
        return (
            error.connection_invalidated
            or isinstance(error, _TRANSIENT_SQL)
            or state in _TRANSIENT_STATES
            or state.startswith(_TRANSIENT_CLASSES)
        )
    state = sqlstate(error)
    if state:  # asyncpg's own, where a handler works on the raw connection
        return state in _TRANSIENT_STATES or state.startswith(_TRANSIENT_CLASSES)
    return isinstance(error, _TRANSIENT)


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's five-character code of the error; empty for any other error."""
    source = error.orig if isinstance(error, exc.DBAPIError) else error
    return str(getattr(source, "sqlstate", None) or "")


def describe(error: BaseException) -> str:
    """Type, code and place of a failure and of its causes; never a message.

    A message may quote a value (PostgreSQL's do: "Key (…)=(…) already exists"), and a value may
    be a person's.
    """
    return " <- ".join(_one(each) for each in _chain(error))[:2_000]


def _one(error: BaseException) -> str:
    words = [type(error).__name__]
    code = getattr(error, "code", None)
    if sqlstate(error):
        words.append(f"[{sqlstate(error)}]")
    elif isinstance(code, str) and code.isidentifier():
        words.append(f"[{code}]")
    place = _place(error.__traceback__)
    if place:
        words.append(f"at {place}")
    return " ".join(words)


def _place(trace: TracebackType | None) -> str:
    """The innermost line of our own code, such as ``services/claims/charges/service.py:41``."""
    for frame in reversed(traceback.extract_tb(trace)):
        parts = PurePath(frame.filename).parts
        for root in _OWN:
            if root in parts and "site-packages" not in parts:
                path = PurePath(*parts[len(parts) - 1 - parts[::-1].index(root) :])
                return f"{path.as_posix()}:{frame.lineno}"
    return ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    for _ in range(_MAX_LINKS):
        if current is None:
            return
        yield current
        current = current.__cause__
