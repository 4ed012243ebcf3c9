"""All SQL of the fund's part of dispensings."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from services.claims.drugs.domain import DrugPayment
from services.claims.models import drug_payments
from shared.db.session import WriteSession

_d: Final = drug_payments.c


async def add(session: WriteSession, payment: DrugPayment) -> bool:
    """Keep what was decided; False when the dispensing was told of before."""
    added = await session.execute(
        insert(drug_payments)
        .values(asdict(payment))
        .on_conflict_do_nothing()
        .returning(_d.dispensing_id)
    )
    return added.scalar_one_or_none() is not None


async def of_dispensing(session: WriteSession, dispensing_id: str) -> DrugPayment | None:
    """What was decided of a dispensing; the caller holds the person's year."""
    row = (
        await session.execute(select(drug_payments).where(_d.dispensing_id == dispensing_id))
    ).one_or_none()
    if row is None:
        return None
    stored: dict[str, Any] = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public accessor
    return DrugPayment(**stored)


async def withdraw(session: WriteSession, dispensing_id: str) -> None:
    await session.execute(
        update(drug_payments).where(_d.dispensing_id == dispensing_id).values(withdrawn=True)
    )
