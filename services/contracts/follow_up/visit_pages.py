"""Recording a follow-up: ``/contracts/tasks/<task>``, or of a programme without its task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.contracts.follow_up import correcting, repository, service
from services.contracts.follow_up.domain import ATTEMPTS, TO_SIGN
from services.contracts.follow_up.schemas import FollowUpCorrection, FollowUpRequest
from services.contracts.merges.repository import MERGES
from services.contracts.models import FollowUp, Task
from services.contracts.people.service import read_person
from services.contracts.plans.domain import MISSED
from services.contracts.plans.rulebook import rulebook
from services.contracts.programme.service import programme_of
from services.contracts.screens.kit import PageRoute, render, said
from services.contracts.screens.measured import visit_of
from services.contracts.screens.names import masked_names
from services.contracts.screens.today import doing
from services.contracts.screens.visit import (
    OUTCOMES,
    Wanted,
    body_of,
    in_words,
    shown_fields,
    title_of,
    unmeasured,
    wanted,
)
from shared.clock import business_date, start_of_business_day
from shared.db.session import Writes, WriteSession
from shared.http.faults import field_faults
from shared.http.problem import Problem
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.forms import as_local
from shared.web.kit import Said, Typed, attempt, fields, see, told
from shared.web.signin.required import signed_in

_KEPT = ("team", "village", "date")
_AGAIN = ("correct", "another")

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Recorder = Annotated[Principal, signed_in("contracts:write")]


@router.get("/tasks/{task_id}")
async def task_form(
    task_id: UUID,
    request: Request,
    caller: Recorder,
    session: Writes,
    context: Context,
    team: Annotated[str, Query(max_length=32)] = "",
    village: Annotated[str, Query(max_length=64)] = "",
    date: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """What the task asks for; one that is done by something else leads to the person."""
    asked = await _of_task(session, context, caller, task_id)
    task = asked.task
    if task is not None and (what := doing(task.rule, task.programme)) != "visit":
        return see(f"/contracts/persons/{asked.person_id}?form={what}#{what}")
    kept = {f"keep-{n}": v for n, v in zip(_KEPT, (team, village, date), strict=True) if v}
    return await form_page(request, context, caller, asked, Typed(kept))


@router.post("/tasks/{task_id}")
async def record(
    task_id: UUID, request: Request, caller: Recorder, session: Writes, context: Context
) -> Response:
    """Record the follow-up; what is wrong stands beside its field."""
    asked = _if_done(await _of_task(session, context, caller, task_id))
    return await _record(request, context, session, caller, asked)


@router.get("/persons/{person_id}/visits/{programme}")
async def programme_form(
    person_id: str,
    programme: str,
    request: Request,
    caller: Recorder,
    session: Writes,
    context: Context,
) -> Response:
    """A visit of a programme of which no task is open."""
    asked = await _of_programme(session, context, caller, person_id, programme)
    return await form_page(request, context, caller, asked, Typed())


@router.post("/persons/{person_id}/visits/{programme}")
async def record_programme(
    person_id: str,
    programme: str,
    request: Request,
    caller: Recorder,
    session: Writes,
    context: Context,
) -> Response:
    """Record it."""
    asked = await _of_programme(session, context, caller, person_id, programme)
    return await _record(request, context, session, caller, asked)


async def _of_task(
    session: WriteSession, context: ServiceContext, caller: Principal, task_id: UUID
) -> Wanted:
    task = await repository.get_task(session, task_id)
    if task is None:
        raise service.TaskUnknown
    kept, person, _ = await read_person(session, context, caller, task.person_id)
    return wanted(kept, (person.township, person.village), task=task)


def _if_done(asked: Wanted) -> Wanted:
    """A task that was done meanwhile: what is typed is a correction of it, or a further visit."""
    task = asked.task
    if task is None or task.programme is None or task.status == "open" or task.outcome == MISSED:
        return asked
    home = (asked.township, asked.village)
    return wanted(asked.person_id, home, programme=asked.programme)


async def _of_programme(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    person_id: str,
    programme: str,
) -> Wanted:
    found = rulebook().programmes.get(programme)
    if found is None or found.form is None:
        raise service.TaskUnknown
    kept, person, _ = await read_person(session, context, caller, person_id)
    return wanted(kept, (person.township, person.village), programme=found)


async def _record(
    request: Request,
    context: ServiceContext,
    session: WriteSession,
    caller: Principal,
    asked: Wanted,
) -> Response:
    typed = await fields(request)
    if missing := unmeasured(asked, typed):
        return await form_page(request, context, caller, asked, typed, faults=missing, status=422)
    try:
        body = FollowUpRequest.model_validate(body_of(asked, typed))
    except ValidationError as error:
        faults, _ = in_words(asked, field_faults(error.errors()))
        if "performed_at" in faults:
            faults["performed_at"] = said("visit.at.malformed")
        return await form_page(request, context, caller, asked, typed, faults=faults, status=422)
    twin = await _twin(session, asked, body)
    if twin is not None and typed["again"] not in _AGAIN:
        return await form_page(request, context, caller, asked, typed, twin=twin, status=409)
    answer = await attempt(
        session,
        service.record_follow_up(session, context, caller, body)
        if twin is None or typed["again"] == "another"
        else correcting.correct(session, context, caller, twin.follow_up_id, _correction(body)),
    )
    if isinstance(answer, Problem):
        faults, unlikely = in_words(asked, answer.errors)
        return await form_page(
            request, context, caller, asked, typed,
            faults=faults, unlikely=unlikely, twin=twin,
            problem=None if faults else told(answer), status=answer.status,
        )  # fmt: skip
    kept = {name: typed[f"keep-{name}"] for name in _KEPT if typed[f"keep-{name}"]}
    return see(f"/contracts/?{urlencode(kept | {'done': answer.follow_up_id})}")


async def _twin(session: WriteSession, asked: Wanted, body: FollowUpRequest) -> FollowUp | None:
    """The contact of the same programme and day that is on record: perhaps this one, typed again."""
    if asked.programme is None or body.outcome in ATTEMPTS:
        return None
    day = business_date(body.performed_at)
    return await repository.visit_on(
        session,
        await MERGES.members(session, asked.person_id),
        asked.programme.code,
        start_of_business_day(day),
        start_of_business_day(day + timedelta(days=1)),
    )


def _correction(body: FollowUpRequest) -> FollowUpCorrection:
    return FollowUpCorrection(
        outcome=body.outcome,
        measurements=body.measurements,
        confirmed=body.confirmed,
        note=body.note,
    )


async def form_page(
    request: Request,
    context: ServiceContext,
    caller: Principal,
    asked: Wanted,
    typed: Typed,
    *,
    faults: Mapping[str, Said] | None = None,
    unlikely: set[str] | None = None,
    problem: Said | None = None,
    twin: FollowUp | None = None,
    corrected: FollowUp | None = None,
    outcomes: Sequence[str] = OUTCOMES,
    status: int = 200,
) -> Response:
    """The form of a visit; of one that is on record its values, to be corrected."""
    names = await masked_names(context, [asked.person_id])
    title, citation = title_of(asked)
    first, more = shown_fields(asked)
    wrong = dict(faults or {})
    default = Typed(
        performed_at=as_local(context.clock.now()),
        way="home" if "home" in asked.ways else asked.ways[0],
        outcome="continue" if asked.programme is not None else "stable",
    )
    keep = {name: typed[f"keep-{name}"] for name in _KEPT if typed[f"keep-{name}"]}
    values: dict[str, Any] = {
        "person_id": asked.person_id,
        "name": names.get(asked.person_id),
        "township": asked.township,
        "village": asked.village,
        "title": title,
        "citation": citation,
        "due_on": asked.due_on,
        "closed": _closed(asked.task),
        "ways": asked.ways,
        "outcomes": outcomes,
        "first": first,
        "more": more,
        "more_open": any(
            f"m-{each['name']}" in wrong or typed[f"m-{each['name']}"] for each in more
        ),
        "action": (
            f"/contracts/follow-ups/{corrected.follow_up_id}/correct" if corrected else asked.action
        ),
        "keep": keep,
        "back": f"/contracts/?{urlencode(keep)}" if keep else "/contracts/",
        "corrected": (
            {"at": as_local(corrected.performed_at).replace("T", " "), "way": corrected.way}
            if corrected is not None
            else None
        ),
        "typed": Typed(default | typed),
        "faults": wrong,
        "unlikely": unlikely or set(),
        "problem": problem,
        "twin": (
            visit_of(twin, programme_of(context)) | {"at": as_local(twin.performed_at)}
            if twin is not None
            else None
        ),
        "may_reveal": {"identity:persons", "identity:reveal"} <= caller.scopes,
    }
    return render(request, "visit.html", values, status=status)


def _closed(task: Task | None) -> bool:
    return task is not None and (task.status == "closed" or task.rule == TO_SIGN.code)
