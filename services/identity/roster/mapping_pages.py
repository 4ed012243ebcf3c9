"""``/identity/rosters/mappings``: what the headers of a source's files mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.identity.roster import mappings
from services.identity.roster.columns import HEADERS
from services.identity.roster.listings import MappingRequest
from services.identity.roster.problems import MappingFaulty
from services.identity.roster.schemas import RosterSource
from services.identity.screens.kit import PageRoute, name_of, render
from shared.db.session import Reads, ReadSession, Writes, WriteSession
from shared.http.problem import Problem
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.kit import Typed, attempt, faults_of, fields, see, told
from shared.web.signin.required import signed_in

HEADER_FIELD = "header:"
"""Begins the name of a form's field that says what a header means."""
KEEP = "-"
"""Its value where the column is kept and means nothing."""

router = APIRouter(prefix="/rosters", route_class=PageRoute, include_in_schema=False)

Caller = Annotated[Principal, signed_in("identity:roster")]


@router.get("/mappings/{source}")
async def mapping(
    source: RosterSource,
    request: Request,
    caller: Caller,
    session: Reads,
    context: Context,
    saved: bool = False,
) -> Response:
    """What a source's headers mean."""
    return await _mapping_page(request, context, session, caller, source, saved=saved)


@router.post("/mappings/{source}")
async def set_mapping(
    source: RosterSource, request: Request, caller: Caller, session: Writes, context: Context
) -> Response:
    """Change what is remembered, add to it, or forget."""
    typed = await fields(request)
    headers = {
        name.removeprefix(HEADER_FIELD): None if column == KEEP else column
        for name, column in typed.items()
        if name.startswith(HEADER_FIELD) and column
    }
    if typed["new_header"]:
        headers[typed["new_header"]] = None if typed["new_column"] == KEEP else typed["new_column"]
    answer = await _put(session, context, caller, source, headers)
    if answer is not None:
        return await _mapping_page(
            request, context, session, caller, source, typed=typed, problem=answer
        )
    return see(f"/identity/rosters/mappings/{source}?saved=true")


def column_words() -> list[tuple[str, str, str]]:
    """Code, Chinese and English word of every column that a header may mean."""
    return [(code, texts[0], code.replace("_", " ")) for code, texts in HEADERS.items()]


async def remember(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    source: RosterSource,
    typed: Typed,
) -> Problem | None:
    """Keep what the form says of headers, beside what is remembered already."""
    said_now = {
        name.removeprefix(HEADER_FIELD): None if column == KEEP else column
        for name, column in typed.items()
        if name.startswith(HEADER_FIELD) and column
    }
    if not said_now:
        return None
    known = await mappings.get_mapping(session, context, caller, source)
    return await _put(session, context, caller, source, {**known.headers, **said_now})


async def _put(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    source: RosterSource,
    headers: Mapping[str, str | None],
) -> Problem | None:
    try:
        body = MappingRequest.model_validate({"headers": dict(headers)})
    except ValidationError:
        return MappingFaulty("a header has 1 to 60 characters, and at most 100 are remembered")
    answer = await attempt(session, mappings.put_mapping(session, context, caller, source, body))
    return answer if isinstance(answer, Problem) else None


async def _mapping_page(
    request: Request,
    context: ServiceContext,
    session: ReadSession,
    caller: Principal,
    source: RosterSource,
    *,
    typed: Typed | None = None,
    problem: Problem | None = None,
    saved: bool = False,
) -> Response:
    found = await mappings.get_mapping(session, context, caller, source)
    return render(
        request,
        "roster_mapping.html",
        {
            "source": source,
            "found": found.model_dump(mode="json"),
            "who": name_of(context, found.updated_by),
            "columns": column_words(),
            "header_field": HEADER_FIELD,
            "keep": KEEP,
            "typed": typed or Typed(),
            "saved": saved,
            "problem": None if problem is None else told(problem),
            "faults": [] if problem is None else list(faults_of(problem).values()),
        },
        status=200 if problem is None else problem.status,
    )
