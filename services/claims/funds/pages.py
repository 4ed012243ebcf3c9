"""The screens ``/claims/funds``: what each fund holds and how long it lasts; money that comes in."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.claims.cursors import position_of
from services.claims.funds import repository, service
from services.claims.funds.domain import FUNDS, MovementKind, Position
from services.claims.funds.schemas import AppropriationRequest
from services.claims.funds.service import Income
from services.claims.ledger.domain import FUND_NAMES, PURPOSE_NAMES
from services.claims.screens.kit import PageRoute, name_of, render, said
from services.claims.settings import settings_of
from shared.clock import SHANGHAI, business_date
from shared.db.session import Reads, ReadSession, Writes
from shared.http.faults import field_faults
from shared.http.pagination import encode_cursor
from shared.http.problem import Problem
from shared.ids import new_id
from shared.money import text_from_fen
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.forms import at_fields, plain_number
from shared.web.kit import Said, Typed, attempt, fields, see, told
from shared.web.signin.required import signed_in

LISTED = 50

router = APIRouter(prefix="/funds", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Principal, signed_in("claims:ledger")]
Treasurer = Annotated[Principal, signed_in("claims:funds")]
FundCode = Annotated[str, Path(max_length=40)]
AsOf = Annotated[str, Query(max_length=10)]

_KINDS: dict[str, MovementKind] = {
    "opening": "opening",
    "from": "appropriation",
    "fund": "transfer",
}
"""What stands before the colon in the form's field "where from"."""


@router.get("")
async def funds(
    request: Request, caller: Reader, session: Reads, context: Context, as_of: AsOf = ""
) -> Response:
    """Every fund on a day."""
    day, faults = _day(as_of)
    found = await service.positions(session, context, caller, day)
    booked = await repository.funds_with_money(session, context.region.region_code, day)
    return render(
        request,
        "funds.html",
        {
            "funds": [_shown(context, each, booked) for each in found],
            "day": found[0].day if found else business_date(context.clock.now()),
            "typed": as_of,
            "faults": faults,
        },
        status=422 if faults else 200,
    )


@router.get("/{fund}")
async def fund(
    fund: FundCode,
    request: Request,
    caller: Reader,
    session: Reads,
    context: Context,
    done: Annotated[str, Query(max_length=16)] = "",
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """One fund today: its money, its rules, what came in."""
    return await _page(
        request, context, session, caller, fund,
        done=said("fund.booked") if done == "booked" else None, cursor=cursor,
    )  # fmt: skip


@router.post("/{fund}")
async def receive(
    fund: FundCode, request: Request, caller: Treasurer, session: Writes, context: Context
) -> Response:
    """Book money that came in: shown once more before it stands, since it cannot be taken back."""
    typed = await fields(request)
    income, faults = _income(typed)
    if income is None:
        return await _page(
            request, context, session, caller, fund, typed=typed, faults=faults, status=422
        )
    if not typed["sure"]:
        checked = await attempt(session, service.check(session, context, caller, fund, income))
        if isinstance(checked, Problem):
            return await _refused(request, context, session, caller, fund, typed, checked)
        return await _page(request, context, session, caller, fund, typed=typed, asked=income)
    made = await attempt(session, service.receive(session, context, caller, fund, income))
    if isinstance(made, Problem):
        return await _refused(request, context, session, caller, fund, typed, made)
    return see(f"/claims/funds/{fund}?done=booked")


async def _refused(
    request: Request,
    context: ServiceContext,
    session: ReadSession,
    caller: Principal,
    fund: str,
    typed: Typed,
    problem: Problem,
) -> Response:
    faults = at_fields(problem.errors, {"source": "where", "from_fund": "where"})
    return await _page(
        request, context, session, caller, fund,
        typed=typed, faults=faults, problem=told(problem), status=problem.status,
    )  # fmt: skip


def _income(typed: Typed) -> tuple[Income | None, dict[str, Said]]:
    """The form as an income, or what is wrong with it."""
    how, _, source = typed["where"].partition(":")
    faults: dict[str, Said] = {}
    kind = _KINDS.get(how)
    if kind is None:
        faults["where"] = said("fund.where.missing")
    try:
        body = AppropriationRequest.model_validate(
            {
                "source": source,
                "amount": plain_number(typed["amount"]),
                "year": plain_number(typed["year"]),
                "document": typed["document"],
                "booked_on": typed["booked_on"],
            }
        )
    except ValidationError as error:
        return None, at_fields(field_faults(error.errors()), {}) | faults
    if kind is None:
        return None, faults
    try:
        movement_id = UUID(typed["movement_id"])
    except ValueError:
        movement_id = new_id()
    return (
        Income(
            kind=kind,
            source=source,
            amount_fen=int(body.amount),
            year=body.year,
            document=body.document,
            booked_on=body.booked_on,
            movement_id=movement_id,
        ),
        {},
    )


async def _page(
    request: Request,
    context: ServiceContext,
    session: ReadSession,
    caller: Principal,
    fund: str,
    *,
    typed: Typed | None = None,
    faults: dict[str, Said] | None = None,
    problem: Said | None = None,
    done: Said | None = None,
    asked: Income | None = None,
    cursor: str | None = None,
    status: int = 200,
) -> Response:
    found = await service.position(session, context, caller, fund, None)
    booked = await repository.funds_with_money(session, context.region.region_code)
    rows = await service.movements(
        session, context, caller, fund, after=position_of(cursor), limit=LISTED
    )
    typed = typed or Typed(year=str(found.day.year), booked_on=found.day.isoformat())
    opened = fund in booked and await repository.is_opened(
        session, region=context.region.region_code, fund=fund
    )
    return render(
        request,
        "fund.html",
        {
            "fund": _shown(context, found, booked),
            "movements": [
                {
                    "booked_on": row.booked_on,
                    "kind": row.kind,
                    "source": _purpose(row.source),
                    "from": _fund_name(row.from_fund) if row.from_fund else None,
                    "year": row.year,
                    "document": row.document,
                    "amount": text_from_fen(row.amount_fen),
                    "by": name_of(context, row.made_by),
                    "at": row.made_at.astimezone(SHANGHAI).isoformat(),
                }
                for row in rows[:LISTED]
            ],
            "next": encode_cursor(str(rows[LISTED - 1].id)) if len(rows) > LISTED else None,
            "books": "claims:funds" in caller.scopes,
            "wheres": _wheres(fund, opened=opened),
            "typed": typed,
            "movement_id": typed["movement_id"] or str(new_id()),
            "faults": faults or {},
            "problem": problem,
            "done": done,
            "asked": None
            if asked is None
            else {"where": _where_of(fund, asked), "amount": text_from_fen(asked.amount_fen)},
        },
        status=status,
    )


def _wheres(fund: str, *, opened: bool) -> list[dict[str, str]]:
    """Where this fund's money may come from, by its rules."""
    rules = FUNDS[fund]
    found: list[dict[str, str]] = []
    if not opened:
        found.append({"value": "opening:", **_purpose("opening_balance")})
    found += [{"value": f"from:{source}", **_purpose(source)} for source in rules.sources]
    for other, source in rules.transfers.items():
        zh, en = _fund_name(other), _purpose(source)
        found.append(
            {
                "value": f"fund:{other}",
                "text_zh": f"由{zh['text_zh']}划拨({en['text_zh']})",
                "text_en": f"Transfer from {zh['text_en']} ({en['text_en']})",
            }
        )
    return found


def _where_of(fund: str, income: Income) -> Said:
    value = {"opening": "opening:", "transfer": f"fund:{income.source}"}.get(
        income.kind, f"from:{income.source}"
    )
    return next(each for each in _wheres(fund, opened=False) if each["value"] == value)


def _day(text: str) -> tuple[date | None, dict[str, Said]]:
    if not text:
        return None, {}
    try:
        return date.fromisoformat(text), {}
    except ValueError:
        return None, {"as_of": said("funds.as_of.fault")}


def _shown(context: ServiceContext, position: Position, booked: set[str]) -> dict[str, Any]:
    """A fund as a screen tells it: its figures, and its state in a word and a shape."""
    rules = FUNDS[position.fund]
    if position.fund not in booked:
        state, shape, tone = ("unbooked", "○", "none")
    elif position.free_fen < 0:
        state, shape, tone = ("short", "▼", "missed")
    elif position.to_warn(settings_of(context).fund_warning_days):
        state, shape, tone = ("low", "▼", "missed")
    elif position.runs_out_on is None:
        state, shape, tone = ("calm", "●", "met")
    else:
        state, shape, tone = ("lasts", "●", "met")
    return {
        "fund": position.fund,
        **{f"name{key[4:]}": text for key, text in _fund_name(position.fund).items()},
        "holder_zh": rules.holder_zh,
        "holder_en": rules.holder_en,
        "citation": rules.citation,
        "closed": rules.closed,
        "uses": [_purpose(use) for use in rules.uses],
        "sources": [
            *(_purpose(source) for source in rules.sources),
            *(_purpose(source) for source in rules.transfers.values()),
        ],
        "as_of": position.day,
        "balance": text_from_fen(position.balance_fen),
        "owed": text_from_fen(position.owed_fen),
        "free": text_from_fen(position.free_fen),
        "received": text_from_fen(position.received_fen),
        "given": text_from_fen(position.given_fen),
        "pace": text_from_fen(position.pace_fen),
        "runs_out_on": position.runs_out_on,
        "state": state,
        "shape": shape,
        "tone": tone,
    }


def _fund_name(fund: str) -> Said:
    name_en, name_zh = FUND_NAMES[fund]
    return {"text_zh": name_zh, "text_en": name_en}


def _purpose(code: str) -> Said:
    name_en, name_zh = PURPOSE_NAMES[code]
    return {"text_zh": name_zh, "text_en": name_en[:1].upper() + name_en[1:]}
