"""The screen ``/reporting/closes``: months and townships, how far each is, who owes what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.reporting.history.service import periods_of
from services.reporting.month_closes import presenting, repository, service
from services.reporting.month_closes.domain import half_years
from services.reporting.month_closes.problems import MonthClosedBefore
from services.reporting.month_closes.schemas import CreateRequest
from services.reporting.screens.kit import PageRoute, render, said
from services.reporting.settings import settings_of
from shared.clock import business_date
from shared.db.session import Reads, ReadSession, Writes
from shared.http.pagination import CursorMalformed, decode_cursor, encode_cursor
from shared.http.problem import Problem
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.kit import Said, Typed, attempt, faults_of, fields, see, told
from shared.web.signin.required import signed_in

LISTED = 24

router = APIRouter(prefix="/closes", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Principal, signed_in("reporting:read")]
Closer = Annotated[Principal, signed_in("reporting:close")]


@router.get("")
async def months(
    request: Request,
    caller: Reader,
    session: Reads,
    context: Context,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """The months, the newest first."""
    return await _list(request, context, session, caller, cursor=cursor)


@router.post("")
async def create(request: Request, caller: Closer, session: Writes, context: Context) -> Response:
    """Cut a month's rows and begin its closing; one that is begun already is shown."""
    typed = await fields(request)
    try:
        month = CreateRequest(month=_month(typed["month"])).month
    except ValidationError:
        faults = {"month": said("closes.month.fault")}
        return await _list(
            request, context, session, caller, typed=typed, faults=faults, status=422
        )
    made = await attempt(session, service.create(session, context, caller, month))
    if isinstance(made, MonthClosedBefore):
        return see(f"/reporting/closes/{made.extra['close_id']}")
    if isinstance(made, Problem):
        faults = faults_of(made)
        return await _list(
            request, context, session, caller, typed=typed, faults=faults,
            problem=None if faults else told(made), status=made.status,
        )  # fmt: skip
    return see(f"/reporting/closes/{made.id}?done=create")


def _month(text: str) -> str:
    """``2016/3`` or ``2016年3月`` → ``2016-03``, as people write months."""
    match = re.fullmatch(r"(\d{4})[-./年](\d{1,2})月?", text)
    return f"{match[1]}-{int(match[2]):02d}" if match else text


async def _list(
    request: Request,
    context: ServiceContext,
    session: ReadSession,
    caller: Principal,
    *,
    cursor: str | None = None,
    typed: Typed | None = None,
    faults: Mapping[str, Said] | None = None,
    problem: Said | None = None,
    status: int = 200,
) -> Response:
    townships = service.townships_of(context)
    due = settings_of(context).close_due_day
    found = await repository.newest(
        session,
        context.region.region_code,
        before=None if cursor is None else _place(cursor),
        limit=LISTED + 1,
    )
    shown = found[:LISTED]
    today = business_date(context.clock.now())
    last_month = (today.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    return render(
        request,
        "closes.html",
        {
            "townships": townships,
            "months": [
                presenting.head(context, each, townships, due)
                | {"next": presenting.next_of(each, caller, townships)}
                for each in shown
            ],
            "next": encode_cursor(shown[-1].month, shown[-1].revision)
            if len(found) > LISTED
            else None,
            "begins": "reporting:close" in caller.scopes
            and caller.organisation.startswith(("region:", "township:")),
            "begun": any(each.month == last_month for each in found),
            "last_month": last_month,
            "half_years": list(
                dict.fromkeys(
                    [
                        *half_years(each.month for each in shown if each.status == "closed"),
                        *periods_of(context.region),
                    ]
                )
            ),
            "typed": typed or Typed(month=last_month),
            "faults": dict(faults or {}),
            "problem": problem,
        },
        status=status,
    )


def _place(cursor: str) -> tuple[str, int]:
    month, revision = decode_cursor(cursor, parts=2)
    if not isinstance(revision, int):
        raise CursorMalformed("open the first page again")
    return str(month), revision
