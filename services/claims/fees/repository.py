"""All SQL of service fees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.claims.fees.domain import ServiceFee
from services.claims.models import clearing_fees, service_fees
from shared.db.session import ReadSession, WriteSession


async def add(session: WriteSession, fee: ServiceFee) -> bool:
    """Keep a fee; False when it was told before."""
    added = await session.execute(
        insert(service_fees)
        .values(asdict(fee))
        .on_conflict_do_nothing()
        .returning(service_fees.c.id)
    )
    return added.scalar_one_or_none() is not None


async def of_run(session: ReadSession, run_id: UUID) -> list[ServiceFee]:
    """The fees that a clearing run collected, by team, use and month."""
    f = service_fees.c
    found = await session.execute(
        select(service_fees)
        .join(clearing_fees, clearing_fees.c.service_fee_id == f.id)
        .where(clearing_fees.c.run_id == run_id)
        .order_by(f.facility_code, f.use, f.period, f.id)
    )
    return [ServiceFee(**cast("Mapping[str, Any]", row)) for row in found.mappings()]
