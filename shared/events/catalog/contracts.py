"""What contracts says: who signed with which team, which task is open or done."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from shared.events.base import Classification, Event
from shared.money import Fen, Money


class _ContractEvent(Event):
    producer: ClassVar[str] = "contracts"
    noun: ClassVar[str] = "contract"
    key_field: ClassVar[str] = "person_id"

    contract_id: str
    person_id: str
    team: str
    township: str | None = None
    village: str | None = None
    effective_on: date


class ContractSigned(_ContractEvent):
    """A person and a family-doctor team signed."""

    verb: ClassVar[str] = "signed"

    valid_to: date
    signed_on: date | None = None
    package: str | None = None
    transferred_from: str | None = None
    """The contract with another team that this one goes on."""


class ContractRenewed(_ContractEvent):
    """A contract's term was made longer; ``effective_on`` is the new term's first day."""

    verb: ClassVar[str] = "renewed"

    valid_from: date
    """The first day of the first term."""
    valid_to: date
    renewed_on: date


class ContractTransferred(_ContractEvent):
    """A contract no longer holds from ``effective_on``; one with another team goes on."""

    verb: ClassVar[str] = "transferred"

    to_contract_id: str
    to_team: str
    reason: str = "other_team"


class ContractRefused(_ContractEvent):
    """A person was offered a contract and declined."""

    verb: ClassVar[str] = "refused"


class ContractEnded(_ContractEvent):
    """A contract ended before or at its term."""

    verb: ClassVar[str] = "ended"

    reason: str


class _ExemptionEvent(Event):
    producer: ClassVar[str] = "contracts"
    noun: ClassVar[str] = "exemption"
    key_field: ClassVar[str] = "person_id"

    exemption_id: str
    person_id: str
    reason: str
    valid_from: date
    valid_to: date | None = None
    """The last day on which it stands; None: it does not expire."""
    leaves_denominator: bool
    """The person is not "at home and willing" while it stands (LP-32)."""
    township: str | None = None
    village: str | None = None


class ExemptionRecorded(_ExemptionEvent):
    """Why a registered person is not under contract: he refused, is away, has died."""

    verb: ClassVar[str] = "recorded"


class ExemptionEnded(_ExemptionEvent):
    """The reason no longer stands from ``ended_on``."""

    verb: ClassVar[str] = "ended"

    ended_on: date
    end_reason: str


class _DiseaseCaseEvent(Event):
    producer: ClassVar[str] = "contracts"
    noun: ClassVar[str] = "disease_case"
    key_field: ClassVar[str] = "person_id"

    case_id: str
    person_id: str
    disease: str
    batches: tuple[str, ...] = ()
    """The lists on which the disease stands: ``major_14``, ``serious_34``, ``chronic_4`` …"""
    effective_on: date
    township: str | None = None
    village: str | None = None


class DiseaseCaseFound(_DiseaseCaseEvent):
    """A disease of a registered person was found."""

    verb: ClassVar[str] = "found"


class DiseaseCaseManaged(_DiseaseCaseEvent):
    """The person is treated and followed up by a plan of his own."""

    verb: ClassVar[str] = "managed"


class DiseaseCaseClosed(_DiseaseCaseEvent):
    """He is cured, and there is evidence of it (销号)."""

    verb: ClassVar[str] = "closed"


class DiseaseCaseWithdrawn(_DiseaseCaseEvent):
    """It was entered in error; from the first day on there was no such case."""

    verb: ClassVar[str] = "withdrawn"


class _TaskEvent(Event):
    producer: ClassVar[str] = "contracts"
    noun: ClassVar[str] = "task"
    key_field: ClassVar[str] = "person_id"

    task_id: str
    person_id: str
    rule: str
    team: str
    due_on: date


class TaskOpened(_TaskEvent):
    """A team has something to do for a person until the due day."""

    verb: ClassVar[str] = "opened"

    encounter_id: str | None = None
    programme: str | None = None


class TaskMissed(_TaskEvent):
    """A task's window ended without the work."""

    verb: ClassVar[str] = "missed"

    closes_on: date
    programme: str | None = None


class TaskClosed(_TaskEvent):
    """A task was done, or became pointless; ``outcome`` tells which."""

    verb: ClassVar[str] = "closed"

    outcome: str


class FollowUpRecorded(Event):
    """A team followed a person up."""

    producer: ClassVar[str] = "contracts"
    noun: ClassVar[str] = "follow_up"
    verb: ClassVar[str] = "recorded"
    key_field: ClassVar[str] = "person_id"

    follow_up_id: str
    person_id: str
    team: str
    task_id: str | None = None
    performed_at: datetime
    way: str
    served: bool | None = None
    """False: nobody was reached, or the person declined; such a visit is no service on record."""
    disease: str | None = None
    """The programme of care, such as ``hypertension``."""
    control_status: str | None = None
    """``controlled`` or ``uncontrolled``, by the national standard."""
    assessment: str | None = None
    """The standard's class of the visit, such as ``uncontrolled_first``."""


class FollowUpCorrected(Event):
    """What was measured at a follow-up, or said of it, was written down wrongly; it is judged anew."""

    producer: ClassVar[str] = "contracts"
    noun: ClassVar[str] = "follow_up"
    verb: ClassVar[str] = "corrected"
    key_field: ClassVar[str] = "person_id"

    follow_up_id: str
    person_id: str
    team: str
    performed_at: datetime
    way: str
    disease: str | None = None
    control_status: str | None = None
    """As judged now."""
    assessment: str | None = None
    """As judged now."""


class CheckUpRecorded(Event):
    """A health check was done; one per person and calendar year is paid."""

    producer: ClassVar[str] = "contracts"
    noun: ClassVar[str] = "check_up"
    verb: ClassVar[str] = "recorded"
    key_field: ClassVar[str] = "person_id"

    check_up_id: str
    person_id: str
    team: str
    performed_on: date
    paid: bool
    amount: Money
    """What the special fund owes for it; ``0.00`` when it is not paid."""
    township: str | None = None
    village: str | None = None


class _DispensingEvent(Event):
    producer: ClassVar[str] = "contracts"
    noun: ClassVar[str] = "dispensing"
    key_field: ClassVar[str] = "person_id"

    dispensing_id: str
    person_id: str
    disease: str
    facility_code: str
    team: str
    dispensed_on: date
    total: Money
    insurance_paid: Money
    fund_pays: Money
    """What the window was told; claims pays it, or less where the year has less left."""
    patient_pays: Money
    township: str | None = None
    village: str | None = None


def _drugs_cap() -> Fen:
    return Fen(100_000)


class DispensingRecorded(_DispensingEvent):
    """Drugs of a chronic disease were handed out (CNY)."""

    verb: ClassVar[str] = "recorded"

    annual_cap: Money = Field(default_factory=_drugs_cap)
    """The most that the fund pays for the person's chronic drugs in the calendar year (XB-25)."""


class DispensingWithdrawn(_DispensingEvent):
    """Drugs were not handed out after all; the amounts are those of the dispensing."""

    verb: ClassVar[str] = "withdrawn"

    reason: str
    """``entered_in_error``, ``not_collected`` or ``returned``."""
    withdrawn_at: datetime


class _OverdueCallEvent(Event):
    producer: ClassVar[str] = "contracts"
    noun: ClassVar[str] = "overdue_call"
    key_field: ClassVar[str] = "person_id"

    call_id: str
    person_id: str
    team: str
    called_on: date


class OverdueCallRecorded(_OverdueCallEvent):
    """Somebody who did not come was called, or it was tried."""

    verb: ClassVar[str] = "recorded"

    outcome: str
    reached: bool
    agreed_on: date | None = None
    again_on: date | None = None
    consent: str | None = None


class OverdueCallJudged(_OverdueCallEvent):
    """It is settled whether he came within the days that count."""

    verb: ClassVar[str] = "judged"

    returned_on: date | None = None
    """The day of the first service after the call; None: he did not come."""


class VisitFlagRaised(Event):
    """Recorded visits are hard to believe; people will decide."""

    producer: ClassVar[str] = "contracts"
    noun: ClassVar[str] = "visit_flag"
    verb: ClassVar[str] = "raised"
    classification: ClassVar[Classification] = "internal"
    key_field: ClassVar[str] = "team"

    flag_id: str
    rule: str
    team: str
    found_on: date


class FeeShare(BaseModel):
    """What a team's work of one kind comes to (CNY)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    use: str
    """``contract_fee`` or ``check_up``: what the special fund pays it as."""
    count: int
    amount: Money


class FeeDue(Event):
    """A team is owed for work of a month; each unit of work is told of once."""

    producer: ClassVar[str] = "contracts"
    noun: ClassVar[str] = "fee"
    verb: ClassVar[str] = "due"
    classification: ClassVar[Classification] = "internal"
    key_field: ClassVar[str] = "team"

    statement_id: str
    team: str
    period: str
    """The month of the work, such as ``2018-03``."""
    count: int
    amount: Money
    """Of all shares."""
    issued_on: date
    shares: tuple[FeeShare, ...]
