"""HTTP: the ledger."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime

from services.claims.cursors import position_of
from services.claims.ledger import service
from services.claims.ledger.domain import kind_zh
from services.claims.ledger.schemas import AccountEntries, AccountLine, EntryLine, TrialBalance
from services.claims.ledger.service import Asked
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
    since: Annotated[
        date | None,
        Query(description="Booked from this day on: the turnover of a period, not the balance"),
    ] = None,
    known_at: Annotated[
        AwareDatetime | None,
        Query(description="As the book was known then, without what was written later"),
    ] = None,
    fund: Annotated[
        str | None, Query(max_length=40, description="One fund's accounts; their sum is not 0")
    ] = None,
    facility_code: Annotated[
        str | None, Query(max_length=32, description="One facility's accounts")
    ] = None,
) -> TrialBalance:
    """Debits, credits and balances by account. A hospital sees its own accounts."""
    day, found = await service.trial_balance(
        session,
        context,
        caller,
        Asked(as_of=as_of, since=since, known_at=known_at, fund=fund, facility_code=facility_code),
    )
    return TrialBalance(
        as_of=day,
        since=since,
        known_at=known_at,
        accounts=[
            AccountLine(
                code=account.code,
                kind=account.kind,
                fund=account.fund,
                facility_code=account.facility_code,
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
                kind=entry.kind,
                kind_zh=kind_zh(entry.kind),
                settlement_id=str(entry.settlement_id) if entry.settlement_id else None,
                source_id=str(entry.source_id) if entry.source_id else None,
                reverses_entry_id=str(entry.reverses_id) if entry.reverses_id else None,
                booked_on=entry.booked_on,
                recorded_at=entry.recorded_at,
                amount=Fen(entry.amount_fen),
            )
            for entry in shown
        ],
        next_cursor=encode_cursor(str(shown[-1].entry_id)) if len(found) > limit else None,
    )
