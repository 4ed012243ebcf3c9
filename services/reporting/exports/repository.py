"""SQL of exports: the copies of signed months that readers were given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select
from sqlalchemy.dialects.postgresql import insert

from services.reporting.models import close_copies
from shared.db.session import ReadSession, WriteSession

_c = close_copies.c


async def copy_of(
    session: ReadSession, close_id: UUID, form: str, made_for: str
) -> RowMapping | None:
    """The copy that a reader was given."""
    found = await session.execute(
        select(_c.copy_id, _c.content).where(
            _c.close_id == close_id, _c.form == form, _c.made_for == made_for
        )
    )
    return found.mappings().one_or_none()


async def keep_copy(session: WriteSession, values: Mapping[str, Any]) -> RowMapping:
    """Keep a copy; gives the one that stands, which may be another process's."""
    await session.execute(insert(close_copies).values(values).on_conflict_do_nothing())
    kept = await copy_of(session, values["close_id"], values["form"], values["made_for"])
    if kept is None:
        raise RuntimeError("a copy that was kept is not there")
    return kept
