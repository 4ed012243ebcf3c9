"""Cursors of the service's lists: what :mod:`shared.http.pagination` reads, as typed values."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from shared.http.pagination import CursorMalformed, decode_cursor


def after_id(cursor: str | None) -> UUID | None:
    """The id after which a page begins; None for the first page.

    Raises:
        CursorMalformed: it is not a cursor of such a list.
    """
    if cursor is None:
        return None
    (row_id,) = decode_cursor(cursor, parts=1)
    try:
        return UUID(str(row_id))
    except ValueError:
        raise CursorMalformed from None


def after_day_and_id(cursor: str | None) -> tuple[date, UUID] | None:
    """The day and id after which a page begins; None for the first page.

    Raises:
        CursorMalformed: it is not a cursor of such a list.
    """
    if cursor is None:
        return None
    day, row_id = decode_cursor(cursor, parts=2)
    try:
        return date.fromisoformat(str(day)), UUID(str(row_id))
    except ValueError:
        raise CursorMalformed from None
