"""Recording that a person who was not met was reported to the institution above."""

from __future__ import annotations

from uuid import UUID

from services.contracts.access import may_act
from services.contracts.follow_up import repository as follow_ups
from services.contracts.follow_up import tasks
from services.contracts.follow_up.listing import task_answer
from services.contracts.follow_up.service import TaskClosedAlready, TaskUnknown
from services.contracts.people import repository as people
from services.contracts.plans import repository as plans
from services.contracts.plans.domain import MISSED, REPORTED
from services.contracts.plans.rulebook import rulebook
from services.contracts.plans.service import plan_person
from services.contracts.upward import repository
from services.contracts.upward.schemas import UpwardReportAnswer, UpwardReportRequest
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.http.problem import Conflict, FieldFault, Unprocessable
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

NOTE_COLUMN = "upward_reports.note"


class NothingToReport(Conflict):
    code = "nothing_to_report"
    title = "This task asks for no report"
    title_zh = "此任务不是向上级报告的任务"


class ReportMisdated(Unprocessable):
    code = "report_misdated"
    title = "The report cannot have been made at that time"
    title_zh = "报告时间不可能成立"


async def report(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    task_id: UUID,
    body: UpwardReportRequest,
) -> UpwardReportAnswer:
    """Keep the report and close its task as reported; of two at once one is kept.

    One that was made in time and becomes known late takes the miss back.

    Raises:
        TaskUnknown: no such task, or another organisation's.
        NothingToReport: a visit, a check-up or a signature does it.
        TaskClosedAlready: it was reported, is no longer asked for, or was missed at that time.
        ReportMisdated: in the future, or before the last contact.
    """
    task = await follow_ups.get_task(session, task_id)
    if task is None or not may_act(caller, team=task.team, township=task.township):
        raise TaskUnknown
    kept = await people.lock(session, task.person_id)
    task = await follow_ups.get_task(session, task_id)
    if task is None:
        raise TaskUnknown
    programme = rulebook().programmes.get(task.programme or "")
    if programme is None or programme.kind != "report":
        raise NothingToReport("record a follow-up, a check-up or a contract instead")
    now = context.clock.now()
    first = task.anchor_on or task.opens_on
    if body.reported_at > now or business_date(body.reported_at) < first:
        raise ReportMisdated(
            errors=[
                FieldFault(
                    "reported_at",
                    "outside",
                    f"give its time, from {first} to now",
                    f"请填写报告的实际时间，在 {first} 至现在之间",
                )
            ]
        )
    in_time = task.closes_on is None or business_date(body.reported_at) <= task.closes_on
    if task.outcome == MISSED and in_time:
        await plans.outcome_corrected(session, task_id, outcome=REPORTED, closed_at=now)
        await tasks.tell_closed(session, task, outcome=REPORTED, at=now)
    elif not await tasks.close(session, task, outcome=REPORTED, at=now):
        raise TaskClosedAlready("it was reported, or is no longer asked for")
    note = context.vault.encrypt(body.note, column=NOTE_COLUMN) if body.note else None
    row = {
        "task_id": task_id,
        "region": context.region.region_code,
        "person_id": task.person_id,
        "reported_to": body.reported_to,
        "reported_at": body.reported_at,
        "note": note,
        "recorded_by": caller.client_id,
        "recorded_at": now,
    }
    await repository.add(session, row)
    await plan_person(session, context, kept, at=now)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="upward_report.recorded",
        subject=str(task_id),
        at=now,
        detail={"person_id": kept, "reported_to": body.reported_to},
    )
    shown = await follow_ups.get_task(session, task_id)
    if shown is None:
        raise TaskUnknown
    return UpwardReportAnswer(
        reported_to=body.reported_to,
        reported_at=body.reported_at,
        task=task_answer(shown, business_date(now), person_id=kept),
    )
