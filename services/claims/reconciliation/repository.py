"""All SQL of reconciliation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import RowMapping, insert, select, text, update

from services.claims.models import (
    reconciliation_differences,
    reconciliation_findings,
    reconciliations,
)
from services.claims.reconciliation.domain import PATIENT, TOTAL, Basis, Entry, Kind, Part
from shared.clock import SHANGHAI
from shared.db.session import ReadSession, WriteSession

_d, _r, _f = reconciliation_differences.c, reconciliations.c, reconciliation_findings.c

_ONE_AT_A_TIME: Final = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('reconciliation ' || :facility, 0))"
)
# A reversal made on the settlement's own day belongs to the settlement's day; a later one to the
# day on which the ledger books it.
_ENTRIES: Final = """
SELECT s.id, s.encounter_id, e.visit_no, s.reverses_id, r.id AS reversed_by_id, s.made_at,
  CASE WHEN o.id IS NULL
    OR (s.made_at AT TIME ZONE 'Asia/Shanghai')::date = (o.made_at AT TIME ZONE 'Asia/Shanghai')::date
  THEN s.discharged_on
  ELSE greatest(s.discharged_on, (s.made_at AT TIME ZONE 'Asia/Shanghai')::date) END AS booked_on,
  s.total_fen, s.patient_pays_fen,
  coalesce((SELECT jsonb_object_agg(p.payer, p.amount_fen) FROM settlement_payers p
            WHERE p.settlement_id = s.id AND p.amount_fen <> 0), '{}') AS payers
FROM settlements s
  JOIN encounters e ON e.id = s.encounter_id
  LEFT JOIN settlements r ON r.reverses_id = s.id
  LEFT JOIN settlements o ON o.id = s.reverses_id
"""
_OF_DAY: Final = text(f"""
{_ENTRIES}
WHERE s.region = :region AND s.facility_code = :facility
  AND (s.discharged_on = :day OR (s.made_at >= :since AND s.made_at < :until))
ORDER BY s.made_at, s.id
""")
_NAMED: Final = text(f"""
WITH named AS (
  SELECT id FROM settlements WHERE id = ANY(CAST(:ids AS uuid[]))
  UNION SELECT id FROM settlements WHERE reverses_id = ANY(CAST(:ids AS uuid[]))
  UNION SELECT n.id FROM settlements n JOIN encounters v ON v.id = n.encounter_id
    WHERE v.region = :region AND v.facility_code = :facility
      AND v.visit_no = ANY(CAST(:visits AS varchar[]))
  UNION SELECT id FROM settlements WHERE encounter_id = ANY(CAST(:encounters AS uuid[]))
)
{_ENTRIES}
WHERE s.id IN (SELECT id FROM named) AND s.region = :region AND s.facility_code = :facility
ORDER BY s.made_at, s.id
""")  # noqa: S608 - the statement above


def _entry(row: RowMapping) -> Entry:
    made_at = row["made_at"].astimezone(SHANGHAI)
    return Entry(
        settlement_id=row["id"],
        encounter_id=row["encounter_id"],
        visit_no=row["visit_no"],
        reverses_id=row["reverses_id"],
        reversed_by_id=row["reversed_by_id"],
        booked_on=row["booked_on"],
        settled_on=made_at.date(),
        hour=made_at.hour,
        amounts={
            TOTAL: row["total_fen"],
            PATIENT: row["patient_pays_fen"],
            **row["payers"],
        },
    )


async def entries_of_day(
    session: ReadSession,
    *,
    region: str,
    facility_code: str,
    day: date,
    since: datetime,
    until: datetime,
) -> list[Entry]:
    """A facility's settlements and reversals that may belong to a day, in whichever reading."""
    rows = await session.execute(
        _OF_DAY,
        {
            "region": region,
            "facility": facility_code,
            "day": day,
            "since": since,
            "until": until,
        },
    )
    return [_entry(row) for row in rows.mappings()]


async def entries_named(
    session: ReadSession,
    *,
    region: str,
    facility_code: str,
    ids: Iterable[UUID],
    encounters: Iterable[UUID],
    visits: Iterable[str],
) -> list[Entry]:
    """A facility's settlements of these numbers or visits, of whatever day."""
    named = {"ids": sorted(ids), "encounters": sorted(encounters), "visits": sorted(visits)}
    if not any(named.values()):
        return []
    rows = await session.execute(_NAMED, {"region": region, "facility": facility_code, **named})
    return [_entry(row) for row in rows.mappings()]


@dataclass(frozen=True)
class Difference:
    """A difference as kept."""

    id: UUID
    region: str
    facility_code: str
    day: date
    kind: Kind
    key: str
    visit_no: str | None
    settlement_id: UUID | None
    our_day: date | None
    difference_fen: int
    parts: tuple[Part, ...]
    status: str
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    reason: str | None


@dataclass(frozen=True)
class Reconciliation:
    """A reconciliation as kept."""

    id: UUID
    region: str
    facility_code: str
    number: int
    day: date
    basis: Basis
    scope: str
    status: str
    record_count: int
    entry_count: int
    matched_count: int
    here: Mapping[str, int]
    there: Mapping[str, int]
    narrowed: Mapping[str, Any] | None
    made_at: datetime
    made_by: str


async def take_turn(session: WriteSession, *, region: str, facility_code: str) -> int:
    """Hold the facility's reconciliations until the transaction ends; gives the next number."""
    await session.execute(_ONE_AT_A_TIME, {"facility": f"{region} {facility_code}"})
    found = await session.execute(
        text(
            "SELECT coalesce(max(number), 0) + 1 FROM reconciliations"
            " WHERE region = :region AND facility_code = :facility"
        ),
        {"region": region, "facility": facility_code},
    )
    return int(found.scalar_one())


async def keep(session: WriteSession, made: Reconciliation) -> None:
    await session.execute(
        insert(reconciliations),
        {name: getattr(made, name) for name in _r.keys()},  # noqa: SIM118
    )


async def link(
    session: WriteSession, reconciliation_id: UUID, found: Sequence[tuple[UUID, int | None]]
) -> None:
    """Note which differences a reconciliation found, and in which record."""
    if found:
        await session.execute(
            insert(reconciliation_findings),
            [
                {
                    "reconciliation_id": reconciliation_id,
                    "difference_id": difference_id,
                    "record_number": number,
                }
                for difference_id, number in found
            ],
        )


async def of_day(
    session: WriteSession, *, region: str, facility_code: str, day: date
) -> list[Difference]:
    """Every difference ever found of a facility's day, oldest first; the caller has the turn."""
    rows = await session.execute(
        select(reconciliation_differences)
        .where(_d.region == region, _d.facility_code == facility_code, _d.day == day)
        .order_by(_d.id)
        .with_for_update()
    )
    return [_difference(row) for row in rows.mappings()]


async def open_differences(session: WriteSession, rows: Sequence[Difference]) -> None:
    if rows:
        await session.execute(
            insert(reconciliation_differences),
            [
                {name: getattr(row, name) for name in _d.keys()} | {"parts": _told(row.parts)}  # noqa: SIM118
                for row in rows
            ],
        )


async def change_parts(
    session: WriteSession, difference_id: UUID, difference_fen: int, parts: Sequence[Part]
) -> None:
    """An open difference is of another size now; it keeps its age."""
    await session.execute(
        update(reconciliation_differences)
        .where(_d.id == difference_id)
        .values(difference_fen=difference_fen, parts=_told(parts))
    )


async def close(
    session: WriteSession,
    ids: Sequence[UUID],
    *,
    status: str,
    at: datetime,
    by: str,
    reason: str | None,
) -> None:
    if ids:
        await session.execute(
            update(reconciliation_differences)
            .where(_d.id.in_(ids), _d.status == "open")
            .values(status=status, closed_at=at, closed_by=by, reason=reason)
        )


async def lock_difference(session: WriteSession, difference_id: UUID) -> Difference | None:
    found = await session.execute(
        select(reconciliation_differences).where(_d.id == difference_id).with_for_update()
    )
    row = found.mappings().one_or_none()
    return None if row is None else _difference(row)


async def get(session: ReadSession, reconciliation_id: UUID) -> Reconciliation | None:
    found = await session.execute(select(reconciliations).where(_r.id == reconciliation_id))
    row = found.mappings().one_or_none()
    return None if row is None else Reconciliation(**cast("Mapping[str, Any]", row))


async def findings_of(
    session: ReadSession, reconciliation_id: UUID
) -> list[tuple[Difference, int | None]]:
    """What a reconciliation found, as it stands now, with the place of the record."""
    rows = await session.execute(
        select(reconciliation_differences, _f.record_number)
        .join(reconciliation_findings, _f.difference_id == _d.id)
        .where(_f.reconciliation_id == reconciliation_id)
        .order_by(_f.record_number.nulls_last(), _d.id)
    )
    return [(_difference(row), row["record_number"]) for row in rows.mappings()]


async def explained_by(session: ReadSession, ids: Sequence[UUID]) -> dict[UUID, int]:
    """What the differences of each reconciliation come to (fen)."""
    if not ids:
        return {}
    rows = await session.execute(
        text("""
SELECT f.reconciliation_id, sum(d.difference_fen)::bigint AS fen
FROM reconciliation_findings f JOIN reconciliation_differences d ON d.id = f.difference_id
WHERE f.reconciliation_id = ANY(CAST(:ids AS uuid[]))
  AND d.kind NOT IN ('totals_differ', 'totals_do_not_add_up')
GROUP BY f.reconciliation_id
"""),
        {"ids": list(ids)},
    )
    return {row.reconciliation_id: row.fen for row in rows}


async def find(
    session: ReadSession,
    *,
    region: str,
    facility_code: str | None,
    day: date | None,
    status: str | None,
    after: UUID | None,
    limit: int,
) -> list[Reconciliation]:
    """The newest first."""
    statement = select(reconciliations).where(_r.region == region).order_by(_r.id.desc())
    for column, wanted in ((_r.facility_code, facility_code), (_r.day, day), (_r.status, status)):
        if wanted is not None:
            statement = statement.where(column == wanted)
    if after is not None:
        statement = statement.where(_r.id < after)
    rows = await session.execute(statement.limit(limit))
    return [Reconciliation(**cast("Mapping[str, Any]", row)) for row in rows.mappings()]


async def find_differences(
    session: ReadSession,
    *,
    region: str,
    facility_code: str | None,
    status: str | None,
    kind: str | None,
    opened_before: datetime | None,
    after: UUID | None,
    limit: int,
) -> list[Difference]:
    """The oldest first."""
    statement = (
        select(reconciliation_differences).where(_d.region == region).order_by(_d.id).limit(limit)
    )
    for column, wanted in (
        (_d.facility_code, facility_code),
        (_d.status, status),
        (_d.kind, kind),
    ):
        if wanted is not None:
            statement = statement.where(column == wanted)
    if opened_before is not None:
        statement = statement.where(_d.opened_at < opened_before)
    if after is not None:
        statement = statement.where(_d.id > after)
    return [_difference(row) for row in (await session.execute(statement)).mappings()]


async def latest_of(session: ReadSession, ids: Sequence[str]) -> dict[str, str]:
    """The newest reconciliation that found each difference."""
    if not ids:
        return {}
    rows = await session.execute(
        text("""
SELECT DISTINCT ON (difference_id) difference_id, reconciliation_id FROM reconciliation_findings
WHERE difference_id = ANY(CAST(:ids AS uuid[])) ORDER BY difference_id, reconciliation_id DESC
"""),
        {"ids": list(ids)},
    )
    return {str(row.difference_id): str(row.reconciliation_id) for row in rows}


def _told(parts: Sequence[Part]) -> list[dict[str, Any]]:
    return [
        {"part": part.part, "here_fen": part.here_fen, "there_fen": part.there_fen}
        for part in parts
    ]


def _difference(row: RowMapping) -> Difference:
    values = {name: row[name] for name in _d.keys()}  # noqa: SIM118
    return Difference(**values | {"parts": tuple(Part(**part) for part in row["parts"])})
