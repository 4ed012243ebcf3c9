"""The screens ``/contracts/fees``: what the teams' work of a month comes to, and asking to be paid."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.contracts.fees import repository, service
from services.contracts.fees.domain import month_of
from services.contracts.fees.schemas import FeeStatements, TeamStatement
from services.contracts.screens.kit import PageRoute, render, said
from services.contracts.screens.names import masked_names
from services.contracts.screens.person_parts import team_name
from services.contracts.screens.tables import file_answer, workbook
from shared.clock import business_date
from shared.db.session import ReadSession, Writes, WriteSession
from shared.http.problem import Problem
from shared.money import text_from_fen
from shared.runtime.context import Context, ServiceContext
from shared.security import audit
from shared.security.principal import Principal
from shared.web.forms import plain_text
from shared.web.kit import Said, attempt, fields, see, told
from shared.web.signin.required import signed_in

LINES_SHOWN = 200
_MONTH = re.compile(r"(?:19|20)\d{2}-(?:0[1-9]|1[0-2])")

router = APIRouter(prefix="/fees", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Principal, signed_in("contracts:read")]
Writer = Annotated[Principal, signed_in("contracts:write")]
Period = Annotated[str, Query(max_length=10)]


@router.get("")
async def teams(
    request: Request, caller: Reader, session: Writes, context: Context, period: Period = ""
) -> Response:
    """Every team of a month."""
    month = _month(context, period)
    found = await _read(session, context, caller, None, month)
    return render(
        request,
        "fees.html",
        {
            "period": month,
            "wrong_period": bool(period) and month != plain_text(period),
            "sums": _sums(found)
            | {"unserved": sum(one.contracts_without_service for one in found.items)},
            "assumptions": found.assumptions,
            "teams": [_team(context, one) for one in found.items],
        },
    )


@router.get("/{team}")
async def team_statement(
    team: str,
    request: Request,
    caller: Reader,
    session: Writes,
    context: Context,
    period: Period = "",
    done: Annotated[int | None, Query(ge=0)] = None,
) -> Response:
    """A team's lines; whose they are is shown masked, and the look is logged."""
    words = None
    if done is not None:
        words = said("fees.done", n=done) if done else said("fees.done.none")
    return await _page(request, context, session, caller, team, period, done=words)


@router.post("/{team}/issue")
async def issue(
    team: str, request: Request, caller: Writer, session: Writes, context: Context
) -> Response:
    """Ask that the team be paid for what was not asked for before."""
    typed = await fields(request)
    period = _month(context, typed["period"])
    answer = await attempt(
        session, service.issue(session, context, caller, team=team, period=period)
    )
    if isinstance(answer, Problem):
        return await _page(
            request, context, session, caller, team, period,
            problem=told(answer), status=answer.status,
        )  # fmt: skip
    return see(f"/contracts/fees/{team}?period={period}&done={answer.count}")


@router.get("/{team}/statement.xlsx")
async def statement_file(
    team: str, caller: Reader, session: Writes, context: Context, period: Period = ""
) -> Response:
    """The lines as a workbook, by pseudonym; that it was taken out is logged."""
    month = _month(context, period)
    found = (await _read(session, context, caller, team, month)).items[0]
    numbers = {one.statement_id: one.number for one in found.statements}
    rows: list[list[Any]] = [
        [
            service.USE_NAMES[line.use], line.person_id, line.done_on, _yuan(line.amount),
            numbers.get(line.statement_id or "", ""),
        ]
        for line in found.lines or ()
    ]  # fmt: skip
    rows.append(["合计", "", "", _yuan(found.amount), ""])
    await _log(session, context, caller, "fee_statement.exported", team, month)
    head = ["项目", "人员编号", "服务日期", "金额(元)", "对账单号"]
    content = workbook(f"{month} 履约费", head, rows)
    return file_answer(content, f"fees-{team}-{month}.xlsx")


async def _page(
    request: Request,
    context: ServiceContext,
    session: WriteSession,
    caller: Principal,
    team: str,
    period: str,
    *,
    done: Said | None = None,
    problem: Said | None = None,
    status: int = 200,
) -> Response:
    month = _month(context, period)
    found = await _read(session, context, caller, team, month)
    one = found.items[0]
    lines = (one.lines or [])[:LINES_SHOWN]
    first, last = month_of(month)
    unserved = await repository.unserved_contracts(
        session, team=team, first=first, last=last, limit=LINES_SHOWN
    )
    names = await masked_names(
        context, [line.person_id for line in lines] + [row["person_id"] for row in unserved]
    )
    await _log(session, context, caller, "fee_statement.read", team, month)
    numbers = {each.statement_id: each.number for each in one.statements}
    return render(
        request,
        "fee_team.html",
        {
            "period": month,
            "team": _team(context, one),
            "uses": [
                {"use": use.use, "count": use.count, "amount": text_from_fen(use.amount)}
                for use in one.uses
            ],
            "statements": [
                {"number": each.number, "count": each.count,
                 "amount": text_from_fen(each.amount), "issued_at": each.issued_at.isoformat()}
                for each in one.statements
            ],
            "lines": [
                {
                    "use": line.use,
                    "person_id": line.person_id,
                    "name": names.get(line.person_id),
                    "done_on": line.done_on,
                    "amount": text_from_fen(line.amount),
                    "number": numbers.get(line.statement_id or ""),
                }
                for line in lines
            ],
            "unserved": [dict(row) | {"name": names.get(row["person_id"])} for row in unserved],
            "more": len(one.lines or ()) - len(lines),
            "assumptions": found.assumptions,
            "writes": "contracts:write" in caller.scopes,
            "done": done,
            "problem": problem,
        },
        status=status,
    )  # fmt: skip


async def _read(
    session: ReadSession, context: ServiceContext, caller: Principal, team: str | None, month: str
) -> FeeStatements:
    return await service.statements(session, context, caller, team=team, period=month)


def _month(context: ServiceContext, text: str) -> str:
    """The month as asked for; without one that can be read, the last full one."""
    plain = plain_text(text)
    if _MONTH.fullmatch(plain):
        return plain
    today = business_date(context.clock.now())
    return (today.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")


def _sums(found: FeeStatements | TeamStatement) -> dict[str, Any]:
    return {
        "count": found.count,
        "amount": text_from_fen(found.amount),
        "issued": text_from_fen(found.issued),
        "open": text_from_fen(found.open),
        "is_open": bool(found.open),
    }


def _team(context: ServiceContext, one: TeamStatement) -> dict[str, Any]:
    return {
        "team": one.team,
        "unserved": one.contracts_without_service,
        **team_name(context, one.team),
        **_sums(one),
    }


def _yuan(fen: int) -> Decimal:
    return Decimal(fen).scaleb(-2)


async def _log(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    action: str,
    team: str,
    period: str,
) -> None:
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=action,
        subject=team,
        at=context.clock.now(),
        detail={"period": period},
    )
