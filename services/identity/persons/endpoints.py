"""HTTP: registered persons. Identifiers travel in bodies only, never in an address."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime

from services.identity.persons import service
from services.identity.persons.schemas import (
    FoundPersons,
    MaskedNames,
    PersonAnswer,
    PersonSearch,
    PersonsNamed,
    RevealAnswer,
    RevealRequest,
)
from shared.db.session import Writes
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["persons"])

PersonId = Annotated[UUID, Path(examples=["019a0000-0000-7000-8000-000000000003"])]


@router.post(
    "/persons/search",
    summary="Find registered persons by number, name or health card",
    responses={
        422: {"description": "`id_number_invalid`, or nothing to search by"},
        429: {"description": "`too_many_guesses`"},
    },
)
async def search(
    body: PersonSearch,
    caller: Annotated[Principal, requires("identity:persons")],
    session: Writes,
    context: Context,
) -> FoundPersons:
    """Masked; a township finds its own people. The search is written to the audit log."""
    return await service.search(session, context, caller, body)


@router.post(
    "/persons/names",
    summary="The masked names of many persons, for a list",
)
async def names(
    body: PersonsNamed,
    caller: Annotated[Principal, requires("identity:persons")],
    session: Writes,
    context: Context,
) -> MaskedNames:
    """Who is unknown or another township's is left out. The look is written to the audit log."""
    return await service.names(session, context, caller, body)


# A write session although it reads: the look at the person is written to the audit log.
@router.get(
    "/persons/{person_id}",
    summary="A registered person, masked",
    responses={404: {"description": "`person_unknown`"}},
)
async def get_person(
    person_id: PersonId,
    caller: Annotated[Principal, requires("identity:persons")],
    session: Writes,
    context: Context,
    as_of: Annotated[
        date | None, Query(description="Categories of this day; today when not given.")
    ] = None,
    known_at: Annotated[
        AwareDatetime | None, Query(description="As we knew it then; now when not given.")
    ] = None,
) -> PersonAnswer:
    """With the categories of any day, as known now or at an earlier moment."""
    return await service.one_person(
        session, context, caller, person_id, as_of=as_of, known_at=known_at
    )


@router.post(
    "/persons/{person_id}/reveal",
    summary="A person's identifiers in clear; kept with the reason",
    responses={
        404: {"description": "`person_unknown`"},
        422: {"description": "`reason_missing`"},
        429: {"description": "`too_many_reveals`"},
    },
)
async def reveal(
    person_id: PersonId,
    body: RevealRequest,
    caller: Annotated[Principal, requires("identity:reveal")],
    session: Writes,
    context: Context,
) -> RevealAnswer:
    """Who asked and why is kept and audited."""
    return await service.reveal(session, context, caller, person_id, body)
