"""Use cases of fees: what a team's work of a month comes to, and asking once to be paid for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast
from uuid import UUID

from services.contracts.access import TeamNotYours, may_act
from services.contracts.fees import repository
from services.contracts.fees.domain import fees_due, month_of
from services.contracts.fees.prices import CHECK_UP_FEE, CONTRACT_FEE, price_on
from services.contracts.fees.schemas import (
    FeeStatements,
    IssueAnswer,
    LineAnswer,
    StatementAnswer,
    TeamStatement,
    Use,
    UseAnswer,
)
from services.contracts.teams.domain import Team
from services.contracts.teams.service import teams_of
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.events.catalog import FeeDue, FeeShare
from shared.http.problem import FieldFault, NotFound, Unprocessable
from shared.ids import new_id
from shared.messaging import outbox
from shared.money import Fen
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

USE_NAMES: Final[dict[str, str]] = {"contract_fee": "家庭医生签约服务", "check_up": "健康体检"}
_PRICES: Final = {"contract_fee": CONTRACT_FEE, "check_up": CHECK_UP_FEE}


class TeamUnknown(NotFound):
    code = "team_unknown"
    title = "There is no such team; GET /contracts/v1/teams lists them"
    title_zh = "没有此团队；可查询团队列表"


class PeriodRefused(Unprocessable):
    code = "period_refused"
    title = "The month has not begun"
    title_zh = "该月份尚未开始"


@dataclass(frozen=True)
class Work:
    """A unit of work, on a statement or not yet."""

    use: str
    person_id: str
    contract_id: str | None
    service_id: str
    done_on: date
    year_from: date
    year_before: date
    amount_fen: int
    assumed: bool
    statement_id: UUID | None = None


async def statements(
    session: ReadSession,
    context: ServiceContext,
    caller: Principal,
    *,
    team: str | None,
    period: str,
) -> FeeStatements:
    """What the work of a month comes to, of one team or of all that the caller may see.

    Raises:
        TeamUnknown: no such team. TeamNotYours: another organisation's.
    """
    asked = (
        [_team(context, caller, team)]
        if team is not None
        else [
            each
            for each in teams_of(context).by_code.values()
            if may_act(caller, team=each.team, township=each.township)
        ]
    )
    assumptions: set[str] = set()
    items = []
    for each in asked:
        shown, assumed = await _team_statement(session, context, each, period)
        assumptions |= assumed
        items.append(shown if team is not None else shown.model_copy(update={"lines": None}))
    return FeeStatements(
        period=period,
        team=team,
        count=sum(item.count for item in items),
        amount=Fen(sum(item.amount for item in items)),
        issued=Fen(sum(item.issued for item in items)),
        open=Fen(sum(item.open for item in items)),
        assumptions=sorted(assumptions),
        items=items,
    )


async def issue(
    session: WriteSession, context: ServiceContext, caller: Principal, *, team: str, period: str
) -> IssueAnswer:
    """Ask that a team be paid for what it did in a month and was not asked for before.

    Claims books it as owed by the special fund (XB-54) and pays it with its clearing.

    Raises:
        TeamUnknown, TeamNotYours. PeriodRefused: the month has not begun.
    """
    found = _team(context, caller, team)
    now = context.clock.now()
    today = business_date(now)
    if month_of(period)[0] > today:
        raise PeriodRefused(
            errors=[
                FieldFault(
                    "period",
                    "in_the_future",
                    "write a month that has begun, such as 2018-03",
                    "请填写已开始的月份，如 2018-03",
                )
            ]
        )
    number = await repository.hold(session, found.team)
    due = await _due(session, context, found.team, period)
    statement_id = new_id()
    rows = [_row(work, statement_id, found.team) for work in due]
    header = {
        "statement_id": statement_id,
        "region": context.region.region_code,
        "team": found.team,
        "period": period,
        "number": number,
        "issued_on": today,
        "issued_at": now,
        "issued_by": caller.client_id,
    }
    kept = await repository.add_statement_with_lines(session, header, rows)
    uses = _uses([(row["use"], row["amount_fen"]) for row in kept])
    amount = sum(row["amount_fen"] for row in kept)
    if kept:
        await outbox.record(
            session,
            FeeDue(
                statement_id=str(statement_id),
                team=found.team,
                period=period,
                count=len(kept),
                amount=Fen(amount),
                issued_on=today,
                shares=tuple(
                    FeeShare(use=use.use, count=use.count, amount=use.amount) for use in uses
                ),
            ),
            subject=str(statement_id),
            sequence=number,
            occurred_at=now,
        )
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="fee_statement.issued",
        subject=str(statement_id) if kept else found.team,
        at=now,
        detail={"team": found.team, "period": period, "count": len(kept), "amount_fen": amount},
    )
    return IssueAnswer(
        team=found.team,
        period=period,
        statement_id=str(statement_id) if kept else None,
        count=len(kept),
        amount=Fen(amount),
        uses=uses,
    )


def _team(context: ServiceContext, caller: Principal, code: str) -> Team:
    team = teams_of(context).by_code.get(code)
    if team is None:
        raise TeamUnknown
    if not may_act(caller, team=team.team, township=team.township):
        raise TeamNotYours
    return team


async def _team_statement(
    session: ReadSession, context: ServiceContext, team: Team, period: str
) -> tuple[TeamStatement, set[str]]:
    first, last = month_of(period)
    issued = [
        Work(
            use=line.use,
            person_id=line.person_id,
            contract_id=line.contract_id,
            service_id=line.service_id,
            done_on=line.done_on,
            year_from=line.year_from,
            year_before=line.year_before,
            amount_fen=line.amount_fen,
            assumed=False,
            statement_id=line.statement_id,
        )
        for line in await repository.lines_of(session, team=team.team, first=first, last=last)
    ]
    due = await _due(session, context, team.team, period)
    work = [*issued, *due]
    shown = TeamStatement(
        team=team.team,
        name_zh=team.name_zh,
        period=period,
        count=len(work),
        amount=_sum(work),
        issued=_sum(issued),
        open=_sum(due),
        uses=_uses([(each.use, each.amount_fen) for each in work]),
        contracts_without_service=await repository.unserved(
            session, team=team.team, first=first, last=last
        ),
        statements=[
            StatementAnswer(
                statement_id=str(each.statement_id),
                number=each.number,
                count=each.count,
                amount=Fen(each.amount_fen),
                issued_at=each.issued_at,
            )
            for each in await repository.statements_of(session, team=team.team, period=period)
        ],
        lines=[_line(each) for each in work],
    )
    return shown, {_PRICES[each.use] for each in due if each.assumed}


async def _due(session: ReadSession, context: ServiceContext, team: str, period: str) -> list[Work]:
    """The team's work of the month that is on no statement yet."""
    first, last = month_of(period)
    persons = await repository.served(session, team=team, first=first, last=last)
    found = []
    for record in await repository.records_of(session, persons, last=last):
        for due in fees_due(record.agreements, record.services, record.paid):
            if due.team != team or not first <= due.done_on <= last:
                continue
            price = price_on(context, CONTRACT_FEE, due.done_on)
            found.append(
                Work(
                    use="contract_fee",
                    person_id=record.person_id,
                    contract_id=due.contract_id,
                    service_id=due.service_id,
                    done_on=due.done_on,
                    year_from=due.year.start,
                    year_before=due.year.before,
                    amount_fen=price.amount_fen,
                    assumed=price.assumed,
                )
            )
    for check_up in await repository.check_ups_due(session, team=team, first=first, last=last):
        price = price_on(context, CHECK_UP_FEE, check_up.performed_on)
        found.append(
            Work(
                use="check_up",
                person_id=check_up.person_id,
                contract_id=None,
                service_id=str(check_up.check_up_id),
                done_on=check_up.performed_on,
                year_from=date(check_up.year, 1, 1),
                year_before=date(check_up.year + 1, 1, 1),
                amount_fen=check_up.amount_fen,
                assumed=price.assumed,
            )
        )
    return sorted(found, key=lambda work: (work.done_on, work.service_id))


def _row(work: Work, statement_id: UUID, team: str) -> dict[str, Any]:
    return {
        "line_id": new_id(),
        "statement_id": statement_id,
        "use": work.use,
        "team": team,
        "person_id": work.person_id,
        "contract_id": work.contract_id,
        "service_id": work.service_id,
        "done_on": work.done_on,
        "year_from": work.year_from,
        "year_before": work.year_before,
        "amount_fen": work.amount_fen,
    }


def _line(work: Work) -> LineAnswer:
    return LineAnswer(
        use=cast("Use", work.use),
        person_id=work.person_id,
        contract_id=work.contract_id,
        service_id=work.service_id,
        done_on=work.done_on,
        amount=Fen(work.amount_fen),
        statement_id=str(work.statement_id) if work.statement_id else None,
    )


def _uses(work: Sequence[tuple[str, int]]) -> list[UseAnswer]:
    return [
        UseAnswer(
            use=cast("Use", use),
            name_zh=name_zh,
            count=sum(1 for each, _ in work if each == use),
            amount=Fen(sum(amount for each, amount in work if each == use)),
        )
        for use, name_zh in USE_NAMES.items()
        if any(each == use for each, _ in work)
    ]


def _sum(work: Sequence[Work]) -> Fen:
    return Fen(sum(each.amount_fen for each in work))
