"""HTTP: programmes of care and the rules of their tasks."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.contracts.plans import enrolling
from services.contracts.plans.rulebook import rulebook
from services.contracts.plans.schemas import (
    EnrolmentAnswer,
    EnrolmentEnd,
    EnrolmentList,
    EnrolmentRequest,
    RuleAnswer,
    RuleList,
)
from shared.db.session import Writes
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["plans"])


@router.get("/task-rules", summary="The rules by which tasks are made, with their sources")
async def task_rules(_caller: Annotated[Principal, requires("contracts:read")]) -> RuleList:
    """Every version of every rule."""
    return RuleList(
        items=[
            RuleAnswer(
                rule=rule.code,
                version=rule.version,
                programme=rule.programme,
                title_zh=rule.title.zh,
                title=rule.title.en,
                after=sorted(rule.after),
                due_months=rule.due.months,
                due_days=rule.due.days,
                grace_days=rule.grace_days,
                priority=rule.priority,
                citation=rule.citation.text,
                valid_from=rule.valid_from,
                valid_to=rule.valid_to,
            )
            for programme in rulebook().programmes.values()
            for rule in programme.rules
        ]
    )


@router.post(
    "/enrolments",
    status_code=201,
    summary="Take a person into a programme of care",
    responses={
        404: {"description": "`person_unknown`"},
        409: {"description": "`enrolled_already`"},
        422: {"description": "unknown programme, a day in the future"},
    },
)
async def enrol(
    body: EnrolmentRequest,
    caller: Annotated[Principal, requires("contracts:write")],
    session: Writes,
    context: Context,
) -> EnrolmentAnswer:
    """The programme's first task follows at once."""
    return await enrolling.enrol(session, context, caller, body)


@router.post(
    "/enrolments/{enrolment_id}/end",
    summary="Let a person go from a programme",
    responses={
        404: {"description": "`enrolment_unknown`"},
        409: {"description": "`enrolment_ended`"},
        422: {"description": "`ended_on` before the start or in the future"},
    },
)
async def end(
    enrolment_id: UUID,
    body: EnrolmentEnd,
    caller: Annotated[Principal, requires("contracts:write")],
    session: Writes,
    context: Context,
) -> EnrolmentAnswer:
    """What was still to do is no longer due."""
    return await enrolling.end(session, context, caller, enrolment_id, body)


@router.get(
    "/enrolments",
    summary="The programmes a person is or was in",
    responses={404: {"description": "`person_unknown`"}},
)
async def enrolments(
    caller: Annotated[Principal, requires("contracts:read")],
    session: Writes,
    context: Context,
    person_id: Annotated[str, Query(min_length=1, max_length=64)],
) -> EnrolmentList:
    """The newest first; the read is on the audit log."""
    return EnrolmentList(items=await enrolling.enrolments_of(session, context, caller, person_id))
