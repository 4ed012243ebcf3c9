"""Signing and ending contracts."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from services.contracts.access import TeamNotYours, may_act, organisation_of
from services.contracts.contracts import repository
from services.contracts.contracts.domain import Term, default_valid_to, is_short, state_on
from services.contracts.contracts.schemas import (
    ContractAnswer,
    ContractRequest,
    TerminationRequest,
)
from services.contracts.follow_up import tasks
from services.contracts.merges.repository import MERGES
from services.contracts.models import Contract
from services.contracts.people import repository as people
from services.contracts.people.waiting import await_person
from services.contracts.teams.service import teams_of
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.events.catalog import ContractEnded, ContractSigned
from shared.http.problem import Conflict, FieldFault, NotFound, Unprocessable
from shared.ids import new_id
from shared.messaging import outbox
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal


class ContractUnknown(NotFound):
    code = "contract_unknown"
    title = "There is no such contract, or it is not yours to see"
    title_zh = "没有这份签约,或您无权查看"


class ContractOverlaps(Conflict):
    code = "contract_overlaps"
    title = "The person has another contract in force in this period"
    title_zh = "该人员在此期间已有有效签约"


class ContractEndedAlready(Conflict):
    code = "contract_ended_already"
    title = "The contract has ended already"
    title_zh = "该签约已终止"


class FieldsWrong(Unprocessable):
    """A field contradicts what is known; the fault names the cure."""


async def sign(
    session: WriteSession, context: ServiceContext, caller: Principal, body: ContractRequest
) -> ContractAnswer:
    """Sign a person with a team.

    Raises:
        PersonUnknown: identity has not told of the person (within a short wait).
        TeamNotYours: the caller's organisation is neither the person's township nor the team.
        FieldsWrong: an unknown team, or a signature in the future.
        ContractOverlaps: another contract of the person holds on one of the days.
    """
    person = await await_person(session, body.person_id)
    kept = await people.lock(session, body.person_id)
    person = await people.get(session, kept) or person
    teams = teams_of(context)
    team = body.team or teams.for_township(person.township)
    if team not in teams:
        raise _fault(
            "team",
            "unknown_team",
            "there is no such team; GET /contracts/v1/teams lists them, or leave it out",
            "没有此团队;可查询团队列表,或不填由系统按乡镇确定",
        )
    if not may_act(caller, team=team, township=person.township):
        raise TeamNotYours
    now = context.clock.now()
    if body.signed_on > business_date(now):
        raise _fault(
            "signed_on",
            "in_the_future",
            "a signature cannot be dated after today; give the day it was signed",
            "签约日期不能晚于今天;请填写实际签约日期",
        )
    valid_from = body.valid_from or body.signed_on
    contract = Contract(
        contract_id=new_id(),
        region=context.region.region_code,
        person_id=body.person_id,
        team=team,
        township=person.township,
        village=person.village,
        signed_on=body.signed_on,
        valid_from=valid_from,
        valid_to=body.valid_to or default_valid_to(valid_from),
        ended_on=None,
        end_reason=None,
        signed_by=caller.client_id,
        recorded_at=now,
    )
    if await repository.holds_within(
        session, kept, contract.valid_from, contract.valid_to
    ) or not await repository.add(session, _columns(contract)):
        raise ContractOverlaps(
            "a person has one family-doctor team at a time; end the other contract first, "
            "or sign from the day after it"
        )
    await outbox.record(
        session,
        ContractSigned(
            contract_id=str(contract.contract_id),
            person_id=contract.person_id,
            team=team,
            township=contract.township,
            village=contract.village,
            effective_on=valid_from,
            valid_to=contract.valid_to,
        ),
        subject=str(contract.contract_id),
        sequence=await people.next_version(session, contract.person_id),
        occurred_at=now,
    )
    term = Term(team, contract.signed_on, valid_from, contract.valid_to + timedelta(days=1))
    await tasks.signed(session, context, kept, term, at=now)
    await _audit(session, caller, "contract.signed", contract, context)
    return answer(contract, business_date(now), person_id=kept)


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
        FieldsWrong: the day is outside the term.
    """
    contract = await visible_contract(session, caller, contract_id)
    kept = await people.lock(session, contract.person_id)
    if not contract.valid_from <= body.ended_on <= contract.valid_to:
        raise _fault(
            "ended_on",
            "outside_term",
            f"give a day of the term, {contract.valid_from} to {contract.valid_to}",
            f"请填写签约期内的日期,{contract.valid_from} 至 {contract.valid_to}",
        )
    if not await repository.end(session, contract_id, ended_on=body.ended_on, reason=body.reason):
        raise ContractEndedAlready
    now = context.clock.now()
    await outbox.record(
        session,
        ContractEnded(
            contract_id=str(contract_id),
            person_id=contract.person_id,
            team=contract.team,
            township=contract.township,
            village=contract.village,
            effective_on=body.ended_on,
            reason=body.reason,
        ),
        subject=str(contract_id),
        sequence=await people.next_version(session, contract.person_id),
        occurred_at=now,
    )
    await _audit(session, caller, "contract.ended", contract, context)
    ended = await visible_contract(session, caller, contract_id)
    return answer(ended, business_date(now), person_id=kept)


async def visible_contract(session: ReadSession, caller: Principal, contract_id: UUID) -> Contract:
    """The contract, if the caller may see it.

    Raises:
        ContractUnknown: there is none, or it is another organisation's.
    """
    contract = await repository.get(session, contract_id)
    if contract is None or not may_act(caller, team=contract.team, township=contract.township):
        raise ContractUnknown
    return contract


async def one_contract(
    session: ReadSession, context: ServiceContext, caller: Principal, contract_id: UUID
) -> ContractAnswer:
    """One contract, with its state today.

    Raises:
        ContractUnknown: there is none, or it is another organisation's.
    """
    contract = await visible_contract(session, caller, contract_id)
    kept = await MERGES.kept_of(session, contract.person_id)
    return answer(contract, business_date(context.clock.now()), person_id=kept)


async def contracts_page(
    session: ReadSession,
    context: ServiceContext,
    caller: Principal,
    *,
    state: str | None,
    team: str | None,
    person_id: str | None,
    limit: int,
    after: UUID | None,
) -> tuple[list[ContractAnswer], UUID | None]:
    """One page of the caller's contracts, and where the next one begins."""
    today = business_date(context.clock.now())
    rows = await repository.page_of(
        session,
        repository.ContractQuery(
            as_of=today,
            state=state,
            team=team,
            person_id=person_id,
            visible=organisation_of(caller),
            limit=limit,
            after=after,
        ),
    )
    shown = rows[:limit]
    following = shown[-1][0].contract_id if len(rows) > limit else None
    return [answer(row, today, person_id=kept) for row, kept in shown], following


def answer(contract: Contract, today: date, *, person_id: str) -> ContractAnswer:
    """The contract in the shape of the API; ``person_id`` is of whoever stands for the person."""
    return ContractAnswer(
        contract_id=str(contract.contract_id),
        person_id=person_id,
        team=contract.team,
        township=contract.township,
        village=contract.village,
        signed_on=contract.signed_on,
        valid_from=contract.valid_from,
        valid_to=contract.valid_to,
        short_term=is_short(contract.valid_from, contract.valid_to),
        status=state_on(today, valid_to=contract.valid_to, ended_on=contract.ended_on),
        ended_on=contract.ended_on,
        end_reason=contract.end_reason,
    )


async def _audit(
    session: WriteSession,
    caller: Principal,
    action: str,
    contract: Contract,
    context: ServiceContext,
) -> None:
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=action,
        subject=str(contract.contract_id),
        at=context.clock.now(),
        detail={"person_id": contract.person_id, "team": contract.team},
    )


def _columns(contract: Contract) -> dict[str, object]:
    names = (
        "contract_id", "region", "person_id", "team", "township", "village", "signed_on",
        "valid_from", "valid_to", "ended_on", "end_reason", "signed_by", "recorded_at",
    )  # fmt: skip
    return {name: getattr(contract, name) for name in names}


def _fault(field: str, code: str, message: str, message_zh: str) -> FieldsWrong:
    return FieldsWrong(errors=[FieldFault(field, code, message, message_zh)])
