"""The screen ``/claims/clearing``: the runs by month, and a new one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from itertools import groupby
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.claims.clearing import presenting, repository, service
from services.claims.clearing.domain import OPEN, Run
from services.claims.clearing.schemas import CreateRequest
from services.claims.clearing.service import Wanted
from services.claims.ledger.domain import FUND_NAMES
from services.claims.screens.kit import PageRoute, render, said
from services.claims.settings import settings_of
from shared.clock import business_date
from shared.db.session import Reads, ReadSession, Writes
from shared.http.faults import field_faults
from shared.http.pagination import CursorMalformed, decode_cursor, encode_cursor
from shared.http.problem import Problem
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.forms import at_fields, plain_text, ratio_of_percent
from shared.web.kit import Said, Typed, attempt, fields, see, told
from shared.web.signin.required import signed_in

LISTED = 60

router = APIRouter(prefix="/clearing", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Principal, signed_in("claims:ledger")]
Preparer = Annotated[Principal, signed_in("claims:clearing")]


@router.get("")
async def runs(
    request: Request,
    caller: Reader,
    session: Reads,
    context: Context,
    status: Annotated[str, Query(max_length=16)] = "",
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """The runs, the newest month first."""
    return await _list(request, context, session, caller, status=status, cursor=cursor)


@router.post("")
async def create(request: Request, caller: Preparer, session: Writes, context: Context) -> Response:
    """Collect what is owed up to a month's end."""
    typed = await fields(request)
    ratio = ratio_of_percent(typed["deposit"]) if typed["deposit"] else None
    try:
        body = CreateRequest.model_validate(
            {
                "period": _month(typed["period"]),
                "fund": typed["fund"] or None,
                "facility_code": typed["facility"] or None,
                "deposit_ratio": (ratio or typed["deposit"]) if typed["deposit"] else None,
            }
        )
    except ValidationError as error:
        names = {"facility_code": "facility", "deposit_ratio": "deposit"}
        faults = at_fields(field_faults(error.errors()), names)
        faults |= {
            name: said(f"clearing.{name}.fault") for name in ("period", "deposit") if name in faults
        }
        return await _list(
            request, context, session, caller, typed=typed, faults=faults, http_status=422
        )
    default = settings_of(context).clearing_deposit_ratio
    wanted = Wanted(
        period=body.period,
        fund=body.fund,
        facility_code=body.facility_code,
        deposit_ratio=default if body.deposit_ratio is None else body.deposit_ratio,
    )
    made = await attempt(session, service.create(session, context, caller, wanted))
    if isinstance(made, Problem):
        faults = at_fields(made.errors, {})
        return await _list(
            request, context, session, caller, typed=typed, faults=faults,
            problem=None if faults else told(made), http_status=made.status,
        )  # fmt: skip
    return see(f"/claims/clearing/{made.id}?done=created")


def _month(text: str) -> str:
    """``2016/3`` or ``2016年3月`` → ``2016-03``, as people write months."""
    match = re.fullmatch(r"(\d{4})[-./年](\d{1,2})月?", plain_text(text))
    return f"{match[1]}-{int(match[2]):02d}" if match else plain_text(text)


async def _list(
    request: Request,
    context: ServiceContext,
    session: ReadSession,
    caller: Principal,
    *,
    status: str = "",
    cursor: str | None = None,
    typed: Typed | None = None,
    faults: Mapping[str, Said] | None = None,
    problem: Said | None = None,
    http_status: int = 200,
) -> Response:
    kind, _, own = caller.organisation.partition(":")
    before = None if cursor is None else _place(cursor)
    found: list[Run] = []
    if kind in {"region", "facility"}:
        found = await repository.newest(
            session,
            region=context.region.region_code,
            facility_code=own if kind == "facility" else None,
            status=status if status in presenting.SHAPES else None,
            before=before,
            limit=LISTED + 1,
        )
    shown = found[:LISTED]
    rows = [
        presenting.head(context, each)
        | {"mine": presenting.next_of(each, caller).primary if each.status in OPEN else None}
        for each in shown
    ]
    today = business_date(context.clock.now())
    last_month = (today.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    default = settings_of(context).clearing_deposit_ratio * 100
    return render(
        request,
        "clearing.html",
        {
            "months": [
                {
                    "period": period,
                    "runs": runs,
                    "amount": _total(runs, "amount"),
                    "paid": _total(runs, "paid"),
                    "open": _total(runs, "open"),
                }
                for period, listed in groupby(rows, key=lambda row: row["period"])
                if (runs := list(listed))
            ],
            "next": encode_cursor(shown[-1].period, str(shown[-1].id))
            if len(found) > LISTED
            else None,
            "status": status if status in presenting.SHAPES else "",
            "statuses": list(presenting.SHAPES),
            "prepares": "claims:clearing" in caller.scopes and kind in {"region", "facility"},
            "facilities": [
                each
                for each in context.region.facilities
                if caller.may_see_facility(each.facility_code)
            ],
            "funds": [
                {"code": code, "text_zh": zh, "text_en": en}
                for code, (en, zh) in FUND_NAMES.items()
            ],
            "typed": typed or Typed(period=last_month, deposit=_plain(default)),
            "faults": dict(faults or {}),
            "problem": problem,
        },
        status=http_status,
    )


def _total(rows: list[dict[str, Any]], name: str) -> str:
    """Of runs that were not given up."""
    live = [Decimal(row[name]) for row in rows if row["status"] != "cancelled"]
    return f"{sum(live, Decimal(0)):.2f}"


def _plain(percent: Decimal) -> str:
    return f"{percent.normalize():f}"


def _place(cursor: str) -> tuple[str, UUID]:
    period, last = decode_cursor(cursor, parts=2)
    try:
        return str(period), UUID(str(last))
    except ValueError:
        raise CursorMalformed("open the first page again") from None
