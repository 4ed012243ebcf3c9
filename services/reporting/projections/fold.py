"""Folding events into rows: some rows are told once, others by several types of events.

A row of the second kind has *parts*. A part is the set of columns that certain events fill, with the
sequence of the newest such event beside it; an older or repeated event changes nothing.

A projection takes events of its type in order, and as many as there are: one live, a page of the
event store when everything is made again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Executable, Table, case, func
from sqlalchemy.dialects.postgresql import Insert, insert

from shared.db.session import WriteSession
from shared.events.base import Envelope
from shared.runtime.context import ServiceContext

Projection = Callable[[Sequence[Envelope[Any]], WriteSession, ServiceContext], Awaitable[None]]
Columns = Callable[[Envelope[Any]], dict[str, Any]]
"""What an event tells, by column."""


async def write(
    session: WriteSession, statement: Executable, rows: Sequence[dict[str, Any]]
) -> None:
    """Execute a statement for each row, in order and without waiting for each."""
    if rows:
        # One alone goes the shorter way: live, events come one by one.
        await session.execute(statement, rows[0] if len(rows) == 1 else rows)


def told_once(table: Table, columns: Columns) -> Projection:
    """Rows of which one event tells everything; whoever tells again changes nothing."""
    statement = insert(table).on_conflict_do_nothing()

    async def project(
        events: Sequence[Envelope[Any]], session: WriteSession, context: ServiceContext
    ) -> None:
        region = context.region.region_code
        await write(session, statement, [{"region": region, **columns(each)} for each in events])

    return project


def _nothing(_event: Envelope[Any]) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Aggregate:
    """Rows that several types of events tell of.

    Args:
        table: it has a column ``sequence``: that of the newest event.
        key: the primary key's column.
        common: the key, and the columns that every event of the aggregate tells; of the latter the
            newest event's stand.
    """

    table: Table
    key: str
    common: Columns

    def told_by(self, part_sequence: str | None = None, own: Columns = _nothing) -> Projection:
        """The projection of one of the types.

        Args:
            part_sequence: the column with the sequence of the part's newest event.
            own: the part: columns that the other types do not tell, the same for every event.
        """
        made: list[Insert] = []

        async def project(
            events: Sequence[Envelope[Any]], session: WriteSession, context: ServiceContext
        ) -> None:
            region = context.region.region_code
            rows = []
            for event in events:
                row = {"region": region, **self.common(event), **own(event)}
                row["sequence"] = event.sequence
                if part_sequence is not None:
                    row[part_sequence] = event.sequence
                rows.append(row)
            if rows and not made:
                # Once: putting a statement together costs more than sending it.
                part = (*own(events[0]), *([part_sequence] if part_sequence else ()))
                made.append(self._merge(tuple(rows[0]), part, part_sequence))
            await write(session, made[0], rows)

        return project

    def _merge(
        self, columns: tuple[str, ...], part: tuple[str, ...], part_sequence: str | None
    ) -> Insert:
        statement, c = insert(self.table), self.table.c
        told = statement.excluded
        newer = told["sequence"] >= c.sequence
        changes: dict[str, Any] = {
            name: case((newer, told[name]), else_=c[name])
            for name in columns
            if name not in (self.key, "sequence", *part)
        }
        changes["sequence"] = func.greatest(told["sequence"], c.sequence)
        if part_sequence is not None:
            known = c[part_sequence]
            part_newer = (known.is_(None)) | (told[part_sequence] >= known)
            changes |= {name: case((part_newer, told[name]), else_=c[name]) for name in part}
        return statement.on_conflict_do_update(index_elements=[self.key], set_=changes)
