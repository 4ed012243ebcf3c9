"""Use cases of the ledger: post an entry, read balances and entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.claims.ledger import repository
from services.claims.ledger.domain import Entry, settlement_entry
from services.claims.ledger.repository import AccountBalance, AccountEntry, AccountRow, Scope
from shared.clock import business_date
from shared.db.direct import DirectWork, within
from shared.db.session import ReadSession, WriteSession
from shared.http.problem import NotFound
from shared.ids import new_id
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal


class AccountNotFound(NotFound):
    code = "account_not_found"
    title = "There is no such account, or it is not yours to see"
    title_zh = "没有该账户，或您无权查看"


async def post(session: WriteSession, context: ServiceContext, entry: Entry) -> UUID:
    """Book an entry and open the accounts that are new; gives the entry's id."""
    direct = await within(session)
    entry_id = post_directly(direct, context, entry)
    await direct.send()
    return entry_id


def post_directly(direct: DirectWork, context: ServiceContext, entry: Entry) -> UUID:
    """As :func:`post`, among what is gathered on the driver.

    The one way into the ledger, for every kind of entry. It takes no lock that another entry waits
    for.
    """
    entry_id = new_id()
    repository.post(direct, entry_id=entry_id, region=context.region.region_code, entry=entry)
    return entry_id


def post_settlement(
    direct: DirectWork,
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
    post_directly(
        direct,
        context,
        settlement_entry(
            settlement_id=settlement_id,
            facility_code=facility_code,
            total_fen=total_fen,
            payers=payers,
            patient_pays_fen=patient_pays_fen,
            booked_on=booked_on,
            reverses_settlement_id=reverses_settlement_id,
        ),
    )


@dataclass(frozen=True)
class Asked:
    """Which part of the book a caller asks for; both times of an entry may be given."""

    as_of: date | None = None
    """Booked up to this day; today when not given."""
    since: date | None = None
    """Booked from this day on: the turnover of a period instead of the balance."""
    known_at: datetime | None = None
    """As the book was known then: without what was written later for an earlier day."""
    fund: str | None = None
    facility_code: str | None = None


async def trial_balance(
    session: ReadSession, context: ServiceContext, caller: Principal, asked: Asked
) -> tuple[date, list[AccountBalance]]:
    """Every account that the caller may see, as booked up to a day (default today)."""
    day = asked.as_of or business_date(context.clock.now())
    kind, _, own = caller.organisation.partition(":")
    facility_code = asked.facility_code
    if kind == "facility":
        if facility_code not in {None, own}:
            return day, []
        facility_code = own
    elif kind != "region":
        return day, []
    found = await repository.balances(
        session,
        Scope(
            region=context.region.region_code,
            booked_from=asked.since,
            booked_to=day,
            known_at=asked.known_at,
            fund=asked.fund,
            facility_code=facility_code,
        ),
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
        or not _may_see(caller, account)
    ):
        raise AccountNotFound
    return account, await repository.entries_of(session, code, after=after, limit=limit + 1)


def _may_see(caller: Principal, account: AccountRow) -> bool:
    """A fund's own accounts belong to no facility: only the county sees them."""
    return caller.may_see_facility(account.facility_code or "")
