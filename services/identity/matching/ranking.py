"""The people compared with a question, and how strongly each of them is believed to be meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
from services.identity.matching.scoring import (
    Assessment,
    Levels,
    Model,
    Weights,
    assess,
    total,
)

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
class _Weighing:
    """What the evidence about everybody compared with one question is weighed by."""

    model: Model[Query, Person]
    weights: Weights
    places: Mapping[str, int]
    """Where each field stands among the levels."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A registered person with the evidence for him and the belief that he is meant."""

    person: Person
    levels: Levels
    score: float
    belief: float
    _weighing: _Weighing = field(repr=False)

    @property
    def assessment(self) -> Assessment:
        """The evidence field by field; written out for those only who are told of."""
        return assess(self._weighing.model, self._weighing.weights, self.levels, self.person)

    def level(self, name: str) -> str | None:
        return self.levels[self._weighing.places[name]]

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
    weighing = _Weighing(
        model, weights, {spec.name: place for place, spec in enumerate(model.fields)}
    )
    compare = model.comparer(query)
    compared = [(person, compare(person)) for person in people]
    best: dict[str, tuple[float, Person, Levels]] = {}
    for person, levels in _with_relatives(query, compared, weighing.places):
        score = total(model, weights, levels, person)
        known = best.get(person.person_id)
        if known is None or (-score, person.key) < (-known[0], known[1].key):
            best[person.person_id] = (score, person, levels)
    number = weighing.places[NUMBER]
    # One order whatever the roster's: a sum of floats depends on it.
    odds = {each: 2.0 ** (best[each][0] + weights.prior) for each in sorted(best)}
    lent = sum(
        odds[each]
        * 2.0 ** _lent_bits(assess(model, weights, best[each][2], best[each][1]), weights)
        for each in odds
        if best[each][2][number] == NumberLevel.EXACT
    )
    everything = 1.0 + lent + sum(odds.values())
    ranked = [
        Ranked(person, levels, score, odds[person_id] / everything, weighing)
        for person_id, (score, person, levels) in best.items()
    ]
    return tuple(sorted(ranked, key=lambda one: (-one.score, one.person.person_id)))


def _with_relatives(
    query: Query, compared: Sequence[tuple[Person, Levels]], places: Mapping[str, int]
) -> Sequence[tuple[Person, Levels]]:
    """The number is told to be a relative's where another of the household holds it.

    The birth date inside it is then the relative's as well, and says nothing.
    """
    number, birth = places[NUMBER], places[BIRTH]
    holders: dict[str, set[str]] = {}
    for person, levels in compared:
        if levels[number] == NumberLevel.EXACT and person.household_id is not None:
            holders.setdefault(person.household_id, set()).add(person.person_id)
    if not holders:
        return compared
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
    for name, level, weight in holder.evidence:
        if name in told:
            bits += told[name][level]
        elif name == CARD and level == SAME:
            bits -= weight
    return bits


def in_one_household(one: Ranked, other: Ranked) -> bool:
    return (
        one.person.household_id is not None
        and one.person.household_id == other.person.household_id
        and one.person.person_id != other.person.person_id
    )
