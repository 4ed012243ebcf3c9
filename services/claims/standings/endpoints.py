"""HTTP: a person's year."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from services.claims.models import BENEFITS
from services.claims.reservations.schemas import reserved
from services.claims.standings import service
from services.claims.standings.schemas import StandingAnswer
from shared.db.session import Writes
from shared.http.routing import YizhanRoute
from shared.money import Fen
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["standings"])


@router.get(
    "/persons/{person_id}/standing",
    summary="What a person's year holds per benefit",
    responses={404: {"description": "`person_not_found`"}},
)
async def standing(
    person_id: Annotated[str, Path(max_length=64)],
    caller: Annotated[Principal, requires("claims:ledger")],
    session: Writes,  # every look at a person is logged
    context: Context,
    year: Annotated[int | None, Query(ge=2000, le=2199, examples=[2016])] = None,
) -> StandingAnswer:
    """Year-to-date accumulators; `year_to_date` may be sent to `POST /settlements/quote` as is."""
    found, kept_free = await service.standing_of(session, context, caller, person_id, year)
    return StandingAnswer.model_validate(
        {
            "person_id": found.person_id,
            "year": found.year,
            "pooling_area": found.area,
            "year_to_date": {
                benefit: Fen(getattr(found.standing, benefit)) for benefit in BENEFITS
            },
            "reserved": reserved(kept_free),
        }
    )
