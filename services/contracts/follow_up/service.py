"""Recording that a team followed a person up: kept, judged, its tasks done, the plan rebuilt."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from services.contracts.access import TeamNotYours, may_act
from services.contracts.contracts import repository as contracts
from services.contracts.follow_up import repository, tasks
from services.contracts.follow_up.domain import ATTEMPTS, VISITED, in_force
from services.contracts.follow_up.listing import task_answer
from services.contracts.follow_up.schemas import FollowUpAnswer, FollowUpRequest
from services.contracts.follow_up.screening import put_on_register, take_in
from services.contracts.follow_up.visiting import Visit, look_at
from services.contracts.merges.repository import MERGES
from services.contracts.models import Task
from services.contracts.people import repository as people
from services.contracts.plans import repository as plans
from services.contracts.plans.domain import MISSED
from services.contracts.plans.rulebook import rulebook
from services.contracts.plans.service import plan_person
from services.contracts.programme.service import programme_of
from services.contracts.teams.service import teams_of
from shared.clock import business_date
from shared.db.session import WriteSession
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
    title_zh = "没有此人员的这项任务，或您无权查看"


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
    title_zh = "此任务须通过签约办结，不能以随访办结"


class TaskWantsCheckUp(Conflict):
    code = "task_wants_check_up"
    title = "This task is done by a check-up, not by a follow-up"
    title_zh = "此任务须通过体检办结，不能以随访办结"


class TaskWantsDrugs(Conflict):
    code = "task_wants_drugs"
    title = "This task is done by handing out drugs, not by a follow-up"
    title_zh = "此任务须通过投药办结，不能以随访办结"


class TaskWantsReport(Conflict):
    code = "task_wants_report"
    title = "This task is done by a report to the institution above, not by a follow-up"
    title_zh = "此任务须向上级报告，不能以随访办结"


class FollowUpMisdated(Unprocessable):
    code = "follow_up_misdated"
    title = "The follow-up cannot have happened at that time"
    title_zh = "随访时间不可能成立"


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
    visit = await look_at(session, body, task, kept, await people.get(session, kept))
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
            **_of_visit(visit),
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
            served=body.outcome not in ATTEMPTS,
            disease=visit.disease if visit else None,
            control_status=visit.judgement.control if visit and visit.judgement else None,
            assessment=visit.judgement.classification if visit and visit.judgement else None,
        ),
        subject=str(follow_up_id),
        sequence=await people.next_version(session, person_id),
        occurred_at=body.performed_at,
    )
    if (
        task is not None
        and body.outcome not in ATTEMPTS
        and task.programme is None
        and not await tasks.close(session, task, outcome=body.outcome, at=now)
    ):
        raise TaskClosedAlready
    if task is not None and task.programme is None and body.outcome not in ATTEMPTS:
        day = business_date(body.performed_at)
        await tasks.done_with(session, task, kept=kept, on=day, outcome=body.outcome, at=now)
    if visit is not None:
        await _do(session, visit, body.outcome, at=now)
        day = business_date(body.performed_at)
        if visit.judgement is not None and visit.judgement.found:
            await put_on_register(session, context, caller, kept, visit.disease, day, follow_up_id)
        await take_in(session, context, caller, kept, visit.at_risk, day)
        await plan_person(session, context, kept, at=now)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="follow_up.recorded",
        subject=str(follow_up_id),
        at=now,
        detail={"person_id": person_id, "team": team},
    )
    members = await MERGES.members(session, kept)
    done = task or (visit.does[0] if visit is not None and visit.does else None)
    shown = await repository.get_task(session, done.task_id) if done else None
    household = await repository.household_of(session, kept)
    return FollowUpAnswer(
        follow_up_id=str(follow_up_id),
        person_id=kept,
        team=team,
        performed_at=body.performed_at,
        way=body.way,
        outcome=body.outcome,
        disease=visit.disease if visit else None,
        control_status=visit.judgement.control if visit and visit.judgement else None,
        classification=visit.judgement.classification if visit and visit.judgement else None,
        referral_advised=bool(visit and visit.reasons),
        referral_reasons=visit.reasons if visit else [],
        next_due_on=await repository.next_due(session, members, visit.disease) if visit else None,
        entered_late=programme_of(context).is_late(
            business_date(body.performed_at), business_date(now)
        ),
        task=(
            task_answer(shown, business_date(now), person_id=kept, household_id=household)
            if shown
            else None
        ),
    )


def _of_visit(visit: Visit | None) -> dict[str, object]:
    judgement = visit.judgement if visit is not None else None
    return {
        "disease": visit.disease if visit is not None else None,
        "measurements": visit.values if visit is not None else None,
        "anchor_on": visit.anchor_on if visit is not None else None,
        "classification": judgement.classification if judgement is not None else None,
        "control_status": judgement.control if judgement is not None else None,
    }


async def _do(session: WriteSession, visit: Visit, outcome: str, *, at: datetime) -> None:
    """Close the planned tasks that the visit does, also one held for missed by mistake."""
    for each in visit.does:
        if each.outcome == MISSED:
            await plans.outcome_corrected(session, each.task_id, outcome=outcome, closed_at=at)
            await tasks.tell_closed(session, each, outcome=outcome, at=at)
        else:
            await tasks.close(session, each, outcome=outcome, at=at)


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
    if task.programme is not None:
        kind = rulebook().programmes[task.programme].kind
        if kind == "report":
            raise TaskWantsReport("POST /contracts/v1/tasks/{task_id}/report")
        if kind == "check_up":
            raise TaskWantsCheckUp("record the check-up with POST /contracts/v1/check-ups")
        if kind == "refill":
            raise TaskWantsDrugs("record the drugs with POST /contracts/v1/dispensings")
    elif task.rule not in VISITED:
        raise TaskWantsSignature("sign a contract with POST /contracts/v1/contracts")
    if task.status == "closed" and task.outcome != MISSED:
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
                    "随访须在发生之后登记；请填写实际时间",
                )
            ]
        )
    if (
        task is not None
        and task.discharged_on is not None
        and business_date(body.performed_at) < task.discharged_on
    ):
        raise FollowUpMisdated(
            errors=[
                FieldFault(
                    "performed_at",
                    "before_discharge",
                    f"the patient went home on {task.discharged_on}; a later time is needed",
                    f"患者于 {task.discharged_on} 出院；随访时间须在其后",
                )
            ]
        )
