"""HTTP: indicators and the records behind them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from services.reporting.indicators import comparing, service
from services.reporting.indicators.schemas import (
    IndicatorAnswer,
    IndicatorList,
    PartList,
    RecordList,
)
from shared.db.session import Reads, Writes
from shared.http.pagination import Cursor, Limit, decode_cursor, encode_cursor
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["indicators"])

AreaQuery = Annotated[
    str | None,
    Query(
        max_length=130,
        description=(
            "`county` (default), a township's name, `township/village` (where the person lives), "
            "or a facility code (where the visit was); `unknown` for homes nobody told"
        ),
        examples=["county", "金河镇", "H51111300101"],
    ),
]
PeriodQuery = Annotated[
    str | None,
    Query(
        max_length=10,
        description="`2016`, `2016-H1`, `2016-Q2`, `2016-05`, or `all` (default): so far",
        examples=["2016-H1"],
    ),
]
_UNREADABLE: dict[int | str, dict[str, str]] = {
    404: {"description": "`indicator_unknown`, `area_unknown`"},
    422: {"description": "`period_malformed`"},
}


@router.get("/indicators", summary="Every indicator of an area and a period", responses=_UNREADABLE)
async def list_indicators(
    _caller: Annotated[Principal, requires("reporting:read")],
    session: Reads,
    context: Context,
    area: AreaQuery = None,
    period: PeriodQuery = None,
) -> IndicatorList:
    """The whole catalogue with its words, targets, sources and present figures."""
    return IndicatorList(
        items=await service.figures_of(session, context, area=area, period=period),
        left_out=service.left_out_of(context),
    )


@router.get("/indicators/{code}", summary="One indicator", responses=_UNREADABLE)
async def get_indicator(
    code: str,
    _caller: Annotated[Principal, requires("reporting:read")],
    session: Reads,
    context: Context,
    area: AreaQuery = None,
    period: PeriodQuery = None,
) -> IndicatorAnswer:
    """Numerator, denominator, value, target and state; a denominator of 0 gives no value."""
    service.find(context, code)
    found = await service.figures_of(session, context, area=area, period=period, codes=(code,))
    return found[0]


@router.get(
    "/indicators/{code}/parts",
    summary="One indicator of each part of an area",
    responses=_UNREADABLE,
)
async def list_parts(
    code: str,
    _caller: Annotated[Principal, requires("reporting:read")],
    session: Reads,
    context: Context,
    area: AreaQuery = None,
    period: PeriodQuery = None,
) -> PartList:
    """County → townships → villages → facilities of the visits; the parts add up to the area."""
    found = await comparing.parts_of(session, context, code, area=area, period=period)
    return PartList(items=found)


@router.get(
    "/indicators/{code}/records",
    summary="The records behind an indicator",
    responses={**_UNREADABLE, 403: {"description": "`area_not_yours`"}},
)
async def list_records(
    code: str,
    caller: Annotated[Principal, requires("reporting:read")],
    session: Writes,
    context: Context,
    limit: Limit,
    cursor: Cursor,
    area: AreaQuery = None,
    period: PeriodQuery = None,
) -> RecordList:
    """As many records as the denominator counts; persons by pseudonym. Each look is logged."""
    after = str(decode_cursor(cursor, parts=1)[0]) if cursor is not None else None
    items, following = await service.records_of(
        session,
        context,
        caller,
        code,
        area=area,
        period=period,
        limit=limit,
        after=after,
    )
    return RecordList(
        items=items, next_cursor=encode_cursor(following) if following is not None else None
    )
