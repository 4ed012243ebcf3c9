"""The people compared with a question, and how strongly each of them is believed to be meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.identity.matching.births import BirthLevel
from services.identity.matching.model import (
    BIRTH,
    CARD,
    DIFFERS,
    FIRST_OF_YEAR,
    LENT_BITS,
    NAME,
    NUMBER,
    OF_RELATIVE,
    SAME,
    SEX,
)
from services.identity.matching.names import NameLevel
from services.identity.matching.numbers import NumberLevel
from services.identity.matching.records import Person, Query
from services.identity.matching.scoring import Assessment, Levels, Model, Weights, assess

AS_WRITTEN = frozenset({NameLevel.EXACT, NameLevel.VARIANT})
SAME_NAME = frozenset(
    {
        NameLevel.EXACT,
        NameLevel.VARIANT,
        NameLevel.ALIAS,
        NameLevel.HOMOPHONE,
        NameLevel.LOOKALIKE,
        NameLevel.REORDERED,
        NameLevel.TRUNCATED,
        NameLevel.ACCENT,
        NameLevel.SIMILAR,
    }
)
"""Levels of a name that one person's own name may have; PARTIAL is what brothers share."""

OWN_NAME = AS_WRITTEN | {NameLevel.ALIAS}
SURE_NAME = OWN_NAME | {NameLevel.HOMOPHONE}
"""Levels at which a name and a number together are certain; at the others he is probable."""
SAME_DAY = frozenset({BirthLevel.EXACT, FIRST_OF_YEAR})


@dataclass(frozen=True, slots=True)
class Ranked:
    """A registered person with the evidence for him and the belief that he is meant."""

    person: Person
    assessment: Assessment
    belief: float

    def level(self, field: str) -> str | None:
        return self.assessment.level(field)

    @property
    def same_name(self) -> bool:
        return self.level(NAME) in SAME_NAME

    @property
    def contradictions(self) -> int:
        """Facts told that cannot be his: birth date, sex, another valid number."""
        return sum(
            (
                self.level(BIRTH) == BirthLevel.DIFFERS,
                self.level(SEX) == DIFFERS,
                self.level(NUMBER) in (NumberLevel.DIFFERS, NumberLevel.NEAR),
            )
        )


def rank(
    query: Query, people: Sequence[Person], weights: Weights, model: Model[Query, Person]
) -> tuple[Ranked, ...]:
    """Everybody compared, the most believed first; of a person's records the best one.

    The rivals of a belief are everybody compared, somebody who is not registered at all, and, for
    the holder of the number asked about, a relative of his who is not registered: a number is lent
    within a family, so that it does not speak independently of the name and the birth date.
    """
    best: dict[str, tuple[float, Person, Assessment]] = {}
    compared = [(person, model.levels(query, person)) for person in people]
    for person, levels in _with_relatives(query, compared, model):
        assessment = assess(model, weights, levels, person)
        known = best.get(person.person_id)
        if known is None or (-assessment.score, person.key) < (-known[0], known[1].key):
            best[person.person_id] = (assessment.score, person, assessment)
    odds = {each: 2.0 ** (found[0] + weights.prior) for each, found in best.items()}
    lent = sum(
        odds[each] * 2.0 ** _lent_bits(best[each][2], weights)
        for each in sorted(odds)
        if best[each][2].level(NUMBER) == NumberLevel.EXACT
    )
    everything = 1.0 + lent + sum(odds[each] for each in sorted(odds))
    ranked = [
        Ranked(person, assessment, odds[person_id] / everything)
        for person_id, (_, person, assessment) in best.items()
    ]
    return tuple(sorted(ranked, key=lambda one: (-one.assessment.score, one.person.person_id)))


def _with_relatives(
    query: Query, compared: Sequence[tuple[Person, Levels]], model: Model[Query, Person]
) -> list[tuple[Person, Levels]]:
    """The number is told to be a relative's where another of the household holds it.

    The birth date inside it is then the relative's as well, and says nothing.
    """
    names = [spec.name for spec in model.fields]
    number, birth = names.index(NUMBER), names.index(BIRTH)
    holders: dict[str, set[str]] = {}
    for person, levels in compared:
        if levels[number] == NumberLevel.EXACT and person.household_id is not None:
            holders.setdefault(person.household_id, set()).add(person.person_id)
    found: list[tuple[Person, Levels]] = []
    for person, levels in compared:
        shown = holders.get(person.household_id or "", set()) - {person.person_id}
        if not shown or levels[number] == NumberLevel.EXACT:
            found.append((person, levels))
            continue
        changed = list(levels)
        changed[number] = OF_RELATIVE
        if query.birth_date is None:
            changed[birth] = None
        found.append((person, tuple(changed)))
    return found


def _lent_bits(holder: Assessment, weights: Weights) -> float:
    """For an unregistered relative who shows the holder's number, rather than the holder.

    Place and telephone are the family's; a card is not, and its bits against him are its own.
    """
    if weights.lending is None:
        bits, told = LENT_BITS, weights.kin_bits
    else:
        bits, told = weights.lending.before, weights.lending.bits
    for field, level, weight in holder.evidence:
        if field in told:
            bits += told[field][level]
        elif field == CARD and level == SAME:
            bits -= weight
    return bits


def in_one_household(one: Ranked, other: Ranked) -> bool:
    return (
        one.person.household_id is not None
        and one.person.household_id == other.person.household_id
        and one.person.person_id != other.person.person_id
    )
