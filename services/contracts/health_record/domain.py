"""Which of the five groups are on record for a person (XB-44). Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Literal

Group = Literal["verification", "diseases", "treatment", "services", "costs"]
State = Literal["recorded", "not_recorded", "not_applicable", "withheld"]
BY_ILLNESS = "illness_impoverished_severe"
"""The category that rests on a verification by itself."""


def verified(cause: str | None, categories: Collection[str], visits: int) -> State:
    """Whether it is known what made the person poor, or somebody went to the household."""
    known = cause is not None or BY_ILLNESS in categories or visits > 0
    return "recorded" if known else "not_recorded"


def diseased(shown: int, hidden: int) -> State:
    """Whether a disease is on the register.

    Args:
        shown: cases that the reader may see.
        hidden: cases of another township's register.
    """
    if shown:
        return "recorded"
    return "withheld" if hidden else "not_recorded"


def treated(states: Collection[str], hidden: int) -> State:
    """Whether each disease is treated by a plan or cured; no disease asks for no treatment.

    Args:
        states: of the cases that the reader may see: found, managed, closed.
        hidden: cases of another township's register.
    """
    if not states:
        return "withheld" if hidden else "not_applicable"
    return "not_recorded" if "found" in states else "recorded"


@dataclass
class Year:
    """What a year's visits and drugs cost, in fen; ``payers`` and ``patient`` make the total."""

    year: int
    visits: int = 0
    total: int = 0
    in_scope: int = 0
    patient: int = 0
    payers: dict[str, int] = field(default_factory=dict)
    dispensings: int = 0
    drugs_total: int = 0
    drugs_insured: int = 0
    drugs_fund: int = 0

    @property
    def paid(self) -> int:
        """What all payers but the patient paid of the visits."""
        return sum(self.payers.values())

    @property
    def drugs_patient(self) -> int:
        return self.drugs_total - self.drugs_insured - self.drugs_fund


@dataclass(frozen=True, slots=True)
class Visit:
    """A settled visit, in fen."""

    year: int
    total: int
    in_scope: int
    patient: int
    payers: dict[str, int]


@dataclass(frozen=True, slots=True)
class Drugs:
    """A dispensing, in fen."""

    year: int
    total: int
    insured: int
    fund: int


def by_year(visits: Iterable[Visit], drugs: Iterable[Drugs]) -> list[Year]:
    """The sums of each calendar year that has any, the newest first."""
    years: dict[int, Year] = {}
    for visit in visits:
        year = years.setdefault(visit.year, Year(visit.year))
        year.visits += 1
        year.total += visit.total
        year.in_scope += visit.in_scope
        year.patient += visit.patient
        for payer, amount in visit.payers.items():
            year.payers[payer] = year.payers.get(payer, 0) + amount
    for each in drugs:
        year = years.setdefault(each.year, Year(each.year))
        year.dispensings += 1
        year.drugs_total += each.total
        year.drugs_insured += each.insured
        year.drugs_fund += each.fund
    return sorted(years.values(), key=lambda year: -year.year)
