"""How sure we are who a patient is. Pure: facts about fields in, a grade with its reasons out.

Grades:

* ``certain``: the ID number is that of one registered person, and nothing given contradicts it.
* ``probable``: name and birth date are those of one registered person and the address names his
  village (or township), or no address was given and he is the only one in the county; also a
  number with one contradiction, and a number that two persons share of whom one has the name.
* ``possible``: somebody fits, but something speaks against it (another name, another number, an
  address elsewhere) or several fit alike. No benefit without a person looking at it.
* ``none``: nobody fits.

Only an ID number makes ``certain``. Each contradiction (birth date, sex, number) lowers the grade
by one step, at lowest to ``possible``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from services.identity.idnumber.domain import Sex
from services.identity.persons.domain import address_names_place

Grade = Literal["certain", "probable", "possible", "none"]

WEIGHTS_VERSION = "exact-1"
"""Stored with every recognition, so that it can be scored again by the same table."""

WEIGHTS: dict[tuple[str, str], float] = {
    # Bits of evidence: log2 of how much likelier the finding is for the same person than for
    # another. A number is one of some 10^14; a name is shared by about 1 in 2,000, a birth date by
    # 1 in 20,000, a village of the county by 1 in 40, a telephone by 1 in 4,000 (a household's).
    ("id_number", "exact"): 40.0,
    ("id_number", "differs"): -9.0,
    ("id_number", "unknown"): 0.0,
    ("id_number", "unreadable"): 0.0,
    ("name", "exact"): 11.0,
    ("name", "differs"): -6.0,
    ("birth_date", "exact"): 14.0,
    ("birth_date", "differs"): -7.0,
    ("sex", "exact"): 1.0,
    ("sex", "differs"): -6.0,
    ("village", "exact"): 5.0,
    ("village", "township"): 2.5,
    ("village", "elsewhere"): -2.0,
    ("phone", "exact"): 12.0,
    ("phone", "differs"): -1.0,
}

_STEPS: tuple[Grade, ...] = ("certain", "probable", "possible")
_CONTRADICTIONS = frozenset(
    {("birth_date", "differs"), ("sex", "differs"), ("id_number", "differs")}
)


@dataclass(frozen=True)
class Asked:
    """What the window gave, besides what the blind indexes compare."""

    id_number_readable: bool | None
    """None when no number was given; False when it was given but is no valid number."""
    birth_date: date | None
    number_birth_date: date | None
    """The birth date inside a valid number; no evidence of its own where the number agrees."""
    sex: Sex | None
    address: str | None


@dataclass(frozen=True)
class Candidate:
    """A registered person and how his hidden values compare; None where one side has none."""

    person_id: UUID
    id_number_equal: bool | None
    name_equal: bool | None
    phone_equal: bool | None
    birth_date: date | None
    sex: str | None
    village: str | None
    township: str | None


@dataclass(frozen=True)
class Evidence:
    """One field's finding and its weight in bits."""

    field: str
    level: str
    weight: float


@dataclass(frozen=True)
class Assessed:
    """A candidate with the evidence for and against him."""

    candidate: Candidate
    evidence: tuple[Evidence, ...]

    @property
    def score(self) -> float:
        return round(sum(item.weight for item in self.evidence), 2)

    @property
    def contradictions(self) -> int:
        return sum((item.field, item.level) in _CONTRADICTIONS for item in self.evidence)

    def level(self, field: str) -> str | None:
        return next((item.level for item in self.evidence if item.field == field), None)


@dataclass(frozen=True)
class Decision:
    """The grade, and the person it is about; ``possible`` may be about nobody in particular."""

    grade: Grade
    best: Assessed | None

    @property
    def person_id(self) -> UUID | None:
        """The person to be told: only where the grade carries benefits."""
        if self.best is None or self.grade not in ("certain", "probable"):
            return None
        return self.best.candidate.person_id


def decide(asked: Asked, candidates: Iterable[Candidate]) -> Decision:
    """Grade the candidates that share the number, or name and birth date, with the patient."""
    assessed = sorted(
        (assess(asked, candidate) for candidate in candidates),
        key=lambda one: (-one.score, str(one.candidate.person_id)),
    )
    holders = [one for one in assessed if one.level("id_number") == "exact"]
    if holders:
        return _by_number(holders)
    namesakes = [
        one
        for one in assessed
        if one.level("name") == "exact" and one.level("birth_date") == "exact"
    ]
    return _by_name(asked, namesakes)


def assess(asked: Asked, candidate: Candidate) -> Assessed:
    """The evidence about one candidate, field by field; a field not given says nothing."""
    found: list[tuple[str, str]] = []
    if asked.id_number_readable is False:
        found.append(("id_number", "unreadable"))
    elif asked.id_number_readable:
        found.append(("id_number", _word(candidate.id_number_equal, unknown="unknown")))
    if candidate.name_equal is not None:
        found.append(("name", _word(candidate.name_equal)))
    birth_date = asked.birth_date
    if birth_date is None and not candidate.id_number_equal:
        birth_date = asked.number_birth_date
    if birth_date is not None and candidate.birth_date is not None:
        found.append(("birth_date", _word(birth_date == candidate.birth_date)))
    if asked.sex is not None and candidate.sex is not None:
        found.append(("sex", _word(asked.sex == candidate.sex)))
    if asked.address and (candidate.village or candidate.township):
        found.append(("village", _place(asked.address, candidate)))
    if candidate.phone_equal is not None:
        found.append(("phone", _word(candidate.phone_equal)))
    return Assessed(
        candidate,
        tuple(Evidence(field, level, WEIGHTS[field, level]) for field, level in found),
    )


def _by_number(holders: Sequence[Assessed]) -> Decision:
    best = holders[0]
    if len(holders) == 1:
        if best.level("name") == "differs":
            return Decision("possible", best)
        return Decision(_lowered("certain", best.contradictions), best)
    # Two registered persons hold the number: at best the name tells which, and never for certain.
    named = [one for one in holders if one.level("name") == "exact"]
    if len(named) == 1:
        return Decision(_lowered("probable", named[0].contradictions), named[0])
    return Decision("possible", None)


def _by_name(asked: Asked, namesakes: Sequence[Assessed]) -> Decision:
    if not namesakes:
        return Decision("none", None)
    for place in ("exact", "township"):
        placed = [one for one in namesakes if one.level("village") == place]
        if len(placed) == 1:
            return Decision(_lowered("probable", placed[0].contradictions), placed[0])
        if placed:
            return Decision("possible", None)
    phoned = [one for one in namesakes if one.level("phone") == "exact"]
    if len(phoned) == 1:
        return Decision(_lowered("probable", phoned[0].contradictions), phoned[0])
    if len(namesakes) > 1:
        return Decision("possible", None)
    only = namesakes[0]
    grade: Grade = "possible" if asked.address else "probable"
    return Decision(_lowered(grade, only.contradictions), only)


def _lowered(grade: Grade, steps: int) -> Grade:
    return _STEPS[min(_STEPS.index(grade) + steps, len(_STEPS) - 1)]


def _word(equal: bool | None, *, unknown: str = "unknown") -> str:
    return unknown if equal is None else "exact" if equal else "differs"


def _place(address: str, candidate: Candidate) -> str:
    if address_names_place(address, candidate.village):
        return "exact"
    return "township" if address_names_place(address, candidate.township) else "elsewhere"
