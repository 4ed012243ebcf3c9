"""What claims says: a case opened, the patient went home, the bill was settled."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from shared.events.base import Classification, Event
from shared.money import Money


class PayerShare(BaseModel):
    """What one payer pays of a bill (CNY)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    payer: str
    amount: Money


class _EncounterEvent(Event):
    producer: ClassVar[str] = "claims"
    noun: ClassVar[str] = "encounter"
    key_field: ClassVar[str] = "encounter_id"

    encounter_id: str
    person_id: str | None = None
    facility_code: str
    facility_level: str
    in_region: bool
    visit_no: str
    visit_type: str
    admitted_on: date
    township: str | None = None
    village: str | None = None
    """The person's home, not the facility's place."""


class EncounterOpened(_EncounterEvent):
    """A visit's case is open; charges may come."""

    verb: ClassVar[str] = "opened"

    deposit: Money
    treat_first_pay_later: bool
    recognition_id: str | None = None


class EncounterDischarged(_EncounterEvent):
    """The patient left; the bill is complete."""

    verb: ClassVar[str] = "discharged"

    discharged_on: date
    diagnoses: tuple[str, ...] = ()
    """ICD-10 codes."""


class EncounterCancelled(_EncounterEvent):
    """The visit did not take place, or was registered by mistake; it will not be settled."""

    verb: ClassVar[str] = "cancelled"

    cancelled_at: datetime


class SettlementMade(Event):
    """Every payer's share of a visit's bill is fixed; the parts sum to the total."""

    producer: ClassVar[str] = "claims"
    noun: ClassVar[str] = "settlement"
    verb: ClassVar[str] = "made"
    key_field: ClassVar[str] = "encounter_id"

    settlement_id: str
    encounter_id: str
    person_id: str | None = None
    facility_code: str
    facility_level: str
    in_region: bool
    township: str | None = None
    village: str | None = None
    category: str | None = None
    """The person's first category in force on the visit's date; None for an ordinary resident."""
    visit_type: str
    admitted_on: date
    discharged_on: date
    pack: str
    pack_version: str
    total: Money
    waived: Money
    out_of_catalogue: Money
    over_limit: Money
    self_first: Money
    in_scope: Money
    payers: tuple[PayerShare, ...]
    patient_pays: Money
    supersedes: str | None = None


class SettlementReversed(Event):
    """A settlement was undone; every amount is the negative of the original's."""

    producer: ClassVar[str] = "claims"
    noun: ClassVar[str] = "settlement"
    verb: ClassVar[str] = "reversed"
    key_field: ClassVar[str] = "encounter_id"

    settlement_id: str
    reverses: str
    encounter_id: str
    reason: str
    total: Money
    waived: Money
    out_of_catalogue: Money
    over_limit: Money
    self_first: Money
    in_scope: Money
    payers: tuple[PayerShare, ...]
    patient_pays: Money


class DrugPaymentDecided(Event):
    """What the special fund pays of drugs that a family-doctor team handed out (XB-25)."""

    producer: ClassVar[str] = "claims"
    noun: ClassVar[str] = "drug_payment"
    verb: ClassVar[str] = "decided"
    key_field: ClassVar[str] = "person_id"

    dispensing_id: str
    person_id: str
    fund_pays: Money
    patient_pays: Money
    as_told: bool
    """False: a settled visit had used the year's limit, and the fund pays less than was told."""


class FundWarned(Event):
    """A fund will have run out soon, at what bills cost it of late."""

    producer: ClassVar[str] = "claims"
    noun: ClassVar[str] = "fund"
    verb: ClassVar[str] = "warned"
    classification: ClassVar[Classification] = "internal"
    key_field: ClassVar[str] = "fund"

    fund: str
    as_of: date
    balance: Money
    """What it holds."""
    owed: Money
    """What it owes facilities for settled bills."""
    pace: Money
    """What bills cost it per day."""
    runs_out_on: date


class ClearingShare(BaseModel):
    """What one fund paid one facility, for one use."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    facility_code: str
    fund: str
    use: str
    kind: str
    """``payment``, or ``release`` of what had been held back."""
    amount: Money
    paid_on: date


class ClearingPaid(Event):
    """Funds have paid facilities for settled bills; what is not told yet is still open."""

    producer: ClassVar[str] = "claims"
    noun: ClassVar[str] = "clearing"
    verb: ClassVar[str] = "paid"
    classification: ClassVar[Classification] = "internal"
    key_field: ClassVar[str] = "run_id"

    run_id: str
    period: str
    complete: bool
    """Nothing of the run is open any more, what is held back not counted."""
    shares: tuple[ClearingShare, ...]


class DifferenceCount(BaseModel):
    """How many differences of one kind, and what they come to (the hospital's less ours)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    kind: str
    count: int
    difference: Money


class ReconciliationDiffered(Event):
    """A hospital's book of a day and ours do not agree; what was found is still open."""

    producer: ClassVar[str] = "claims"
    noun: ClassVar[str] = "reconciliation"
    verb: ClassVar[str] = "differed"
    classification: ClassVar[Classification] = "internal"
    key_field: ClassVar[str] = "facility_code"

    reconciliation_id: str
    facility_code: str
    date: date
    difference: Money
    """What the hospital's total has more than ours."""
    differences: tuple[DifferenceCount, ...]
    """Every open one of the day, by kind."""


class FlagRaised(Event):
    """Monitoring asks a question about settled bills; no bill is changed by it."""

    producer: ClassVar[str] = "claims"
    noun: ClassVar[str] = "flag"
    verb: ClassVar[str] = "raised"
    classification: ClassVar[Classification] = "personal"
    key_field: ClassVar[str] = "flag_id"

    flag_id: str
    rule: str
    rule_version: str
    citation: str
    facility_code: str
    person_id: str | None = None
    encounter_ids: tuple[str, ...] = ()
    found_on: date
    """The last day of the bills that it rests on."""
