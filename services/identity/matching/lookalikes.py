"""Who else it may be: a twin, a namesake of the household, a relative whose number was used."""

from __future__ import annotations

from collections.abc import Sequence

from services.identity.matching.births import BirthLevel
from services.identity.matching.model import (
    BIRTH,
    DIFFERS,
    NAME,
    NUMBER,
    SEX,
)
from services.identity.matching.names import NameLevel
from services.identity.matching.numbers import NumberLevel, compare_numbers
from services.identity.matching.ranking import (
    OWN_NAME,
    SAME_DAY,
    Ranked,
    in_one_household,
)
from services.identity.matching.records import Person, Query


def neighbours(one: Person, other: Person) -> bool:
    """Whether their numbers are a slip apart, as those of twins and siblings may be."""
    return (
        one.number is not None
        and other.number is not None
        and compare_numbers(one.number, other.number) == NumberLevel.NEAR
    )


def of_his_name(one: Ranked, holder: Ranked) -> bool:
    """Father and son of one name: the number alone would say which of them, and it may be lent."""
    return (
        in_one_household(one, holder)
        and one.level(NAME) in OWN_NAME
        and one.level(SEX) != DIFFERS
        and (one.level(BIRTH) in SAME_DAY or holder.level(BIRTH) not in SAME_DAY)
    )


def is_rather(one: Ranked, holder: Ranked) -> bool:
    """Whether another fits the name better than the holder of the number, or the birth date."""
    if not one.same_name or one.level(SEX) == DIFFERS:
        return False
    dated = one.level(BIRTH) in SAME_DAY
    if holder.contradictions and dated:
        return True
    if not in_one_household(one, holder) or one.level(BIRTH) == BirthLevel.DIFFERS:
        return False
    # Two of a household whose names sound or look alike: sisters 李丽 and 李莉.
    written = holder.level(NAME) == NameLevel.EXACT or one.level(NAME) != NameLevel.EXACT
    return holder.level(NAME) not in OWN_NAME or not written


def relative_of(query: Query, holder: Ranked, ranked: Sequence[Ranked]) -> Ranked | None:
    """The one member of the holder's household whose name, and date if told, were given."""
    named = [
        one
        for one in ranked
        if in_one_household(one, holder)
        and one.same_name
        and (query.birth_date is None or one.level(BIRTH) != BirthLevel.DIFFERS)
    ]
    return named[0] if len(named) == 1 else None


def namesake(one: Ranked, best: Ranked) -> bool:
    """Father and son, or two of one name in a village: only the date tells them apart."""
    return (
        one is not best
        and one.same_name
        and one.level(NUMBER) == best.level(NUMBER)
        and (
            in_one_household(one, best)
            or (
                one.person.village is not None
                and (one.person.township, one.person.village)
                == (best.person.township, best.person.village)
            )
        )
    )
