"""One look at the figures for all who ask at the same time, and none while they have not moved.

Whoever asks while a look is going on waits for the next one: what he gets is never older than his
question. A finished look is kept with the revision *before* it, provided that no change was under
way then. It answers for as long as that revision is the newest.

Rights are no business of this module: ask here only what every viewer of a place may see, and no
list of persons.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from services.reporting.figures import repository
from shared.db.session import Database, ReadSession
from shared.runtime.context import ServiceContext

_STATE = "reporting.looks"
_MOST = 128
"""So many answers are kept, those that were asked for last."""
_KEPT_S = 60.0
"""Rows that somebody puts right by hand, without a revision, are seen after so long."""

Answer = TypeVar("Answer")


@dataclass
class _Kept:
    """What is known of one question."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    begun: int = 0
    """Looks begun so far."""
    answer: Any = None
    look: int = 0
    """The look that found the answer, or found it still good; 0: none yet."""
    revision: int | None = None
    """As long as this is the newest revision the answer is good; None: it serves those who wait."""
    until: float = 0.0


class Looks:
    """The looks of one serving process."""

    def __init__(self, db: Database, *, most: int = _MOST, kept_s: float = _KEPT_S) -> None:
        self._db = db
        self._most = most
        self._kept_s = kept_s
        self._by_question: OrderedDict[Hashable, _Kept] = OrderedDict()

    async def look(
        self, question: Hashable, read: Callable[[ReadSession], Awaitable[Answer]]
    ) -> Answer:
        """The answer to a question as of now; it is shared, so leave it as it is.

        Args:
            question: everything that the answer depends on besides the database.
            read: finds the answer on a snapshot of its own. What it raises comes out and is not
                kept.
        """
        kept = self._of(question)
        asked_after = kept.begun
        async with kept.lock:
            if kept.look > asked_after:
                return cast("Answer", kept.answer)
            kept.begun += 1
            look = kept.begun
            async with self._db.reading() as session:
                # In this order, and both before the snapshot: see ``repository.is_changing``.
                revision = await repository.revision(session)
                if kept.revision == revision and time.monotonic() < kept.until:
                    kept.look = look
                    return cast("Answer", kept.answer)
                changing = await repository.is_changing(session)
            async with self._db.reading() as session:
                found = await read(session)
            kept.answer, kept.look = found, look
            kept.revision = None if changing else revision
            kept.until = time.monotonic() + self._kept_s
            return found

    def _of(self, question: Hashable) -> _Kept:
        kept = self._by_question.setdefault(question, _Kept())
        self._by_question.move_to_end(question)
        while len(self._by_question) > self._most:
            self._by_question.popitem(last=False)
        return kept


def looks_of(context: ServiceContext) -> Looks:
    """The looks of the process that serves the context."""
    looks: Looks = context.state.setdefault(_STATE, Looks(context.db))
    return looks
