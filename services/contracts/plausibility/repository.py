"""All SQL about the plausibility of recorded visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from services.contracts.models import VisitFlag, VisitFlagStep
from services.contracts.plausibility.domain import Finding, Records, Stay, Visit
from shared.db.session import ReadSession, WriteSession

_MEANT: Final = """
  LEFT JOIN person_merges m ON m.absorbed_person_id = {table}.person_id AND m.in_force
"""
_VISITS: Final = text(f"""
SELECT f.follow_up_id::text, coalesce(m.kept_person_id, f.person_id) AS person_id,
       coalesce(p.household_id, 'person ' || coalesce(m.kept_person_id, f.person_id)) AS household,
       f.team, p.township, p.village, f.recorded_by,
       timezone('Asia/Shanghai', f.performed_at) AS at, f.way, f.disease,
       coalesce(nullif(f.measurements, 'null'), '{{}}') AS values
FROM follow_ups f {_MEANT.format(table="f")}
LEFT JOIN people p ON p.person_id = coalesce(m.kept_person_id, f.person_id)
WHERE f.region = :region AND f.outcome NOT IN ('not_reached', 'lost_contact', 'refused')
  AND f.performed_at >= timezone('Asia/Shanghai', CAST(:first AS timestamp))
  AND f.performed_at < timezone('Asia/Shanghai', CAST(:before AS timestamp))
ORDER BY f.performed_at, f.follow_up_id
""")  # noqa: S608 - made of constants
_DEATHS: Final = text(f"""
SELECT person_id, min(on_day) AS died_on FROM (
  SELECT coalesce(m.kept_person_id, p.person_id) AS person_id, p.effective_on AS on_day
  FROM people p {_MEANT.format(table="p")}
  WHERE p.region = :region AND NOT p.registered AND p.reason = 'died'
  UNION ALL
  SELECT coalesce(m.kept_person_id, e.person_id), e.valid_from
  FROM exemptions e {_MEANT.format(table="e")}
  WHERE e.region = :region AND e.reason = 'died' AND e.ended_on IS NULL
) AS each GROUP BY person_id
""")  # noqa: S608 - made of constants
_STAYS: Final = text(f"""
SELECT coalesce(m.kept_person_id, d.person_id) AS person_id, d.admitted_on, d.discharged_on
FROM discharges d {_MEANT.format(table="d")}
WHERE d.region = :region AND d.admitted_on IS NOT NULL AND d.discharged_on > :first
  AND d.admitted_on < :before
  AND NOT EXISTS (SELECT FROM cancelled_stays c WHERE c.encounter_id = d.encounter_id)
""")  # noqa: S608 - made of constants


@dataclass(frozen=True)
class FlagQuery:
    """Which flags a list shows."""

    visible: tuple[str, str]
    status: str | None
    rule: str | None
    team: str | None
    limit: int
    after: UUID | None = None


async def records(session: ReadSession, *, region: str, first: date, before: date) -> Records:
    """Visits of the days, with the deaths and stays that they may contradict."""
    period = {"region": region, "first": first, "before": before}
    visits = [
        Visit(*row)
        for row in await session.execute(
            _VISITS,
            {
                "region": region,
                "first": datetime(first.year, first.month, first.day),  # noqa: DTZ001 - SQL zones it
                "before": datetime(before.year, before.month, before.day),  # noqa: DTZ001
            },
        )
    ]
    deaths = {
        row.person_id: row.died_on for row in await session.execute(_DEATHS, {"region": region})
    }
    stays: dict[str, list[Stay]] = {}
    for row in await session.execute(_STAYS, period):
        stays.setdefault(row.person_id, []).append(Stay(row.admitted_on, row.discharged_on))
    return Records(visits, deaths, stays)


async def raise_flag(
    session: WriteSession,
    finding: Finding,
    *,
    flag_id: UUID,
    region: str,
    version: str,
    at: datetime,
) -> bool:
    """Keep a finding; False when it was found before."""
    added = await session.execute(
        pg_insert(VisitFlag)
        .values(
            flag_id=flag_id,
            region=region,
            rule=finding.rule,
            rule_version=version,
            key=finding.key[:300],
            team=finding.team,
            township=finding.township,
            person_id=finding.person_id,
            found_on=finding.on,
            follow_ups=list(finding.visits),
            evidence=dict(finding.evidence),
            status="open",
            raised_at=at,
        )
        .on_conflict_do_nothing()
        .returning(VisitFlag.flag_id)
    )
    return added.scalar_one_or_none() is not None


async def find(session: ReadSession, query: FlagQuery) -> Sequence[VisitFlag]:
    """One page in the order in which they were raised; one more than the limit tells of a next."""
    kind, value = query.visible
    column = {
        "region": VisitFlag.region,
        "township": VisitFlag.township,
        "facility": VisitFlag.team,
    }[kind]
    conditions: list[ColumnElement[bool]] = [column == value]
    for wanted, told in (
        (VisitFlag.status, query.status),
        (VisitFlag.rule, query.rule),
        (VisitFlag.team, query.team),
    ):
        if told is not None:
            conditions.append(wanted == told)
    if query.after is not None:
        conditions.append(VisitFlag.flag_id > query.after)
    found = await session.scalars(
        select(VisitFlag).where(*conditions).order_by(VisitFlag.flag_id).limit(query.limit + 1)
    )
    return found.all()


async def get(session: ReadSession, flag_id: UUID, *, lock: bool = False) -> VisitFlag | None:
    statement = select(VisitFlag).where(VisitFlag.flag_id == flag_id)
    if lock:
        statement = statement.with_for_update()
    found = await session.scalars(statement.execution_options(populate_existing=True))
    return found.one_or_none()


async def steps_of(session: ReadSession, ids: Sequence[UUID]) -> dict[UUID, list[VisitFlagStep]]:
    """The case files of several flags, each in its order."""
    files: dict[UUID, list[VisitFlagStep]] = {flag_id: [] for flag_id in ids}
    found = await session.scalars(
        select(VisitFlagStep)
        .where(VisitFlagStep.flag_id.in_(ids))
        .order_by(VisitFlagStep.flag_id, VisitFlagStep.number)
    )
    for step in found:
        files[step.flag_id].append(step)
    return files


async def take_step(
    session: WriteSession, flag_id: UUID, values: dict[str, Any], status: str
) -> None:
    """Note a step of a held flag and set its state."""
    await session.execute(insert(VisitFlagStep).values(flag_id=flag_id, **values))
    await session.execute(
        update(VisitFlag).where(VisitFlag.flag_id == flag_id).values(status=status)
    )
