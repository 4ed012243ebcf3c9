"""Two registrations compared: it does not matter which of them asks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations_with_replacement

from hypothesis import given
from hypothesis import strategies as st

from services.identity.matching.births import lunar
from services.identity.matching.model import AGREED_WEIGHTS, BIRTH, NAME, NUMBER, PRODUCT, TWO_SLIPS
from services.identity.matching.names import NameLevel, prepare_name
from services.identity.matching.numbers import NumberLevel
from services.identity.matching.records import Person, as_query
from services.identity.matching.scoring import assess
from tests.support.people import id_number
from tests.unit.identity.matching.county import ask, mistyped, person
from tests.unit.identity.matching.test_names import SAME

FIELDS = [spec.name for spec in PRODUCT.fields]
SYMMETRIC = ("id_number", "name", "birth_date", "sex", "phone")
"""All but the address, which is told whole and registered in parts, and the card, of which a
registration may have several and a question has one."""
FURTHER = ("Smith J.", "Jane S. Smith", "小红", "欧阳小红", "王平小红", "王阳小红")
ALIASES = (("马小兰", ()), ("吉克阿依", ("马小兰",)), ("吉克阿呷", ("马小兰", "Ma Xiaolan")))
DAYS = (
    date(1963, 2, 15), date(1963, 2, 5), date(1963, 5, 2), date(1963, 1, 1), date(1962, 2, 15),
    date(1964, 2, 15), date(1964, 2, 12), date(1963, 12, 29), date(1963, 9, 17), date(1973, 9, 17),
    date(1936, 9, 17), date(1963, 9, 11), date(1963, 10, 17), date(1963, 12, 17), date(1963, 9, 26),
    date(1963, 9, 3), date(1963, 3, 27), date(1963, 3, 3), date(1987, 7, 26), date(1987, 6, 1),
    date(1987, 1, 1), date(1981, 4, 26), date(1963, 4, 26), date(1963, 7, 19), date(1963, 9, 9),
)  # fmt: skip
OWN = id_number(date(1962, 3, 4), 11)
OLD = OWN[:6] + OWN[8:17]
NUMBERS = (
    OWN, OLD, mistyped(OWN), mistyped(mistyped(OWN), 12), mistyped(mistyped(mistyped(OWN), 12), 2),
    OWN[:17], OWN[1:], OWN[:9] + "7" + OWN[9:], OLD[:14], OLD[:13], OLD + "1", OLD + "19",
    mistyped(OLD), mistyped(OLD, 3), OLD[:4] + OLD[5:], "5.19901E+17", "519901", "", OWN[:14] + "0000",
    id_number(date(1962, 3, 4), 12), id_number(date(1962, 3, 4), 21), id_number(date(1962, 4, 3), 11),
    id_number(date(1985, 7, 8), 33), id_number(date(2001, 5, 6), 41),
)  # fmt: skip


def both_ways(people: Sequence[Person], field: str) -> set[str | None]:
    """The levels of every pair, found equal whoever asks."""
    at = FIELDS.index(field)
    found: set[str | None] = set()
    for one, other in combinations_with_replacement(people, 2):
        level = PRODUCT.levels(as_query(one), other)[at]
        assert PRODUCT.levels(as_query(other), one)[at] == level, (one, other)
        found.add(level)
    return found


def levels_of(field: str) -> set[str]:
    return set(PRODUCT.fields[FIELDS.index(field)].levels)


def each(values: Iterable[dict[str, object]]) -> list[Person]:
    """One registration for each, named by what it is about."""
    plain = person("", "陈建国", number=None, phone=None)
    return [
        replace(plain, person_id=f"{at}:{sorted(facts)}", **facts)  # type: ignore[arg-type]
        for at, facts in enumerate(values)
    ]


def test_names_are_compared_alike_both_ways() -> None:
    """Goal: nobody is missed because the slip stands on the other side. Method: every pair of the
    names that any slip is told by, of both scripts, with aliases; each level is met."""
    written = sorted({name for one, other, _ in SAME for name in (one, other)} | {*FURTHER})
    forms = [prepare_name(name) for name in written]
    forms += [prepare_name(name, aliases=others) for name, others in ALIASES]
    found = both_ways(each({"name": form} for form in forms), NAME)
    assert found == set(NameLevel)


def test_birth_dates_are_compared_alike_both_ways() -> None:
    """Goal: the same of days. Method: every pair of days that slips lead to; each level is met."""
    found = both_ways(each({"birth_date": day} for day in (*DAYS, None)), BIRTH)
    assert found - {None} == levels_of(BIRTH)


def test_numbers_are_compared_alike_both_ways() -> None:
    """Goal: the same of numbers, valid, old, mistyped, cut short, destroyed. Method: every pair.

    What is asked with a number that is not valid has levels of its own: they are taken together.
    """
    at = FIELDS.index(NUMBER)
    slips = {TWO_SLIPS: NumberLevel.NEAR, "misread": NumberLevel.DIFFERS}
    people = each({"number": ask(number=text).number} for text in NUMBERS)
    found: set[str | None] = set()
    for one, other in combinations_with_replacement(people, 2):
        there = PRODUCT.levels(as_query(one), other)[at]
        back = PRODUCT.levels(as_query(other), one)[at]
        assert slips.get(there or "", there) == slips.get(back or "", back), (one, other)
        found |= {there, back}
    assert found == levels_of(NUMBER) - {"of_relative"} | {None}


@given(st.dates(date(1900, 2, 1), date(2050, 12, 31)), st.integers(-400, 400))
def test_any_two_days_are_compared_alike(day: date, apart: int) -> None:
    """Goal: the same of days nobody thought of. Method: any two; and a day with its lunar one."""
    others = [day + timedelta(days=apart)]
    found = lunar(day)
    if found is not None and found[2] < 29:
        others.append(date(*found))
    both_ways(each({"birth_date": each_} for each_ in (day, *others)), BIRTH)


def test_registrations_weigh_alike_both_ways() -> None:
    """Goal: the evidence too, where values are equally common. Method: pairs that differ in several
    fields at once; every field but the address, and its weight."""
    people = [
        person("a", "阿依·买买提", phone="", household_id=None),
        person("b", "阿依买买提", sequence=12, phone="10000000002"),
        person("c", "陈建国", date(1962, 4, 3), sex=None),
        person("d", "陳建國", date(1962, 3, 4), number=None, phone=None),
        person("e", "陈健国", date(1963, 3, 4), number=ask(number=mistyped(OWN)).number),
    ]
    slips = {TWO_SLIPS, "misread"}
    for one, other in combinations_with_replacement(people, 2):
        there, back = (
            {item.field: item for item in assess(PRODUCT, AGREED_WEIGHTS, levels, known).evidence}
            for levels, known in (
                (PRODUCT.levels(as_query(one), other), other),
                (PRODUCT.levels(as_query(other), one), one),
            )
        )
        for field in SYMMETRIC:
            pair = [side.get(field) for side in (there, back)]
            told = {item.level for item in pair if item is not None}
            assert pair[0] == pair[1] or told & slips, (one, other, field)
