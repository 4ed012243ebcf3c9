"""All SQL of monitoring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from services.claims.models import clearing_holds, flag_steps, flags
from services.claims.monitoring.records import Bill, Line, Listing
from shared.db.session import ReadSession, WriteSession

_f, _s = flags.c, flag_steps.c

_BILLS: Final = text("""
SELECT e.id::text AS encounter_id, s.facility_code, s.in_region,
  coalesce(m.kept_person_id, s.person_id) AS person_id, s.visit_type, s.admitted_on,
  s.discharged_on, e.diagnoses, s.categories, s.total_fen, s.out_of_catalogue_fen, e.deposit_fen,
  e.doctor_code
FROM settlements s
  JOIN encounters e ON e.id = s.encounter_id AND e.settlement_id = s.id
  LEFT JOIN person_merges m ON m.absorbed_person_id = s.person_id AND m.in_force
WHERE s.region = :region AND s.discharged_on BETWEEN :since AND :until
ORDER BY s.admitted_on, s.discharged_on, e.id
""")
# Only lines that a rule may look at: a price above its limit, items counted by the day, or names
# that a rule knows.
_LINES: Final = text("""
SELECT c.encounter_id::text AS encounter_id, c.line_no, coalesce(c.item_code, c.name) AS item,
  c.name, c.kind, c.occurred_on, c.amount_fen, c.unit_price_fen, c.price_limit_fen
FROM settlements s
  JOIN encounters e ON e.id = s.encounter_id AND e.settlement_id = s.id
  JOIN charge_lines c ON c.encounter_id = e.id
WHERE s.region = :region AND s.discharged_on BETWEEN :first AND :until
  AND (c.unit_price_fen > c.price_limit_fen
       OR (c.kind = ANY(CAST(:kinds AS varchar[])) AND c.occurred_on IS NOT NULL)
       OR c.name LIKE ANY(CAST(:names AS varchar[])))
ORDER BY c.encounter_id, length(c.line_no), c.line_no
""")
_REGISTER: Final = text("""
SELECT person_id, categories, left_reason, sex, birth_year FROM members
WHERE region = :region AND person_id = ANY(CAST(:persons AS varchar[]))
""")


_VISITS: Final = text("""
SELECT e.id::text AS encounter_id, e.visit_no, e.facility_code, e.status, s.visit_type,
  s.admitted_on, s.discharged_on, s.total_fen, s.patient_pays_fen
FROM encounters e LEFT JOIN settlements s ON s.id = e.settlement_id
WHERE e.id = ANY(CAST(:ids AS uuid[]))
ORDER BY s.admitted_on, s.discharged_on, e.id
""")


async def bills(
    session: ReadSession,
    *,
    region: str,
    since: date,
    first: date,
    until: date,
    kinds: Sequence[str],
    names: Sequence[str],
) -> list[Bill]:
    """Settled bills that stand, from ``since`` on; lines only of those from ``first`` on.

    Args:
        kinds: whose lines are counted by the day.
        names: texts of which one in a line's name makes it of interest.
    """
    lines: dict[str, list[Line]] = {}
    found = await session.execute(
        _LINES,
        {
            "region": region,
            "first": first,
            "until": until,
            "kinds": list(kinds),
            "names": [f"%{name}%" for name in names],
        },
    )
    for row in found:
        lines.setdefault(row.encounter_id, []).append(
            Line(
                line_no=row.line_no,
                item=row.item,
                kind=row.kind,
                on=row.occurred_on,
                amount_fen=row.amount_fen,
                unit_price_fen=row.unit_price_fen,
                price_limit_fen=row.price_limit_fen,
                name=row.name,
            )
        )
    rows = await session.execute(_BILLS, {"region": region, "since": since, "until": until})
    made = (
        Bill(
            **{
                **row,
                "diagnoses": tuple(row["diagnoses"]),
                "categories": tuple(row["categories"]),
            }
        )
        for row in rows.mappings()
    )
    return [replace(bill, lines=tuple(lines.get(bill.encounter_id, ()))) for bill in made]


async def register(
    session: ReadSession, *, region: str, persons: Iterable[str]
) -> dict[str, Listing]:
    """What the registry's events told of these persons."""
    rows = await session.execute(_REGISTER, {"region": region, "persons": sorted(persons)})
    return {
        row.person_id: Listing(
            periods=tuple(
                (
                    date.fromisoformat(one["valid_from"]),
                    one["valid_to"] and date.fromisoformat(one["valid_to"]),
                )
                for one in row.categories
            ),
            died=row.left_reason == "died",
            sex=row.sex,
            birth_year=row.birth_year,
        )
        for row in rows
    }


@dataclass(frozen=True)
class Flag:
    """A flag as kept."""

    id: UUID
    region: str
    rule: str
    rule_version: str
    key: str
    facility_code: str
    person_id: str | None
    found_on: date
    encounters: tuple[str, ...]
    evidence: Mapping[str, Any]
    status: str
    version: int
    raised_at: datetime


@dataclass(frozen=True)
class Step:
    """A step of a flag's case file."""

    flag_id: UUID
    version: int
    step: str
    note: str
    done_at: datetime
    done_by: str


async def raise_flags(session: WriteSession, found: Sequence[Flag]) -> set[UUID]:
    """Keep what is new; gives the ids of those. One that is known is not raised again."""
    new: set[UUID] = set()
    for start in range(0, len(found), 500):
        rows = [
            {name: getattr(flag, name) for name in _f.keys()}  # noqa: SIM118
            | {"encounters": list(flag.encounters), "evidence": dict(flag.evidence)}
            for flag in found[start : start + 500]
        ]
        kept = await session.execute(
            pg_insert(flags)
            .values(rows)
            .on_conflict_do_nothing(index_elements=["region", "rule", "key"])
            .returning(_f.id)
        )
        new |= set(kept.scalars())
    return new


async def get(session: ReadSession, flag_id: UUID, *, lock: bool = False) -> Flag | None:
    statement = select(flags).where(_f.id == flag_id)
    if lock:
        statement = statement.with_for_update()
    row = (await session.execute(statement)).mappings().one_or_none()
    return None if row is None else _flag(row)


async def find(
    session: ReadSession,
    *,
    region: str,
    facility_code: str | None,
    status: str | None,
    rule: str | None,
    after: UUID | None,
    limit: int,
) -> list[Flag]:
    """The oldest first."""
    statement = select(flags).where(_f.region == region).order_by(_f.id).limit(limit)
    for column, wanted in (
        (_f.facility_code, facility_code),
        (_f.status, status),
        (_f.rule, rule),
    ):
        if wanted is not None:
            statement = statement.where(column == wanted)
    if after is not None:
        statement = statement.where(_f.id > after)
    return [_flag(row) for row in (await session.execute(statement)).mappings()]


async def counts(
    session: ReadSession, *, region: str, facility_code: str | None
) -> dict[tuple[str, str], int]:
    """How many flags there are by rule and state."""
    statement = select(_f.rule, _f.status, func.count()).where(_f.region == region)
    if facility_code is not None:
        statement = statement.where(_f.facility_code == facility_code)
    rows = await session.execute(statement.group_by(_f.rule, _f.status))
    return {(rule, status): int(number) for rule, status, number in rows}


async def visits_of(session: ReadSession, ids: Sequence[str]) -> list[Mapping[str, Any]]:
    """The visits that a flag rests on, as they were settled last."""
    rows = await session.execute(_VISITS, {"ids": [UUID(each) for each in ids]})
    return [cast("Mapping[str, Any]", row) for row in rows.mappings()]


def _flag(row: Any) -> Flag:
    return Flag(**dict(row) | {"encounters": tuple(row["encounters"])})


async def steps_of(session: ReadSession, ids: Sequence[UUID]) -> dict[UUID, list[Step]]:
    """The case files of several flags, each in its order."""
    found: dict[UUID, list[Step]] = {flag_id: [] for flag_id in ids}
    if ids:
        rows = await session.execute(
            select(flag_steps).where(_s.flag_id.in_(ids)).order_by(_s.flag_id, _s.version)
        )
        for row in rows.mappings():
            found[row["flag_id"]].append(Step(**cast("Mapping[str, Any]", row)))
    return found


async def take_step(session: WriteSession, step: Step, status: str) -> None:
    """Note a step of a held flag and set its state."""
    await session.execute(
        insert(flag_steps),
        {name: getattr(step, name) for name in _s.keys()},  # noqa: SIM118
    )
    await session.execute(
        update(flags).where(_f.id == step.flag_id).values(status=status, version=step.version)
    )


async def hold(session: WriteSession, flag: Flag, at: datetime) -> None:
    """Clearing leaves the flag's visits alone from now on, all settlements and reversals of them."""
    statement = pg_insert(clearing_holds).values(
        [
            {"flag_id": flag.id, "encounter_id": UUID(encounter_id), "held_at": at}
            for encounter_id in flag.encounters
        ]
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["flag_id", "encounter_id"],
            set_={"held_at": at, "released_at": None},
        )
    )


async def release(session: WriteSession, flag_id: UUID, at: datetime) -> None:
    c = clearing_holds.c
    await session.execute(
        update(clearing_holds)
        .where(c.flag_id == flag_id, c.released_at.is_(None))
        .values(released_at=at)
    )


async def held(session: ReadSession, ids: Sequence[UUID]) -> set[UUID]:
    """Which of these flags hold visits from clearing."""
    c = clearing_holds.c
    rows = await session.execute(
        select(c.flag_id).where(c.flag_id.in_(ids), c.released_at.is_(None)).distinct()
    )
    return set(rows.scalars())
