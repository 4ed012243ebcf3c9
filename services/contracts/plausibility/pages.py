"""The screen ``/contracts/flags``: visits that are hard to believe, explained and decided by people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, cast, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.contracts.cursors import after_id
from services.contracts.follow_up.forms import forms
from services.contracts.plausibility import service
from services.contracts.plausibility.case import Status, StepName, after
from services.contracts.plausibility.domain import KNOWN_RULES
from services.contracts.plausibility.schemas import (
    FlagNoteRequest,
    ScanRequest,
    VisitFlagAnswer,
)
from services.contracts.screens.kit import PageRoute, name_of, render, said
from services.contracts.screens.names import masked_names
from services.contracts.screens.person_parts import team_name
from shared.db.session import Writes, WriteSession
from shared.http.faults import field_faults
from shared.http.pagination import encode_cursor
from shared.http.problem import Forbidden, Problem
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.figures import moment
from shared.web.forms import at_fields
from shared.web.kit import Said, Typed, attempt, faults_of, fields, see, told
from shared.web.signin.required import signed_in

LISTED = 50
STATES: tuple[Status, ...] = get_args(Status)
STEPS: tuple[StepName, ...] = get_args(StepName)
_RIGHTS: Mapping[str, str] = {
    "explain": "contracts:write",
    "confirm": "contracts:review",
    "dismiss": "contracts:review",
}

router = APIRouter(prefix="/flags", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Principal, signed_in("contracts:read")]
Reviewer = Annotated[Principal, signed_in("contracts:review")]


class StepNotYours(Forbidden):
    code = "step_not_yours"
    title = "This step is not part of your duties"
    title_zh = "您没有办理此步骤的权限"


@router.get("")
async def flags(
    request: Request,
    caller: Reader,
    session: Writes,
    context: Context,
    status: Annotated[str, Query(max_length=12)] = "open",
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    done: Annotated[str, Query(max_length=12)] = "",
) -> Response:
    """Questions of a state, the oldest first; the look is logged."""
    words = said(f"flags.done.{done}") if done in STEPS else None
    return await _page(request, context, session, caller, status, cursor=cursor, done=words)


@router.post("")
async def look(request: Request, caller: Reviewer, session: Writes, context: Context) -> Response:
    """Look at a period's visits."""
    typed = await fields(request)
    try:
        body = ScanRequest.model_validate({"from": typed["from"], "to": typed["to"]})
    except ValidationError as error:
        wrong = at_fields(field_faults(error.errors()), {"first": "from", "last": "to"})
        faults = {name: said("flags.day.fault") for name in wrong}
        return await _page(
            request, context, session, caller, "open", typed=typed, faults=faults, code=422
        )
    work = service.scan(session, context, first=body.first, last=body.last, actor=caller.client_id)
    found = await attempt(session, work)
    if isinstance(found, Problem):
        return await _page(
            request, context, session, caller, "open",
            typed=typed, faults=faults_of(found), code=found.status,
        )  # fmt: skip
    words = said("flags.checked", visits=found.visits, new=sum(found.new.values()))
    return await _page(request, context, session, caller, "open", typed=typed, done=words)


@router.post("/{flag_id}/{step}")
async def decide(
    flag_id: UUID,
    step: str,
    request: Request,
    caller: Reader,
    session: Writes,
    context: Context,
) -> Response:
    """Explain, confirm or dismiss, with the reason."""
    if _RIGHTS.get(step) not in caller.scopes:
        raise StepNotYours
    typed = await fields(request)
    opened = f"{step}-{flag_id}"
    status = typed["status"]
    try:
        note = FlagNoteRequest(note=typed["note"]).note
    except ValidationError:
        faults = {"note": said("flags.note.missing")}
        return await _page(
            request, context, session, caller, status,
            typed=typed, faults=faults, opened=opened, code=422,
        )  # fmt: skip
    work = service.step(session, context, caller, flag_id, cast("StepName", step), note)
    answer = await attempt(session, work)
    if isinstance(answer, Problem):
        return await _page(
            request, context, session, caller, status,
            typed=typed, problem=told(answer), opened=opened, code=answer.status,
        )  # fmt: skip
    return see(f"/contracts/flags?status={answer.status}&done={step}")


async def _page(
    request: Request,
    context: ServiceContext,
    session: WriteSession,
    caller: Principal,
    status: str,
    *,
    cursor: str | None = None,
    typed: Typed | None = None,
    faults: Mapping[str, Said] | None = None,
    problem: Said | None = None,
    opened: str = "",
    done: Said | None = None,
    code: int = 200,
) -> Response:
    state = next((one for one in STATES if one == status), None)
    items, following = await service.listed(
        session, context, caller,
        status=state, rule=None, team=None, limit=LISTED, after_id=after_id(cursor),
    )  # fmt: skip
    names = await masked_names(context, [one.person_id for one in items if one.person_id])
    return render(
        request,
        "visit_flags.html",
        {
            "rows": [_row(context, caller, one, names) for one in items],
            "status": state or "",
            "states": STATES,
            "reviews": "contracts:review" in caller.scopes,
            "next": encode_cursor(str(following)) if following else None,
            "typed": typed or Typed(),
            "faults": dict(faults or {}),
            "problem": problem,
            "opened": opened,
            "done": done,
        },
        status=code,
    )


def _row(
    context: ServiceContext, caller: Principal, one: VisitFlagAnswer, names: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "flag_id": one.flag_id,
        "text_zh": one.name_zh,
        "text_en": one.name_en,
        "citation": one.citation,
        "team": team_name(context, one.team),
        "person_id": one.person_id,
        "name": names.get(one.person_id or ""),
        "found_on": one.found_on,
        "visits": len(one.follow_up_ids),
        "seen": seen(one.rule, one.evidence),
        "status": one.status,
        "steps": [
            {"step": step.step, "note": step.note, "by": name_of(context, step.done_by),
             "at": step.done_at.isoformat()}
            for step in one.steps
        ],
        "may": [
            step
            for step in STEPS
            if after(one.status, step) is not None and _RIGHTS[step] in caller.scopes
        ],
    }  # fmt: skip


def seen(rule: str, evidence: Mapping[str, Any]) -> Said | None:
    """What a rule saw, as a sentence; None for a rule that is no longer known."""
    if rule not in KNOWN_RULES:
        return None
    spoken = []
    for language in ("zh", "en"):
        values = {name: _plain(value) for name, value in evidence.items()}
        if isinstance(measured := evidence.get("values"), Mapping):
            values["measured"] = ", ".join(
                f"{_measure(name, language)} {measured[name]}" for name in _in_order(measured)
            )
        if "value" in evidence:
            values["value"] = _measure(str(evidence["value"]), language)
        spoken.append(said(f"flags.seen.{rule}", **values)[f"text_{language}"])
    return {"text_zh": spoken[0], "text_en": spoken[1]}


def _plain(value: Any) -> str:
    """A moment in the county's time, several days in one line, nothing as a dash."""
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    text = "—" if value is None else str(value)
    return moment(text) if "T" in text and text[:4].isdigit() else text


def _in_order(names: Mapping[str, Any]) -> list[str]:
    """Measurements as the forms list them: JSON keeps no order."""
    listed = [field for form in forms().values() for field in form.fields]
    return sorted(names, key=lambda name: listed.index(name) if name in listed else len(listed))


def _measure(name: str, language: str) -> str:
    for form in forms().values():
        if name in form.fields:
            field = form.fields[name]
            return field.zh if language == "zh" else field.en
    return name
