"""Renewing, transferring and ending a contract in force."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from services.contracts.contracts import repository, telling
from services.contracts.contracts.domain import default_valid_to
from services.contracts.contracts.problems import (
    ContractEndedAlready,
    ContractExpired,
    ContractOverlaps,
    fault,
    in_the_future,
)
from services.contracts.contracts.schemas import (
    ContractAnswer,
    RenewalRequest,
    TerminationRequest,
    TransferRequest,
)
from services.contracts.contracts.service import answer, locked_contract
from services.contracts.contracts.signing import next_stage, unknown_team
from services.contracts.exemptions import recording as exemptions
from services.contracts.models import Contract
from services.contracts.plans.service import follow_person
from services.contracts.programme.service import programme_of
from services.contracts.teams.service import teams_of
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.ids import new_id
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal


async def renew(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    contract_id: UUID,
    body: RenewalRequest,
) -> ContractAnswer:
    """A contract goes on after its term, for at least another year.

    Raises:
        ContractUnknown: there is none, or it is another organisation's.
        StepRefused: it is not in force.
        ContractExpired: the term was over on the day; a new contract has to be signed.
        ContractOverlaps: another contract of the person holds in the new term.
        FieldsWrong: a day in the future or before the term, or a new term of less than a year.
    """
    contract, kept = await locked_contract(session, caller, contract_id)
    author = telling.by(caller, context.clock.now())
    day = body.renewed_on or business_date(author.at)
    if day > business_date(author.at):
        raise in_the_future("renewed_on")
    stage = next_stage(contract, "renew")
    valid_from, valid_to = _term(contract)
    if day < valid_from:
        raise _outside_term("renewed_on", valid_from, valid_to)
    if day > valid_to:
        raise ContractExpired("a contract is renewed in its term; sign a new one")
    begins = valid_to + timedelta(days=1)
    least = default_valid_to(begins, programme_of(context).term.years)
    last = body.valid_to or least
    if last < least:
        raise fault(
            "valid_to",
            "term_too_short",
            f"the new term begins on {begins} and lasts at least until {least}",
            f"续约自 {begins} 起，至少到 {least}",
        )
    if await repository.holding(session, kept, begins, last, but=contract_id):
        raise ContractOverlaps("another contract holds after the term; it needs no renewal")
    contract = await repository.change(
        session,
        contract_id,
        {"stage": stage, "valid_to": last, "renewals": contract.renewals + 1},
    )
    await exemptions.end_all(session, context, author, kept, first=begins, last=last)
    await telling.step(session, author, contract, "renew", on=day)
    await telling.renewed(session, author, contract, begins=begins, on=day)
    return answer(contract, context, person_id=kept)


async def transfer(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    contract_id: UUID,
    body: TransferRequest,
) -> ContractAnswer:
    """Another team goes on from a day; the contract with it is the answer.

    Raises:
        ContractUnknown: there is none, or it is another organisation's.
        StepRefused: it is not in force.
        TeamNotYours: the caller acts for neither team nor the person's township.
        FieldsWrong: an unknown or the same team, or a day outside the term.
    """
    contract, kept = await locked_contract(session, caller, contract_id)
    author = telling.by(caller, context.clock.now())
    if body.team not in teams_of(context):
        raise unknown_team()
    if body.team == contract.team:
        raise fault(
            "team",
            "same_team",
            "the contract is with that team already; name another one",
            "已由该团队签约；请填写其他团队",
        )
    stage = next_stage(contract, "transfer")
    valid_from, valid_to = _term(contract)
    day = body.on or business_date(author.at)
    if not valid_from <= day <= valid_to:
        raise _outside_term("on", valid_from, valid_to)
    last = body.valid_to or valid_to
    if last < day:
        raise _outside_term("valid_to", day, valid_to)
    if await repository.holding(session, kept, day, last, but=contract_id):
        raise ContractOverlaps("another contract holds in these days; end it first")
    left = await repository.change(
        session,
        contract_id,
        {"stage": stage, "ended_on": day, "end_reason": "other_team"},
    )
    following = Contract(
        contract_id=new_id(),
        region=contract.region,
        person_id=contract.person_id,
        team=body.team,
        township=contract.township,
        village=contract.village,
        stage="signed",
        package=contract.package,
        signed_on=min(day, business_date(author.at)),
        valid_from=day,
        valid_to=last,
        renewals=0,
        ended_by_registry=False,
        transferred_from=contract_id,
        signed_by=caller.client_id,
        recorded_at=author.at,
    )
    session.add(following)
    await session.flush()
    await telling.step(session, author, left, "transfer", on=day, reason="other_team")
    await telling.transferred(session, author, left, following)
    await telling.step(session, author, following, "sign", on=day)
    await telling.signed(session, author, following)
    await follow_person(session, context, kept, at=author.at)
    return answer(following, context, person_id=kept)


async def terminate(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    contract_id: UUID,
    body: TerminationRequest,
) -> ContractAnswer:
    """End a contract before its term.

    Raises:
        ContractUnknown: there is none, or it is another organisation's.
        ContractEndedAlready: it was ended before; the first end stands.
        StepRefused: it was never signed.
        FieldsWrong: the day is outside the term.
    """
    contract, kept = await locked_contract(session, caller, contract_id)
    author = telling.by(caller, context.clock.now())
    if contract.ended_on is not None:
        raise ContractEndedAlready
    next_stage(contract, "terminate")
    valid_from, valid_to = _term(contract)
    if not valid_from <= body.ended_on <= valid_to:
        raise _outside_term("ended_on", valid_from, valid_to)
    contract = await end(session, author, contract, on=body.ended_on, reason=body.reason)
    known = programme_of(context).exempt_reasons.get(body.reason)
    if body.evidence is not None and known is not None:
        await exemptions.record(
            session,
            context,
            author,
            person_id=contract.person_id,
            kept=kept,
            home=(contract.township, contract.village),
            reason=body.reason,
            valid_from=body.ended_on,
            valid_to=known.last_day(body.ended_on),
            evidence=body.evidence,
            contract_id=contract_id,
        )
    await follow_person(session, context, kept, at=author.at)
    return answer(contract, context, person_id=kept)


async def end(
    session: WriteSession,
    author: telling.Author,
    contract: Contract,
    *,
    on: date,
    reason: str,
    by_registry: bool = False,
) -> Contract:
    """End a contract in force from a day on; the caller holds the person's lock."""
    stage = next_stage(contract, "terminate")
    ended = await repository.change(
        session,
        contract.contract_id,
        {
            "stage": stage,
            "ended_on": on,
            "end_reason": reason,
            "ended_by_registry": by_registry,
        },
    )
    await telling.step(session, author, ended, "terminate", on=on, reason=reason)
    await telling.ended(session, author, ended)
    return ended


def _term(contract: Contract) -> tuple[date, date]:
    """First and last day of a contract that has been signed."""
    if contract.valid_from is None or contract.valid_to is None:
        message = "a contract in force has its days; the table's constraint says so"
        raise ValueError(message)
    return contract.valid_from, contract.valid_to


def _outside_term(field: str, first: date, last: date) -> Exception:
    return fault(
        field,
        "outside_term",
        f"give a day of the term, {first} to {last}",
        f"请填写签约期内的日期，{first} 至 {last}",
    )
