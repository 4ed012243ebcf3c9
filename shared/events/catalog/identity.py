"""What identity says: who entered or left the registry, and who was recognised where."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from shared.events.base import Classification, Event

Grade = Literal["certain", "probable", "possible", "none"]
VisitType = Literal["outpatient", "inpatient", "chronic_outpatient", "emergency"]


class CategoryPeriod(BaseModel):
    """A person category and the days on which it holds (both ends included)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    code: str
    valid_from: date
    valid_to: date | None = None


class RosterApplied(Event):
    """A roster import was applied, all or nothing."""

    producer: ClassVar[str] = "identity"
    noun: ClassVar[str] = "roster"
    verb: ClassVar[str] = "applied"
    classification: ClassVar[Classification] = "internal"
    key_field: ClassVar[str] = "import_id"

    import_id: str
    roster_source: str
    effective_on: date
    added: int
    changed: int
    removed: int


class _PersonEvent(Event):
    producer: ClassVar[str] = "identity"
    noun: ClassVar[str] = "person"
    key_field: ClassVar[str] = "person_id"

    person_id: str
    household_id: str | None = None
    township: str | None = None
    village: str | None = None
    categories: tuple[CategoryPeriod, ...]
    """The full history of the person's categories as now known; replaces what was said before."""
    effective_on: date
    recorded_at: datetime
    reason: str | None = None


class PersonEntered(_PersonEvent):
    """A person came onto the registry."""

    verb: ClassVar[str] = "entered"


class PersonChanged(_PersonEvent):
    """A registered person's categories, dates, household or village changed."""

    verb: ClassVar[str] = "changed"


class PersonLeft(_PersonEvent):
    """A person left the registry; the categories' ``valid_to`` say when."""

    verb: ClassVar[str] = "left"


class Entitlements(BaseModel):
    """What the recognised patient is entitled to at this visit."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    treat_first_pay_later: bool
    one_stop_settlement: bool
    fee_waivers: bool


class RecognitionMade(Event):
    """A hospital asked who a patient is, and identity answered."""

    producer: ClassVar[str] = "identity"
    noun: ClassVar[str] = "recognition"
    verb: ClassVar[str] = "made"
    key_field: ClassVar[str] = "recognition_id"

    recognition_id: str
    grade: Grade
    person_id: str | None = None
    """Set when the grade is ``certain`` or ``probable``."""
    categories: tuple[CategoryPeriod, ...] = ()
    """Those in force on the visit's date."""
    entitlements: Entitlements
    facility_code: str
    visit_no: str
    visit_type: VisitType
    occurred_at: datetime
    township: str | None = None
    village: str | None = None
