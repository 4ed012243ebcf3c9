"""Lists in pages: ``?limit=&cursor=`` → ``{items, next_cursor}``.

A cursor is opaque to the client: the sort key of the last row it was given. It holds no personal
data (it travels in the URL), only ids, times and numbers.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from shared.http.problem import FieldFault, Unprocessable

MAX_LIMIT = 200
DEFAULT_LIMIT = 50
_MAX_CURSOR_CHARS = 512

T = TypeVar("T")


class CursorMalformed(Unprocessable):
    code = "cursor_malformed"
    title = "The cursor is not one that this list gave"
    title_zh = "分页游标无效"


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    next_cursor: str | None = Field(
        default=None, description="Send as `cursor` for the next page; null on the last one."
    )


def page(items: Sequence[T], next_cursor: str | None) -> dict[str, Any]:
    """The answer of a list."""
    return {"items": list(items), "next_cursor": next_cursor}


def encode_cursor(*key: str | int | None) -> str:
    """Make a cursor of the last row's sort key; give dates and ids as text."""
    content = json.dumps(key, separators=(",", ":"), ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def decode_cursor(cursor: str, *, parts: int | None = None) -> tuple[Any, ...]:
    """The sort key of :func:`encode_cursor`.

    Args:
        cursor: as the client sent it.
        parts: how many values the list's cursor has; another number is refused.

    Raises:
        CursorMalformed: a 422 for the caller.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        key = None
    sound = (
        isinstance(key, list)
        and (parts is None or len(key) == parts)
        and all(
            value is None or (isinstance(value, str | int) and not isinstance(value, bool))
            for value in key
        )
    )
    if not sound:
        raise CursorMalformed(
            "send the next_cursor of the page before, unchanged, or none for the first page",
            errors=[
                FieldFault(
                    "cursor",
                    "cursor_malformed",
                    "send the next_cursor of the page before, unchanged",
                    "请原样传回上一页的 next_cursor",
                )
            ],
        )
    return tuple(key)


def _limit(
    limit: Annotated[
        int, Query(ge=1, le=MAX_LIMIT, description="Rows per page.", examples=[DEFAULT_LIMIT])
    ] = DEFAULT_LIMIT,
) -> int:
    return limit


def _cursor(
    cursor: Annotated[
        str | None,
        Query(max_length=_MAX_CURSOR_CHARS, description="`next_cursor` of the page before."),
    ] = None,
) -> str | None:
    return cursor


Limit = Annotated[int, Depends(_limit)]
"""Endpoint parameter: rows per page, 1 to 200, 50 when not given."""

Cursor = Annotated[str | None, Depends(_cursor)]
"""Endpoint parameter: the cursor as sent; read it with :func:`decode_cursor`."""
