"""Long lists are narrowed without looking through them, and nobody is lost by that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from services.identity.matching.closeness import Closeness
from services.identity.matching.lists import LONG_LIST, Lists, LongList, Places
from services.identity.matching.places import PlaceLevel, compare_places
from services.identity.matching.records import Person, Query
from tests.unit.identity.matching.county import ask, crowd

_DAY = date(1950, 1, 1)
_PLACES = [
    ("金河镇", "和平村"),
    ("金河镇", "和平二村"),
    ("永和镇", "和平村村委会"),
    ("永和镇", "民主社区"),
    ("永和镇", None),
    (None, "民主村"),
    (None, None),
]
_ADDRESSES = [None, "金河镇和平村3组", "和平村", "永和镇民主", "永和镇", "吉星乡和平村", "县城"]


def _crowd(seed: int) -> list[Person]:
    chance = Random(seed)
    return [
        replace(
            one,
            person_id=f"p{chance.randrange(10**9)}-{at}",
            birth_date=None if at % 9 == 0 else _DAY + timedelta(days=chance.randrange(2_000)),
            phone=chance.choice([None, "10000000001", "10000000002"]),
            township=place[0],
            village=place[1],
        )
        for at, one in enumerate(crowd(200))
        for place in [chance.choice(_PLACES)]
    ]


def _shares(query: Query, person: Person) -> bool:
    """What the module promises, said in another way and asked of everybody."""
    told, born = query.birth_date, person.birth_date
    if told is not None and born is not None:
        near = abs(told.year - born.year) <= 1
        if near or (told.month, told.day) == (born.month, born.day):
            return True
    if query.phone and query.phone == person.phone:
        return True
    place = compare_places(query.address, person.township, person.village)
    return place is PlaceLevel.VILLAGE


def _questions() -> Iterator[Query]:
    for at, address in enumerate(_ADDRESSES):
        for phone in (None, "10000000001"):
            for day in (None, date(1950, 1, 1), date(1952, 2, 29), date(1954, 7, 1 + at)):
                yield ask(name="王伟", birth_date=day, phone=phone, address=address)


@settings(max_examples=8)
@given(st.integers(0, 10**6))
def test_who_shares_something_is_found_as_if_everybody_were_looked_at(seed: int) -> None:
    """Goal: what narrows changes no result. Method: long and short lists, every kind of question;
    those found beside those whom looking at each person finds, and the closest of them."""
    people = _crowd(seed)
    places, phones = Places(), Lists[str]()
    for one in people:
        places.add((one.township, one.village), one)
        if one.phone:
            phones.add(one.phone, one)
    long_list = LongList(people)
    for query in _questions():
        closeness = Closeness(query, places, phones.get)
        sharing = [one for one in people if _shares(query, one)]
        assert {one.key for one in people if closeness.of(one)} == {one.key for one in sharing}
        ranked = sorted(sharing, key=lambda one: (-closeness.of(one), one.key))
        found = closeness.closest(long_list)
        if not (query.birth_date or query.phone or query.address):
            assert found is None
        elif len(ranked) <= LONG_LIST:
            assert sorted(found or [], key=lambda one: one.key) == sorted(
                ranked, key=lambda one: one.key
            )
        elif closeness.of(ranked[0]) == closeness.of(ranked[LONG_LIST]):
            assert found is None
        else:
            assert found is not None
            assert {one.key for one in found} == {one.key for one in ranked[:LONG_LIST]}


@settings(max_examples=20)
@given(st.lists(st.integers(0, 199), max_size=400), st.integers(0, 10**6))
def test_a_list_is_the_same_however_it_came_to_be(steps: list[int], seed: int) -> None:
    """Goal: no accident of storage. Method: people come and go in any order, over the length from
    which a list is kept in another form and back; what is left is who is there."""
    people = _crowd(seed)
    lists, there = Lists[str](), dict[str, Person]()
    for at in [*range(100), *steps]:
        one = people[at]
        if one.key in there:
            lists.remove("key", there.pop(one.key))
        else:
            lists.add("key", one)
            there[one.key] = one
    listed = lists.listed("key")
    assert isinstance(listed, LongList) == (len(there) > LONG_LIST)
    assert sorted(one.key for one in lists.get("key")) == sorted(there)
    if isinstance(listed, LongList):
        assert all(listed.holds(one) == (one.key in there) for one in people)
        assert list(listed.days) == sorted(listed.days)
