"""A worklist as the way through the villages: overdue households first, one line a task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.contracts.follow_up.domain import TO_SIGN
from services.contracts.follow_up.schemas import TaskAnswer
from services.contracts.plans.domain import Kind
from services.contracts.plans.rulebook import rulebook

_DOING: dict[Kind, str] = {
    "follow_up": "visit",
    "check_up": "check-up",
    "report": "report",
    "refill": "dispense",
}
Household = dict[str, Any]

SOON_DAYS = 7
"""What is due within so many days, or overdue, presses; the rest is folded away until then."""


def way(tasks: Sequence[TaskAnswer], names: Mapping[str, str], day: date) -> list[dict[str, Any]]:
    """Villages with their households: where something is overdue first, then by name.

    A household with something overdue comes before one without; then the task's priority and due
    day decide. Whoever has no known household stands for himself.

    Args:
        tasks: of the page.
        names: masked names by person.
        day: of the list.
    """
    places: dict[tuple[str, str], dict[str, list[TaskAnswer]]] = {}
    for task in tasks:
        here = places.setdefault((task.township or "", task.village or ""), {})
        here.setdefault(task.household_id or f"person {task.person_id}", []).append(task)
    villages = [
        {
            "township": township,
            "village": village,
            "tasks": sum(len(each) for each in households.values()),
            "overdue": sum(task.overdue for each in households.values() for task in each),
            "households": [
                _household(each, names, day) for each in sorted(households.values(), key=_first)
            ],
        }
        for (township, village), households in sorted(places.items())
    ]
    return sorted(villages, key=lambda each: not each["overdue"])


def _urgency(task: TaskAnswer) -> tuple[bool, int, date, str]:
    return (not task.overdue, task.priority, task.due_on, task.task_id)


def _first(tasks: Sequence[TaskAnswer]) -> tuple[bool, int, date, str]:
    return min(_urgency(task) for task in tasks)


def _household(
    tasks: Sequence[TaskAnswer], names: Mapping[str, str], day: date
) -> list[dict[str, Any]]:
    return [
        {
            "task_id": task.task_id,
            "person_id": task.person_id,
            "name": names.get(task.person_id),
            "title_zh": task.title_zh,
            "title_en": task.title,
            "due_on": task.due_on,
            "overdue": task.overdue,
            "days": abs((task.due_on - day).days),
            "discharged_on": task.discharged_on,
            "doing": doing(task.rule, task.programme),
        }
        for task in sorted(tasks, key=_urgency)
    ]


def doing(rule: str, programme: str | None) -> str:
    """What does a task: ``visit``, or a form of the person's page, such as ``check-up``."""
    if rule == TO_SIGN.code:
        return "sign"
    found = rulebook().programmes.get(programme or "")
    return _DOING[found.kind] if found is not None else "visit"
