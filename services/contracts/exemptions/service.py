"""Recording, ending and reading why registered persons are not under contract."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from services.contracts.access import TeamNotYours, may_act, organisation_of
from services.contracts.contracts import repository as contracts
from services.contracts.contracts import telling
from services.contracts.contracts.changing import end as end_contract
from services.contracts.contracts.domain import last_day
from services.contracts.exemptions import recording, repository
from services.contracts.exemptions.schemas import (
    ExemptionAnswer,
    ExemptionEndRequest,
    ExemptionEvidence,
    ExemptionRequest,
)
from services.contracts.merges.repository import MERGES
from services.contracts.models import Exemption
from services.contracts.people import repository as people
from services.contracts.people.waiting import await_person
from services.contracts.programme.domain import Programme
from services.contracts.programme.service import programme_of
from services.contracts.teams.service import teams_of
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.http.problem import Conflict, FieldFault, NotFound, Unprocessable
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal


class ExemptionUnknown(NotFound):
    code = "exemption_unknown"
    title = "There is no such exemption, or it is not yours to see"
    title_zh = "没有这条未签约原因，或您无权查看"


class ContractInForce(Conflict):
    code = "contract_in_force"
    title = "The person is under contract on that day"
    title_zh = "该人员当日有有效签约"


class ExemptionOverlaps(Conflict):
    code = "exemption_overlaps"
    title = "Another reason stands from that day or a later one"
    title_zh = "该日或其后已有其他未签约原因"


class ExemptionEndedAlready(Conflict):
    code = "exemption_ended_already"
    title = "The exemption has ended already"
    title_zh = "该未签约原因已终止"


class ExemptionWrong(Unprocessable):
    """A field contradicts what is known; the fault names the cure."""


async def record(
    session: WriteSession, context: ServiceContext, caller: Principal, body: ExemptionRequest
) -> ExemptionAnswer:
    """Record a reason. One that ends contracts (a death, a move) ends the one in force.

    Raises:
        PersonUnknown: identity has not told of the person.
        TeamNotYours: the person is another organisation's.
        ExemptionWrong: an unknown reason, a day in the future, a term too long.
        ContractInForce: a contract holds, and the reason is none that ends it.
        ExemptionOverlaps: another reason stands from that day or a later one.
    """
    programme = programme_of(context)
    known = programme.exempt_reasons.get(body.reason)
    if known is None:
        words = ", ".join(programme.exempt_reasons)
        raise _wrong("reason", "unknown_reason", f"write one of: {words}", f"应为: {words}")
    author = telling.by(caller, context.clock.now())
    if body.valid_from > business_date(author.at):
        raise _wrong(
            "valid_from",
            "in_the_future",
            "a reason is recorded when it has come about; give its first day",
            "起始日期不能晚于今天；请填写实际开始的日期",
        )
    valid_to = body.valid_to or known.last_day(body.valid_from)
    _check_length(programme, body.valid_from, body.valid_to)
    person = await await_person(session, body.person_id)
    kept = await people.lock(session, body.person_id)
    person = await people.get(session, kept) or person
    team = teams_of(context).for_township(person.township)
    if not may_act(caller, team=team, township=person.township):
        raise TeamNotYours
    before: date | None = None
    for contract in await contracts.holding(session, kept, body.valid_from, valid_to):
        first = contract.valid_from or body.valid_from
        if known.ends_contract is not None:
            if contract.ended_on is None:
                day = max(first, body.valid_from)
                await end_contract(session, author, contract, on=day, reason=known.ends_contract)
        elif first <= body.valid_from:
            raise ContractInForce("end the contract first, or correct the day")
        else:
            before = first if before is None else min(before, first)
    exemption = await recording.record(
        session,
        context,
        author,
        person_id=body.person_id,
        kept=kept,
        home=(person.township, person.village),
        reason=body.reason,
        valid_from=body.valid_from,
        valid_to=valid_to,
        evidence=body.evidence,
        before=before,
    )
    if exemption is None:
        raise ExemptionOverlaps("end that one first, or give a later day")
    return answer(exemption, context, person_id=kept)


async def end(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    exemption_id: UUID,
    body: ExemptionEndRequest,
) -> ExemptionAnswer:
    """A reason no longer stands.

    Raises:
        ExemptionUnknown: there is none, or it is another organisation's.
        ExemptionEndedAlready: the first end stands.
        ExemptionWrong: the day is before its first one or after its last.
    """
    exemption = await _visible(session, context, caller, exemption_id)
    kept = await people.lock(session, exemption.person_id)
    last = exemption.valid_to or date.max
    if not exemption.valid_from <= body.ended_on <= last:
        raise _wrong(
            "ended_on",
            "outside_term",
            f"give a day from {exemption.valid_from} to {exemption.valid_to or 'any later one'}",
            f"请填写 {exemption.valid_from} 起的日期",
        )
    author = telling.by(caller, context.clock.now())
    ended = await recording.end(
        session, context, author, exemption, on=body.ended_on, reason=body.reason
    )
    if ended is None:
        raise ExemptionEndedAlready
    return answer(ended, context, person_id=kept)


async def one(
    session: WriteSession, context: ServiceContext, caller: Principal, exemption_id: UUID
) -> ExemptionEvidence:
    """One exemption with its evidence; the reading is logged.

    Raises:
        ExemptionUnknown: there is none, or it is another organisation's.
    """
    exemption = await _visible(session, context, caller, exemption_id)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="exemption.read",
        subject=str(exemption_id),
        at=context.clock.now(),
        detail={"person_id": exemption.person_id},
    )
    kept = await MERGES.kept_of(session, exemption.person_id)
    shown = answer(exemption, context, person_id=kept)
    evidence = context.vault.decrypt(exemption.evidence, column=recording.EVIDENCE_COLUMN)
    return ExemptionEvidence(**shown.model_dump(), evidence=evidence)


async def page(
    session: ReadSession,
    context: ServiceContext,
    caller: Principal,
    *,
    state: str | None,
    reason: str | None,
    person_id: str | None,
    limit: int,
    after: UUID | None,
) -> tuple[list[ExemptionAnswer], UUID | None]:
    """One page of the caller's exemptions, and where the next one begins."""
    rows = await repository.page_of(
        session,
        repository.ExemptionQuery(
            as_of=business_date(context.clock.now()),
            state=state,
            reason=reason,
            person_id=person_id,
            visible=organisation_of(caller),
            limit=limit,
            after=after,
        ),
    )
    shown = rows[:limit]
    following = shown[-1][0].exemption_id if len(rows) > limit else None
    return [answer(row, context, person_id=kept) for row, kept in shown], following


def answer(exemption: Exemption, context: ServiceContext, *, person_id: str) -> ExemptionAnswer:
    """The exemption in the shape of the API."""
    today = business_date(context.clock.now())
    known = programme_of(context).exempt_reasons.get(exemption.reason)
    ended = exemption.ended_on is not None and exemption.ended_on <= today
    over = exemption.valid_to is not None and exemption.valid_to < today
    return ExemptionAnswer(
        exemption_id=str(exemption.exemption_id),
        person_id=person_id,
        township=exemption.township,
        village=exemption.village,
        reason=exemption.reason,
        reason_zh=known.zh if known else exemption.reason,
        valid_from=exemption.valid_from,
        valid_to=exemption.valid_to,
        leaves_denominator=known is not None and known.leaves_denominator,
        status="ended" if ended else "expired" if over else "in_force",
        ended_on=exemption.ended_on,
        last_day=last_day(exemption.valid_from, exemption.valid_to, exemption.ended_on),
        end_reason=exemption.end_reason,
        contract_id=str(exemption.contract_id) if exemption.contract_id else None,
    )


async def _visible(
    session: ReadSession, context: ServiceContext, caller: Principal, exemption_id: UUID
) -> Exemption:
    exemption = await repository.get(session, exemption_id)
    if exemption is None:
        raise ExemptionUnknown
    team = teams_of(context).for_township(exemption.township)
    if not may_act(caller, team=team, township=exemption.township):
        raise ExemptionUnknown
    return exemption


def _check_length(programme: Programme, first: date, given: date | None) -> None:
    longest = first + timedelta(days=programme.longest_exemption_days - 1)
    if given is not None and given > longest:
        raise _wrong(
            "valid_to",
            "too_long",
            f"an exempt reason has to be looked at again; give a day until {longest}",
            f"未签约原因须定期复核；终止日期不能晚于 {longest}",
        )


def _wrong(field: str, code: str, message: str, message_zh: str) -> ExemptionWrong:
    return ExemptionWrong(errors=[FieldFault(field, code, message, message_zh)])
