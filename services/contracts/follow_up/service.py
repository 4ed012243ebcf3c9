"""The worklist, and recording that a team followed a person up."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from services.contracts.access import TeamNotYours, may_act, organisation_of
from services.contracts.contracts import repository as contracts
from services.contracts.follow_up import repository, tasks
from services.contracts.follow_up.domain import FOLLOW_UP, RULES, in_force, state_on
from services.contracts.follow_up.repository import WorklistQuery
from services.contracts.follow_up.schemas import (
    FollowUpAnswer,
    FollowUpRequest,
    TaskAnswer,
    TaskFilter,
)
from services.contracts.merges.repository import MERGES
from services.contracts.models import Task
from services.contracts.people import repository as people
from services.contracts.teams.service import teams_of
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.events.catalog import FollowUpRecorded
from shared.http.problem import Conflict, FieldFault, NotFound, Unprocessable
from shared.ids import new_id
from shared.messaging import outbox
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

NOTE_COLUMN = "follow_ups.note"


class TaskUnknown(NotFound):
    code = "task_unknown"
    title = "There is no such task of this person, or it is not yours to see"
    title_zh = "没有此人员的这项任务,或您无权查看"


class PersonNotKnown(NotFound):
    code = "person_unknown"
    title = "No registered person with this id is known here"
    title_zh = "没有此登记人员"


class TaskClosedAlready(Conflict):
    code = "task_closed_already"
    title = "The task is closed already"
    title_zh = "该任务已办结"


class TaskWantsSignature(Conflict):
    code = "task_wants_signature"
    title = "This task is done by signing a contract, not by a follow-up"
    title_zh = "此任务须通过签约办结,不能以随访办结"


class FollowUpMisdated(Unprocessable):
    code = "follow_up_misdated"
    title = "The follow-up cannot have happened at that time"
    title_zh = "随访时间不可能成立"


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
) -> tuple[list[TaskAnswer], tuple[date, UUID] | None]:
    """One page of tasks of discharges up to a day, the most urgent first.

    Args:
        as_of: the day of the list, default today (Asia/Shanghai); decides what is overdue.
        state: default everything that is not closed.
    """
    day = as_of or business_date(context.clock.now())
    query = WorklistQuery(
        as_of=day,
        state=state,
        team=team,
        visible=organisation_of(caller),
        limit=limit,
        after=after,
    )
    rows = await repository.worklist(session, query)
    shown = rows[:limit]
    last = shown[-1][0] if len(rows) > limit else None
    following = (last.due_on, last.task_id) if last is not None else None
    return [task_answer(task, day, person_id=kept) for task, kept in shown], following


async def record_follow_up(
    session: WriteSession, context: ServiceContext, caller: Principal, body: FollowUpRequest
) -> FollowUpAnswer:
    """Keep a follow-up; with a task, close it.

    Raises:
        PersonNotKnown: identity has not told of the person, and there is no task for him.
        TaskUnknown: the task is another person's, or another organisation's.
        TaskClosedAlready: someone closed it first; nothing is recorded.
        TaskWantsSignature: the task is to sign a contract.
        FollowUpMisdated: it lies in the future, or before the discharge.
        TeamNotYours: the caller's organisation is neither the person's township nor the team.
    """
    kept = await people.lock(session, body.person_id)
    task = await _task_to_close(session, caller, body, kept) if body.task_id is not None else None
    _check_time(context, body, task)
    team = task.team if task else await _team_of(session, context, caller, body, kept)
    # A task's follow-up stays with the id whose stay it was, should a merge be undone.
    person_id = task.person_id if task else body.person_id
    now = context.clock.now()
    follow_up_id = new_id()
    await repository.insert_follow_up(
        session,
        {
            "follow_up_id": follow_up_id,
            "region": context.region.region_code,
            "person_id": person_id,
            "task_id": task.task_id if task else None,
            "team": team,
            "performed_at": body.performed_at,
            "way": body.way,
            "outcome": body.outcome,
            "note": context.vault.encrypt(body.note, column=NOTE_COLUMN) if body.note else None,
            "recorded_by": caller.client_id,
            "recorded_at": now,
        },
    )
    await outbox.record(
        session,
        FollowUpRecorded(
            follow_up_id=str(follow_up_id),
            person_id=person_id,
            team=team,
            task_id=str(task.task_id) if task else None,
            performed_at=body.performed_at,
            way=body.way,
        ),
        subject=str(follow_up_id),
        sequence=await people.next_version(session, person_id),
        occurred_at=body.performed_at,
    )
    if task is not None and not await tasks.close(session, task, outcome=body.outcome, at=now):
        raise TaskClosedAlready
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="follow_up.recorded",
        subject=str(follow_up_id),
        at=now,
        detail={"person_id": person_id, "team": team},
    )
    closed = await repository.get_task(session, task.task_id) if task else None
    return FollowUpAnswer(
        follow_up_id=str(follow_up_id),
        person_id=kept,
        team=team,
        performed_at=body.performed_at,
        way=body.way,
        outcome=body.outcome,
        task=task_answer(closed, business_date(now), person_id=kept) if closed else None,
    )


def task_answer(task: Task, day: date, *, person_id: str) -> TaskAnswer:
    """A task in the shape of the API, its state as of a day.

    Args:
        task: as stored.
        day: of the list.
        person_id: of whoever stands for the task's person.
    """
    rule = RULES[task.rule]
    return TaskAnswer(
        task_id=str(task.task_id),
        rule=task.rule,
        title_zh=rule.title_zh,
        title=rule.title,
        person_id=person_id,
        team=task.team,
        township=task.township,
        village=task.village,
        due_on=task.due_on,
        status=state_on(day, status=task.status, due_on=task.due_on),
        outcome=task.outcome,
        encounter_id=task.encounter_id,
        facility_code=task.facility_code,
        discharged_on=task.discharged_on,
    )


async def _task_to_close(
    session: WriteSession, caller: Principal, body: FollowUpRequest, kept: str
) -> Task:
    try:
        task_id = UUID(body.task_id)
    except ValueError:
        raise TaskUnknown from None
    task = await repository.get_task(session, task_id)
    if (
        task is None
        or await MERGES.kept_of(session, task.person_id) != kept
        or not may_act(caller, team=task.team, township=task.township)
    ):
        raise TaskUnknown
    if task.rule != FOLLOW_UP.code:
        raise TaskWantsSignature("sign a contract with POST /contracts/v1/contracts")
    if task.status == "closed":
        raise TaskClosedAlready("leave out task_id to record a further follow-up")
    return task


async def _team_of(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    body: FollowUpRequest,
    kept: str,
) -> str:
    """The team whose work a follow-up without a task is: the contract's, else the township's."""
    person = await people.get(session, kept) or await people.get(session, body.person_id)
    if person is None:
        raise PersonNotKnown("use a person_id that identity has given out")
    terms = await contracts.terms_of(session, kept)
    held = in_force(terms, business_date(body.performed_at))
    team = held.team if held else teams_of(context).for_township(person.township)
    if not may_act(caller, team=team, township=person.township):
        raise TeamNotYours
    return team


def _check_time(context: ServiceContext, body: FollowUpRequest, task: Task | None) -> None:
    if body.performed_at > context.clock.now():
        raise FollowUpMisdated(
            errors=[
                FieldFault(
                    "performed_at",
                    "in_the_future",
                    "a follow-up is recorded after it happened; give its time",
                    "随访须在发生之后登记;请填写实际时间",
                )
            ]
        )
    if task is not None and business_date(body.performed_at) < task.discharged_on:
        raise FollowUpMisdated(
            errors=[
                FieldFault(
                    "performed_at",
                    "before_discharge",
                    f"the patient went home on {task.discharged_on}; a later time is needed",
                    f"患者于 {task.discharged_on} 出院;随访时间须在其后",
                )
            ]
        )
