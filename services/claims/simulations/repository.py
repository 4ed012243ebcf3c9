"""All SQL of simulations: the jobs, and the visits that they replay."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import func, insert, select, text, update

from services.claims.models import simulations
from services.claims.settlement.explanation import RELIEF_ORDER
from shared.db.session import ReadSession, WriteSession

Status = Literal["queued", "running", "done", "failed", "cancelled"]

_c = simulations.c
_PAGE_VISITS = 2_000

# In the order of VisitRow. Few texts of categories and of stated payments differ, so each is read
# once; what differs by visit comes as arrays of numbers, which are read faster than documents.
_GAPS = ", ".join(f"coalesce((s.gap->>'{reason}')::bigint, 0)" for reason in RELIEF_ORDER)
_VISITS = text(f"""
SELECT s.id, s.encounter_id, coalesce(m.kept_person_id, s.person_id) AS person, p.household_id AS household,
  s.category, s.categories::text AS categories, s.township, s.visit_type, s.facility_code, s.facility_level,
  s.in_region, CASE WHEN s.visit_type = 'inpatient' THEN s.discharged_on ELSE s.admitted_on END
    AS day,
  e.referral, e.disease_programme, e.card_presented, e.stated_payments::text AS stated_payments,
  e.insurance_plan, s.total_fen, s.waived_fen, s.in_scope_fen, ARRAY[{_GAPS}] AS gap,
  coalesce(s.year_place, s.id) AS place, y.payers, y.amounts
FROM settlements s JOIN encounters e ON e.settlement_id = s.id
  LEFT JOIN person_merges m ON m.absorbed_person_id = s.person_id AND m.in_force
  LEFT JOIN members p ON p.person_id = coalesce(m.kept_person_id, s.person_id)
  LEFT JOIN LATERAL (
    SELECT array_agg(payer) AS payers, array_agg(amount_fen) AS amounts FROM settlement_payers
    WHERE settlement_id = s.id) y ON true
WHERE s.region = :region AND s.standing_year BETWEEN :first_year AND :last_year
ORDER BY coalesce(s.year_place, s.id), s.id
""")  # noqa: S608 - names of reasons
_DISPENSINGS = text("""
SELECT d.place, coalesce(m.kept_person_id, d.person_id) AS person, d.dispensed_on AS day,
  d.facility_code, d.total_fen, d.insured_fen, d.told_fen, d.cap_fen, d.fund_fen,
  p.township, p.categories
FROM drug_payments d
  LEFT JOIN person_merges m ON m.absorbed_person_id = d.person_id AND m.in_force
  LEFT JOIN members p ON p.person_id = coalesce(m.kept_person_id, d.person_id)
WHERE d.region = :region AND NOT d.withdrawn AND d.year >= :first_year AND d.dispensed_on <= :last
ORDER BY d.place
""")
_LINES = text("""
SELECT array_agg((n - 1)::int) AS number, array_agg(kind) AS kind,
  array_agg(catalogue_class) AS class, array_agg(coalesce(item_code, '')) AS item,
  array_agg(amount_fen) AS amount,
  array_agg(coalesce(round(price_limit_fen * coalesce(quantity, 1))::bigint, -1)) AS lim,
  array_agg(coalesce((self_first_ratio * 1000000000)::bigint, -1)) AS share
FROM (
  SELECT v.n, l.kind, l.catalogue_class, l.item_code, l.amount_fen, l.price_limit_fen, l.quantity,
    l.self_first_ratio
  FROM unnest(CAST(:encounters AS uuid[])) WITH ORDINALITY AS v (id, n)
    JOIN charge_lines l ON l.encounter_id = v.id
  ORDER BY v.n
) AS listed
""")


@dataclass(frozen=True)
class Job:
    """A simulation as it is kept."""

    id: UUID
    region: str
    status: Status
    request: Mapping[str, Any]
    requested_by: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    phase: str | None
    done: int
    total: int
    result: Mapping[str, Any] | None
    fault: Mapping[str, Any] | None


@dataclass(frozen=True)
class VisitRow:
    """One settled visit, as it is kept."""

    id: UUID
    encounter_id: UUID
    person: str | None
    household: str | None
    category: str | None
    categories: Sequence[str]
    township: str | None
    visit_type: str
    facility_code: str
    facility_level: str
    in_region: bool
    day: date
    referral: bool
    disease_programme: str | None
    card_presented: bool
    stated_payments: Mapping[str, int]
    insurance_plan: str
    total_fen: int
    waived_fen: int
    in_scope_fen: int
    gap: Mapping[str, int]
    place: UUID
    """Its turn among the person's bills."""
    payers: Mapping[str, int]


@dataclass(frozen=True)
class DispensingRow:
    """What the fund paid of drugs that a family-doctor team handed out."""

    place: UUID
    """Its turn among the person's bills."""
    person: str
    day: date
    facility_code: str
    total_fen: int
    insured_fen: int
    told_fen: int
    cap_fen: int
    fund_fen: int
    township: str | None
    categories: Sequence[Mapping[str, Any]] | None
    """Of the person as the registry tells him now, with their days."""


async def insert_job(
    session: WriteSession, *, job_id: UUID, region: str, request: Any, by: str, at: datetime
) -> None:
    await session.execute(
        insert(simulations).values(
            id=job_id,
            region=region,
            status="queued",
            request=request,
            requested_by=by,
            requested_at=at,
        )
    )


async def get(session: ReadSession, region: str, job_id: UUID) -> Job | None:
    found = await session.execute(
        select(*(_c[name] for name in Job.__dataclass_fields__)).where(
            _c.id == job_id, _c.region == region
        )
    )
    row = found.mappings().first()
    return None if row is None else Job(**row)


async def find(session: ReadSession, *, region: str, before: UUID | None, limit: int) -> list[Job]:
    """The newest first, without what they found."""
    names = [name for name in Job.__dataclass_fields__ if name != "result"]
    statement = (
        select(*(_c[name] for name in names))
        .where(_c.region == region)
        .order_by(_c.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(_c.id < before)
    rows = (await session.execute(statement)).mappings()
    return [Job(**row, result=None) for row in rows]


async def waiting(session: ReadSession, region: str) -> int:
    """How many are waiting or running."""
    found = await session.scalar(
        select(func.count())
        .select_from(simulations)
        .where(_c.region == region, _c.status.in_(("queued", "running")))
    )
    return int(found or 0)


async def cancel(session: WriteSession, job_id: UUID, at: datetime) -> bool:
    """Whether it was still to be done."""
    return await _change(session, job_id, ("queued", "running"), status="cancelled", finished_at=at)


async def begin(session: WriteSession, region: str, at: datetime) -> Job | None:
    """Take the oldest that waits, or that a dead process left; the caller is ``alone``."""
    job_id = await session.scalar(
        select(_c.id)
        .where(_c.region == region, _c.status.in_(("queued", "running")))
        .order_by(_c.id)
        .limit(1)
        .with_for_update()
    )
    if job_id is None:
        return None
    await session.execute(
        update(simulations)
        .where(_c.id == job_id)
        .values(status="running", started_at=at, attempts=_c.attempts + 1, done=0, total=0)
    )
    return await get(session, region, job_id)


async def progress(session: WriteSession, job_id: UUID, phase: str, done: int, total: int) -> bool:
    """Note how far it is; False when it was cancelled."""
    return await _change(session, job_id, ("running",), phase=phase, done=done, total=total)


async def finish(
    session: WriteSession, job_id: UUID, at: datetime, result: Mapping[str, Any]
) -> bool:
    """Keep what came out, once; False when it was cancelled."""
    return await _change(
        session, job_id, ("running",), status="done", finished_at=at, result=result
    )


async def fail(session: WriteSession, job_id: UUID, at: datetime, fault: Mapping[str, Any]) -> bool:
    return await _change(
        session, job_id, ("running",), status="failed", finished_at=at, fault=fault
    )


async def _change(
    session: WriteSession, job_id: UUID, statuses: Sequence[Status], **values: Any
) -> bool:
    changed = await session.scalar(
        update(simulations)
        .where(_c.id == job_id, _c.status.in_(statuses))
        .values(values)
        .returning(_c.id)
    )
    return changed is not None


async def visits(
    session: ReadSession, region: str, years: tuple[int, int]
) -> AsyncIterator[list[VisitRow]]:
    """The visits whose settlement stands, in the order of their places in the year, page by page."""
    found = await session.stream(
        _VISITS,
        {"region": region, "first_year": years[0], "last_year": years[1]},
        execution_options={"yield_per": _PAGE_VISITS},
    )
    async for rows in found.partitions():
        yield [_visit(row) for row in rows]


def _visit(row: Any) -> VisitRow:
    *facts, gap, place, payers, amounts = row
    facts[_CATEGORIES] = _document(facts[_CATEGORIES])
    facts[_STATED] = _document(facts[_STATED])
    facts.append(dict(zip(RELIEF_ORDER, gap, strict=True)))
    facts.append(place)
    facts.append(dict(zip(payers or (), amounts or (), strict=True)))
    return VisitRow(*facts)


_FIELDS: Final = tuple(VisitRow.__dataclass_fields__)
_CATEGORIES, _STATED = _FIELDS.index("categories"), _FIELDS.index("stated_payments")


@lru_cache(maxsize=4096)
def _document(said: str) -> Any:
    return json.loads(said)


async def dispensings(
    session: ReadSession, region: str, first_year: int, last: date
) -> list[DispensingRow]:
    """The dispensings that stand, of whole years up to a day, in the order of their places."""
    found = await session.execute(
        _DISPENSINGS, {"region": region, "first_year": first_year, "last": last}
    )
    return [DispensingRow(*row) for row in found]


async def lines(session: ReadSession, encounters: Sequence[UUID]) -> list[list[Any]]:
    """The visits' lines as columns: number of the visit, kind, class, item, amount, limit, share."""
    found = (await session.execute(_LINES, {"encounters": list(encounters)})).one()
    return [column or [] for column in found]


async def settled_visits(session: ReadSession, region: str, years: tuple[int, int]) -> int:
    """How many settlements of these years there are, reversed ones included."""
    found = await session.scalar(
        text(
            "SELECT count(*) FROM settlements WHERE region = :region AND kind = 'settlement'"
            " AND standing_year BETWEEN :first_year AND :last_year"
        ),
        {"region": region, "first_year": years[0], "last_year": years[1]},
    )
    return int(found or 0)
