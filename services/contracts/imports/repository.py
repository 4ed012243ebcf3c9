"""All SQL about imports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, String, cast, insert, select, text, update

from services.contracts.access import organisation_of
from services.contracts.models import Contract, FeeLine, ImportBatch, ImportRow
from shared.db.session import ReadSession, WriteSession
from shared.security.principal import Principal

_MANY = 2_000
_KNOWN = text("""
SELECT p.person_id, coalesce(m.kept_person_id, p.person_id) AS kept
FROM people p LEFT JOIN person_merges m ON m.absorbed_person_id = p.person_id AND m.in_force
WHERE p.person_id = ANY(:persons)
""")
_STANDING = text("""
SELECT coalesce(m.kept_person_id, c.person_id) AS kept, c.contract_id::text AS contract_id, c.team,
       c.signed_on, c.valid_from, c.valid_to
FROM contracts c LEFT JOIN person_merges m ON m.absorbed_person_id = c.person_id AND m.in_force
WHERE coalesce(m.kept_person_id, c.person_id) = ANY(:persons)
  AND c.signed_on IS NOT NULL AND c.end_reason IS DISTINCT FROM 'entered_in_error'
""")
_TO_SIGN = text("""
SELECT p.person_id, coalesce(p.township, '') AS township, coalesce(p.village, '') AS village
FROM people p
WHERE p.registered AND p.region = :region
  AND (CAST(:township AS text) IS NULL OR p.township = :township)
  AND NOT EXISTS (SELECT FROM person_merges m
                  WHERE m.absorbed_person_id = p.person_id AND m.in_force)
  AND NOT EXISTS (SELECT FROM contracts c
                  WHERE c.person_id = p.person_id AND c.in_force @> CAST(:day AS date))
ORDER BY township, village, p.household_id, p.person_id LIMIT :limit
""")


@dataclass(frozen=True)
class Standing:
    """A contract that is on record for a person."""

    contract_id: str
    team: str
    signed_on: date
    valid_from: date
    valid_to: date


async def known(session: ReadSession, persons: Sequence[str]) -> dict[str, str]:
    """Who stands for each of these persons; a person whom nobody told of is left out."""
    found = await session.execute(_KNOWN, {"persons": list(persons)})
    return {row.person_id: row.kept for row in found}


async def standing(session: ReadSession, kept: Sequence[str]) -> dict[str, list[Standing]]:
    """Signed contracts of these persons, those entered in error left out."""
    found: dict[str, list[Standing]] = defaultdict(list)
    for row in await session.execute(_STANDING, {"persons": list(kept)}):
        found[row.kept].append(
            Standing(row.contract_id, row.team, row.signed_on, row.valid_from, row.valid_to)
        )
    return found


async def still_to_sign(
    session: ReadSession, *, region: str, township: str | None, day: date, limit: int
) -> list[tuple[str, str, str]]:
    """Registered people without a contract on a day: id, township, village."""
    found = await session.execute(
        _TO_SIGN, {"region": region, "township": township, "day": day, "limit": limit}
    )
    return [(row.person_id, row.township, row.village) for row in found]


async def add(
    session: WriteSession, batch: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Keep a batch with its verdicts."""
    await session.execute(insert(ImportBatch), dict(batch))
    for start in range(0, len(rows), _MANY):
        await session.execute(insert(ImportRow), [dict(row) for row in rows[start : start + _MANY]])


async def get(session: ReadSession, caller: Principal, import_id: UUID) -> ImportBatch | None:
    """A batch of the caller's organisation; a county sees every one."""
    return await _find(session, caller, import_id, hold=False)


async def lock(session: WriteSession, caller: Principal, import_id: UUID) -> ImportBatch | None:
    """The same, its row held until the transaction ends."""
    return await _find(session, caller, import_id, hold=True)


async def _find(
    session: ReadSession, caller: Principal, import_id: UUID, *, hold: bool
) -> ImportBatch | None:
    statement = select(ImportBatch).where(ImportBatch.import_id == import_id, _of(caller))
    if hold:
        statement = statement.with_for_update()
    found = await session.execute(statement.execution_options(populate_existing=True))
    return found.scalar_one_or_none()


async def newest(session: ReadSession, caller: Principal, *, limit: int) -> Sequence[ImportBatch]:
    """The caller's batches, the newest first; a county sees every one."""
    found = await session.scalars(
        select(ImportBatch)
        .where(_of(caller))
        .order_by(ImportBatch.made_at.desc(), ImportBatch.import_id.desc())
        .limit(limit)
    )
    return found.all()


def _of(caller: Principal) -> ColumnElement[bool]:
    kind, value = organisation_of(caller)
    if kind == "region":
        return ImportBatch.region == value
    return ImportBatch.organisation == caller.organisation


async def rows_of(
    session: ReadSession, import_id: UUID, *, verdict: str | None = None, limit: int | None = None
) -> Sequence[ImportRow]:
    """Verdicts in the order of the sheet."""
    statement = select(ImportRow).where(ImportRow.import_id == import_id).order_by(ImportRow.row)
    if verdict is not None:
        statement = statement.where(ImportRow.verdict == verdict)
    found = await session.scalars(statement.limit(limit))
    return found.all()


async def made_by(session: ReadSession, import_id: UUID) -> Sequence[Row[UUID, str]]:
    """Contracts that the batch made, in the order in which everybody locks persons."""
    found = await session.execute(
        select(Contract.contract_id, Contract.person_id)
        .join(ImportRow, ImportRow.contract_id == cast(Contract.contract_id, String))
        .where(ImportRow.import_id == import_id, ImportRow.verdict == "accepted")
        .order_by(Contract.person_id, Contract.contract_id)
    )
    return found.all()


async def paid_for(session: ReadSession, contract_ids: Sequence[str]) -> set[str]:
    """Those of the contracts for which a fee has been asked."""
    found = await session.scalars(
        select(FeeLine.contract_id).where(FeeLine.contract_id.in_(contract_ids))
    )
    return {str(contract_id) for contract_id in found}


async def undone(
    session: WriteSession, import_id: UUID, *, by: str, at: datetime, left: Sequence[str]
) -> None:
    """Note that a batch was taken back, but for the contracts that were left."""
    await session.execute(
        update(ImportRow)
        .where(ImportRow.import_id == import_id, ImportRow.contract_id.in_(left))
        .values(left=True)
    )
    await session.execute(
        update(ImportBatch)
        .where(ImportBatch.import_id == import_id)
        .values(status="undone", undone_by=by, undone_at=at, kept_back=len(left))
    )
