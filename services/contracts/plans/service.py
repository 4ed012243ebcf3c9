"""Plans of care: who is in which programme, and the tasks that follow.

:func:`plan_person` is for what happens to one person, under his lock; :func:`plan_everyone` is the
nightly run. Both do the same thing: read what is known, ask the rules, write the difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.contracts.merges.repository import MERGES
from services.contracts.plans import repository
from services.contracts.plans.anchors import anchor_of
from services.contracts.plans.domain import (
    MISSED,
    NO_LONGER,
    Kept,
    Plan,
    Programme,
    Step,
    applying,
    plan,
)
from services.contracts.plans.domain import Person as Ruled
from services.contracts.plans.repository import Facts
from services.contracts.plans.rulebook import rulebook
from services.contracts.programme.service import programme_of
from services.contracts.teams.service import teams_of
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.events.catalog import TaskClosed, TaskMissed, TaskOpened
from shared.ids import new_id
from shared.messaging import outbox
from shared.runtime.context import ServiceContext

DIED = "died"
"""Identity's reason with which a dead person leaves the registry."""
_PEOPLE_AT_ONCE = 1_000
_MOST_PEOPLE = 50_000_000
"""A bound on the nightly loop, above what a pooling area holds."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run changed."""

    people: int = 0
    made: int = 0
    missed: int = 0
    cancelled: int = 0
    opened: int = 0

    def __add__(self, other: Planned) -> Planned:
        return Planned(
            self.people + other.people,
            self.made + other.made,
            self.missed + other.missed,
            self.cancelled + other.cancelled,
            self.opened + other.opened,
        )


@dataclass(slots=True)
class _Change:
    """The difference for one person."""

    facts: Facts
    team: str
    plans: list[tuple[Programme, Plan]] = field(default_factory=list)
    tell: list[Any] = field(default_factory=list)
    move: list[Any] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.tell or self.move or any(each for _, each in self.plans))

    @property
    def home(self) -> tuple[str | None, str | None]:
        person = self.facts.person
        return (person.township, person.village) if person is not None else (None, None)


async def plan_person(
    session: WriteSession,
    context: ServiceContext,
    kept: str,
    *,
    at: datetime,
    today: date | None = None,
) -> None:
    """Bring one person's planned tasks to what the rules ask for.

    Args:
        session: holds the person's lock.
        context: of the service.
        kept: who stands for himself.
        at: the time of the events.
        today: as of which day, default the present one.
    """
    day = today or business_date(context.clock.now())
    members = await MERGES.members(session, kept)
    merged = {each: kept for each in members if each != kept}
    found = await repository.facts(session, [kept], day, merged)
    changes = [_difference(context, each, day) for each in found.values()]
    await _apply(session, context, [each for each in changes if each], day, at=at)


async def follow_person(
    session: WriteSession, context: ServiceContext, kept: str, *, at: datetime
) -> None:
    """Something about a person changed: plan, if any programme has to do with him.

    What every registered person gets once a year waits for the night: a roster of a hundred
    thousand must not be held up by it.
    """
    if await repository.concerned(session, await MERGES.members(session, kept)):
        await plan_person(session, context, kept, at=at)


async def follow_people(
    session: WriteSession, context: ServiceContext, person_ids: Sequence[str], *, at: datetime
) -> None:
    """As :func:`follow_person`, for many who stand for themselves alone and are held."""
    day = business_date(context.clock.now())
    for start in range(0, len(person_ids), _PEOPLE_AT_ONCE):
        portion = person_ids[start : start + _PEOPLE_AT_ONCE]
        concerned = await repository.concerned_among(session, portion)
        if not concerned:
            continue
        found = await repository.facts(session, concerned, day, {})
        changes = [_difference(context, each, day) for each in found.values()]
        await _apply(session, context, [each for each in changes if each], day, at=at)


async def plan_everyone(context: ServiceContext, *, today: date | None = None) -> Planned:
    """Bring every person's planned tasks to what the rules ask for.

    May be cut off and started again, and run beside everything else: each portion of people is
    read first without holding anybody, and only those for whom something changes are held.

    Args:
        context: of the service.
        today: as of which day, default the present one in Asia/Shanghai.
    """
    now = context.clock.now()
    day = today or business_date(now)
    done = Planned()
    after = ""
    for _ in range(_MOST_PEOPLE // _PEOPLE_AT_ONCE):
        async with context.db.reading() as session:
            ids = await repository.people_page(session, after, _PEOPLE_AT_ONCE)
            if not ids:
                break
            merged = await repository.merged_ids(session)
            kept = {merged.get(each, each) for each in ids}
            waiting = _waiting(context, await repository.facts(session, kept, day, merged), day)
        after = ids[-1]
        done += Planned(people=len(ids))
        if not waiting:
            continue
        async with context.db.writing() as writing:
            await MERGES.hold(writing)
            merged = await repository.merged_ids(writing)
            held = sorted({merged.get(each, each) for each in waiting})
            await repository.lock_many(writing, held)
            found = await repository.facts(writing, held, day, merged)
            changes = [_difference(context, each, day) for each in found.values()]
            done += await _apply(writing, context, [e for e in changes if e], day, at=now)
    return done


def _waiting(context: ServiceContext, found: Mapping[str, Facts], day: date) -> list[str]:
    return [kept for kept, each in found.items() if _difference(context, each, day)]


def _difference(context: ServiceContext, facts: Facts, day: date) -> _Change:
    book, teams = rulebook(), teams_of(context)
    person = facts.person
    ruled = Ruled(
        registered=person is not None and person.registered,
        alive=person is None or person.registered or person.reason != DIED,
        birth_year=person.birth_year if person is not None else None,
        categories=tuple(
            (
                each["code"],
                date.fromisoformat(each["valid_from"]),
                date.fromisoformat(each["valid_to"]) if each.get("valid_to") else None,
            )
            for each in (person.categories if person is not None else ())
        ),
        supplied=frozenset(facts.supplies),
    )
    not_offered = programme_of(context).not_offered
    wanted = applying(book.programmes, ruled, day, frozenset(facts.enrolments), not_offered)
    township = person.township if person is not None else None
    change = _Change(facts, facts.team or teams.for_township(township))
    by_programme: dict[str, list[Any]] = {}
    for task in facts.tasks:
        by_programme.setdefault(task.programme, []).append(task)
    home = change.home
    for code, programme in book.programmes.items():
        tasks = by_programme.get(code, [])
        if code not in wanted and not tasks:
            continue
        anchor = anchor_of(programme, facts, day) if code in wanted else None
        found = plan(programme, anchor, [_kept(task) for task in tasks], day)
        if found:
            change.plans.append((programme, found))
        leaving = {*found.fail, *found.cancel}
        for task in tasks:
            stays = str(task.task_id) in found.reopen or (
                task.status == "open" and str(task.task_id) not in leaving
            )
            if not stays:
                continue
            if (task.team, task.township, task.village) != (change.team, *home):
                change.move.append(task)
            if not task.told and task.opens_on <= day:
                change.tell.append(task)
    return change


def _kept(task: Any) -> Kept:
    return Kept(
        task_id=str(task.task_id),
        anchor=task.anchor,
        attempt=task.attempt,
        due_on=task.due_on,
        closes_on=task.closes_on,
        open=task.status == "open",
        outcome=task.outcome,
    )


async def _apply(
    session: WriteSession,
    context: ServiceContext,
    changes: Sequence[_Change],
    day: date,
    *,
    at: datetime,
) -> Planned:
    """Write differences, and tell them: opened, missed, closed."""
    if not changes:
        return Planned()
    rows: list[dict[str, Any]] = []
    fail: list[UUID] = []
    cancel: list[UUID] = []
    reopen: list[UUID] = []
    tell: list[UUID] = []
    moves: dict[tuple[str, str | None, str | None], list[UUID]] = {}
    events: list[tuple[str, str, TaskOpened | TaskMissed | TaskClosed]] = []
    for change in changes:
        by_id = {str(task.task_id): task for task in change.facts.tasks}
        for _, each in change.plans:
            for task_id in each.fail:
                fail.append(UUID(task_id))
                events.append(_missed(by_id[task_id]))
            for task_id in each.cancel:
                cancel.append(UUID(task_id))
                if by_id[task_id].told:
                    events.append(_closed(by_id[task_id]))
            reopen += [UUID(task_id) for task_id in each.reopen]
            for step in each.make:
                row = _row(context, change, step, day, at)
                rows.append(row)
                if row["outcome"] == MISSED:
                    events.append(_missed_row(row))
                elif row["told"]:
                    events.append(_opened(row, row["team"]))
        for task in change.move:
            moves.setdefault((change.team, *change.home), []).append(task.task_id)
            if task.told and task.team != change.team:
                events.append(_opened(_as_row(task), change.team))
        for task in change.tell:
            tell.append(task.task_id)
            events.append(_opened(_as_row(task), change.team))
    await repository.close_many(session, fail, outcome=MISSED, at=at)
    await repository.close_many(session, cancel, outcome=NO_LONGER, at=at)
    await repository.reopen_many(session, reopen)
    await repository.move_many(session, moves)
    await repository.mark_told(session, tell)
    await repository.make(session, rows)
    await _tell(session, events, at=at)
    missed = len(fail) + sum(row["outcome"] == MISSED for row in rows)
    opened = sum(isinstance(event, TaskOpened) for _, _, event in events)
    return Planned(0, len(rows), missed, len(cancel), opened)


def _row(
    context: ServiceContext, change: _Change, step: Step, day: date, at: datetime
) -> dict[str, Any]:
    township, village = change.home
    over = step.closes_on < day
    return {
        "task_id": new_id(),
        "region": context.region.region_code,
        "rule": step.rule.code,
        "rule_version": step.rule.version,
        "programme": step.rule.programme,
        "anchor": step.anchor,
        "attempt": step.attempt,
        "anchor_on": step.anchor_on,
        "person_id": change.facts.kept,
        "team": change.team,
        "township": township,
        "village": village,
        "priority": step.rule.priority,
        "opens_on": step.opens_on,
        "due_on": step.due_on,
        "closes_on": step.closes_on,
        "status": "closed" if over else "open",
        "outcome": MISSED if over else None,
        "opened_at": at,
        "closed_at": at if over else None,
        "told": over or step.opens_on <= day,
    }


_Told = tuple[str, str, TaskOpened | TaskMissed | TaskClosed]


def _as_row(task: Any) -> Mapping[str, Any]:
    names = ("task_id", "person_id", "rule", "team", "due_on", "closes_on", "programme")
    return {name: getattr(task, name) for name in names}


def _opened(row: Mapping[str, Any], team: str) -> _Told:
    event = TaskOpened(
        task_id=str(row["task_id"]),
        person_id=row["person_id"],
        rule=row["rule"],
        team=team,
        due_on=row["due_on"],
        programme=row["programme"],
    )
    return row["person_id"], event.task_id, event


def _missed(task: Any) -> _Told:
    return _missed_row(_as_row(task))


def _missed_row(row: Mapping[str, Any]) -> _Told:
    event = TaskMissed(
        task_id=str(row["task_id"]),
        person_id=row["person_id"],
        rule=row["rule"],
        team=row["team"],
        due_on=row["due_on"],
        closes_on=row["closes_on"],
        programme=row["programme"],
    )
    return row["person_id"], event.task_id, event


def _closed(task: Any, outcome: str = NO_LONGER) -> _Told:
    event = TaskClosed(
        task_id=str(task.task_id),
        person_id=task.person_id,
        rule=task.rule,
        team=task.team,
        due_on=task.due_on,
        outcome=outcome,
    )
    return task.person_id, event.task_id, event


async def _tell(session: WriteSession, events: Sequence[_Told], *, at: datetime) -> None:
    if not events:
        return
    counts = repository.counted(person_id for person_id, _, _ in events)
    last = await repository.number_many(session, counts)
    following = {person_id: last[person_id] - count for person_id, count in counts.items()}
    recorded: list[outbox.Recorded] = []
    for person_id, subject, event in events:
        following[person_id] += 1
        recorded.append(
            outbox.Recorded(event, subject=subject, sequence=following[person_id], occurred_at=at)
        )
    await outbox.record_many(session, recorded)
