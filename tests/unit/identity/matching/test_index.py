"""The registered people in memory: found, changed, bounded."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest

from services.identity.matching.index import MOST_CANDIDATES, Index
from services.identity.matching.names import prepare_name
from services.identity.matching.records import Person, Query
from tests.support.people import id_number
from tests.unit.identity.matching.county import BORN, ask, crowd, mistyped, person

OWN = id_number(BORN, 11)
PATIENT = person("patient", "陈建国", card_numbers=("CARD-1",))
CROWD = list(crowd(600))


def found(index: Index, query: Query) -> set[str]:
    return {one.person_id for one in index.candidates(query).people}


@pytest.mark.parametrize(
    "query",
    [
        ask(number=OWN),
        ask(number=OWN[:6] + OWN[8:17]),
        ask(number=mistyped(OWN)),
        ask(number=OWN[:7] + OWN[8:]),
        ask(number=OWN[:8] + OWN[9] + OWN[8] + OWN[10:]),
        ask(name="陈建国"),
        ask(name="陳建國"),
        ask(name="陈建郭"),
        ask(name="陈健国"),
        ask(birth_date=BORN),
        ask(phone="10000000001"),
        ask(card_no="CARD-1"),
        ask(mother_number=OWN),
    ],
)
def test_everything_telling_finds_a_person(query: Query) -> None:
    """Goal: blocking loses nobody. Method: one thing given, exact or with one slip."""
    index = Index([*CROWD, PATIENT])
    assert "patient" in found(index, query)


def test_the_household_of_the_number_comes_along() -> None:
    """Goal: a relative's number. Method: the number of one, nothing of the other."""
    index = Index([*CROWD, PATIENT, person("wife", "李秀英", date(1965, 6, 7), 22)])
    assert found(index, ask(number=OWN)) >= {"patient", "wife"}


def test_people_come_go_and_change_at_any_time() -> None:
    """Goal: no restart. Method: add, put another in his place, take out, twice."""
    index = Index(CROWD)
    index.add(PATIENT)
    assert "patient" in found(index, ask(number=OWN))
    index.add(replace(PATIENT, name=prepare_name("赵铁柱")))
    assert len(index) == len(CROWD) + 1
    assert "patient" in found(index, ask(name="赵铁柱"))
    assert "patient" not in found(index, ask(name="陈建国"))
    index.remove("patient")
    index.remove("patient")
    assert len(index) == len(CROWD)
    assert "patient" not in found(index, ask(number=OWN, name="赵铁柱", phone="10000000001"))


def test_nothing_is_left_of_those_who_left() -> None:
    """Goal: no leak. Method: everybody taken out in another order; the tables are empty."""
    index = Index(CROWD)
    leaving = list(CROWD)
    random.Random(3).shuffle(leaving)
    for one in leaving:
        index.remove(one.key)
    tables = [table for table in vars(index).values() if hasattr(table, "_found")]
    assert len(tables) == 6
    assert [len(table._found) for table in tables] == [0] * 6
    assert len(index._places._people._found) == 0


def crowded(name: str, size: int = 3_000) -> list[Person]:
    """Many of one name, of one telephone, born on one day: the worst of each."""
    return [
        replace(
            one,
            person_id=f"same-{at:05d}",
            name=prepare_name(name),
            phone="19999999999",
            birth_date=date(1950, 1, 1) if at % 2 else one.birth_date,
        )
        for at, one in enumerate(crowd(size))
    ]


QUESTIONS = [
    ask(name="王伟"),
    ask(name="王伟", phone="19999999999"),
    ask(name="王伟", birth_date=date(1950, 1, 1)),
    ask(name="王伟", birth_date=date(1950, 1, 1), address="甲3镇第3村", phone="19999999999"),
    ask(name="张芳", birth_date=date(1950, 1, 1)),
]


@pytest.mark.parametrize("query", QUESTIONS)
def test_candidates_are_bounded_in_any_order_of_adding(query: Query) -> None:
    """Goal: a frequent name blows nothing up, and no order decides. Method: 3,000 of one name,
    telephone and day, added in two orders."""
    people = crowded("王伟")
    shuffled = list(people)
    random.Random(4).shuffle(shuffled)
    one, other = Index(people).candidates(query), Index(shuffled).candidates(query)
    assert len(one.people) <= MOST_CANDIDATES
    assert one == other


def test_a_short_list_is_told_in_the_order_of_keys() -> None:
    """Goal: the same for few. Method: a household and a day, added forwards and backwards."""
    wife = person("wife", "李秀英", date(1965, 6, 7), 22)
    people = [*CROWD[:50], PATIENT, wife, person("child", "陈小明", date(1990, 7, 8), 31)]
    query = ask(number=OWN, name="陈建国", birth_date=CROWD[3].birth_date, phone="10000000001")
    one, other = Index(people).candidates(query), Index(people[::-1]).candidates(query)
    assert one == other
    assert len(one.people) >= 3


def test_a_frequent_name_with_a_telling_fact_is_found() -> None:
    """Goal: bounded does not mean lost. Method: the patient among 3,000 of his name, by date, by
    a date with a slip and the village, by telephone, by number."""
    patient = person("patient", "王伟", village="和平村")
    index = Index([*crowded("王伟"), patient])
    for query in (
        ask(name="王伟", birth_date=BORN),
        ask(name="王伟", birth_date=date(1962, 4, 3), address="金河镇和平村"),
        ask(name="王伟", birth_date=date(1963, 3, 4), address="金河镇和平村"),
        ask(name="王伟", phone="10000000001"),
        ask(name="王伟", number=mistyped(OWN)),
    ):
        candidates = index.candidates(query)
        assert "patient" in {one.person_id for one in candidates.people}
        assert candidates.crowded is False


def test_only_a_question_that_cannot_be_narrowed_is_crowded() -> None:
    """Goal: crowded means unsure. Method: the name alone, with the number or a card, and with a year
    that all of them share alike."""
    index = Index([*crowded("王伟"), person("patient", "王伟", card_numbers=("CARD-1",))])
    assert index.candidates(ask(name="王伟")).crowded is True
    assert index.candidates(ask(name="王伟", number=OWN)).crowded is False
    assert index.candidates(ask(name="王伟", card_no="CARD-1")).crowded is False
    alike = Index(person(f"p{at}", "王伟", number=None) for at in range(200))
    assert alike.candidates(ask(name="王伟", birth_date=date(1962, 9, 9))).crowded is True
