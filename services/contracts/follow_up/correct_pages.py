"""Correcting a follow-up from the person's page: ``/contracts/follow-ups/<id>/correct``."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.contracts.follow_up import correcting, repository
from services.contracts.follow_up.domain import ATTEMPTS
from services.contracts.follow_up.schemas import FollowUpCorrection
from services.contracts.follow_up.visit_pages import form_page
from services.contracts.merges.repository import MERGES
from services.contracts.models import FollowUp
from services.contracts.people.service import read_person
from services.contracts.plans.rulebook import rulebook
from services.contracts.screens.kit import PageRoute
from services.contracts.screens.visit import (
    OUTCOMES,
    Wanted,
    body_of,
    in_words,
    unmeasured,
    wanted,
)
from shared.db.session import Writes, WriteSession
from shared.http.faults import field_faults
from shared.http.problem import Problem
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.kit import Typed, attempt, fields, see, told
from shared.web.signin.required import signed_in

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Recorder = Annotated[Principal, signed_in("contracts:write")]


@router.get("/follow-ups/{follow_up_id}/correct")
async def form(
    follow_up_id: UUID, request: Request, caller: Recorder, session: Writes, context: Context
) -> Response:
    """What stands there, to be put right."""
    asked, visit = await _of(session, context, caller, follow_up_id)
    values = visit.measurements or {}
    standing = {
        f"m-{each.name}": _typed(values[each.name])
        for each in asked.fields
        if values.get(each.name) is not None
    }
    return await _page(request, context, caller, asked, visit, Typed(standing))


@router.post("/follow-ups/{follow_up_id}/correct")
async def correct(
    follow_up_id: UUID, request: Request, caller: Recorder, session: Writes, context: Context
) -> Response:
    """Put it right; what is wrong stands beside its field."""
    asked, visit = await _of(session, context, caller, follow_up_id)
    typed = await fields(request)
    if missing := unmeasured(asked, typed):
        return await _page(
            request, context, caller, asked, visit, typed, faults=missing, status=422
        )
    told_as = body_of(asked, typed)
    body = {name: told_as[name] for name in ("measurements", "confirmed", "note")}
    try:
        correction = FollowUpCorrection.model_validate(body | {"outcome": typed["outcome"] or None})
    except ValidationError as error:
        faults, _ = in_words(asked, field_faults(error.errors()))
        return await _page(request, context, caller, asked, visit, typed, faults=faults, status=422)
    answer = await attempt(
        session, correcting.correct(session, context, caller, follow_up_id, correction)
    )
    if isinstance(answer, Problem):
        faults, unlikely = in_words(asked, answer.errors)
        return await _page(
            request, context, caller, asked, visit, typed,
            faults=faults, unlikely=unlikely,
            problem=None if faults else told(answer), status=answer.status,
        )  # fmt: skip
    return see(f"/contracts/?done={follow_up_id}")


def _typed(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


async def _of(
    session: WriteSession, context: ServiceContext, caller: Principal, follow_up_id: UUID
) -> tuple[Wanted, FollowUp]:
    seen = await repository.get_follow_up(session, follow_up_id)
    if seen is None:
        raise correcting.FollowUpUnknown
    kept = await MERGES.kept_of(session, seen.person_id)
    visit, person, _ = await correcting.allowed(session, caller, follow_up_id, kept)
    await read_person(session, context, caller, kept)
    home = (person.township, person.village) if person is not None else (None, None)
    measured = visit.disease is not None and visit.measurements is not None
    programme = rulebook().programmes.get(visit.disease or "") if measured else None
    return wanted(kept, home, programme=programme), visit


async def _page(
    request: Request,
    context: ServiceContext,
    caller: Principal,
    asked: Wanted,
    visit: FollowUp,
    typed: Typed,
    **said: Any,
) -> Response:
    outcomes = [code for code in OUTCOMES if code not in ATTEMPTS]
    return await form_page(
        request, context, caller, asked,
        Typed({"outcome": visit.outcome, "way": visit.way} | typed),
        corrected=visit, outcomes=outcomes if visit.outcome in outcomes else [], **said,
    )  # fmt: skip
