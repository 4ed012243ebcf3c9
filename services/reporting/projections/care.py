"""Contracts' events: who signed, which tasks are open, who was followed up."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql import insert

from services.reporting.models import Contract, FollowUp, Task
from services.reporting.projections.fold import fold
from shared.db.base import table_of
from shared.db.session import WriteSession
from shared.events.base import Envelope
from shared.events.catalog import (
    ContractEnded,
    ContractRenewed,
    ContractSigned,
    ContractTransferred,
    FollowUpRecorded,
    TaskClosed,
    TaskMissed,
    TaskOpened,
)
from shared.runtime.context import ServiceContext

_CONTRACTS = table_of(Contract)
_TASKS = table_of(Task)


async def contract_signed(
    event: Envelope[ContractSigned], session: WriteSession, context: ServiceContext
) -> None:
    """A contract and its term."""
    told = event.data
    await fold(
        session,
        _CONTRACTS,
        {"contract_id": told.contract_id},
        common=_contract(told, context),
        sequence=event.sequence,
        part={"valid_from": told.effective_on, "valid_to": told.valid_to},
        part_sequence="signed_sequence",
    )


async def contract_renewed(
    event: Envelope[ContractRenewed], session: WriteSession, context: ServiceContext
) -> None:
    """A contract's longer term."""
    told = event.data
    await fold(
        session,
        _CONTRACTS,
        {"contract_id": told.contract_id},
        common=_contract(told, context),
        sequence=event.sequence,
        part={"valid_from": told.valid_from, "valid_to": told.valid_to},
        part_sequence="signed_sequence",
    )


async def contract_transferred(
    event: Envelope[ContractTransferred], session: WriteSession, context: ServiceContext
) -> None:
    """A contract no longer holds, for one with another team goes on."""
    await _ended(event, session, context)


async def contract_ended(
    event: Envelope[ContractEnded], session: WriteSession, context: ServiceContext
) -> None:
    """A contract that no longer holds from a day on."""
    await _ended(event, session, context)


async def _ended(
    event: Envelope[ContractEnded] | Envelope[ContractTransferred],
    session: WriteSession,
    context: ServiceContext,
) -> None:
    told = event.data
    await fold(
        session,
        _CONTRACTS,
        {"contract_id": told.contract_id},
        common=_contract(told, context),
        sequence=event.sequence,
        part={"ended_on": told.effective_on, "end_reason": told.reason},
        part_sequence="ended_sequence",
    )


def _contract(
    told: ContractSigned | ContractRenewed | ContractTransferred | ContractEnded,
    context: ServiceContext,
) -> dict[str, Any]:
    return {
        "region": context.region.region_code,
        "person_id": told.person_id,
        "team": told.team,
        "township": told.township,
        "village": told.village if told.township else None,
    }


async def task_opened(
    event: Envelope[TaskOpened], session: WriteSession, context: ServiceContext
) -> None:
    """A task, or the same task for another team."""
    told = event.data
    await fold(
        session,
        _TASKS,
        {"task_id": told.task_id},
        common=_task(told, context),
        sequence=event.sequence,
        part={"encounter_id": told.encounter_id},
        part_sequence="opened_sequence",
    )


async def task_closed(
    event: Envelope[TaskClosed], session: WriteSession, context: ServiceContext
) -> None:
    """A task that is done or pointless."""
    told = event.data
    await fold(
        session,
        _TASKS,
        {"task_id": told.task_id},
        common=_task(told, context),
        sequence=event.sequence,
        part={"outcome": told.outcome, "closed_at": event.time},
        part_sequence="closed_sequence",
    )


async def task_missed(
    event: Envelope[TaskMissed], session: WriteSession, context: ServiceContext
) -> None:
    """A task that nobody did in its time; one that had been done after all is told as closed."""
    told = event.data
    await fold(
        session,
        _TASKS,
        {"task_id": told.task_id},
        common=_task(told, context),
        sequence=event.sequence,
        part={"outcome": "missed", "closed_at": event.time},
        part_sequence="closed_sequence",
    )


def _task(told: TaskOpened | TaskClosed | TaskMissed, context: ServiceContext) -> dict[str, Any]:
    return {
        "region": context.region.region_code,
        "person_id": told.person_id,
        "rule": told.rule,
        "team": told.team,
        "due_on": told.due_on,
    }


async def follow_up_recorded(
    event: Envelope[FollowUpRecorded], session: WriteSession, context: ServiceContext
) -> None:
    """A contact of a team with a person."""
    told = event.data
    await session.execute(
        insert(FollowUp)
        .values(
            follow_up_id=told.follow_up_id,
            region=context.region.region_code,
            person_id=told.person_id,
            team=told.team,
            task_id=told.task_id,
            performed_at=told.performed_at,
            way=told.way,
        )
        .on_conflict_do_nothing()
    )
