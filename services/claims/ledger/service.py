"""Use cases of the ledger: post a settlement, read balances and entries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from services.claims.ledger import repository
from services.claims.ledger.domain import postings_of
from services.claims.ledger.repository import AccountBalance, AccountEntry, AccountRow
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.http.problem import NotFound
from shared.ids import new_id
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal


class AccountNotFound(NotFound):
    code = "account_not_found"
    title = "There is no such account, or it is not yours to see"
    title_zh = "没有该账户,或您无权查看"


async def post_settlement(
    session: WriteSession,
    context: ServiceContext,
    *,
    settlement_id: UUID,
    facility_code: str,
    total_fen: int,
    payers: Sequence[tuple[str, int]],
    patient_pays_fen: int,
    booked_on: date,
    reverses_settlement_id: UUID | None = None,
) -> None:
    """Book a settlement, or with negative amounts its reversal, on its business day.

    Raises:
        EntryNotBalanced: the parts do not add up; a fault of the program.
    """
    await repository.post(
        session,
        entry_id=new_id(),
        region=context.region.region_code,
        settlement_id=settlement_id,
        reverses_settlement_id=reverses_settlement_id,
        booked_on=booked_on,
        entry=postings_of(
            facility_code=facility_code,
            total_fen=total_fen,
            payers=payers,
            patient_pays_fen=patient_pays_fen,
        ),
    )


async def trial_balance(
    session: ReadSession, context: ServiceContext, caller: Principal, as_of: date | None
) -> tuple[date, list[AccountBalance]]:
    """Every account that the caller may see, as booked up to a day (default today)."""
    day = as_of or business_date(context.clock.now())
    kind, _, value = caller.organisation.partition(":")
    if kind not in {"region", "facility"}:
        return day, []
    found = await repository.balances(
        session,
        region=context.region.region_code,
        as_of=day,
        facility_code=value if kind == "facility" else None,
    )
    return day, found


async def account_entries(
    session: ReadSession,
    context: ServiceContext,
    caller: Principal,
    code: str,
    *,
    after: UUID | None,
    limit: int,
) -> tuple[AccountRow, list[AccountEntry]]:
    """An account's entries; one more than ``limit`` when there is a next page.

    Raises:
        AccountNotFound: no such account, or another facility's.
    """
    account = await repository.account(session, code)
    if (
        account is None
        or account.region != context.region.region_code
        or not caller.may_see_facility(account.facility_code)
    ):
        raise AccountNotFound
    return account, await repository.entries_of(session, code, after=after, limit=limit + 1)
