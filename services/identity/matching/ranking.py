"""The people compared with a question, and how strongly each of them is believed to be meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.identity.matching.births import BirthLevel
from services.identity.matching.model import BIRTH, DIFFERS, FIRST_OF_YEAR, NAME, NUMBER, SEX
from services.identity.matching.names import NameLevel
from services.identity.matching.numbers import NumberLevel
from services.identity.matching.records import Person, Query
from services.identity.matching.scoring import Assessment, Model, Weights, assess

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
    """Everybody compared, the most believed first; of a person's records the best one."""
    best: dict[str, tuple[float, Person, Assessment]] = {}
    for person in people:
        assessment = assess(model, weights, model.levels(query, person), person)
        known = best.get(person.person_id)
        if known is None or (-assessment.score, person.key) < (-known[0], known[1].key):
            best[person.person_id] = (assessment.score, person, assessment)
    odds = {each: 2.0 ** (found[0] + weights.prior) for each, found in best.items()}
    everything = 1.0 + sum(odds[each] for each in sorted(odds))
    ranked = [
        Ranked(person, assessment, odds[person_id] / everything)
        for person_id, (_, person, assessment) in best.items()
    ]
    return tuple(sorted(ranked, key=lambda one: (-one.assessment.score, one.person.person_id)))


def in_one_household(one: Ranked, other: Ranked) -> bool:
    return (
        one.person.household_id is not None
        and one.person.household_id == other.person.household_id
        and one.person.person_id != other.person.person_id
    )
