"""What monitoring looks at, and what it finds: bills, the register's word, rules, findings.

Amounts in fen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """A charged line that a rule may look at."""

    line_no: str
    item: str
    kind: str
    on: date | None
    amount_fen: int
    unit_price_fen: Decimal | None
    price_limit_fen: int | None
    name: str = ""
    """As the hospital calls it."""


@dataclass(frozen=True, slots=True)
class Bill:
    """A settled visit."""

    encounter_id: str
    facility_code: str
    in_region: bool
    person_id: str | None
    """The kept one, of merged persons."""
    visit_type: str
    admitted_on: date
    discharged_on: date
    diagnoses: tuple[str, ...]
    categories: tuple[str, ...]
    """Those that the settlement went by."""
    total_fen: int
    out_of_catalogue_fen: int
    deposit_fen: int
    doctor_code: str | None = None
    """By the hospital's own staff code."""
    lines: tuple[Line, ...] = ()

    @property
    def is_stay(self) -> bool:
        return self.visit_type == "inpatient"

    @property
    def month(self) -> str:
        return f"{self.discharged_on:%Y-%m}"


@dataclass(frozen=True, slots=True)
class Listing:
    """What the register knows of a person now."""

    periods: tuple[tuple[date, date | None], ...]
    """First and last day of each category."""
    died: bool
    sex: str | None = None
    """M or F, where the roster tells it."""
    birth_year: int | None = None

    def listed_on(self, day: date) -> bool:
        return any(first <= day and (last is None or day <= last) for first, last in self.periods)

    @property
    def left_on(self) -> date | None:
        """The last day of the last category; None while one is open."""
        if not self.periods or any(last is None for _, last in self.periods):
            return None
        return max(last for _, last in self.periods if last is not None)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as written in ``rules.yaml``."""

    id: str
    name_zh: str
    name_en: str
    text_zh: str
    """What it asks for, with its parameters."""
    text_en: str
    citation: str
    parameters: Mapping[str, Any]
    assumed: tuple[str, ...]
    version: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found."""

    rule: str
    key: str
    facility_code: str
    person_id: str | None
    on: date
    encounters: tuple[str, ...]
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class County:
    """What is looked at: bills in the order of their stays, and the register."""

    bills: Sequence[Bill]
    register: Mapping[str, Listing]
