"""Positions in lists that are ordered by id."""

from __future__ import annotations

from uuid import UUID

from shared.http.pagination import CursorMalformed, decode_cursor


def position_of(cursor: str | None) -> UUID | None:
    """The id of the last row that the client has; None on the first page.

    Raises:
        CursorMalformed: not a cursor of such a list.
    """
    if cursor is None:
        return None
    (last,) = decode_cursor(cursor, parts=1)
    try:
        return UUID(str(last))
    except ValueError:
        raise CursorMalformed("send the next_cursor of the page before, unchanged") from None
