"""HTTP: a person's categories over both times."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from services.identity.categories import service
from services.identity.categories.schemas import PersonCategoriesAnswer
from shared.db.session import Writes
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["persons"])


# A write session although it reads: the look at the person is written to the audit log.
@router.get(
    "/persons/{person_id}/categories",
    summary="A person's categories on a day, as known on a day",
    responses={
        404: {"description": "`person_unknown`"},
        422: {"description": "`known_on_in_the_future`"},
    },
)
async def get_person_categories(
    person_id: Annotated[UUID, Path(examples=["019a0000-0000-7000-8000-000000000003"])],
    caller: Annotated[Principal, requires("identity:persons")],
    session: Writes,
    context: Context,
    as_of: Annotated[
        date | None, Query(description="The day on which they hold; today when not given.")
    ] = None,
    known_on: Annotated[
        date | None,
        Query(description="As we knew it at the end of this day; now when not given."),
    ] = None,
) -> PersonCategoriesAnswer:
    """With the source of each, and why it ended."""
    return await service.person_categories(
        session, context, caller, person_id, as_of=as_of, known_on=known_on
    )
