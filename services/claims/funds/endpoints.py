"""HTTP: the funds."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query

from services.claims.cursors import position_of
from services.claims.funds import service
from services.claims.funds.domain import FUNDS, Movement, MovementKind, Position
from services.claims.funds.schemas import (
    AppropriationRequest,
    FundAnswer,
    FundList,
    MovementAnswer,
    MovementPage,
    OpeningRequest,
    TransferRequest,
)
from services.claims.funds.service import Income
from services.claims.ledger.domain import FUND_NAMES, PURPOSE_NAMES
from services.claims.settings import settings_of
from shared.clock import SHANGHAI
from shared.db.session import Reads, Writes
from shared.http.pagination import Cursor, Limit, encode_cursor
from shared.http.routing import YizhanRoute
from shared.money import Fen
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["funds"], prefix="/funds")

Reader = Annotated[Principal, requires("claims:ledger")]
Treasurer = Annotated[Principal, requires("claims:funds")]
FundCode = Annotated[str, Path(max_length=40, examples=["special_fund"])]
AsOf = Annotated[date | None, Query(description="As of this day, default today")]


@router.get("", summary="Every fund: what it holds, owes, and how long that lasts")
async def funds(caller: Reader, session: Reads, context: Context, as_of: AsOf = None) -> FundList:
    """The county's funds; a hospital sees none."""
    found = await service.positions(session, context, caller, as_of)
    return FundList(items=[_fund(context, position) for position in found])


@router.get("/{fund}", summary="One fund", responses={404: {"description": "`fund_not_found`"}})
async def fund(
    fund: FundCode, caller: Reader, session: Reads, context: Context, as_of: AsOf = None
) -> FundAnswer:
    """With its rules, and the day on which it runs out at the present pace."""
    return _fund(context, await service.position(session, context, caller, fund, as_of))


@router.get(
    "/{fund}/movements",
    summary="What came into a fund",
    responses={404: {"description": "`fund_not_found`"}},
)
async def movements(
    fund: FundCode,
    caller: Reader,
    session: Reads,
    context: Context,
    limit: Limit,
    cursor: Cursor = None,
) -> MovementPage:
    """Opening balance, appropriations and transfers, oldest first."""
    found = await service.movements(
        session, context, caller, fund, after=position_of(cursor), limit=limit
    )
    shown = found[:limit]
    return MovementPage(
        items=[_movement(each) for each in shown],
        next_cursor=encode_cursor(str(shown[-1].id)) if len(found) > limit else None,
    )


@router.post(
    "/{fund}/opening",
    status_code=201,
    summary="Book a fund's opening balance, once",
    responses={
        404: {"description": "`fund_not_found`"},
        409: {"description": "`opened_already`"},
    },
)
async def opening(
    fund: FundCode, body: OpeningRequest, caller: Treasurer, session: Writes, context: Context
) -> MovementAnswer:
    """What the fund held when its book here began."""
    income = _income("opening", "", body)
    return _movement(await service.receive(session, context, caller, fund, income))


@router.post(
    "/{fund}/appropriations",
    status_code=201,
    summary="Book money from one of the fund's sources",
    responses={
        404: {"description": "`fund_not_found`"},
        422: {"description": "`source_not_allowed`"},
    },
)
async def appropriate(
    fund: FundCode,
    body: AppropriationRequest,
    caller: Treasurer,
    session: Writes,
    context: Context,
) -> MovementAnswer:
    """The fund's rules say which sources it has; the special fund has none but the surplus."""
    income = _income("appropriation", body.source, body)
    return _movement(await service.receive(session, context, caller, fund, income))


@router.post(
    "/{fund}/transfers",
    status_code=201,
    summary="Transfer money from another fund",
    responses={
        404: {"description": "`fund_not_found`"},
        409: {"description": "`fund_insufficient`, `transferred_already`"},
        422: {"description": "`source_not_allowed`"},
    },
)
async def transfer(
    fund: FundCode, body: TransferRequest, caller: Treasurer, session: Writes, context: Context
) -> MovementAnswer:
    """The yearly transfer of the insurance's surplus to the special fund (XB-53), and the like."""
    income = _income("transfer", body.from_fund, body)
    return _movement(await service.receive(session, context, caller, fund, income))


def _income(kind: MovementKind, source: str, body: OpeningRequest) -> Income:
    return Income(
        kind=kind,
        source=source,
        amount_fen=int(body.amount),
        year=body.year,
        document=body.document,
        booked_on=body.booked_on,
    )


def _movement(movement: Movement) -> MovementAnswer:
    return MovementAnswer(
        movement_id=str(movement.id),
        fund=movement.fund,
        kind=movement.kind,
        source=movement.source,
        source_zh=PURPOSE_NAMES[movement.source][1],
        from_fund=movement.from_fund,
        amount=Fen(movement.amount_fen),
        year=movement.year,
        document=movement.document,
        booked_on=movement.booked_on,
        made_at=movement.made_at.astimezone(SHANGHAI),
        made_by=movement.made_by,
    )


def _fund(context: ServiceContext, position: Position) -> FundAnswer:
    rules = FUNDS[position.fund]
    name_en, name_zh = FUND_NAMES[position.fund]
    return FundAnswer(
        fund=position.fund,
        name_zh=name_zh,
        name_en=name_en,
        holder_zh=rules.holder_zh,
        holder_en=rules.holder_en,
        citation=rules.citation,
        closed=rules.closed,
        sources=[*rules.sources, *rules.transfers],
        uses=list(rules.uses),
        as_of=position.day,
        balance=Fen(position.balance_fen),
        owed=Fen(position.owed_fen),
        free=Fen(position.free_fen),
        received_this_year=Fen(position.received_fen),
        given_this_year=Fen(position.given_fen),
        pace=Fen(position.pace_fen),
        runs_out_on=position.runs_out_on,
        warning=position.to_warn(settings_of(context).fund_warning_days),
    )
