"""The screens ``/reporting/indicators``: every figure, red first; one with its places and its list."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.reporting.dashboard.service import shown_choices
from services.reporting.figures import places, repository
from services.reporting.figures.domain import Area
from services.reporting.figures.service import scope_of
from services.reporting.indicators import comparing, service
from services.reporting.register.opening import owner_of
from services.reporting.screens.kit import PageRoute, render
from shared.db.session import Reads, ReadSession, Writes
from shared.http.pagination import Cursor, decode_cursor, encode_cursor
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.signin.required import signed_in

LISTED = 50
_ORDER = {"missed": 0, "warned": 1, "met": 2, "none": 3, "not_applicable": 4}

router = APIRouter(prefix="/indicators", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Principal, signed_in("reporting:read")]
AreaText = Annotated[str, Query(max_length=130)]
PeriodText = Annotated[str, Query(max_length=10)]


@router.get("")
async def indicators(
    request: Request,
    _caller: Reader,
    session: Reads,
    context: Context,
    area: AreaText = "",
    period: PeriodText = "",
) -> Response:
    """Every indicator of a place, with the change against the period before and whose turn it is."""
    scope = await scope_of(session, context, area=area or None, period=period or None)
    found = await service.figures_of(session, context, area=area or None, period=period or None)
    now, before, moved = await comparing.compared(session, context, area or None, scope.period)
    items: list[dict[str, Any]] = [
        {
            **each.model_dump(mode="json"),
            "points": moved.get(each.code),
            "owner": each.owner_zh or owner_of(each.code)[0],
        }
        for each in found
    ]
    items.sort(key=lambda each: _ORDER[each["status"]])
    return render(
        request,
        "indicators.html",
        {
            "items": items,
            "compared": None
            if now is None or before is None
            else {"now": None if now == scope.period else now.code, "before": before.code},
            "as_of": items[0]["as_of"],
            "left_out": [each.model_dump() for each in service.left_out_of(context)],
            **await _frame(session, context, scope.area, scope.period.code),
        },
    )


@router.get("/{code}")
async def indicator(
    code: str,
    request: Request,
    caller: Reader,
    session: Writes,
    context: Context,
    area: AreaText = "",
    period: PeriodText = "",
    cursor: Cursor = None,
) -> Response:
    """One indicator: what counts, its places, and the list behind it, whose reading is logged."""
    asked = {"area": area or None, "period": period or None}
    service.find(context, code)
    scope = await scope_of(session, context, **asked)
    (found,) = await service.figures_of(session, context, **asked, codes=(code,))
    parts = await comparing.parts_of(session, context, code, **asked)
    records: list[Any] = []
    following = None
    allowed = True
    try:
        records, following = await service.records_of(
            session,
            context,
            caller,
            code,
            **asked,
            limit=LISTED,
            after=str(decode_cursor(cursor, parts=1)[0]) if cursor is not None else None,
        )
    except service.AreaNotYours:
        allowed = False
    return render(
        request,
        "indicator.html",
        {
            "one": found.model_dump(mode="json"),
            "parts": [each.model_dump() for each in parts],
            "records": [
                {**each.model_dump(mode="json"), "facility": _facility(context, each.facility_code)}
                for each in records
            ],
            "allowed": allowed,
            "opens": "identity:persons" in caller.scopes,
            "first": cursor is None,
            "next": None if following is None else encode_cursor(following),
            **await _frame(session, context, scope.area, scope.period.code),
        },
    )


def _facility(context: ServiceContext, code: str | None) -> str | None:
    if code is None:
        return None
    return places.place_of(context.region, Area("facility", facility_code=code)).name_zh


async def _frame(
    session: ReadSession, context: ServiceContext, area: Area, period: str
) -> dict[str, Any]:
    region = context.region
    return {
        "crumbs": [
            {"code": step.area.code, "name_zh": step.name_zh, "name_en": step.name_en}
            for step in places.crumbs(region, area)
        ],
        "area": area.code,
        "period": period,
        "periods": shown_choices(await repository.months_with_visits(session), period),
    }
