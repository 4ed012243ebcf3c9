"""A few synthetic people in households, and questions about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from services.identity.matching.names import prepare_name
from services.identity.matching.numbers import NumberForm, prepare_number
from services.identity.matching.records import Person, Query
from tests.support.people import id_number

TODAY = date(2016, 6, 1)
BORN = date(1962, 3, 4)
SURNAMES = "王李张刘陈杨黄赵吴周"
GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰"


def number(born: date, sequence: int) -> NumberForm:
    return prepare_number(id_number(born, sequence), on=TODAY)


def person(person_id: str, name: str, born: date = BORN, sequence: int = 11, **more: Any) -> Person:
    """Somebody of 金河镇和平村, in household H1 unless told otherwise."""
    values: dict[str, Any] = {
        "person_id": person_id,
        "name": prepare_name(name, aliases=more.pop("aliases", ())),
        "number": number(born, sequence),
        "birth_date": born,
        "sex": "M" if sequence % 2 else "F",
        "township": "金河镇",
        "village": "和平村",
        "household_id": "H1",
        "phone": "10000000001",
    }
    return Person(**(values | more))


def without_number(one: Person) -> Person:
    return replace(one, number=None)


def ask(**given: Any) -> Query:
    """A question; names and numbers as they are written."""
    for field in ("number", "mother_number"):
        if isinstance(given.get(field), str):
            given[field] = prepare_number(given[field], on=TODAY)
    if isinstance(given.get("name"), str):
        given["name"] = prepare_name(given["name"])
    return Query(**given)


def mistyped(text: str, at: int = 9) -> str:
    """The number with one digit changed, which makes it invalid."""
    return text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :]


def crowd(size: int) -> Iterator[Person]:
    """People of many names, dates, villages and households."""
    for at in range(size):
        name = SURNAMES[at % 10] + GIVEN[(at // 10) % 20] + GIVEN[(at // 200 + at) % 20]
        born = date(1930, 1, 2) + timedelta(days=(at * 97) % 30_000)
        yield person(
            f"crowd-{at:06d}",
            name,
            born,
            1 + (at * 7) % 900,
            village=f"第{at % 40}村",
            township=f"甲{at % 8}镇",
            household_id=f"C{at // 3}",
            phone=f"2{at // 3:010d}",
        )
