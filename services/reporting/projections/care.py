"""Contracts' events: who signed or why not, who is ill, which tasks are open, what was done."""

from __future__ import annotations

from typing import Any

from services.reporting.models import (
    CheckUp,
    Contract,
    DiseaseCase,
    Dispensing,
    Exemption,
    FollowUp,
    Task,
)
from services.reporting.projections.fold import Aggregate, told_once
from shared.clock import business_date
from shared.db.base import table_of
from shared.events.base import Envelope
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

_Columns = dict[str, Any]

# --- contracts ----------------------------------------------------------------------------------


def _contract(
    event: Envelope[ContractSigned | ContractRenewed | ContractTransferred | ContractEnded],
) -> _Columns:
    told = event.data
    return {
        "contract_id": told.contract_id,
        "person_id": told.person_id,
        "team": told.team,
        "township": told.township,
        "village": told.village if told.township else None,
    }


def _signed(event: Envelope[ContractSigned]) -> _Columns:
    return {"valid_from": event.data.effective_on, "valid_to": event.data.valid_to}


def _renewed(event: Envelope[ContractRenewed]) -> _Columns:
    return {"valid_from": event.data.valid_from, "valid_to": event.data.valid_to}


def _ended(event: Envelope[ContractEnded | ContractTransferred]) -> _Columns:
    return {"ended_on": event.data.effective_on, "end_reason": event.data.reason}


_contracts = Aggregate(table_of(Contract), "contract_id", _contract)

contract_signed = _contracts.told_by("signed_sequence", _signed)
"""A contract and its term."""
contract_renewed = _contracts.told_by("signed_sequence", _renewed)
"""A contract's longer term."""
contract_ended = _contracts.told_by("ended_sequence", _ended)
"""A contract no longer holds from a day on; of one transferred, one with another team goes on."""

# --- tasks --------------------------------------------------------------------------------------


def _task(event: Envelope[TaskOpened | TaskClosed | TaskMissed]) -> _Columns:
    told = event.data
    return {
        "task_id": told.task_id,
        "person_id": told.person_id,
        "rule": told.rule,
        "team": told.team,
        "due_on": told.due_on,
    }


def _opened(event: Envelope[TaskOpened]) -> _Columns:
    return {"encounter_id": event.data.encounter_id}


def _closed(event: Envelope[TaskClosed]) -> _Columns:
    return {"outcome": event.data.outcome, "closed_at": event.time}


def _missed(event: Envelope[TaskMissed]) -> _Columns:
    return {"outcome": "missed", "closed_at": event.time}


_tasks = Aggregate(table_of(Task), "task_id", _task)

task_opened = _tasks.told_by("opened_sequence", _opened)
"""A task, or the same task for another team."""
task_closed = _tasks.told_by("closed_sequence", _closed)
"""A task that is done or pointless."""
task_missed = _tasks.told_by("closed_sequence", _missed)
"""A task that nobody did in its time; one that had been done after all is told as closed."""

# --- services -----------------------------------------------------------------------------------


def _follow_up(event: Envelope[FollowUpRecorded]) -> _Columns:
    told = event.data
    return {
        "follow_up_id": told.follow_up_id,
        "person_id": told.person_id,
        "team": told.team,
        "task_id": told.task_id,
        "performed_at": told.performed_at,
        "performed_on": business_date(told.performed_at),
        "way": told.way,
        # Events of the time before it was told are of visits that took place.
        "served": told.served is not False,
    }


def _check_up(event: Envelope[CheckUpRecorded]) -> _Columns:
    told = event.data
    return {
        "check_up_id": told.check_up_id,
        "person_id": told.person_id,
        "team": told.team,
        "performed_on": told.performed_on,
    }


def _dispensing(event: Envelope[DispensingRecorded]) -> _Columns:
    told = event.data
    return {
        "dispensing_id": told.dispensing_id,
        "person_id": told.person_id,
        "team": told.team,
        "dispensed_on": told.dispensed_on,
    }


follow_up_recorded = told_once(table_of(FollowUp), _follow_up)
"""A contact of a team with a person."""
check_up_recorded = told_once(table_of(CheckUp), _check_up)
"""A health check, paid or not."""
dispensing_recorded = told_once(table_of(Dispensing), _dispensing)
"""Drugs handed out: a service of the team."""

# --- exemptions ---------------------------------------------------------------------------------


def _exemption(event: Envelope[ExemptionRecorded | ExemptionEnded]) -> _Columns:
    told = event.data
    return {
        "exemption_id": told.exemption_id,
        "person_id": told.person_id,
        "reason": told.reason,
        "leaves_denominator": told.leaves_denominator,
        "valid_from": told.valid_from,
        "valid_to": told.valid_to,
    }


def _exemption_over(event: Envelope[ExemptionEnded]) -> _Columns:
    return {"ended_on": event.data.ended_on}


_exemptions = Aggregate(table_of(Exemption), "exemption_id", _exemption)

exemption_recorded = _exemptions.told_by()
"""Why a person is not under contract."""
exemption_ended = _exemptions.told_by("ended_sequence", _exemption_over)
"""The reason no longer stands from a day on."""

# --- diseases: each step of a case is told by an event of its own -------------------------------


def _case(
    event: Envelope[
        DiseaseCaseFound | DiseaseCaseManaged | DiseaseCaseClosed | DiseaseCaseWithdrawn
    ],
) -> _Columns:
    told = event.data
    return {
        "case_id": told.case_id,
        "person_id": told.person_id,
        "disease": told.disease,
        "batches": list(told.batches),
    }


_cases = Aggregate(table_of(DiseaseCase), "case_id", _case)

case_found = _cases.told_by("found_sequence", lambda e: {"found_on": e.data.effective_on})
"""Somebody is ill."""
case_managed = _cases.told_by("managed_sequence", lambda e: {"managed_on": e.data.effective_on})
"""He is looked after."""
case_closed = _cases.told_by("closed_sequence", lambda e: {"closed_on": e.data.effective_on})
"""He is cured."""
case_withdrawn = _cases.told_by("withdrawn_sequence")
"""It was entered in error."""
