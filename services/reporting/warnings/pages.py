"""The screen ``/reporting/early-warnings``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.reporting.dashboard.service import shown_choices
from services.reporting.figures import repository
from services.reporting.figures.domain import ALL_TIME
from services.reporting.screens.kit import PageRoute, render
from services.reporting.warnings import service
from shared.db.session import Writes
from shared.http.pagination import Cursor, decode_cursor, encode_cursor
from shared.http.problem import Problem
from shared.money import text_from_fen
from shared.runtime.context import Context
from shared.security.principal import Principal
from shared.web.kit import attempt, told
from shared.web.signin.required import signed_in

LISTED = 50

router = APIRouter(prefix="/early-warnings", route_class=PageRoute, include_in_schema=False)


@router.get("")
async def early_warnings(
    request: Request,
    caller: Annotated[Principal, signed_in("reporting:read")],
    session: Writes,
    context: Context,
    area: Annotated[str, Query(max_length=130)] = "",
    period: Annotated[str, Query(max_length=10)] = "",
    threshold: Annotated[str, Query(max_length=16)] = "",
    cursor: Cursor = None,
) -> Response:
    """Households above the threshold; a township's user sees his own."""
    kind, _, own = caller.organisation.partition(":")
    area = area or (own if kind == "township" else "")
    after = None if cursor is None else decode_cursor(cursor, parts=2)
    work = service.households(
        session,
        context,
        caller,
        period=period or None,
        area=area or None,
        threshold=threshold or None,
        limit=LISTED,
        after=None if after is None else (int(after[0]), str(after[1])),
    )
    page = await attempt(session, work)
    refused = page if isinstance(page, Problem) else None
    found = None if isinstance(page, Problem) else page
    chosen = found.period if found else period or ALL_TIME
    return render(
        request,
        "warnings.html",
        {
            "problem": told(refused) if refused else None,
            "rows": [
                {
                    **row,
                    "total": text_from_fen(int(row["total_fen"])),
                    "paid": text_from_fen(int(row["paid_fen"])),
                }
                for row in (found.rows if found else ())
            ],
            "threshold": text_from_fen(found.threshold_fen) if found else threshold,
            "assumed": found is not None and found.assumed,
            "next": encode_cursor(*found.following) if found and found.following else None,
            "area": area,
            "period": chosen,
            "periods": shown_choices(await repository.months_with_visits(session), chosen),
        },
        status=refused.status if refused else 200,
    )
