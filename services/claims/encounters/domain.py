"""Encounters: the visit's case, its state machine, and which recognition of a visit counts.

``open`` → ``charging`` (the first charges came) → ``discharged`` → ``settled``; a reversal leads
back from ``settled`` to ``discharged``, where the bill may be corrected and settled again. Until it
is settled a visit may be ``cancelled``, which is final.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID

from shared.clock import business_date

Status = Literal["open", "charging", "discharged", "settled", "cancelled"]
Grade = Literal["certain", "probable", "possible", "none"]
Action = Literal["charge", "withdraw_charges", "discharge", "settle", "reverse", "cancel"]

TRANSITIONS: Final[Mapping[tuple[Status, Action], Status]] = {
    ("open", "charge"): "charging",
    ("charging", "charge"): "charging",
    ("charging", "withdraw_charges"): "charging",
    # A bill is often completed after the patient has gone: charges move until the settlement.
    ("discharged", "charge"): "discharged",
    ("discharged", "withdraw_charges"): "discharged",
    ("open", "discharge"): "discharged",
    ("charging", "discharge"): "discharged",
    ("discharged", "settle"): "settled",
    ("settled", "reverse"): "discharged",
    ("open", "cancel"): "cancelled",
    ("charging", "cancel"): "cancelled",
    ("discharged", "cancel"): "cancelled",
}


class TransitionNotAllowed(ValueError):
    """The encounter's state does not allow this action; ``status`` and ``action`` say which."""

    def __init__(self, status: Status, action: Action) -> None:
        super().__init__(f"an encounter that is {status} does not allow {action}")
        self.status = status
        self.action = action


def after(status: Status, action: Action) -> Status:
    """The state that ``action`` leads to.

    Raises:
        TransitionNotAllowed: the action is not possible in this state.
    """
    try:
        return TRANSITIONS[status, action]
    except KeyError:
        raise TransitionNotAllowed(status, action) from None


@dataclass(frozen=True)
class Period:
    """A person category and the days on which it holds (both ends included)."""

    code: str
    valid_from: date
    valid_to: date | None = None

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def as_dict(self) -> dict[str, str | None]:
        """For a JSON column."""
        return {
            "code": self.code,
            "valid_from": self.valid_from.isoformat(),
            "valid_to": self.valid_to.isoformat() if self.valid_to else None,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, str | None]) -> Period:
        valid_to = stored.get("valid_to")
        return cls(
            code=str(stored["code"]),
            valid_from=date.fromisoformat(str(stored["valid_from"])),
            valid_to=date.fromisoformat(valid_to) if valid_to else None,
        )


@dataclass(frozen=True)
class Encounter:
    """A visit's case, with what the registry says of its person (``member_…``)."""

    id: UUID
    region: str
    facility_code: str
    visit_no: str
    visit_type: str
    status: Status
    version: int
    admitted_at: datetime
    discharged_at: datetime | None
    diagnoses: tuple[str, ...]
    doctor_code: str | None
    referral: bool
    """The hospital says so, or contracts told of a referral to it."""
    referral_issuer: str | None
    referral_stated: tuple[bool, str | None]
    """The hospital's word alone."""
    disease_programme: str | None
    """Several are kept in one text; see ``schemas.as_kept``."""
    card_presented: bool
    stated_payments: Mapping[str, int]
    """Shares (fen) of schemes that settle on their own account, as told."""
    insurance_plan: str
    deposit_fen: int
    estimated_fen: int | None
    person_id: str | None
    """As identity or the hospital told it: what the visit's events say. See ``patient_id``."""
    recognition_id: str | None
    recognition_grade: str | None
    recognised_categories: tuple[Period, ...] | None
    """Those of the winning recognition; None when there is none."""
    treat_first_pay_later: bool
    recognised_township: str | None
    recognised_village: str | None
    recognition_conflict: bool
    """Different persons are named; ids that a merge made one are no conflict."""
    recognition_pending: bool
    """A new settlement would be another person's, or on other categories."""
    registration: Mapping[str, Any] | None
    settlement_id: UUID | None
    settled_person_id: str | None
    settlement_count: int
    last_settlement_id: UUID | None
    kept_person_id: str | None
    """Who stands for the person since a merge; None: he himself."""
    member_categories: tuple[Period, ...]
    member_township: str | None
    member_village: str | None
    stored: Mapping[Any, Any]
    """The row as it stands, by the names of its columns."""

    @property
    def patient_id(self) -> str | None:
        """For whom the visit is settled, or would be now."""
        if self.status == "settled":
            return self.settled_person_id
        return self.kept_person_id or self.person_id

    @property
    def categories(self) -> tuple[Period, ...]:
        """The recognition's, else those that the registry's events told."""
        if self.recognised_categories is not None:
            return self.recognised_categories
        return self.member_categories

    @property
    def township(self) -> str | None:
        return self.recognised_township or self.member_township

    @property
    def village(self) -> str | None:
        return self.recognised_village or self.member_village


def in_force(periods: Iterable[Period], day: date) -> tuple[str, ...]:
    """The categories that hold on the day of the visit, the longest-standing first."""
    held = sorted((p for p in periods if p.holds_on(day)), key=lambda p: (p.valid_from, p.code))
    return tuple(dict.fromkeys(period.code for period in held))


@dataclass(frozen=True)
class Recognition:
    """What identity said last, under one id, of a visit's patient.

    ``possible`` and ``none`` name nobody: such a one was withdrawn, and is remembered only so that
    an older word, delivered again, does not bring it back.
    """

    recognition_id: str
    grade: Grade
    person_id: str | None
    categories: tuple[Period, ...]
    treat_first_pay_later: bool
    occurred_at: datetime
    visit_type: str
    township: str | None = None
    village: str | None = None
    sequence: int = 1
    """Of the event that said it: 1 as made, then one more with every revision."""

    @property
    def names_somebody(self) -> bool:
        return self.grade in _GRADE_ORDER and self.person_id is not None


_GRADE_ORDER: Final[Mapping[str, int]] = {"certain": 0, "probable": 1}


def winner(recognitions: Sequence[Recognition]) -> Recognition | None:
    """The recognition that counts: a certain one before a probable one, then the earliest.

    The answer does not depend on the order in which the events arrived.
    """
    return min(
        (recognition for recognition in recognitions if recognition.names_somebody),
        key=lambda r: (_GRADE_ORDER[r.grade], r.occurred_at, r.recognition_id),
        default=None,
    )


def in_conflict(recognitions: Sequence[Recognition], named_by_hospital: str | None) -> bool:
    """Whether different ids are named for one visit; a merge may show them to be one person."""
    persons = {recognition.person_id for recognition in recognitions if recognition.names_somebody}
    if named_by_hospital is not None:
        persons.add(named_by_hospital)
    return len(persons) > 1


@dataclass(frozen=True)
class Pending:
    """What a new settlement of a settled bill would change."""

    person: bool
    categories: bool

    def __bool__(self) -> bool:
        return self.person or self.categories


def pending(
    *,
    settled_person: str | None,
    settled_categories: Iterable[str],
    chosen: Recognition | None,
    named_by_hospital: str | None,
    registered: Iterable[Period],
    day: date,
) -> Pending:
    """Compare what a bill was settled on with what is known now.

    Without a recognition the registry says the categories, as at any visit that the hospital
    registers itself: a roster that reaches back may change them.

    Args:
        settled_person: as identity or the hospital told it when the bill was settled.
        settled_categories: in force on the visit's date, as settled.
        registered: what the registry says of ``settled_person`` now.
        day: the visit's date, by which categories are judged.
    """
    if chosen is None:
        person = named_by_hospital != settled_person
        return Pending(
            person=person,
            categories=not person and set(in_force(registered, day)) != set(settled_categories),
        )
    return Pending(
        person=chosen.person_id != settled_person,
        categories=set(in_force(chosen.categories, day)) != set(settled_categories),
    )


def treat_first(*, poor: bool, in_region: bool, designated: bool) -> bool:
    """Treat first, pay later: a listed poor person at a designated institution of the region.

    Source: LP-23 (住院不缴纳押金), JK-14 (先诊疗后结算).
    """
    return poor and in_region and designated


def deposit_allowed(*, poor: bool, in_region: bool, designated: bool, deposit_fen: int) -> bool:
    """No deposit is taken from whom the institution treats first (LP-23, JK-14)."""
    return deposit_fen == 0 or not treat_first(
        poor=poor, in_region=in_region, designated=designated
    )


ICD10_SHAPE: Final = re.compile(r"[A-Z][0-9]{2}(\.[0-9A-Za-z]{1,6})?([x+*][0-9A-Za-z]{0,6})?")
"""ICD-10 with the national extension: ``J18``, ``J18.900``, ``I10.x00x002``."""


@dataclass(frozen=True)
class Discharge:
    """The end of a visit."""

    discharged_at: datetime
    diagnoses: tuple[str, ...]
    referral: bool = False
    referral_issuer: str | None = None
    disease_programme: str | None = None
    doctor_code: str | None = None


@dataclass(frozen=True)
class DischargeFaults:
    """What is wrong with a discharge; empty when nothing is."""

    before_admission: bool = False
    in_future: bool = False
    malformed_diagnoses: tuple[int, ...] = field(default=())

    def __bool__(self) -> bool:
        return self.before_admission or self.in_future or bool(self.malformed_diagnoses)


def check_discharge(
    discharge: Discharge, *, admitted_at: datetime, latest: datetime
) -> DischargeFaults:
    """Check a discharge against its admission and the latest time that is believable.

    The admission is compared by the day: a recognition that opened the case may have been asked
    for at any hour of the visit's first day.
    """
    return DischargeFaults(
        before_admission=business_date(discharge.discharged_at) < business_date(admitted_at),
        in_future=discharge.discharged_at > latest,
        malformed_diagnoses=tuple(
            index
            for index, code in enumerate(discharge.diagnoses)
            if not ICD10_SHAPE.fullmatch(code)
        ),
    )
