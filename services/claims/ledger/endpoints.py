"""HTTP: the ledger."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query

from services.claims.cursors import position_of
from services.claims.ledger import service
from services.claims.ledger.schemas import AccountEntries, AccountLine, EntryLine, TrialBalance
from shared.db.session import Reads
from shared.http.pagination import Cursor, Limit, encode_cursor
from shared.http.routing import YizhanRoute
from shared.money import Fen
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["ledger"], prefix="/ledger")

Bookkeeper = Annotated[Principal, requires("claims:ledger")]


@router.get("/trial-balance", summary="Every account's sums, which must balance")
async def trial_balance(
    caller: Bookkeeper,
    session: Reads,
    context: Context,
    as_of: Annotated[date | None, Query(description="Booked up to this day, default today")] = None,
) -> TrialBalance:
    """Debits, credits and balances by account. A hospital sees its own accounts."""
    day, found = await service.trial_balance(session, context, caller, as_of)
    return TrialBalance(
        as_of=day,
        accounts=[
            AccountLine(
                code=account.code,
                name_zh=account.name_zh,
                name_en=account.name_en,
                debit=Fen(account.debit_fen),
                credit=Fen(account.credit_fen),
                balance=Fen(account.debit_fen - account.credit_fen),
            )
            for account in found
        ],
        total=Fen(sum(account.debit_fen - account.credit_fen for account in found)),
    )


@router.get(
    "/accounts/{code}/entries",
    summary="An account's entries",
    responses={404: {"description": "`account_not_found`"}},
)
async def account_entries(
    code: Annotated[str, Path(max_length=96, examples=["payer:medical_aid:H51111300101"])],
    caller: Bookkeeper,
    session: Reads,
    context: Context,
    limit: Limit,
    cursor: Cursor = None,
) -> AccountEntries:
    """Debits (positive) and credits (negative), in the order in which they were booked."""
    account, found = await service.account_entries(
        session, context, caller, code, after=position_of(cursor), limit=limit
    )
    shown = found[:limit]
    return AccountEntries(
        code=account.code,
        name_zh=account.name_zh,
        name_en=account.name_en,
        items=[
            EntryLine(
                entry_id=str(entry.entry_id),
                settlement_id=str(entry.settlement_id),
                reverses_entry_id=str(entry.reverses_id) if entry.reverses_id else None,
                booked_on=entry.booked_on,
                amount=Fen(entry.amount_fen),
            )
            for entry in shown
        ],
        next_cursor=encode_cursor(str(shown[-1].entry_id)) if len(found) > limit else None,
    )
