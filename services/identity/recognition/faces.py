"""Registered persons as the matcher compares them, made from the encrypted rows. Pure."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

from services.identity.categories.domain import Period
from services.identity.matching.names import AliasTable, prepare_name
from services.identity.matching.numbers import prepare_number
from services.identity.matching.records import Person
from services.identity.persons.domain import phone_key
from shared.security.crypto import Vault
from shared.security.masking import mask_name


@dataclass(frozen=True, slots=True)
class Registered:
    """What the database says of one person's row, still encrypted.

    ``row`` has the columns of ``persons``; ``names`` and ``numbers`` are aliases that a review
    found him to go by; ``cards`` are the ids of his cards that are not revoked.
    """

    row: Mapping[str, Any]
    names: Sequence[bytes] = ()
    numbers: Sequence[bytes] = ()
    cards: Sequence[UUID] = ()
    held: Sequence[Period] = ()

    @property
    def row_id(self) -> UUID:
        found: UUID = self.row["person_id"]
        return found

    @property
    def person_id(self) -> UUID:
        """The person he is: of an absorbed row, the one who was kept."""
        found: UUID = self.row["merged_into"] or self.row["person_id"]
        return found


@dataclass(frozen=True, slots=True)
class Shown:
    """What the window and the other services are told of a person's row.

    Measured (tracemalloc): 240 bytes a person in the register's memory.
    """

    masked_name: str
    township: str | None
    village: str | None
    held: tuple[Period, ...]


def shown(registered: Registered, vault: Vault) -> Shown:
    """What is told of the row; equal texts and periods are kept once for all persons."""
    row = registered.row
    return Shown(
        sys.intern(mask_name(vault.decrypt(row["name_enc"], column="persons.name"))),
        row["township"],
        row["village"],
        _one_of_equals(tuple(registered.held)),
    )


@lru_cache(maxsize=4_096)
def _one_of_equals(held: tuple[Period, ...]) -> tuple[Period, ...]:
    return held


def faces(
    registered: Registered, vault: Vault, aliases: AliasTable, *, on: date
) -> Iterable[Person]:
    """The records under which a person may be found: his own, and one per further number."""
    row = registered.row
    name = vault.decrypt(row["name_enc"], column="persons.name")
    others = [vault.decrypt(each, column="person_aliases.value") for each in registered.names]
    known = [alias for written in (name, *others) for alias in aliases.of(written)]
    form = prepare_name(name, aliases=(*others, *known))
    own = None
    if row["id_number_enc"] is not None:
        own = vault.decrypt(row["id_number_enc"], column="persons.id_number")
    phone = None
    if row["phone_enc"] is not None:
        phone = phone_key(vault.decrypt(row["phone_enc"], column="persons.phone")) or None
    numbers = [own, *(vault.decrypt(n, column="person_aliases.value") for n in registered.numbers)]
    for position, number in enumerate(numbers):
        yield Person(
            person_id=str(registered.person_id),
            record_id=f"{registered.row_id}/{position}",
            name=form,
            number=prepare_number(number, on=on) if number else None,
            birth_date=row["birth_date"],
            sex=row["sex"],
            township=row["township"],
            village=row["village"],
            household_id=str(row["household_id"]) if row["household_id"] else None,
            phone=phone,
            card_numbers=tuple(str(card) for card in registered.cards),
        )
