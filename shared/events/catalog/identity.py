"""What identity says: who entered or left the registry, and who was recognised where."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from shared.events.base import Classification, Event

Grade = Literal["certain", "probable", "possible", "none"]
PovertyCause = Literal[
    "illness", "disability", "schooling", "disaster", "land", "water", "skills", "labour",
    "capital", "transport", "motivation", "other",
]  # fmt: skip
"""The main cause of a household's poverty, as the national roster sorts them."""
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
    birth_year: int | None = None
    """Decides whose yearly check is that of the elderly; the day of birth is never told."""
    sex: Literal["M", "F"] | None = None
    """Some treatments are had by one sex alone: a bill that says otherwise is asked about."""
    poverty_cause: PovertyCause | None = None
    """What made the household poor, where the roster's row says it; None tells nothing."""
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


RevisionReason = Literal["review", "roster_correction", "number_arrived", "merge"]


class RecognitionRevised(Event):
    """An answer given to a hospital is no longer what we know; the recognition's new state.

    What was answered then stays recorded as it was. Readers replace what they took from
    ``recognition.made`` (same key, so it comes after it) or from an earlier revision.
    """

    producer: ClassVar[str] = "identity"
    noun: ClassVar[str] = "recognition"
    verb: ClassVar[str] = "revised"
    key_field: ClassVar[str] = "recognition_id"

    recognition_id: str
    reason: RevisionReason
    from_grade: Grade
    from_person_id: str | None = None
    to_grade: Grade
    to_person_id: str | None = None
    """Set when the new grade is ``certain`` or ``probable``."""
    categories: tuple[CategoryPeriod, ...] = ()
    """Those in force on the visit's date, as now known."""
    entitlements: Entitlements
    facility_code: str
    visit_no: str
    visit_type: VisitType
    occurred_at: datetime
    recorded_at: datetime
    township: str | None = None
    village: str | None = None


class _MergeEvent(Event):
    producer: ClassVar[str] = "identity"
    noun: ClassVar[str] = "person"
    key_field: ClassVar[str] = "kept_person_id"

    merge_id: str
    kept_person_id: str
    absorbed_person_id: str
    recorded_at: datetime


class PersonMerged(_MergeEvent):
    """Two registered persons are one; from now on both ids mean ``kept_person_id``."""

    verb: ClassVar[str] = "merged"


class PersonUnmerged(_MergeEvent):
    """A merge was a mistake and is undone; the two ids mean two persons again."""

    verb: ClassVar[str] = "unmerged"


class _CardEvent(Event):
    producer: ClassVar[str] = "identity"
    noun: ClassVar[str] = "card"
    key_field: ClassVar[str] = "person_id"

    card_id: str
    person_id: str
    recorded_at: datetime


class CardIssued(_CardEvent):
    """A person was given an electronic health card."""

    verb: ClassVar[str] = "issued"

    expires_on: date | None = None
    """The last day on which it is good."""


class CardRevoked(_CardEvent):
    """A card no longer proves anything."""

    verb: ClassVar[str] = "revoked"
