"""``/identity/cards``: who needs a new card since a key was compromised, and giving it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.identity.cards import compromise, key_reports, service
from services.identity.cards.pages import qr_svg
from services.identity.cards.reissue_list import MEDIA_TYPE
from services.identity.cards.schemas import CardRequest
from services.identity.persons import service as persons
from services.identity.persons.schemas import PersonsNamed
from services.identity.screens.kit import PageRoute, render
from shared.db.session import Writes, WriteSession
from shared.http.problem import Problem
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.kit import Said, attempt, fields, see, told
from shared.web.signin.required import signed_in

_LISTED = 50

router = APIRouter(prefix="/cards", route_class=PageRoute, include_in_schema=False)

Caller = Annotated[Principal, signed_in("identity:cards")]
Township = Annotated[str, Query(max_length=100)]


@router.get("")
async def reissues(
    request: Request,
    caller: Caller,
    session: Writes,
    context: Context,
    township: Township = "",
    after: Annotated[str | None, Query(max_length=400)] = None,
    done: Annotated[Literal["compromised"] | None, Query()] = None,
) -> Response:
    """Who waits for a new card, masked; the look is logged."""
    return await _page(request, context, session, caller, township, after=after, done=done)


@router.get("/reissues.xlsx")
async def workbook(
    caller: Caller, session: Writes, context: Context, township: Township = ""
) -> Response:
    """The list for the township that hands the cards out."""
    content = await compromise.reissues_workbook(
        session, context, caller, township=township or None
    )
    named = {"content-disposition": 'attachment; filename="reissues.xlsx"'}
    return Response(content, media_type=MEDIA_TYPE, headers=named)


@router.get("/{person_id}")
async def back(person_id: UUID, caller: Caller) -> Response:  # noqa: ARG001 - see below
    """A form's own address opened by itself (a reload, another language) shows the list."""
    return see("/identity/cards")


@router.post("/{person_id}")
async def issue(
    person_id: UUID, request: Request, caller: Caller, session: Writes, context: Context
) -> Response:
    """Issue the new card; number and QR are shown this once, above what is left of the list."""
    township = (await fields(request))["township"]
    answer = await attempt(
        session, service.issue(session, context, caller, CardRequest(person_id=person_id))
    )
    if isinstance(answer, Problem):
        return await _page(
            request, context, session, caller, township,
            problem=told(answer), code=answer.status,
        )  # fmt: skip
    issued = answer.model_dump(mode="json") | {"svg": qr_svg(answer.qr)}
    named = await persons.names(session, context, caller, PersonsNamed(person_ids=[person_id]))
    return await _page(
        request, context, session, caller, township,
        issued=issued, holder=next((each.masked_name for each in named.items), None),
    )  # fmt: skip


async def _page(
    request: Request,
    context: ServiceContext,
    session: WriteSession,
    caller: Principal,
    township: str,
    *,
    after: str | None = None,
    done: str | None = None,
    issued: Mapping[str, Any] | None = None,
    holder: str | None = None,
    problem: Said | None = None,
    code: int = 200,
) -> Response:
    found = await compromise.reissues(
        session, context, caller, cursor=after, limit=_LISTED, township=township or None
    )
    county = caller.of_county
    return render(
        request,
        "reissues.html",
        {
            "found": found.model_dump(mode="json"),
            "county": county,
            "compromised": done is not None,
            "reported": await key_reports.reported(session, context) if county else 0,
            "township": township,
            "townships": context.region.townships if county else (),
            "persons": "identity:persons" in caller.scopes,
            "after": after,
            "issued": issued,
            "holder": holder,
            "problem": problem,
        },
        status=code,
    )
