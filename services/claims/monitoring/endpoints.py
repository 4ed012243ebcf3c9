"""HTTP: look for irregular bills; flags and their case files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.claims.cursors import position_of
from services.claims.monitoring import repository, service
from services.claims.monitoring.case import Status
from services.claims.monitoring.presenting import sentence
from services.claims.monitoring.repository import Flag
from services.claims.monitoring.rules import rule_of, rules
from services.claims.monitoring.schemas import (
    FlagAnswer,
    FlagPage,
    FlagStepAnswer,
    MonitorAnswer,
    MonitorRequest,
    NoteRequest,
    RuleAnswer,
    RuleCount,
    RuleList,
)
from shared.clock import SHANGHAI
from shared.db.session import ReadSession, Writes
from shared.http.pagination import Cursor, Limit, encode_cursor
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["monitoring"])

Monitor = Annotated[Principal, requires("claims:monitor")]
Reader = Annotated[Principal, requires("claims:ledger")]
_NOT_FOUND = {"description": "`flag_not_found`"}
_REFUSED = {"description": "`flag_step_not_allowed`, `same_person_twice`"}


@router.get("/monitoring-rules", summary="What is watched")
async def listed_rules(caller: Reader) -> RuleList:  # noqa: ARG001 - the scope is checked
    """Each rule with its document, its version and its parameters."""
    return RuleList(
        items=[
            RuleAnswer(
                rule=rule.id,
                name_zh=rule.name_zh,
                name_en=rule.name_en,
                text_zh=rule.text_zh,
                text_en=rule.text_en,
                citation=rule.citation,
                version=rule.version,
                parameters=dict(rule.parameters),
                assumed=list(rule.assumed),
            )
            for rule in rules()
        ]
    )


@router.post(
    "/monitoring-runs",
    summary="Look at a period's bills",
    responses={422: {"description": "`validation_failed`, `period_refused`"}},
)
async def monitor(
    body: MonitorRequest, caller: Monitor, session: Writes, context: Context
) -> MonitorAnswer:
    """Raises a flag for each new finding; what is known already is not raised again."""
    looked = await service.monitor(session, context, caller, body.first, body.last)
    return MonitorAnswer(
        bills=looked.bills,
        rules=[
            RuleCount(
                rule=rule.id,
                name_zh=rule.name_zh,
                citation=rule.citation,
                found=looked.found[rule.id],
                new=looked.new[rule.id],
            )
            for rule in rules()
        ],
    )


# Write sessions although they read: flags are about persons, and who reads them is noted.
@router.get("/flags", summary="Flags, the oldest first")
async def flags(
    caller: Reader,
    session: Writes,
    context: Context,
    limit: Limit,
    cursor: Cursor = None,
    status: Annotated[Status | None, Query()] = None,
    rule: Annotated[str | None, Query(max_length=40)] = None,
    facility_code: Annotated[str | None, Query(max_length=32)] = None,
) -> FlagPage:
    """A hospital sees its own."""
    kind, _, own = caller.organisation.partition(":")
    if kind not in {"region", "facility"} or (
        kind == "facility" and facility_code not in {None, own}
    ):
        return FlagPage(items=[], next_cursor=None)
    found = await repository.find(
        session,
        region=context.region.region_code,
        facility_code=own if kind == "facility" else facility_code,
        status=status,
        rule=rule,
        after=position_of(cursor),
        limit=limit + 1,
    )
    shown = found[:limit]
    await service.log_read(session, context, caller, "list", len(shown))
    return FlagPage(
        items=await _answers(session, context, shown),
        next_cursor=encode_cursor(str(shown[-1].id)) if len(found) > limit else None,
    )


@router.get("/flags/{flag_id}", summary="One flag with its case file", responses={404: _NOT_FOUND})
async def flag(flag_id: UUID, caller: Reader, session: Writes, context: Context) -> FlagAnswer:
    """The evidence in figures, and who did what."""
    found = await service.visible(session, caller, flag_id)
    await service.log_read(session, context, caller, str(flag_id), 1)
    return (await _answers(session, context, [found]))[0]


async def _step(
    session: Writes, context: ServiceContext, caller: Principal, flag_id: UUID, name: str, note: str
) -> FlagAnswer:
    found = await service.step(session, context, caller, flag_id, name, note)
    return (await _answers(session, context, [found]))[0]


@router.post(
    "/flags/{flag_id}/explain",
    summary="Say how it came about",
    responses={404: _NOT_FOUND, 409: _REFUSED},
)
async def explain(
    flag_id: UUID,
    body: NoteRequest,
    caller: Annotated[Principal, requires("claims:settle")],
    session: Writes,
    context: Context,
) -> FlagAnswer:
    """By the hospital, or by the county for it; a standing proposal to uphold falls."""
    return await _step(session, context, caller, flag_id, "explain", body.note)


@router.post(
    "/flags/{flag_id}/uphold",
    summary="Find the flag right",
    responses={404: _NOT_FOUND, 409: _REFUSED},
)
async def uphold(
    flag_id: UUID, body: NoteRequest, caller: Monitor, session: Writes, context: Context
) -> FlagAnswer:
    """The first person proposes it, a second one upholds it. What follows is decided elsewhere."""
    return await _step(session, context, caller, flag_id, "uphold", body.note)


@router.post(
    "/flags/{flag_id}/dismiss",
    summary="Find nothing wrong",
    responses={404: _NOT_FOUND, 409: _REFUSED},
)
async def dismiss(
    flag_id: UUID, body: NoteRequest, caller: Monitor, session: Writes, context: Context
) -> FlagAnswer:
    """It is not raised again, and what it held is released."""
    return await _step(session, context, caller, flag_id, "dismiss", body.note)


@router.post(
    "/flags/{flag_id}/hold",
    summary="Hold its visits from clearing",
    responses={404: _NOT_FOUND, 409: _REFUSED},
)
async def hold(
    flag_id: UUID, body: NoteRequest, caller: Monitor, session: Writes, context: Context
) -> FlagAnswer:
    """While it is looked into; a run that has collected them already keeps them."""
    return await _step(session, context, caller, flag_id, "hold", body.note)


@router.post(
    "/flags/{flag_id}/release",
    summary="Let its visits be cleared",
    responses={404: _NOT_FOUND, 409: _REFUSED},
)
async def release(
    flag_id: UUID, body: NoteRequest, caller: Monitor, session: Writes, context: Context
) -> FlagAnswer:
    """Whatever becomes of the flag."""
    return await _step(session, context, caller, flag_id, "release", body.note)


async def _answers(
    session: ReadSession, context: ServiceContext, found: Sequence[Flag]
) -> list[FlagAnswer]:
    ids = [flag.id for flag in found]
    steps = await repository.steps_of(session, ids)
    held = await repository.held(session, ids)
    answers = []
    for flag in found:
        rule = rule_of(flag.rule)
        told = sentence(context, flag)
        answers.append(
            FlagAnswer.model_validate(
                {
                    "flag_id": str(flag.id),
                    "rule": flag.rule,
                    "name_zh": flag.rule if rule is None else rule.name_zh,
                    "name_en": flag.rule if rule is None else rule.name_en,
                    "citation": "" if rule is None else rule.citation,
                    "rule_version": flag.rule_version,
                    "facility_code": flag.facility_code,
                    "person_id": flag.person_id,
                    "encounter_ids": list(flag.encounters),
                    "found_on": flag.found_on,
                    "evidence": dict(flag.evidence),
                    "message": told["text_en"],
                    "message_zh": told["text_zh"],
                    "status": flag.status,
                    "held": flag.id in held,
                    "raised_at": flag.raised_at.astimezone(SHANGHAI),
                    "steps": [
                        FlagStepAnswer.model_validate(
                            {
                                "step": one.step,
                                "note": one.note,
                                "done_at": one.done_at.astimezone(SHANGHAI),
                                "done_by": one.done_by,
                            }
                        )
                        for one in steps[flag.id]
                    ],
                }
            )
        )
    return answers
