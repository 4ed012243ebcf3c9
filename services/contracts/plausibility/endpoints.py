"""HTTP: look for visits that are hard to believe; the questions and their case files."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.contracts.cursors import after_id
from services.contracts.plausibility import service
from services.contracts.plausibility.case import Status
from services.contracts.plausibility.rules import rules_of
from services.contracts.plausibility.schemas import (
    CheckRuleAnswer,
    CheckRuleCount,
    CheckRuleList,
    FlagNoteRequest,
    ScanAnswer,
    ScanRequest,
    VisitFlagAnswer,
    VisitFlagList,
)
from shared.db.session import Writes
from shared.http.pagination import Cursor, Limit, encode_cursor
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["plausibility"])
Reader = Annotated[Principal, requires("contracts:read")]
Writer = Annotated[Principal, requires("contracts:write")]
Reviewer = Annotated[Principal, requires("contracts:review")]
_UNKNOWN = {"description": "`visit_flag_unknown`"}
_REFUSED = {"description": "`visit_flag_step_not_allowed`"}


@router.get("/visit-check-rules", summary="What makes a visit hard to believe")
async def rules(_caller: Reader, context: Context) -> CheckRuleList:
    """Each rule with its parameters; `assumed` are those that no document gives."""
    return CheckRuleList(
        items=[
            CheckRuleAnswer(
                rule=rule.id,
                name_zh=rule.name_zh,
                name_en=rule.name_en,
                citation=rule.citation,
                version=rule.version,
                parameters=dict(rule.parameters),
                assumed=list(rule.assumed),
            )
            for rule in rules_of(context)
        ]
    )


@router.post(
    "/visit-checks",
    summary="Look at the visits of a period",
    responses={422: {"description": "`validation_failed`, `period_refused`"}},
)
async def scan(
    body: ScanRequest, caller: Reviewer, session: Writes, context: Context
) -> ScanAnswer:
    """Raises a flag for each new finding; what is known already is not raised again."""
    found = await service.scan(
        session, context, first=body.first, last=body.last, actor=caller.client_id
    )
    return ScanAnswer(
        visits=found.visits,
        rules=[
            CheckRuleCount(
                rule=rule.id,
                name_zh=rule.name_zh,
                found=found.found[rule.id],
                new=found.new[rule.id],
            )
            for rule in rules_of(context)
        ],
    )


# Write sessions although they read: flags are about persons, and who reads them is noted.
@router.get("/visit-flags", summary="Visits that are hard to believe")
async def flags(
    caller: Reader,
    session: Writes,
    context: Context,
    limit: Limit,
    cursor: Cursor,
    status: Annotated[Status | None, Query()] = None,
    rule: Annotated[str | None, Query(max_length=40)] = None,
    team: Annotated[str | None, Query(max_length=32)] = None,
) -> VisitFlagList:
    """The county sees all, a township and a team their own; the oldest first."""
    items, following = await service.listed(
        session,
        context,
        caller,
        status=status,
        rule=rule,
        team=team,
        limit=limit,
        after_id=after_id(cursor),
    )
    return VisitFlagList(
        items=items, next_cursor=encode_cursor(str(following)) if following else None
    )


@router.get("/visit-flags/{flag_id}", summary="One question", responses={404: _UNKNOWN})
async def flag(flag_id: UUID, caller: Reader, session: Writes, context: Context) -> VisitFlagAnswer:
    """The evidence in figures, and who did what."""
    return await service.one(session, context, caller, flag_id)


@router.post(
    "/visit-flags/{flag_id}/explain",
    summary="Say how it came about",
    responses={404: _UNKNOWN, 409: _REFUSED},
)
async def explain(
    flag_id: UUID, body: FlagNoteRequest, caller: Writer, session: Writes, context: Context
) -> VisitFlagAnswer:
    """By the team, its township, or the county for it."""
    return await service.step(session, context, caller, flag_id, "explain", body.note)


@router.post(
    "/visit-flags/{flag_id}/confirm",
    summary="Find that it is not to be believed",
    responses={404: _UNKNOWN, 409: _REFUSED},
)
async def confirm(
    flag_id: UUID, body: FlagNoteRequest, caller: Reviewer, session: Writes, context: Context
) -> VisitFlagAnswer:
    """Nothing follows by itself: what it means for anybody is decided by people."""
    return await service.step(session, context, caller, flag_id, "confirm", body.note)


@router.post(
    "/visit-flags/{flag_id}/dismiss",
    summary="Find nothing wrong",
    responses={404: _UNKNOWN, 409: _REFUSED},
)
async def dismiss(
    flag_id: UUID, body: FlagNoteRequest, caller: Reviewer, session: Writes, context: Context
) -> VisitFlagAnswer:
    """It is not raised again."""
    return await service.step(session, context, caller, flag_id, "dismiss", body.note)
