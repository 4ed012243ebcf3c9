"""All SQL of the worklist: which tasks a caller sees, in which state, as of a day."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, tuple_

from services.contracts.merges.repository import MERGES
from services.contracts.models import Person, Task
from services.contracts.plans.domain import MISSED
from shared.db.session import ReadSession


@dataclass(frozen=True)
class WorklistQuery:
    """What a worklist shows: whose tasks, as of which day, in which states."""

    as_of: date
    state: str | None
    """None: everything not closed."""
    team: str | None
    visible: tuple[str, str]
    """The caller's kind of organisation and its value (``("township", "金河镇")``)."""
    limit: int
    after: tuple[date, UUID] | None = None
    village: str | None = None
    due_by: date | None = None
    """None: however late it is due."""
    due_after: date | None = None
    households: Collection[str] | None = None
    """None: of every household, and of whoever has none."""


async def worklist(
    session: ReadSession, query: WorklistQuery
) -> Sequence[Row[Task, str, str | None]]:
    """One page of tasks by due day, each with whoever stands for the person and his household.

    One row more than the limit tells that there is a next page.
    """
    conditions = _of_list(query)
    if query.after is not None:
        conditions.append(tuple_(Task.due_on, Task.task_id) > query.after)
    if query.households is not None:
        conditions.append(Person.household_id.in_(query.households))
    kept = MERGES.kept_or_self(Task.person_id)
    found = await session.execute(
        select(Task, kept, Person.household_id)
        .outerjoin(Person, Person.person_id == kept)
        .where(and_(*conditions))
        .order_by(Task.due_on, Task.task_id)
        .limit(query.limit + 1)
    )
    return found.all()


async def worklist_counts(
    session: ReadSession, query: WorklistQuery
) -> Sequence[Row[str | None, str | None, str, int]]:
    """How many tasks of each rule a worklist has in each village; its limit has no part in it."""
    found = await session.execute(
        select(Task.township, Task.village, Task.rule, func.count())
        .where(and_(*_of_list(query)))
        .group_by(Task.township, Task.village, Task.rule)
        .order_by(Task.township, Task.village, func.count().desc(), Task.rule)
    )
    return found.all()


def _of_list(query: WorklistQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [_visible(query.visible)]
    if query.team is not None:
        conditions.append(Task.team == query.team)
    if query.village is not None:
        conditions.append(Task.village == query.village)
    conditions.append(_in_state(query.state, query.as_of))
    if query.due_by is not None:
        conditions.append(Task.due_on <= query.due_by)
    if query.due_after is not None:
        conditions.append(Task.due_on > query.due_after)
    return conditions


def _in_state(state: str | None, as_of: date) -> ColumnElement[bool]:
    is_open = Task.status == "open"
    if state == "draft":
        return and_(is_open, Task.opens_on > as_of)
    over = Task.closes_on < as_of
    if state == "missed":
        return or_(Task.outcome == MISSED, and_(is_open, over))
    begun = Task.opens_on <= as_of
    if state == "closed":
        return and_(Task.status == "closed", Task.outcome != MISSED, begun)
    waiting = and_(is_open, begun, or_(Task.closes_on.is_(None), ~over))
    if state is None:
        return waiting
    in_time = Task.due_on >= as_of
    return and_(waiting, in_time if state == "open" else ~in_time)


def _visible(organisation: tuple[str, str]) -> ColumnElement[bool]:
    """The rows of a county, of a township's people, or of a hospital's patients and team."""
    kind, value = organisation
    if kind == "region":
        return Task.region == value
    if kind == "township":
        return Task.township == value
    return or_(Task.team == value, Task.facility_code == value)
