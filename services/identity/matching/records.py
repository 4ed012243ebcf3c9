"""A person of the roster and a question about one, prepared for comparison."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.identity.idnumber.domain import Sex
from services.identity.matching.names import NameForm
from services.identity.matching.numbers import NumberForm


@dataclass(frozen=True, slots=True)
class Person:
    """A registered person. Every value is prepared once and compared many times.

    Attributes:
        person_id: opaque; also the last tie-breaker, so that no order of storage decides.
        name: None only where a source gives none; former names and the other of a Yi and a Han
            name are its aliases.
        birth_date: as the roster says it, else as inside the number.
        household_id: of any source; people of one household are relatives for these rules.
        phone, card_numbers: as compared (digits, or a keyed digest of them).
        relation: to the head of the household, as the roster says it (``之子`` and the like).
        record_id: where a person has several records (an absorbed one's, a further number's).
    """

    person_id: str
    name: NameForm | None
    number: NumberForm | None = None
    birth_date: date | None = None
    sex: Sex | None = None
    township: str | None = None
    village: str | None = None
    household_id: str | None = None
    phone: str | None = None
    card_numbers: tuple[str, ...] = ()
    relation: str | None = None
    record_id: str = ""

    @property
    def key(self) -> str:
        """The record's own id: a person found under several numbers has several records."""
        return self.record_id or self.person_id

    def __repr__(self) -> str:
        """Tells the id alone: names and numbers must not reach a log by way of a traceback."""
        return f"Person({self.person_id})"


@dataclass(frozen=True, slots=True)
class Query:
    """What is said of a patient; anything may be missing.

    Attributes:
        birth_date: as told, None when nobody told it (the number's own date is no second
            evidence beside the number).
        address: as written, whole or only the village.
        card_no: as compared; ``card_verified`` when its signature was checked and it is in force.
        mother_number: for a newborn without a number of his own.
        newborn: the window says so; a stand-in name (某某之子) says the same.
        birth_order: 1 for the first of twins.
        away: the address names another county or city.
    """

    name: NameForm | None = None
    number: NumberForm | None = None
    birth_date: date | None = None
    sex: Sex | None = None
    address: str | None = None
    phone: str | None = None
    card_no: str | None = None
    card_verified: bool = False
    mother_number: NumberForm | None = None
    newborn: bool = False
    birth_order: int | None = None
    away: bool = False

    def __repr__(self) -> str:
        """Tells nothing, for the same reason."""
        return "Query(…)"


def as_query(person: Person) -> Query:
    """What a registered person would be asked by: one registration compared with another."""
    return Query(
        name=person.name,
        number=person.number,
        birth_date=person.birth_date,
        sex=person.sex,
        address=f"{person.township or ''}{person.village or ''}" or None,
        phone=person.phone,
        card_no=person.card_numbers[0] if person.card_numbers else None,
    )
