"""``/contracts/persons/<person>``: a person's contract, diseases, tasks, measurements, and what to do."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.contracts.follow_up.forms import forms
from services.contracts.members import service as members
from services.contracts.people.service import read_person
from services.contracts.screens.acts import ACTS, Act, Asked
from services.contracts.screens.kit import PageRoute, said
from services.contracts.screens.person import Spoken, person_page
from shared.db.session import Writes
from shared.http.faults import field_faults
from shared.http.problem import NotFound, Problem
from shared.runtime.context import Context
from shared.security.principal import Principal
from shared.web.forms import at_fields
from shared.web.kit import attempt, fields, see, told
from shared.web.screens import SECURITY_HEADERS
from shared.web.signin.required import signed_in

router = APIRouter(route_class=PageRoute, include_in_schema=False)

MEASURED = {f"measurements.{name}": f"m-{name}" for name in forms()["check_up"].fields}
"""What a check-up measured, by the service's names and the form's."""
Reader = Annotated[Principal, signed_in("contracts:read")]
Writer = Annotated[Principal, signed_in("contracts:write")]


class ActUnknown(NotFound):
    code = "act_unknown"
    title = "There is no such form"
    title_zh = "没有此表单"


@router.get("/persons/{person_id}")
async def person(
    person_id: str,
    request: Request,
    caller: Reader,
    session: Writes,
    context: Context,
    done: Annotated[str, Query(max_length=32)] = "",
    form: Annotated[str, Query(max_length=32)] = "",
) -> Response:
    """The person as he stands now, one form open where it is asked for; the look is logged."""
    words = Spoken(done=said(f"act.done.{done}") if done in ACTS else None, shown=form)
    return await person_page(request, context, session, caller, person_id, words)


@router.post("/persons/{person_id}/{act}")
async def act_for_person(
    person_id: str,
    act: str,
    request: Request,
    caller: Writer,
    session: Writes,
    context: Context,
) -> Response:
    """Do what a form about the person asks."""
    return await _act(request, context, session, caller, person_id, act, None)


@router.post("/persons/{person_id}/{act}/{thing}")
async def act_for_thing(
    person_id: str,
    act: str,
    thing: UUID,
    request: Request,
    caller: Writer,
    session: Writes,
    context: Context,
) -> Response:
    """Do what a form about one of his contracts, cases, referrals or dispensings asks."""
    return await _act(request, context, session, caller, person_id, act, thing)


@router.get("/persons/{person_id}/card/{contract_id}.pdf")
async def card(
    person_id: str, contract_id: UUID, caller: Reader, session: Writes, context: Context
) -> Response:
    """The contact card, to be printed; that it was taken out is logged with the person."""
    await read_person(session, context, caller, person_id)
    content = await members.card_pdf(context, caller, contract_id)
    headers = {
        **SECURITY_HEADERS,
        "cache-control": "no-store",
        "content-disposition": f'inline; filename="card-{contract_id}.pdf"',
    }
    return Response(content, media_type="application/pdf", headers=headers)


async def _act(
    request: Request,
    context: Context,
    session: Writes,
    caller: Principal,
    person_id: str,
    name: str,
    thing: UUID | None,
) -> Response:
    act: Act | None = ACTS.get(name)
    if act is None or act.person != (thing is None):
        raise ActUnknown
    kept, _, _ = await read_person(session, context, caller, person_id)
    typed = await fields(request)
    opened = name if thing is None else f"{name}-{thing}"
    words = Spoken(typed=typed, opened=opened)
    try:
        body = act.request.model_validate(act.body(typed, kept))
    except ValidationError as error:
        words.faults = at_fields(field_faults(error.errors()), {})
        if not set(words.faults) & set(act.fields):  # of what the form has no field for
            words.problem = next(iter(words.faults.values()), None)
        words.status = 422
        return await person_page(request, context, session, caller, kept, words)
    answer = await attempt(session, act.do(Asked(session, context, caller, thing), body))
    if isinstance(answer, Problem):
        words.faults = at_fields(answer.errors, MEASURED)
        shown = set(words.faults) & {*act.fields, *MEASURED.values()}
        if not shown:  # of what the form has no field for, with what is to be done
            words.problem = next(iter(words.faults.values()), told(answer))
        words.status = answer.status
        return await person_page(request, context, session, caller, kept, words)
    return see(f"/contracts/persons/{kept}?done={name}#{_section(name)}")


def _section(act: str) -> str:
    """Where on the page an act's result stands."""
    if act in ("found", "manage", "close", "case-withdraw"):
        return "diseases"
    if act.startswith("refer"):
        return "refer"
    if act.startswith("dispense"):
        return "dispense"
    if act in ("report", "home-care"):
        return "tasks"
    if act == "verify":
        return "record"
    return act if act == "check-up" else "sign"
