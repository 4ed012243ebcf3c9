"""Which earlier answers no longer say what is known. Pure.

An answer stays recorded as it was given; a revision is written beside it. What counts is the set
of categories on the visit's day: from it follow the benefits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from services.identity.categories.domain import Period, in_force
from services.identity.matching.decision import Grade
from services.identity.recognition.entitlements import Entitled
from shared.clock import business_date

Reason = Literal["review", "roster_correction", "number_arrived", "merge"]
VisitType = Literal["outpatient", "inpatient", "chronic_outpatient", "emergency"]


@dataclass(frozen=True)
class Told:
    """A recognition as it was last told: as answered, or as revised since."""

    recognition_id: UUID
    number: int
    """1 as answered at the window, then one more with every revision."""
    facility_code: str
    visit_no: str
    visit_type: VisitType
    occurred_at: datetime
    day: date
    """The visit's day in the region."""
    grade: Grade
    person_id: UUID | None
    categories: Sequence[Mapping[str, object]]
    """Each with ``code``, ``name_zh`` and ``valid_from``, as the window was told."""
    entitlements: Mapping[str, bool]

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(str(category["code"]) for category in self.categories)


def as_told(answered: Mapping[Any, Any], last: Mapping[Any, Any] | None) -> Told:
    """A recognition's row as its last revision's row, if there is one, made it."""
    return Told(
        recognition_id=answered["recognition_id"],
        number=last["number"] if last else 1,
        facility_code=answered["facility_code"],
        visit_no=answered["visit_no"],
        visit_type=answered["visit_type"],
        occurred_at=answered["occurred_at"],
        day=business_date(answered["occurred_at"]),
        grade=last["to_grade"] if last else answered["grade"],
        person_id=last["to_person_id"] if last else answered["person_id"],
        categories=last["to_categories"] if last else answered["categories"],
        entitlements=last["to_entitlements"] if last else answered["entitlements"],
    )


@dataclass(frozen=True)
class Revision:
    """What a recognition is now known to be."""

    told: Told
    grade: Grade
    person_id: UUID | None
    categories: tuple[Period, ...]
    """Those in force on the visit's day."""
    entitlements: Entitled
    reason: Reason


def differs(told: Told, history: Sequence[Period]) -> bool:
    """Whether the person's history gives other categories on the visit's day than were told."""
    return told.codes != {period.code for period in in_force(history, told.day)}
