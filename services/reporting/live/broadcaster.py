"""One reader of the figures per process, many listeners.

A change makes the figures *stale*; they are read again at most once per interval, once for all
clients, and only while somebody listens. A client that does not keep up loses old messages, never
the newest: each one is the whole state.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

log = structlog.get_logger(__name__)

_QUEUE_MESSAGES = 4
_RETRY_S = 1.0


class TooManyListeners(RuntimeError):
    """The limit of open streams is reached."""


@dataclass(frozen=True)
class Message:
    """One message, ready to be sent."""

    revision: int
    data: str


@dataclass(eq=False)
class Listener:
    """One client's queue; ``closed`` ends its stream."""

    queue: asyncio.Queue[Message | None] = field(
        default_factory=lambda: asyncio.Queue(_QUEUE_MESSAGES)
    )

    def offer(self, message: Message | None) -> None:
        """Queue a message; when the client is behind, the oldest one goes."""
        if self.queue.full():
            self.queue.get_nowait()
        self.queue.put_nowait(message)

    def forget(self) -> None:
        """Drop what is queued, for the client was just told something newer; an end stays."""
        ends = False
        while not self.queue.empty():
            ends |= self.queue.get_nowait() is None
        if ends:
            self.queue.put_nowait(None)


Compute = Callable[[dict[str, Any] | None, int], Awaitable[Message]]
"""Reads the figures; told the newest cause and the number of changes."""


class Broadcaster:
    """Reads the figures after a change and hands them to every listener."""

    def __init__(self, compute: Compute, *, interval_s: float, max_listeners: int) -> None:
        self._compute = compute
        self._interval_s = interval_s
        self._max_listeners = max_listeners
        self._listeners: set[Listener] = set()
        self._changed = asyncio.Event()
        self._cause: dict[str, Any] | None = None
        self._changes = 0
        self._closed = False

    @property
    def listening(self) -> int:
        return len(self._listeners)

    def changed(self, cause: dict[str, Any] | None) -> None:
        """Note that the figures are stale; ``cause`` None: an unknown number of times."""
        if cause is not None:
            self._cause = cause
        self._changes += 1
        self._changed.set()

    def join(self) -> Listener:
        """A new listener.

        Raises:
            TooManyListeners: the limit is reached, or the process is closing.
        """
        if self._closed or len(self._listeners) >= self._max_listeners:
            raise TooManyListeners(f"{len(self._listeners)} streams are open")
        listener = Listener()
        self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        self._listeners.discard(listener)

    async def current(self) -> Message:
        """The figures as they are now, for a client that has just come."""
        return await self._compute(None, 0)

    def close(self) -> None:
        """End every stream."""
        self._closed = True
        for listener in tuple(self._listeners):
            listener.offer(None)

    async def run(self) -> None:
        """Read and hand out until cancelled; a failing read is tried again."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            cause, changes = self._cause, self._changes
            self._cause, self._changes = None, 0
            if not self._listeners:
                continue
            try:
                message = await self._compute(cause, changes)
            except Exception as error:  # noqa: BLE001 - the one reader must outlive any fault
                log.warning("live_figures_unreadable", error=type(error).__name__)
                self._cause = self._cause or cause
                self._changes += changes
                self._changed.set()
                await asyncio.sleep(_RETRY_S)
                continue
            for listener in tuple(self._listeners):
                listener.offer(message)
            await asyncio.sleep(self._interval_s)
