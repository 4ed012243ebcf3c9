"""The registry and contracts: who leaves it has none, who is back has his again.

What holds afterwards depends only on what is known, not on the order in which it became known.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from services.contracts.contracts import repository, telling
from services.contracts.contracts.changing import end
from services.contracts.contracts.domain import OPEN
from services.contracts.exemptions import repository as exemptions
from services.contracts.models import Contract, Person
from services.contracts.people import repository as people
from services.contracts.programme.service import programme_of
from shared.db.session import WriteSession
from shared.runtime.context import ServiceContext

ACTOR = "system:registry"


async def follow_registry(
    session: WriteSession, context: ServiceContext, kept: str, *, at: datetime
) -> None:
    """Let a person's contracts follow whether he is on the registry.

    Args:
        session: holds the person's lock, or alone who stands for whom.
        context: of the service.
        kept: who stands for himself.
        at: when the change was recorded.
    """
    person = await people.get(session, kept)
    if person is None:
        return
    author = telling.Author(ACTOR, f"region:{context.region.region_code}", at)
    for contract in await repository.concerned_by_registry(session, kept):
        if person.registered:
            await _back(session, author, contract, kept)
        else:
            await _gone(session, context, author, contract, person)


async def _gone(
    session: WriteSession,
    context: ServiceContext,
    author: telling.Author,
    contract: Contract,
    person: Person,
) -> None:
    day = left_on(person)
    if contract.stage in OPEN:
        withdrawn = await repository.change(session, contract.contract_id, {"stage": "withdrawn"})
        await telling.step(session, author, withdrawn, "withdraw", on=day, reason="left_roster")
        return
    if contract.valid_from is None or contract.valid_to is None or contract.valid_to < day:
        return
    day = max(day, contract.valid_from)
    reason = programme_of(context).reason_of_leaving(person.reason)
    if contract.ended_on is None:
        await end(session, author, contract, on=day, reason=reason, by_registry=True)
    elif (contract.ended_on, contract.end_reason) != (day, reason):
        corrected = await repository.change(
            session, contract.contract_id, {"ended_on": day, "end_reason": reason}
        )
        await telling.step(session, author, corrected, "terminate", on=day, reason=reason)
        await telling.ended(session, author, corrected)


async def _back(
    session: WriteSession, author: telling.Author, contract: Contract, kept: str
) -> None:
    """What the registry had ended holds again, unless something has taken its place.

    Another contract, or a reason recorded meanwhile why the person is under none.
    """
    if not contract.ended_by_registry or contract.valid_from is None or contract.ended_on is None:
        return
    taken = await repository.holding(
        session, kept, contract.valid_from, contract.valid_to, but=contract.contract_id
    )
    exempt = await exemptions.standing(session, kept, contract.ended_on, contract.valid_to)
    if taken or exempt:
        return
    back_on = contract.ended_on
    whole = await repository.change(
        session,
        contract.contract_id,
        {
            "stage": "renewed" if contract.renewals else "signed",
            "ended_on": None,
            "end_reason": None,
            "ended_by_registry": False,
        },
    )
    await telling.step(session, author, whole, "reinstate", on=back_on, reason="on_roster_again")
    await telling.signed(session, author, whole)


def left_on(person: Person) -> date:
    """The first day on which a person was no longer on the registry."""
    last_days = [period["valid_to"] for period in person.categories]
    if last_days and all(last_days):
        return date.fromisoformat(max(last_days)) + timedelta(days=1)
    return person.effective_on
