"""Contracts as they stand: one, a page of them, one's history."""

from __future__ import annotations

from datetime import date
from typing import cast
from uuid import UUID

from services.contracts.access import may_act, organisation_of
from services.contracts.contracts import repository
from services.contracts.contracts.domain import Stage, is_short, last_day, possible, state_on
from services.contracts.contracts.problems import ContractUnknown
from services.contracts.contracts.schemas import (
    ContractAnswer,
    ContractHistory,
    ContractStepAnswer,
    DoubleContracts,
)
from services.contracts.merges.repository import MERGES
from services.contracts.models import Contract
from services.contracts.people import repository as people
from services.contracts.programme.service import programme_of
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal


async def visible_contract(session: ReadSession, caller: Principal, contract_id: UUID) -> Contract:
    """The contract, if the caller may see it.

    Raises:
        ContractUnknown: there is none, or it is another organisation's.
    """
    contract = await repository.get(session, contract_id)
    if contract is None or not may_act(caller, team=contract.team, township=contract.township):
        raise ContractUnknown
    return contract


async def locked_contract(
    session: WriteSession, caller: Principal, contract_id: UUID
) -> tuple[Contract, str]:
    """The contract as it stands under its person's lock, and who stands for the person.

    Raises:
        ContractUnknown: there is none, or it is another organisation's.
    """
    contract = await visible_contract(session, caller, contract_id)
    kept = await people.lock(session, contract.person_id)
    return await visible_contract(session, caller, contract_id), kept


async def one_contract(
    session: ReadSession, context: ServiceContext, caller: Principal, contract_id: UUID
) -> ContractAnswer:
    """One contract, with its state today.

    Raises:
        ContractUnknown: there is none, or it is another organisation's.
    """
    contract = await visible_contract(session, caller, contract_id)
    kept = await MERGES.kept_of(session, contract.person_id)
    return answer(contract, context, person_id=kept)


async def history(session: ReadSession, caller: Principal, contract_id: UUID) -> ContractHistory:
    """What was done with a contract, oldest first.

    Raises:
        ContractUnknown: there is none, or it is another organisation's.
    """
    await visible_contract(session, caller, contract_id)
    return ContractHistory(
        items=[
            ContractStepAnswer(
                step=each.step,
                status=each.stage,
                on=each.on,
                reason=each.reason,
                valid_to=each.valid_to,
                recorded_by=each.recorded_by,
                recorded_at=each.recorded_at,
            )
            for each in await repository.steps_of(session, contract_id)
        ]
    )


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
    rows = await repository.page_of(
        session,
        repository.ContractQuery(
            as_of=business_date(context.clock.now()),
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
    return [answer(row, context, person_id=kept) for row, kept in shown], following


async def doubled(
    session: ReadSession,
    context: ServiceContext,
    caller: Principal,
    *,
    limit: int,
    after: str | None,
) -> tuple[list[DoubleContracts], str | None]:
    """One page of the caller's persons of whom more than one contract holds today."""
    found = await repository.doubled(
        session,
        day=business_date(context.clock.now()),
        visible=organisation_of(caller),
        limit=limit,
        after=after,
    )
    items = [
        DoubleContracts(
            person_id=person_id,
            contracts=[answer(each, context, person_id=person_id) for each in contracts],
        )
        for person_id, contracts in found[:limit]
    ]
    return items, items[-1].person_id if len(found) > limit else None


def answer(contract: Contract, context: ServiceContext, *, person_id: str) -> ContractAnswer:
    """The contract in the shape of the API; ``person_id`` is of whoever stands for the person."""
    today = business_date(context.clock.now())
    stage = cast("Stage", contract.stage)
    steps = [step for step in possible(stage) if step != "reinstate"]
    return ContractAnswer(
        contract_id=str(contract.contract_id),
        person_id=person_id,
        team=contract.team,
        township=contract.township,
        village=contract.village,
        package=contract.package,
        signed_on=contract.signed_on,
        valid_from=contract.valid_from,
        valid_to=contract.valid_to,
        short_term=_short(contract.valid_from, contract.valid_to, context),
        status=state_on(
            today,
            valid_to=contract.valid_to,
            ended_on=contract.ended_on,
            stage=stage,
            renewals=contract.renewals,
        ),
        renewals=contract.renewals,
        ended_on=contract.ended_on,
        last_day=(
            last_day(contract.valid_from, contract.valid_to, contract.ended_on)
            if contract.valid_from is not None
            else None
        ),
        end_reason=contract.end_reason,
        transferred_from=str(contract.transferred_from) if contract.transferred_from else None,
        next_steps=steps,
    )


def _short(first: date | None, last: date | None, context: ServiceContext) -> bool:
    years = programme_of(context).term.years
    return first is not None and last is not None and is_short(first, last, years)
