"""The window ``/identity/``: one box, and an answer that a clerk can act on."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.identity.recognition import service
from services.identity.recognition.schemas import (
    Credentials,
    RecognitionAnswer,
    RecognitionRequest,
    Visit,
    VisitType,
)
from services.identity.reviews.words import evidence_words
from services.identity.screens.box import LONGEST, Box, read
from services.identity.screens.kit import PageRoute, render, said
from shared.clock import SHANGHAI
from shared.db.session import Writes
from shared.http.problem import Problem
from shared.policy.region import Facility
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.kit import Said, Typed, attempt, faults_of, fields
from shared.web.kit import told as told_of
from shared.web.signin.cookies import is_secure
from shared.web.signin.required import signed_in

FACILITY_COOKIE = "yizhan_window"
"""The institution of this window, until the browser is closed; it names no person."""

VISIT_TYPES: tuple[VisitType, ...] = get_args(VisitType)
_PREFIXES: dict[VisitType, str] = {
    "outpatient": "MZ",
    "inpatient": "ZY",
    "chronic_outpatient": "MB",
    "emergency": "JZ",
}
_UNMISTAKABLE = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_FIELDS = {
    "credentials": "box",
    "credentials.id_number": "box",
    "credentials.card_no": "box",
    "credentials.name": "box",
    "credentials.birth_date": "box",
    "credentials.phone": "phone",
    "credentials.address": "village",
    "credentials.mother_id_number": "mother",
    "facility_code": "facility",
    "visit.visit_no": "visit_no",
    "visit.occurred_at": "at",
}
"""The service's names of fields → those of the form."""

Collect = Literal["nothing", "usual", "wait"]

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Caller = Annotated[Principal, signed_in("identity:recognise")]


@router.get("/")
async def window(request: Request, caller: Caller, context: Context) -> Response:
    """The empty box."""
    return _page(request, context, caller, typed=Typed())


@router.post("/")
async def recognise(
    request: Request, caller: Caller, session: Writes, context: Context
) -> Response:
    """Ask, and answer on the same page: nothing that was typed reaches an address."""
    typed = await fields(request)
    if "choose" in typed:
        return _chosen(request, context, caller, typed)
    facility = _facility(request, context, caller, typed)
    if facility is None:
        faults = {"facility": said("window.facility.choose")}
        return _page(request, context, caller, typed=typed, faults=faults, status=422)
    body, faults = _request(context, facility, typed)
    if body is None:
        return _page(request, context, caller, typed=typed, faults=faults, status=422)
    began = time.perf_counter()
    answer = await attempt(session, service.recognise(session, context, caller, body))
    took_ms = round((time.perf_counter() - began) * 1000)
    if isinstance(answer, Problem):
        found = faults_of(answer, _FIELDS)
        told = None if found else told_of(answer)
        return _page(
            request, context, caller, typed=typed, faults=found, told=told, status=answer.status
        )
    shown = _shown(answer, body, facility) | {"took_ms": max(1, took_ms)}
    return _page(request, context, caller, typed=typed, answer=shown, facility=facility)


def _page(
    request: Request,
    context: ServiceContext,
    caller: Principal,
    *,
    typed: Typed,
    faults: Mapping[str, Said] | None = None,
    told: Said | None = None,
    answer: Mapping[str, Any] | None = None,
    facility: Facility | None = None,
    status: int = 200,
) -> Response:
    choices = _facilities(context, caller)
    return render(
        request,
        "window.html",
        {
            "facilities": choices,
            "facility": facility or _facility(request, context, caller, typed),
            "types": VISIT_TYPES,
            "typed": typed,
            "faults": dict(faults or {}),
            "told": told,
            "answer": answer,
            "townships": context.region.townships,
            "longest": LONGEST,
        },
        status=status,
    )


def _chosen(request: Request, context: ServiceContext, caller: Principal, typed: Typed) -> Response:
    """Keep the institution for the session; the page comes back with the box ready."""
    facility = _of_code(context, caller, typed["choose"])
    if facility is None:
        faults = {"facility": said("window.facility.choose")}
        return _page(request, context, caller, typed=Typed(), faults=faults, status=422)
    answer = _page(request, context, caller, typed=Typed(), facility=facility)
    answer.set_cookie(
        FACILITY_COOKIE,
        facility.facility_code,
        path="/identity/",
        httponly=True,
        samesite="strict",
        secure=is_secure(request.scope, context.settings),
    )
    return answer


def _facilities(context: ServiceContext, caller: Principal) -> list[Facility]:
    """Where the caller may ask: at his own institution, or anywhere for the county."""
    return [
        each for each in context.region.facilities if caller.may_see_facility(each.facility_code)
    ]


def _facility(
    request: Request, context: ServiceContext, caller: Principal, typed: Typed
) -> Facility | None:
    choices = _facilities(context, caller)
    if len(choices) == 1:
        return choices[0]
    code = typed["facility"] or request.cookies.get(FACILITY_COOKIE, "")
    return _of_code(context, caller, code)


def _of_code(context: ServiceContext, caller: Principal, code: str) -> Facility | None:
    return context.region.facility(code) if caller.may_see_facility(code) else None


def _request(
    context: ServiceContext, facility: Facility, typed: Typed
) -> tuple[RecognitionRequest | None, dict[str, Said]]:
    """What the form asks, or what is wrong with it."""
    box = read(typed["box"])
    if box.fault is not None:
        return None, {"box": said(f"box.{box.fault}")}
    kind = _kind(typed["type"])
    at = _moment(typed["at"], context)
    if at is None:
        return None, {"at": said("window.at.fault")}
    visit_no = typed["visit_no"] or _new_visit_no(kind, context.clock.now())
    try:
        return RecognitionRequest(
            facility_code=facility.facility_code,
            visit=Visit(visit_no=visit_no, type=kind, occurred_at=at),
            credentials=_credentials(box, typed),
        ), {}
    except ValidationError as error:
        names = {".".join(str(part) for part in one["loc"]) for one in error.errors()}
        faults = {
            _FIELDS.get(f"credentials.{name}", name): said("window.too_long") for name in names
        }
        return None, faults


def _credentials(box: Box, typed: Typed) -> Credentials:
    """What the box says, and the further fields where it says nothing."""
    sex = typed["sex"]
    return Credentials(
        id_number=box.id_number,
        card_no=box.card_no,
        name=box.name,
        birth_date=box.birth_date,
        sex=box.sex or (sex if sex in ("M", "F") else None),
        phone=box.phone or typed["phone"] or None,
        address=typed["village"] or box.address,
        mother_id_number=box.mother_id_number or typed["mother"] or None,
    )


def _kind(text: str) -> VisitType:
    return next((kind for kind in VISIT_TYPES if kind == text), VISIT_TYPES[0])


def _moment(text: str, context: ServiceContext) -> datetime | None:
    """The visit's time, in the county's own; now when it is empty."""
    if not text:
        return context.clock.now()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=SHANGHAI)


def _new_visit_no(kind: VisitType, now: datetime) -> str:
    """A number of our own for a window whose system gives none: kind, second, and chance."""
    chance = "".join(secrets.choice(_UNMISTAKABLE) for _ in range(4))
    return f"{_PREFIXES[kind]}{now.astimezone(SHANGHAI):%Y%m%d-%H%M%S}-{chance}"


def _shown(
    answer: RecognitionAnswer, body: RecognitionRequest, facility: Facility
) -> dict[str, Any]:
    """The answer as the page says it."""
    found = answer.grade in ("certain", "probable")
    free = answer.entitlements.treat_first_pay_later
    collect: Collect = "nothing" if free else "usual"
    if answer.grade == "possible":
        collect = "wait"
    evidence = []
    for item in answer.evidence:
        english, chinese = evidence_words(item.field, item.level)
        evidence.append({"text_zh": chinese, "text_en": english, "weight": item.weight})
    return {
        **answer.model_dump(mode="json"),
        "found": found,
        "collect": collect,
        "evidence": evidence,
        "reasons": [{"text_zh": one.text_zh, "text_en": one.text} for one in answer.reasons],
        "final": answer.review_id is None and not answer.provisional and answer.grade != "possible",
        "visit_no": body.visit.visit_no,
        "type": body.visit.type,
        "at": body.visit.occurred_at.astimezone(SHANGHAI).isoformat(),
        "facility_zh": facility.name_zh,
        "facility_en": facility.name_en,
        "facility_code": facility.facility_code,
    }
