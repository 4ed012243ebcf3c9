"""All SQL of the revisions: vouchers, and which settled bills wait for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, select

from services.claims.encounters.repository import STILL_PENDING
from services.claims.models import encounters, settlements, voucher_parts, vouchers
from services.claims.revisions.domain import Part
from shared.db.direct import DirectWork
from shared.db.session import ReadSession, WriteSession


@dataclass(frozen=True)
class Voucher:
    """A difference voucher as kept."""

    id: UUID
    region: str
    facility_code: str
    encounter_id: UUID
    settlement_id: UUID
    supersedes_id: UUID
    reversal_id: UUID
    reason: str
    made_at: datetime
    made_by: str
    parts: tuple[Part, ...]


async def add(session: WriteSession, voucher: Voucher) -> None:
    await session.execute(
        insert(vouchers),
        {
            "id": voucher.id,
            "region": voucher.region,
            "facility_code": voucher.facility_code,
            "encounter_id": voucher.encounter_id,
            "settlement_id": voucher.settlement_id,
            "supersedes_id": voucher.supersedes_id,
            "reversal_id": voucher.reversal_id,
            "reason": voucher.reason,
            "made_at": voucher.made_at,
            "made_by": voucher.made_by,
        },
    )
    await session.execute(
        insert(voucher_parts),
        [
            {
                "voucher_id": voucher.id,
                "position": position,
                "party": part.party,
                "before_fen": part.before_fen,
                "after_fen": part.after_fen,
                "difference_fen": part.difference_fen,
            }
            for position, part in enumerate(voucher.parts)
        ],
    )


async def of_settlement(session: ReadSession, settlement_id: UUID) -> Voucher | None:
    """The voucher of the settlement that replaced an earlier one."""
    row = (
        await session.execute(select(vouchers).where(vouchers.c.settlement_id == settlement_id))
    ).one_or_none()
    if row is None:
        return None
    parts = await session.execute(
        select(voucher_parts)
        .where(voucher_parts.c.voucher_id == row.id)
        .order_by(voucher_parts.c.position)
    )
    return Voucher(
        id=row.id,
        region=row.region,
        facility_code=row.facility_code,
        encounter_id=row.encounter_id,
        settlement_id=row.settlement_id,
        supersedes_id=row.supersedes_id,
        reversal_id=row.reversal_id,
        reason=row.reason,
        made_at=row.made_at,
        made_by=row.made_by,
        parts=tuple(Part(part.party, part.before_fen, part.after_fen) for part in parts),
    )


@dataclass(frozen=True)
class Waiting:
    """A settled bill for which something else is known now."""

    encounter_id: UUID
    settlement_id: UUID


async def waiting(
    session: ReadSession,
    *,
    region: str,
    facility_code: str | None,
    ids: Sequence[UUID] | None,
    limit: int,
) -> list[Waiting]:
    """Bills that wait for a revision, in the order in which they stand in their persons' years."""
    place = func.coalesce(settlements.c.year_place, settlements.c.id)
    statement = (
        select(encounters.c.id, settlements.c.id.label("settlement_id"))
        .join(settlements, settlements.c.id == encounters.c.settlement_id)
        .where(
            encounters.c.region == region,
            # The plain column as well, for it is what the index holds.
            encounters.c.recognition_pending,
            STILL_PENDING,
        )
        .order_by(place)
        .limit(limit)
    )
    if facility_code is not None:
        statement = statement.where(encounters.c.facility_code == facility_code)
    if ids is not None:
        statement = statement.where(encounters.c.id.in_(ids))
    return [Waiting(row.id, row.settlement_id) for row in await session.execute(statement)]


_BURDEN_BEFORE = """
SELECT coalesce(sum((s.standing_delta->>'critical_illness_burden')::bigint), 0)::bigint AS burden
FROM settlements s
WHERE s.standing_year = $2 AND s.kind = 'settlement' AND coalesce(s.year_place, s.id) < $3
  AND s.person_id IN (
    SELECT $1::varchar UNION ALL
    SELECT m.absorbed_person_id FROM person_merges m
    WHERE m.kept_person_id = $1 AND m.in_force)
  AND NOT EXISTS (SELECT FROM settlements r WHERE r.reverses_id = s.id)
"""


async def burden_before(direct: DirectWork, *, kept_person_id: str, year: int, place: UUID) -> int:
    """The critical-illness burden (fen) of the bills that stand before a place in a person's year."""
    rows = await direct.fetch(_BURDEN_BEFORE, kept_person_id, year, place)
    return int(rows[0]["burden"])
