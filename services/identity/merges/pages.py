"""Merging on a person's page: find the other record, compare side by side, merge, undo."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.identity.merges import service
from services.identity.merges.schemas import MergeRequest, UndoRequest
from services.identity.persons import service as persons
from services.identity.persons.pages import find, person_page
from services.identity.persons.schemas import FoundPersons
from services.identity.screens.kit import PageRoute, said
from shared.db.session import Writes, WriteSession
from shared.http.problem import Problem
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.kit import Said, Typed, attempt, fields, see, told
from shared.web.signin.required import signed_in

router = APIRouter(prefix="/persons", route_class=PageRoute, include_in_schema=False)

Caller = Annotated[Principal, signed_in("identity:review")]


@router.post("/{person_id}/merge")
async def merge(
    person_id: UUID, request: Request, caller: Caller, session: Writes, context: Context
) -> Response:
    """Three steps of one form: find (``find``), compare (``other``), merge (``reason``)."""
    typed = await fields(request)
    if "other_person_id" not in typed:
        return await _find(request, context, session, caller, person_id, typed)
    try:
        other_id = UUID(typed["other_person_id"])
    except ValueError:
        faults = {"find": said("merge.find.none")}
        return await person_page(
            request, context, session, caller, person_id, typed, faults=faults, code=422
        )
    if typed["do"] != "merge":
        return await _compare(request, context, session, caller, person_id, other_id, typed)
    try:
        body = MergeRequest(other_person_id=other_id, reason=typed["reason"])
    except ValidationError:
        faults = {"merge_reason": said("reason.missing")}
        return await _compare(
            request, context, session, caller, person_id, other_id, typed, faults=faults
        )
    answer = await attempt(session, service.merge(session, context, caller, person_id, body))
    if isinstance(answer, Problem):
        missing = answer.code == service.MergeReasonMissing.code
        return await _compare(
            request, context, session, caller, person_id, other_id, typed,
            faults={"merge_reason": said("reason.missing")} if missing else {},
            problem=None if missing else told(answer), code=answer.status,
        )  # fmt: skip
    revised = answer.recognitions_revised or 0
    return see(f"/identity/persons/{person_id}?done=merged&revised={revised}")


@router.post("/{person_id}/undo")
async def undo(
    person_id: UUID, request: Request, caller: Caller, session: Writes, context: Context
) -> Response:
    """Take a merge of this person back."""
    typed = await fields(request)
    try:
        merge_id = UUID(typed["merge_id"])
        body = UndoRequest(reason=typed["reason"] or None)
    except ValueError:  # pydantic's error is one
        problem = said("window.too_long")
        return await person_page(
            request, context, session, caller, person_id, typed, problem=problem, code=422
        )
    answer = await attempt(session, service.undo(session, context, caller, merge_id, body))
    if isinstance(answer, Problem):
        return await person_page(
            request, context, session, caller, person_id, typed,
            problem=told(answer), code=answer.status,
        )  # fmt: skip
    return see(f"/identity/persons/{answer.kept_person_id}?done=undone")


async def _find(
    request: Request,
    context: ServiceContext,
    session: WriteSession,
    caller: Principal,
    person_id: UUID,
    typed: Typed,
) -> Response:
    """Records that may be the same person's, this one left out."""
    found = await find(session, context, caller, typed["find"])
    if not isinstance(found, FoundPersons):
        faults = {"find": found["box"]}
        return await person_page(
            request, context, session, caller, person_id, typed, faults=faults, code=422
        )
    others = [one.model_dump(mode="json") for one in found.items if one.person_id != str(person_id)]
    return await person_page(
        request, context, session, caller, person_id, typed, extra={"others": others}
    )


async def _compare(
    request: Request,
    context: ServiceContext,
    session: WriteSession,
    caller: Principal,
    person_id: UUID,
    other_id: UUID,
    typed: Typed,
    *,
    faults: dict[str, Said] | None = None,
    problem: Said | None = None,
    code: int | None = None,
) -> Response:
    """Both records side by side; the page's own person is kept."""
    other = await persons.one_person(session, context, caller, other_id, as_of=None, known_at=None)
    return await person_page(
        request, context, session, caller, person_id, typed,
        faults=faults, problem=problem,
        extra={"other": other.model_dump(mode="json")},
        code=code or (422 if faults else 200),
    )  # fmt: skip
