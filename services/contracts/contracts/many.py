"""Signing and ending many contracts at once: few statements for all, by the rules for one.

Only what is plain is done so: the person stands for himself alone, nothing is offered to him, no
exempt reason stands, no task waits for his signature. Everything else goes the way of one
(``signing``, ``changing``); both ways use the same checks and tell the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from services.contracts.contracts import repository, signing, telling
from services.contracts.contracts.problems import overlaps
from services.contracts.contracts.schemas import ContractRequest
from services.contracts.models import Contract, Person
from services.contracts.plans.service import follow_people
from shared.db.session import WriteSession
from shared.http.problem import Problem
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal


async def sign(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    wanted: Sequence[ContractRequest],
    persons: Mapping[str, Person],
) -> list[Contract | Problem]:
    """Sign contracts of plain persons, at most one for each.

    Args:
        session: holds all the persons.
        context: of the service.
        caller: whoever signs.
        wanted: signatures.
        persons: as known now, by their ids.

    Returns:
        For each its contract, or why there is none.
    """
    author = telling.by(caller, context.clock.now())
    terms = await repository.terms_of_many(session, [body.person_id for body in wanted])
    results: list[Contract | Problem] = []
    for body in wanted:
        try:
            contract, day = signing.drafted(context, caller, body, persons[body.person_id], author)
            first = body.valid_from or day
            last = signing.last_day(context, first, body.valid_to)
            if any(
                _meet(first, last, start, ends) for start, ends in terms.get(body.person_id, ())
            ):
                raise overlaps()
        except Problem as refused:
            results.append(refused)
            continue
        contract.signed_on, contract.valid_from, contract.valid_to = day, first, last
        results.append(contract)
    signed = [each for each in results if isinstance(each, Contract)]
    await repository.add_many(session, [signing.columns(each) for each in signed])
    await telling.steps_many(
        session,
        author,
        [(each, 1, each.signed_on or date.min) for each in signed],
        "sign",
    )
    await telling.tell_many(
        session, author, [(each, telling.signed_event(each)) for each in signed]
    )
    await follow_people(session, context, [each.person_id for each in signed], at=author.at)
    return results


async def end(
    session: WriteSession, author: telling.Author, contracts: Sequence[Contract], *, reason: str
) -> None:
    """End contracts that were signed and nothing else, from their first day on.

    Args:
        session: holds all the persons.
        author: whoever ends them.
        contracts: as they stand.
        reason: for all of them.
    """
    ended = await repository.end_many(
        session, [each.contract_id for each in contracts], reason=reason
    )
    numbers = await repository.last_steps(session, [each.contract_id for each in ended])
    await telling.steps_many(
        session,
        author,
        [(e, numbers.get(e.contract_id, 0) + 1, e.ended_on or date.min) for e in ended],
        "terminate",
        reason=reason,
    )
    await telling.tell_many(session, author, [(each, telling.ended_event(each)) for each in ended])


def _meet(first: date, last: date, start: date, ends_before: date) -> bool:
    """Whether a term has a day of one that begins on ``start`` and ends before ``ends_before``."""
    return first < ends_before and start < min(ends_before, last + timedelta(days=1))
