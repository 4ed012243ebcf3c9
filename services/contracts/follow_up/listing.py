"""The worklist: what a team has to do, by urgency and by the way through its villages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.contracts.access import organisation_of
from services.contracts.follow_up import worklist_repository
from services.contracts.follow_up.domain import RULES, state_on
from services.contracts.follow_up.schemas import (
    HouseholdVisit,
    TaskAnswer,
    TaskFilter,
    VillageVisits,
)
from services.contracts.follow_up.worklist_repository import WorklistQuery
from services.contracts.models import Task
from services.contracts.plans.domain import phase_on
from services.contracts.plans.rulebook import rulebook
from shared.clock import business_date
from shared.db.session import ReadSession
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal


@dataclass(frozen=True, slots=True)
class VillageLater:
    """A village's tasks that are not yet pressing."""

    township: str | None
    village: str | None
    kinds: list[tuple[str, int]]
    """Rule and number of tasks, the most first."""

    @property
    def tasks(self) -> int:
        return sum(count for _, count in self.kinds)


async def worklist(
    session: ReadSession,
    context: ServiceContext,
    caller: Principal,
    *,
    as_of: date | None,
    state: TaskFilter | None,
    team: str | None,
    limit: int,
    after: tuple[date, UUID] | None,
    village: str | None = None,
    due_by: date | None = None,
    due_after: date | None = None,
) -> tuple[list[TaskAnswer], tuple[date, UUID] | None]:
    """One page of tasks of discharges up to a day, the most urgent first.

    Args:
        as_of: the day of the list, default today (Asia/Shanghai); decides what is overdue.
        state: default everything that is not closed.
        village: default all of the caller's.
        due_by, due_after: default however soon or late they are due.
    """
    day = as_of or business_date(context.clock.now())
    query = WorklistQuery(
        as_of=day,
        state=state,
        team=team,
        visible=organisation_of(caller),
        limit=limit,
        after=after,
        village=village,
        due_by=due_by,
        due_after=due_after,
    )
    rows = await worklist_repository.worklist(session, query)
    shown = rows[:limit]
    last = shown[-1][0] if len(rows) > limit else None
    following = (last.due_on, last.task_id) if last is not None else None
    items = [
        task_answer(task, day, person_id=kept, household_id=household)
        for task, kept, household in shown
    ]
    return items, following


async def of_households(
    session: ReadSession,
    caller: Principal,
    day: date,
    households: Collection[str],
    *,
    due_after: date,
    limit: int,
) -> list[TaskAnswer]:
    """What may be done as well where a team comes anyway, though it is due later."""
    query = WorklistQuery(
        as_of=day,
        state=None,
        team=None,
        visible=organisation_of(caller),
        limit=limit,
        due_after=due_after,
        households=households,
    )
    rows = await worklist_repository.worklist(session, query)
    return [
        task_answer(t, day, person_id=kept, household_id=home) for t, kept, home in rows[:limit]
    ]


async def later(
    session: ReadSession,
    caller: Principal,
    day: date,
    *,
    due_after: date,
    team: str | None,
    village: str | None,
) -> list[VillageLater]:
    """What is due later still: by village, how many tasks of each kind."""
    query = WorklistQuery(
        as_of=day,
        state=None,
        team=team,
        visible=organisation_of(caller),
        limit=0,
        village=village,
        due_after=due_after,
    )
    found: dict[tuple[str | None, str | None], list[tuple[str, int]]] = {}
    for township, place, rule, count in await worklist_repository.worklist_counts(session, query):
        found.setdefault((township, place), []).append((rule, count))
    return [VillageLater(*place, kinds=kinds) for place, kinds in found.items()]


def rule_title(rule: str, version: int | None = None) -> tuple[str, str]:
    """What a task is called, Chinese and English."""
    planned = rulebook().rule(rule, version)
    if planned is not None:
        return planned.title.zh, planned.title.en
    return RULES[rule].title_zh, RULES[rule].title


def by_way(items: Sequence[TaskAnswer]) -> list[VillageVisits]:
    """Tasks by village, and within it by household, each group led by its most urgent task.

    Whoever has no known household stands for himself.
    """
    groups: dict[tuple[str, str], dict[str, list[TaskAnswer]]] = {}
    for item in items:
        of_village = groups.setdefault((item.township or "", item.village or ""), {})
        of_village.setdefault(item.household_id or f"person {item.person_id}", []).append(item)
    villages = []
    for (township, village), households in groups.items():
        visits = sorted(
            (
                HouseholdVisit(
                    household_id=tasks[0].household_id,
                    priority=min(task.priority for task in tasks),
                    tasks=[t.task_id for t in sorted(tasks, key=lambda t: (t.priority, t.due_on))],
                )
                for tasks in households.values()
            ),
            key=lambda visit: (visit.priority, visit.tasks[0]),
        )
        villages.append(
            VillageVisits(
                township=township or None,
                village=village or None,
                priority=visits[0].priority,
                households=visits,
            )
        )
    return sorted(
        villages, key=lambda each: (each.priority, each.township or "", each.village or "")
    )


def task_answer(
    task: Task, day: date, *, person_id: str, household_id: str | None = None
) -> TaskAnswer:
    """A task in the shape of the API, its state as of a day.

    Args:
        task: as stored.
        day: of the list.
        person_id: of whoever stands for the task's person.
        household_id: his household.
    """
    planned = rulebook().rule(task.rule, task.rule_version) if task.programme else None
    if planned is not None:
        title_zh, title, citation = planned.title.zh, planned.title.en, planned.citation.text
    else:
        rule = RULES[task.rule]
        title_zh, title, citation = rule.title_zh, rule.title, rule.citation
    phase = phase_on(
        day,
        opens_on=task.opens_on,
        closes_on=task.closes_on,
        is_open=task.status == "open",
        outcome=task.outcome,
    )
    return TaskAnswer(
        task_id=str(task.task_id),
        rule=task.rule,
        title_zh=title_zh,
        title=title,
        person_id=person_id,
        team=task.team,
        township=task.township,
        village=task.village,
        due_on=task.due_on,
        status=state_on(day, status=task.status, due_on=task.due_on),
        state=phase,
        overdue=phase == "ready" and task.due_on < day,
        priority=task.priority,
        opens_on=task.opens_on,
        closes_on=task.closes_on,
        programme=task.programme,
        rule_version=task.rule_version,
        citation=citation,
        household_id=household_id,
        outcome=task.outcome,
        encounter_id=task.encounter_id,
        facility_code=task.facility_code,
        discharged_on=task.discharged_on,
    )
