"""Merging what an event tells into a row that other events tell of as well.

A row has *parts*. A part is the set of columns that certain events fill, with the sequence of the
newest such event beside it; an older or repeated event changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Table, case, func
from sqlalchemy.dialects.postgresql import Insert, insert

from shared.db.session import WriteSession


async def fold(
    session: WriteSession,
    table: Table,
    identity: Mapping[str, Any],
    *,
    common: Mapping[str, Any],
    sequence: int,
    part: Mapping[str, Any] | None = None,
    part_sequence: str | None = None,
) -> None:
    """Insert the row, or merge into it.

    Args:
        identity: the primary key.
        common: columns that every event of the aggregate tells; the newest event's stand.
        sequence: the event's sequence, compared with the column ``sequence``.
        part: columns that only this type of event tells.
        part_sequence: the column with the sequence of the part's newest event.
    """
    own = dict(part or {})
    if part_sequence is not None:
        own[part_sequence] = sequence
    statement = _merge(table, tuple(identity), tuple(common), tuple(own), part_sequence)
    await session.execute(statement, {**identity, **common, "sequence": sequence, **own})


@cache
def _merge(
    table: Table,
    identity: tuple[str, ...],
    common: tuple[str, ...],
    own: tuple[str, ...],
    part_sequence: str | None,
) -> Insert:
    statement = insert(table)
    told = statement.excluded
    newer = told["sequence"] >= table.c.sequence
    changes: dict[str, Any] = {
        name: case((newer, told[name]), else_=table.c[name]) for name in common
    }
    changes["sequence"] = func.greatest(told["sequence"], table.c.sequence)
    if part_sequence is not None:
        known = table.c[part_sequence]
        part_newer = (known.is_(None)) | (told[part_sequence] >= known)
        changes |= {name: case((part_newer, told[name]), else_=table.c[name]) for name in own}
    return statement.on_conflict_do_update(index_elements=list(identity), set_=changes)
