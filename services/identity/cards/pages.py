"""Health cards on a person's page: issue one with its QR, revoke one."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import segno
from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from services.identity.cards import service
from services.identity.cards.schemas import CardRequest, RevokeRequest
from services.identity.persons.pages import person_page
from services.identity.screens.kit import PageRoute, said
from shared.db.session import Writes
from shared.http.problem import Problem
from shared.runtime.context import Context
from shared.security.principal import Principal
from shared.web.kit import Typed, attempt, fields, see, told
from shared.web.signin.required import signed_in

_MODULE_PIXELS = 4

router = APIRouter(prefix="/persons", route_class=PageRoute, include_in_schema=False)

Caller = Annotated[Principal, signed_in("identity:cards")]


def qr_svg(code: str) -> Markup:
    """The code as inline SVG; level M is what a worn card and a poor camera need."""
    drawn = segno.make_qr(code, error="m").svg_inline(
        scale=_MODULE_PIXELS, border=2, dark="#000", light="#fff", omitsize=True
    )
    # The library draws squares from the code: nothing of its text stands in the picture.
    return Markup(drawn)  # noqa: S704


@router.post("/{person_id}/card")
async def issue(
    person_id: UUID, request: Request, caller: Caller, session: Writes, context: Context
) -> Response:
    """Issue a card; number and QR are shown this once."""
    answer = await attempt(
        session, service.issue(session, context, caller, CardRequest(person_id=person_id))
    )
    if isinstance(answer, Problem):
        return await person_page(
            request, context, session, caller, person_id, Typed(),
            problem=told(answer), code=answer.status,
        )  # fmt: skip
    issued = answer.model_dump(mode="json") | {"svg": qr_svg(answer.qr)}
    return await person_page(
        request, context, session, caller, person_id, Typed(), extra={"issued": issued}
    )


@router.post("/{person_id}/revoke")
async def revoke(
    person_id: UUID, request: Request, caller: Caller, session: Writes, context: Context
) -> Response:
    """Revoke a card of this person, for ever."""
    typed = await fields(request)
    try:
        body = RevokeRequest(card_id=UUID(typed["card_id"]), reason=typed["reason"])
    except ValueError:  # pydantic's error is one
        faults = {f"revoke-{typed['card_id']}": said("reason.short")}
        return await person_page(
            request, context, session, caller, person_id, typed, faults=faults, code=422
        )
    answer = await attempt(session, service.revoke(session, context, caller, body))
    if isinstance(answer, Problem):
        return await person_page(
            request, context, session, caller, person_id, typed,
            problem=told(answer), code=answer.status,
        )  # fmt: skip
    return see(f"/identity/persons/{person_id}?done=revoked")
