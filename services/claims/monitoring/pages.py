"""The screens ``/claims/flags``: what monitoring found, each question's file, a look at a period."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.claims.cursors import position_of
from services.claims.monitoring import presenting, repository, service
from services.claims.monitoring.rules import rule_of, rules
from services.claims.monitoring.schemas import MonitorRequest, NoteRequest
from services.claims.monitoring.service import Looked
from services.claims.screens.kit import PageRoute, render, said
from shared.clock import business_date
from shared.db.session import Writes
from shared.http.faults import field_faults
from shared.http.pagination import encode_cursor
from shared.http.problem import Problem
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.forms import at_fields
from shared.web.kit import Said, Typed, attempt, faults_of, fields, see, told
from shared.web.signin.required import signed_in

LISTED = 50
_STEPS = ("explain", "propose", "uphold", "dismiss", "hold", "release")

router = APIRouter(prefix="/flags", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Principal, signed_in("claims:ledger")]
Monitor = Annotated[Principal, signed_in("claims:monitor")]


@router.get("")
async def flags(
    request: Request,
    caller: Reader,
    session: Writes,
    context: Context,
    status: Annotated[str, Query(max_length=20)] = "",
    rule: Annotated[str, Query(max_length=40)] = "",
    facility: Annotated[str, Query(max_length=32)] = "",
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Questions by state, rule and institution, the oldest first; how many of each rule."""
    asked = Typed(status=status, rule=rule, facility=facility)
    return await _list(request, context, session, caller, asked, cursor=cursor)


@router.post("")
async def look(request: Request, caller: Monitor, session: Writes, context: Context) -> Response:
    """Look at a period's bills and tell what each rule found."""
    typed = await fields(request)
    try:
        body = MonitorRequest.model_validate({"from": typed["from"], "to": typed["to"]})
    except ValidationError as error:
        wrong = at_fields(field_faults(error.errors()), {"first": "from", "last": "to"})
        faults = {name: said("flags.day.fault") for name in wrong}
        return await _list(
            request, context, session, caller, Typed(), typed=typed, faults=faults, http_status=422
        )
    looked = await attempt(
        session, service.monitor(session, context, caller, body.first, body.last)
    )
    if isinstance(looked, Problem):
        return await _list(
            request, context, session, caller, Typed(),
            typed=typed, faults=faults_of(looked), http_status=looked.status,
        )  # fmt: skip
    return await _list(request, context, session, caller, Typed(), typed=typed, looked=looked)


@router.get("/{flag_id}")
async def flag(
    flag_id: UUID,
    request: Request,
    caller: Reader,
    session: Writes,
    context: Context,
    done: Annotated[str, Query(max_length=16)] = "",
) -> Response:
    """One question: its evidence, the visits that it rests on, its file, and what may be done."""
    told_done = said(f"flag.done.{done}") if done in _STEPS else None
    return await _page(request, context, session, caller, flag_id, done=told_done)


@router.post("/{flag_id}")
async def decide(
    flag_id: UUID, request: Request, caller: Reader, session: Writes, context: Context
) -> Response:
    """Take the step that the form chose, with its reason."""
    typed = await fields(request)
    found = await service.visible(session, caller, flag_id)
    steps = (await repository.steps_of(session, [flag_id]))[flag_id]
    held = bool(await repository.held(session, [flag_id]))
    may, _ = presenting.choices(found, steps, caller, held=held)
    faults: dict[str, Said] = {}
    if typed["step"] not in may:
        faults["step"] = said("flag.step.missing" if not typed["step"] else "flag.step.gone")
    try:
        note = NoteRequest(note=typed["note"]).note
    except ValidationError:
        faults["note"] = said("flag.note.missing")
    if faults:
        return await _page(
            request, context, session, caller, flag_id, typed=typed, faults=faults, status=422
        )
    work = service.step(session, context, caller, flag_id, typed["step"], note)
    answer = await attempt(session, work)
    if isinstance(answer, Problem):
        return await _page(
            request, context, session, caller, flag_id,
            typed=typed, problem=told(answer), status=answer.status,
        )  # fmt: skip
    proposed = typed["step"] == "uphold" and answer.status == "uphold_proposed"
    return see(f"/claims/flags/{flag_id}?done={'propose' if proposed else typed['step']}")


async def _page(
    request: Request,
    context: ServiceContext,
    session: Writes,
    caller: Principal,
    flag_id: UUID,
    *,
    typed: Typed | None = None,
    faults: Mapping[str, Said] | None = None,
    problem: Said | None = None,
    done: Said | None = None,
    status: int = 200,
) -> Response:
    found = await service.visible(session, caller, flag_id)
    await service.log_read(session, context, caller, str(flag_id), 1)
    steps = (await repository.steps_of(session, [flag_id]))[flag_id]
    held = bool(await repository.held(session, [flag_id]))
    may, same = presenting.choices(found, steps, caller, held=held)
    visits = await repository.visits_of(session, found.encounters)
    rule = rule_of(found.rule)
    return render(
        request,
        "flag.html",
        {
            "flag": presenting.row(context, found, held=held),
            "rule": rule,
            "rule_text": None
            if rule is None
            else {"text_zh": rule.text_zh, "text_en": rule.text_en},
            "visits": [presenting.visit(context, each) for each in visits],
            "opens": "claims:encounters" in caller.scopes,
            "file": presenting.file_of(context, steps),
            "may": may,
            "same": same,
            "typed": typed or Typed(),
            "faults": dict(faults or {}),
            "problem": problem,
            "done": done,
        },
        status=status,
    )


async def _list(
    request: Request,
    context: ServiceContext,
    session: Writes,
    caller: Principal,
    asked: Typed,
    *,
    cursor: str | None = None,
    typed: Typed | None = None,
    faults: Mapping[str, Said] | None = None,
    looked: Looked | None = None,
    http_status: int = 200,
) -> Response:
    kind, _, own = caller.organisation.partition(":")
    sees = kind in {"region", "facility"}
    here = own if kind == "facility" else (asked["facility"] or None)
    region = context.region.region_code
    found: list[repository.Flag] = []
    counted: Mapping[tuple[str, str], int] = {}
    if sees:
        found = await repository.find(
            session,
            region=region,
            facility_code=here,
            status=asked["status"] if asked["status"] in presenting.STATUSES else None,
            rule=asked["rule"] or None,
            after=position_of(cursor),
            limit=LISTED + 1,
        )
        counted = await repository.counts(session, region=region, facility_code=here)
    shown = found[:LISTED]
    await service.log_read(session, context, caller, "list", len(shown))
    held = await repository.held(session, [each.id for each in shown])
    return render(
        request,
        "flags.html",
        {
            "flags": [presenting.row(context, each, held=each.id in held) for each in shown],
            "next": encode_cursor(str(shown[-1].id)) if len(found) > LISTED else None,
            "asked": asked,
            "statuses": presenting.STATUSES,
            "shapes": presenting.SHAPES,
            "rules": _rules(counted, looked),
            "waiting": sum(
                number
                for (_, state), number in counted.items()
                if state not in {"upheld", "dismissed"}
            ),
            "facilities": [
                {"code": each.facility_code, **presenting.place(context, each.facility_code)}
                for each in context.region.facilities
                if caller.may_see_facility(each.facility_code)
            ],
            "monitors": "claims:monitor" in caller.scopes and kind == "region",
            "typed": typed or _last_month(context),
            "faults": dict(faults or {}),
            "looked": looked,
        },
        status=http_status,
    )


def _rules(counted: Mapping[tuple[str, str], int], looked: Looked | None) -> list[dict[str, Any]]:
    """Every rule with its flags by state; with what was found just now."""
    return [
        {
            "id": rule.id,
            "name": presenting.rule_name(rule.id),
            "text": {"text_zh": rule.text_zh, "text_en": rule.text_en},
            "assumed": bool(rule.assumed),
            "citation": rule.citation,
            "counts": {state: counted.get((rule.id, state), 0) for state in presenting.STATUSES},
            "found": looked.found[rule.id] if looked else None,
            "new": looked.new[rule.id] if looked else None,
        }
        for rule in rules()
    ]


def _last_month(context: ServiceContext) -> Typed:
    """What is looked at when nobody says otherwise: the month before this one."""
    last = business_date(context.clock.now()).replace(day=1) - timedelta(days=1)
    return Typed({"from": last.replace(day=1).isoformat(), "to": last.isoformat()})
