"""HTTP: early warnings."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from services.reporting.indicators.endpoints import AreaQuery, PeriodQuery
from services.reporting.warnings import service
from shared.db.session import Writes
from shared.http.pagination import Cursor, Limit, decode_cursor, encode_cursor
from shared.http.routing import YizhanRoute
from shared.money import Fen, Money
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["early warnings"])

_EXAMPLE: dict[str, Any] = {
    "household_id": "01890a5d-ac96-774b-bcce-b302099a8070",
    "township": "金河镇",
    "village": "曙光村",
    "patients": 1,
    "visits": 2,
    "total": "16000.00",
    "paid": "4100.00",
}


class HouseholdAnswer(BaseModel):
    """A household by pseudonym, and what its members paid themselves."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    household_id: str
    """Of somebody without a household: his own id."""
    township: str | None
    village: str | None
    patients: int
    visits: int
    total: Money
    paid: Money


class HouseholdList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "period": "2016",
                "threshold": "3000.00",
                "assumed": True,
                "citation": "梁平区 2019 · LP-29",
                "items": [_EXAMPLE],
                "next_cursor": None,
            }
        }
    )

    period: str
    """Without one in the question: the newest year with visits."""
    threshold: Money
    assumed: bool
    """No document gives the threshold; it was chosen here."""
    citation: str
    items: list[HouseholdAnswer]
    next_cursor: str | None


@router.get(
    "/early-warnings",
    summary="Households whose own payments passed the threshold, the highest first",
    responses={
        403: {"description": "`area_not_yours`"},
        422: {"description": "`period_malformed`, `threshold_malformed`"},
    },
)
async def early_warnings(
    caller: Annotated[Principal, requires("reporting:read")],
    session: Writes,
    context: Context,
    limit: Limit,
    cursor: Cursor = None,
    area: AreaQuery = None,
    period: PeriodQuery = None,
    threshold: Annotated[
        str | None, Query(max_length=16, description="CNY; more than this", examples=["3000.00"])
    ] = None,
) -> HouseholdList:
    """Settled bills of registered persons by month of discharge; each look is logged."""
    after = None if cursor is None else decode_cursor(cursor, parts=2)
    page = await service.households(
        session,
        context,
        caller,
        period=period,
        area=area,
        threshold=threshold,
        limit=limit,
        after=None if after is None else (int(after[0]), str(after[1])),
    )
    return HouseholdList(
        period=page.period,
        threshold=Fen(page.threshold_fen),
        assumed=page.assumed,
        citation=service.rule().citation,
        items=[
            HouseholdAnswer(
                household_id=row["household"],
                township=row["township"],
                village=row["village"],
                patients=row["patients"],
                visits=row["visits"],
                total=Fen(int(row["total_fen"])),
                paid=Fen(int(row["paid_fen"])),
            )
            for row in page.rows
        ],
        next_cursor=None if page.following is None else encode_cursor(*page.following),
    )
