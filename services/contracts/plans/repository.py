"""All SQL about programmes of care and the tasks that they ask for, for many persons at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    String,
    and_,
    any_,
    exists,
    literal,
    or_,
    select,
    text,
    union,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on

from services.contracts.models import (
    CheckUp,
    Contract,
    Dispensing,
    Enrolment,
    FollowUp,
    Person,
    Task,
    person_merges,
)
from services.contracts.plans.domain import NOT_MET
from services.contracts.plans.rulebook import rulebook
from shared.db.base import table_of
from shared.db.bulk import copy_rows
from shared.db.session import ReadSession, WriteSession

_TASKS = table_of(Task)
_PEOPLE = table_of(Person)
_LOCK_MANY = text(
    "INSERT INTO person_versions (person_id, version) "
    "SELECT id, 0 FROM unnest(CAST(:ids AS text[])) AS id ORDER BY id "
    "ON CONFLICT (person_id) DO UPDATE SET version = person_versions.version"
)
_NUMBER_MANY = text(
    "INSERT INTO person_versions AS v (person_id, version) "
    "SELECT t.id, t.n FROM unnest(CAST(:ids AS text[]), CAST(:counts AS bigint[])) AS t(id, n) "
    "ORDER BY t.id ON CONFLICT (person_id) DO UPDATE SET version = v.version + EXCLUDED.version "
    "RETURNING person_id, version"
)


@dataclass(slots=True)
class Facts:
    """What is known of one person by any of his ids."""

    kept: str
    person: Any = None
    """His row of ``people``; None: nobody has told of him."""
    team: str | None = None
    """Of the contract in force on the day."""
    enrolments: dict[str, Enrolment] = field(default_factory=dict)
    left: dict[str, date] = field(default_factory=dict)
    """The last day on which he was let go from each programme."""
    visits: dict[str, Any] = field(default_factory=dict)
    """The newest visit of each programme."""
    unmet: list[tuple[str | None, datetime, str]] = field(default_factory=list)
    """Programme, time and way of contacts that ended without the person being met, of those
    programmes in which that is to be reported."""
    supplies: dict[str, Any] = field(default_factory=dict)
    """By disease the last dispensing that is long enough to be reminded of."""
    tasks: list[Any] = field(default_factory=list)
    """Every planned task, in the order of its making."""
    checked: bool = False
    """A health check of the calendar year is on record."""


async def merged_ids(session: ReadSession) -> dict[str, str]:
    """Absorbed person → who stands for him, as it stands."""
    merges = person_merges.c
    rows = await session.execute(
        select(merges.absorbed_person_id, merges.kept_person_id).where(merges.in_force)
    )
    return {row[0]: row[1] for row in rows}


async def facts(
    session: ReadSession, kept_ids: Iterable[str], today: date, merged: Mapping[str, str]
) -> dict[str, Facts]:
    """What the plans of these persons rest on.

    Args:
        session: to read with; holds the persons when something is changed by what is read.
        kept_ids: persons who stand for themselves.
        today: as of which day.
        merged: absorbed → kept.
    """
    found = {kept: Facts(kept) for kept in kept_ids}
    owner = {kept: kept for kept in found}
    owner.update({each: kept for each, kept in merged.items() if kept in found})
    ids = list(owner)
    person = _PEOPLE.c
    # Rows and not entities: a county has a hundred thousand of them each night.
    for told in await session.execute(
        select(
            person.person_id, person.township, person.village, person.birth_year,
            person.categories, person.registered, person.reason,
        )
        .where(_among(person.person_id, ids))
    ):  # fmt: skip
        mine = found[owner[told.person_id]]
        if mine.person is None or told.person_id == mine.kept:
            mine.person = told
    for enrolment in await session.scalars(
        select(Enrolment)
        .where(_among(Enrolment.person_id, ids))
        .order_by(Enrolment.planned_from.desc(), Enrolment.enrolment_id.desc())
        .execution_options(populate_existing=True)
    ):
        mine, code = found[owner[enrolment.person_id]], enrolment.programme
        if enrolment.ended_on is None or enrolment.ended_on > today:
            mine.enrolments[code] = enrolment
        else:
            mine.left[code] = max(enrolment.ended_on, mine.left.get(code, enrolment.ended_on))
    await _visits(session, ids, owner, found)
    await _unmet(session, owner, found)
    await _supplies(session, ids, owner, found)
    task = _TASKS.c
    for row in await session.execute(
        select(
            task.task_id, task.person_id, task.programme, task.rule, task.anchor, task.attempt,
            task.opens_on, task.due_on, task.closes_on, task.status, task.outcome, task.told,
            task.team, task.township, task.village,
        )
        .where(_among(task.person_id, ids), task.programme.is_not(None))
        .order_by(task.task_id)
    ):  # fmt: skip
        found[owner[row.person_id]].tasks.append(row)
    for person_id in await session.scalars(
        select(CheckUp.person_id).where(_among(CheckUp.person_id, ids), CheckUp.year == today.year)
    ):
        found[owner[person_id]].checked = True
    for person_id, team in await session.execute(
        select(Contract.person_id, Contract.team)
        .where(_among(Contract.person_id, ids), Contract.in_force.op("@>")(literal(today, Date)))
        .order_by(Contract.contract_id)
    ):
        mine = found[owner[person_id]]
        if mine.team is None or person_id == mine.kept:
            mine.team = team
    return found


async def _visits(
    session: ReadSession, ids: Sequence[str], owner: Mapping[str, str], found: dict[str, Facts]
) -> None:
    visits = await session.execute(
        select(
            FollowUp.person_id,
            FollowUp.disease,
            FollowUp.follow_up_id,
            FollowUp.performed_at,
            FollowUp.classification,
            FollowUp.anchor_on,
            FollowUp.judged,
        )
        .where(
            _among(FollowUp.person_id, ids),
            FollowUp.disease.is_not(None),
            FollowUp.anchor_on.is_not(None),
        )
        .order_by(
            FollowUp.person_id,
            FollowUp.disease,
            FollowUp.performed_at.desc(),
            FollowUp.follow_up_id.desc(),
        )
        .ext(distinct_on(FollowUp.person_id, FollowUp.disease))
    )
    for row in visits:
        of_person = found[owner[row.person_id]].visits
        known = of_person.get(row.disease)
        if known is None or known.performed_at < row.performed_at:
            of_person[row.disease] = row


async def _unmet(session: ReadSession, owner: Mapping[str, str], found: dict[str, Facts]) -> None:
    programmes = {p.unmet.programme for p in rulebook().programmes.values() if p.unmet is not None}
    ids = [each for each, kept in owner.items() if programmes & found[kept].enrolments.keys()]
    if not ids:
        return
    for person_id, disease, performed_at, way in await session.execute(
        select(FollowUp.person_id, FollowUp.disease, FollowUp.performed_at, FollowUp.way).where(
            _among(FollowUp.person_id, ids),
            FollowUp.disease.in_(programmes),
            FollowUp.outcome.in_(NOT_MET),
        )
    ):
        found[owner[person_id]].unmet.append((disease, performed_at, way))


async def _supplies(
    session: ReadSession, ids: Sequence[str], owner: Mapping[str, str], found: dict[str, Facts]
) -> None:
    wanted = [p.supply for p in rulebook().programmes.values() if p.supply is not None]
    given = Dispensing
    newest = (given.dispensed_on.desc(), given.dispensing_id.desc())
    for row in await session.execute(
        select(
            given.person_id, given.disease, given.dispensing_id, given.dispensed_on, given.days,
            given.recorded_at,
        )
        .where(
            _among(given.person_id, ids),
            given.status != "withdrawn",
            or_(
                *(and_(given.disease == s.disease, given.days >= s.at_least_days) for s in wanted)
            ),
        )
        .order_by(given.person_id, given.disease, *newest)
        .ext(distinct_on(given.person_id, given.disease))
    ):  # fmt: skip
        of_person = found[owner[row.person_id]].supplies
        known = of_person.get(row.disease)
        if known is None or known.dispensed_on < row.dispensed_on:
            of_person[row.disease] = row


async def people_page(session: ReadSession, after: str, limit: int) -> list[str]:
    """Ids of known persons in their order."""
    rows = await session.scalars(
        select(Person.person_id)
        .where(Person.person_id > after)
        .order_by(Person.person_id)
        .limit(limit)
    )
    return list(rows)


async def concerned(session: ReadSession, ids: Sequence[str]) -> bool:
    """Whether a programme has anything to do with a person: he is in one, or has a task of one."""
    found = await session.execute(
        select(
            or_(
                exists().where(Enrolment.person_id.in_(ids)),
                exists().where(
                    Task.person_id.in_(ids), Task.programme.is_not(None), Task.status == "open"
                ),
            )
        )
    )
    return bool(found.scalar_one())


async def concerned_among(session: ReadSession, ids: Sequence[str]) -> list[str]:
    """Those of some persons with whom a programme has anything to do."""
    found = await session.scalars(
        union(
            select(Enrolment.person_id).where(_among(Enrolment.person_id, ids)),
            select(Task.person_id).where(
                _among(Task.person_id, ids), Task.programme.is_not(None), Task.status == "open"
            ),
        )
    )
    return sorted(found)


async def lock_many(session: WriteSession, kept_ids: Sequence[str]) -> None:
    """Let one transaction at a time change what concerns these persons, in a fixed order."""
    await session.execute(_LOCK_MANY, {"ids": sorted(kept_ids)})


async def number_many(session: WriteSession, counts: Mapping[str, int]) -> dict[str, int]:
    """Reserve sequence numbers for so many events of each person; gives each one's last."""
    ids = sorted(counts)
    rows = await session.execute(_NUMBER_MANY, {"ids": ids, "counts": [counts[i] for i in ids]})
    return {person_id: int(version) for person_id, version in rows}


async def make(session: WriteSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store new tasks; the persons are locked, so that none of them is there already."""
    await copy_rows(session, _TASKS, rows)


async def close_many(
    session: WriteSession, task_ids: Sequence[UUID], *, outcome: str, at: datetime
) -> None:
    if task_ids:
        await session.execute(
            update(Task)
            .where(Task.task_id.in_(task_ids), Task.status == "open")
            .values(status="closed", outcome=outcome, closed_at=at)
            .execution_options(synchronize_session=False)
        )


async def reopen_many(session: WriteSession, task_ids: Sequence[UUID]) -> None:
    if task_ids:
        await session.execute(
            update(Task)
            .where(Task.task_id.in_(task_ids))
            .values(status="open", outcome=None, closed_at=None)
            .execution_options(synchronize_session=False)
        )


async def mark_told(session: WriteSession, task_ids: Sequence[UUID]) -> None:
    if task_ids:
        await session.execute(
            update(Task)
            .where(Task.task_id.in_(task_ids))
            .values(told=True)
            .execution_options(synchronize_session=False)
        )


async def move_many(
    session: WriteSession, moves: Mapping[tuple[str, str | None, str | None], Sequence[UUID]]
) -> None:
    """Give tasks to another team or place: (team, township, village) → tasks."""
    for (team, township, village), task_ids in moves.items():
        await session.execute(
            update(Task)
            .where(Task.task_id.in_(task_ids))
            .values(team=team, township=township, village=village)
            .execution_options(synchronize_session=False)
        )


async def outcome_corrected(
    session: WriteSession, task_id: UUID, *, outcome: str, closed_at: datetime
) -> None:
    """A task that was held for missed had been done in time; that only became known later."""
    await session.execute(
        update(Task)
        .where(Task.task_id == task_id)
        .values(status="closed", outcome=outcome, closed_at=closed_at)
    )


def counted(ids: Iterable[str]) -> dict[str, int]:
    """How often each id occurs."""
    counts: dict[str, int] = defaultdict(int)
    for each in ids:
        counts[each] += 1
    return counts


def _among(column: Any, ids: Sequence[str]) -> ColumnElement[bool]:
    """One bound value however many ids there are."""
    return cast("ColumnElement[bool]", column == any_(literal(list(ids), ARRAY(String))))
