"""The screens ``/contracts/balance``: the sheet per village, and the persons behind each number."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.contracts.access import organisation_of
from services.contracts.balance import service
from services.contracts.balance.domain import SIGNED, UNRESOLVED
from services.contracts.balance.schemas import BalanceSheet, VillageSheet
from services.contracts.programme.service import programme_of
from services.contracts.screens.kit import PageRoute, render, said
from services.contracts.screens.names import masked_names
from services.contracts.screens.person_parts import team_name
from services.contracts.screens.places import townships_of
from services.contracts.screens.tables import file_answer, workbook
from shared.clock import business_date
from shared.db.session import ReadSession, Writes
from shared.http.pagination import decode_cursor, encode_cursor
from shared.http.problem import Problem
from shared.runtime.context import Context, ServiceContext
from shared.security import audit
from shared.security.principal import Principal
from shared.web.kit import Said, faults_of, told
from shared.web.signin.required import signed_in

LISTED = 100
_ALL = "registry"

router = APIRouter(prefix="/balance", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Principal, signed_in("contracts:read")]
Area = Annotated[str, Query(max_length=128)]
Month = Annotated[str, Query(max_length=7)]


@router.get("")
async def sheet(
    request: Request,
    caller: Reader,
    session: Writes,
    context: Context,
    area: Area = "",
    month: Month = "",
) -> Response:
    """Registry = signed + each exempt reason + unresolved, village by village."""
    opened = None
    if not month:
        opened = await service.opening_month(session, context)
        month = opened or ""
    faults: dict[str, Said] = {}
    problem: Said | None = None
    try:
        found = await _sheet(session, context, caller, area, month)
    except Problem as wrong:
        faults, status = faults_of(wrong), wrong.status
        problem = None if faults else told(wrong)
        month, area = ("", area) if "month" in faults else (month, "")
        found = await _sheet(session, context, caller, area, month)
    else:
        status = 200
    this_month = business_date(context.clock.now()).strftime("%Y-%m")
    reasons = [one.reason for one in found.exempt]
    rows = [_row(one, reasons) for one in found.villages]
    return render(
        request,
        "balance.html",
        {
            "sheet": found,
            "reasons": [
                {"code": one.reason, "text_zh": one.name_zh, "text_en": one.name_en,
                 "count": one.count, "leaves": one.leaves_denominator}
                for one in found.exempt
            ],
            "rows": rows,
            "towns": _towns(rows),
            "county": found.area == service.COUNTY,
            "area": area,
            "month": month,
            "opened": opened,
            "present": _query(area, this_month),
            "this_month": this_month,
            "query": _query(area, month),
            "areas": _areas(context, caller),
            "faults": faults,
            "problem": problem,
        },
        status=status,
    )  # fmt: skip


@router.get("/sheet.xlsx")
async def sheet_file(
    caller: Reader, session: Writes, context: Context, area: Area = "", month: Month = ""
) -> Response:
    """The same as a workbook; that it was taken out is logged."""
    found = await _sheet(session, context, caller, area, month)
    reasons = found.exempt
    head = [
        "乡镇", "村", "名册人数", "已签约", *(one.name_zh for one in reasons), "待签约",
        "应签人数", "签约率",
    ]  # fmt: skip
    rows: list[list[Any]] = [
        [
            one.township or "", one.village or "", one.registry, one.signed,
            *(one.exempt.get(each.reason, 0) for each in reasons), one.unresolved,
            one.denominator, one.contract_rate or "",
        ]
        for one in found.villages
    ]  # fmt: skip
    rows.append(
        ["合计", "", found.registry, found.signed, *(one.count for one in reasons),
         found.unresolved, found.denominator, found.contract_rate or ""]
    )  # fmt: skip
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="balance_sheet.exported",
        subject=found.area,
        at=context.clock.now(),
        detail={"as_of": found.as_of.isoformat()},
    )
    content = workbook(f"{found.as_of} 签约平衡表", head, rows)
    return file_answer(content, f"balance-{found.as_of}.xlsx")


@router.get("/persons")
async def persons(
    request: Request,
    caller: Reader,
    session: Writes,
    context: Context,
    area: Area = "",
    month: Month = "",
    bucket: Annotated[str, Query(max_length=32)] = "",
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """The persons behind a number; the look is logged."""
    after = str(decode_cursor(cursor, parts=1)[0]) if cursor else None
    day, lines, following = await service.lines(
        session, context, caller,
        area=area or None, month=month or None,
        bucket=None if bucket in ("", _ALL) else bucket, limit=LISTED, after=after,
    )  # fmt: skip
    names = await masked_names(context, [line.person_id for line in lines])
    words = bucket_words(context)
    query = _query(area, month)
    more = urlencode({"bucket": bucket, "cursor": encode_cursor(following)}) if following else ""
    return render(
        request,
        "balance_persons.html",
        {
            "day": day,
            "area": area,
            "bucket": words.get(bucket, words[_ALL]),
            "lines": [
                line.model_dump()
                | {
                    "name": names.get(line.person_id),
                    "bucket": words[line.bucket],
                    "team_name": team_name(context, line.team) if line.team else None,
                }
                for line in lines
            ],
            "query": query,
            "more": f"{query}{'&' if query else '?'}{more}" if more else None,
        },
    )


def bucket_words(context: ServiceContext) -> dict[str, Said]:
    """Every place where a registered person may stand, in words."""
    reasons = programme_of(context).exempt_reasons
    return {
        _ALL: said("balance.registry"),
        SIGNED: said("balance.signed"),
        UNRESOLVED: said("balance.unresolved"),
        **{code: {"text_zh": one.zh, "text_en": one.en} for code, one in reasons.items()},
    }


async def _sheet(
    session: ReadSession, context: ServiceContext, caller: Principal, area: str, month: str
) -> BalanceSheet:
    return await service.sheet(session, context, caller, area=area or None, month=month or None)


def _row(one: VillageSheet, reasons: list[str]) -> dict[str, Any]:
    return {
        "township": one.township,
        "village": one.village,
        "area": f"{one.township}/{one.village}" if one.township and one.village else one.township,
        "registry": one.registry,
        "signed": one.signed,
        "exempt": [(code, one.exempt.get(code, 0)) for code in reasons],
        "unresolved": one.unresolved,
        "rate": one.contract_rate,
    }


def _towns(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The villages by township, with its sums: what a phone shows folded."""
    towns: dict[str | None, list[dict[str, Any]]] = {}
    for row in rows:
        towns.setdefault(row["township"], []).append(row)
    return [
        {"township": township, "rows": mine}
        | {name: sum(row[name] for row in mine) for name in ("registry", "signed", "unresolved")}
        for township, mine in towns.items()
    ]


def _query(area: str, month: str) -> str:
    given = {name: value for name, value in (("area", area), ("month", month)) if value}
    return f"?{urlencode(given)}" if given else ""


def _areas(context: ServiceContext, caller: Principal) -> list[dict[str, str]]:
    """The places to choose from: townships, or the villages of the caller's own."""
    kind, _ = organisation_of(caller)
    found = []
    for township in townships_of(context, caller):
        if kind == "region":
            found.append(
                {"area": township.name_zh, "text_zh": township.name_zh,
                 "text_en": township.name_en}
            )  # fmt: skip
            continue
        found += [
            {"area": f"{township.name_zh}/{village.name_zh}", "text_zh": village.name_zh,
             "text_en": village.name_en}
            for village in township.villages
        ]  # fmt: skip
    return found
