"""Contracts' events: who signed or why not, who is ill, which tasks are open, what was done."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql import insert

from services.reporting.models import (
    CheckUp,
    Contract,
    DiseaseCase,
    Dispensing,
    Exemption,
    FollowUp,
    Task,
)
from services.reporting.projections.fold import fold
from shared.clock import business_date
from shared.db.base import table_of
from shared.db.session import WriteSession
from shared.events.base import Envelope, Event
from shared.events.catalog import (
    CheckUpRecorded,
    ContractEnded,
    ContractRenewed,
    ContractSigned,
    ContractTransferred,
    DiseaseCaseClosed,
    DiseaseCaseFound,
    DiseaseCaseManaged,
    DiseaseCaseWithdrawn,
    DispensingRecorded,
    ExemptionEnded,
    ExemptionRecorded,
    FollowUpRecorded,
    TaskClosed,
    TaskMissed,
    TaskOpened,
)
from shared.runtime.context import ServiceContext

_CONTRACTS = table_of(Contract)
_TASKS = table_of(Task)
_EXEMPTIONS = table_of(Exemption)
_CASES = table_of(DiseaseCase)
_KEEP_FOLLOW_UP = insert(table_of(FollowUp)).on_conflict_do_nothing()
_KEEP_CHECK_UP = insert(table_of(CheckUp)).on_conflict_do_nothing()
_KEEP_DISPENSING = insert(table_of(Dispensing)).on_conflict_do_nothing()


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
        _KEEP_FOLLOW_UP,
        {
            "follow_up_id": told.follow_up_id,
            "region": context.region.region_code,
            "person_id": told.person_id,
            "team": told.team,
            "task_id": told.task_id,
            "performed_at": told.performed_at,
            "performed_on": business_date(told.performed_at),
            "way": told.way,
            # Events of the time before it was told are of visits that took place.
            "served": told.served is not False,
        },
    )


async def check_up_recorded(
    event: Envelope[CheckUpRecorded], session: WriteSession, context: ServiceContext
) -> None:
    """A health check, paid or not."""
    told = event.data
    await session.execute(
        _KEEP_CHECK_UP,
        {
            "check_up_id": told.check_up_id,
            "region": context.region.region_code,
            "person_id": told.person_id,
            "team": told.team,
            "performed_on": told.performed_on,
        },
    )


async def dispensing_recorded(
    event: Envelope[DispensingRecorded], session: WriteSession, context: ServiceContext
) -> None:
    """Drugs handed out: a service of the team."""
    told = event.data
    await session.execute(
        _KEEP_DISPENSING,
        {
            "dispensing_id": told.dispensing_id,
            "region": context.region.region_code,
            "person_id": told.person_id,
            "team": told.team,
            "dispensed_on": told.dispensed_on,
        },
    )


async def exemption_recorded(
    event: Envelope[ExemptionRecorded], session: WriteSession, context: ServiceContext
) -> None:
    """Why a person is not under contract."""
    await fold(
        session,
        _EXEMPTIONS,
        {"exemption_id": event.data.exemption_id},
        common=_exemption(event.data, context),
        sequence=event.sequence,
    )


async def exemption_ended(
    event: Envelope[ExemptionEnded], session: WriteSession, context: ServiceContext
) -> None:
    """The reason no longer stands from a day on."""
    await fold(
        session,
        _EXEMPTIONS,
        {"exemption_id": event.data.exemption_id},
        common=_exemption(event.data, context),
        sequence=event.sequence,
        part={"ended_on": event.data.ended_on},
        part_sequence="ended_sequence",
    )


def _exemption(told: ExemptionRecorded | ExemptionEnded, context: ServiceContext) -> dict[str, Any]:
    return {
        "region": context.region.region_code,
        "person_id": told.person_id,
        "reason": told.reason,
        "leaves_denominator": told.leaves_denominator,
        "valid_from": told.valid_from,
        "valid_to": told.valid_to,
    }


_STEP_OF: dict[type[Event], tuple[str, str | None]] = {
    DiseaseCaseFound: ("found_sequence", "found_on"),
    DiseaseCaseManaged: ("managed_sequence", "managed_on"),
    DiseaseCaseClosed: ("closed_sequence", "closed_on"),
    DiseaseCaseWithdrawn: ("withdrawn_sequence", None),
}
"""What each event of a case fills: the step's number, and its day."""


async def disease_case_told(
    event: Envelope[
        DiseaseCaseFound | DiseaseCaseManaged | DiseaseCaseClosed | DiseaseCaseWithdrawn
    ],
    session: WriteSession,
    context: ServiceContext,
) -> None:
    """A step of a person's disease, each told by an event of its own."""
    told = event.data
    sequence, day = _STEP_OF[type(told)]
    await fold(
        session,
        _CASES,
        {"case_id": told.case_id},
        common={
            "region": context.region.region_code,
            "person_id": told.person_id,
            "disease": told.disease,
            "batches": list(told.batches),
        },
        sequence=event.sequence,
        part={} if day is None else {day: told.effective_on},
        part_sequence=sequence,
    )
