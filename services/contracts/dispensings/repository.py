"""All SQL about dispensings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, insert, select

from services.contracts.models import Dispensing
from shared.db.session import ReadSession, WriteSession


async def fund_paid_in(session: ReadSession, members: Sequence[str], year: int) -> int:
    """What the fund has paid in a calendar year, in fen, under any of the person's ids."""
    found = await session.scalar(
        select(func.coalesce(func.sum(Dispensing.fund_fen), 0)).where(
            Dispensing.person_id.in_(members),
            Dispensing.dispensed_on.between(date(year, 1, 1), date(year, 12, 31)),
        )
    )
    return int(found or 0)


async def add(session: WriteSession, values: dict[str, Any]) -> None:
    await session.execute(insert(Dispensing).values(values))
