"""Made-up people for the matcher's tests; their numbers lie in an area that was never given out."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.identity.idnumber.domain import check_character
from services.identity.matching.names import prepare_name
from services.identity.matching.numbers import NumberForm, prepare_number
from services.identity.matching.records import Person, Query

TODAY = date(2016, 6, 30)


def number_of(born: date, sequence: int, area: str = "519901") -> str:
    body = f"{area}{born:%Y%m%d}{sequence:03d}"
    return body + check_character(body)


def form(text: str) -> NumberForm:
    return prepare_number(text, on=TODAY)


def person(person_id: str, name: str, born: date, sequence: int, **other: Any) -> Person:
    """A registered person; the sequence's parity is his sex, as in every number."""
    facts: dict[str, Any] = {
        "number": form(number_of(born, sequence)),
        "sex": "M" if sequence % 2 else "F",
        "township": "金河镇",
        "village": "和平村",
        "household_id": "h1",
    }
    return Person(person_id, prepare_name(name), birth_date=born, **(facts | other))


def query(**told: Any) -> Query:
    """A question; ``name``, ``number`` and ``mother_number`` as texts."""
    if "name" in told:
        told["name"] = prepare_name(told["name"])
    for field in ("number", "mother_number"):
        if field in told:
            told[field] = form(told[field])
    return Query(**told)


FATHER = person("father", "李建国", date(1962, 3, 4), 11)
SON = person("son", "李建军", date(1985, 7, 8), 13)
TWIN_A = person("twin-a", "李小兰", date(2008, 5, 6), 22)
TWIN_B = person("twin-b", "李小梅", date(2008, 5, 6), 24)
NEIGHBOUR = person("neighbour", "王秀英", date(1970, 1, 2), 32, household_id="h2")
YI = person("yi", "吉克·阿木", date(1975, 9, 9), 41, village="友好村", household_id="h3")
EVERYBODY = (FATHER, SON, TWIN_A, TWIN_B, NEIGHBOUR, YI)
