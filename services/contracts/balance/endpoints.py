"""HTTP: the balance sheet."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from services.contracts.balance import service
from services.contracts.balance.schemas import BalanceSheet, PersonLines
from shared.db.session import Reads, Writes
from shared.http.pagination import Cursor, Limit, decode_cursor, encode_cursor
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["balance sheet"])
Reader = Annotated[Principal, requires("contracts:read")]
Area = Annotated[
    str | None,
    Query(max_length=128, description="`county`, a township, or `township/village`"),
]
Month = Annotated[str | None, Query(max_length=7, description="Such as 2016-03; default: today")]
_FAULTS: dict[int | str, dict[str, object]] = {
    403: {"description": "`area_not_yours`"},
    404: {"description": "`area_unknown`"},
    422: {"description": "the month is none, or has not begun"},
}


@router.get(
    "/balance-sheet",
    summary="Registry = signed + each exempt reason + unresolved",
    responses=_FAULTS,
)
async def balance_sheet(
    caller: Reader, session: Reads, context: Context, area: Area = None, month: Month = None
) -> BalanceSheet:
    """Per village, as it stands or stood on the month's last day; always equal."""
    return await service.sheet(session, context, caller, area=area, month=month)


@router.get(
    "/balance-sheet/persons",
    summary="The persons behind a number of the balance sheet",
    responses=_FAULTS,
)
async def balance_sheet_persons(
    caller: Reader,
    session: Writes,
    context: Context,
    limit: Limit,
    cursor: Cursor,
    area: Area = None,
    month: Month = None,
    bucket: Annotated[
        str | None,
        Query(max_length=32, description="`signed`, `unresolved` (to be signed) or a reason"),
    ] = None,
) -> PersonLines:
    """By pseudonym; names are identity's to show. Who asks is logged."""
    after = decode_cursor(cursor, parts=1)[0] if cursor else None
    day, items, following = await service.lines(
        session,
        context,
        caller,
        area=area,
        month=month,
        bucket=bucket,
        limit=limit,
        after=str(after) if after is not None else None,
    )
    return PersonLines(
        as_of=day, items=items, next_cursor=encode_cursor(following) if following else None
    )
