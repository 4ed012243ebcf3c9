"""Where two sources say different things of one person. Pure.

Nothing is overwritten: the register shows the leading source's value, and the difference is
journaled until the sources agree or one of them no longer lists the person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.identity.persons.domain import name_key, phone_key, village_key
from services.identity.roster.rows import RosterRow

RANK = ("poverty_office", "civil_affairs", "disabled_federation", "insurer")
"""The sources in the order in which a difference names them."""

_KEYS: dict[str, Callable[[str], str]] = {
    "name": name_key,
    "id_number": str,
    "birth_date": str,
    "sex": str,
    "phone": phone_key,
    "township": village_key,
    "village": village_key,
}
"""Field → how its values are compared: what only looks different is no difference."""

FIELDS = tuple(_KEYS)


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that two sources fill differently; ``source`` ranks before ``other_source``."""

    field: str
    source: str
    value: str
    other_source: str
    other_value: str

    def __repr__(self) -> str:
        return f"Difference({self.field}, {self.source}, {self.other_source})"


def differences(
    source: str, row: RosterRow, other_source: str, other: RosterRow
) -> list[Difference]:
    """The fields that both rows fill, and fill differently."""
    found = []
    for field, key in _KEYS.items():
        value, other_value = _text(row, field), _text(other, field)
        if not value or not other_value or key(value) == key(other_value):
            continue
        if _rank(source) <= _rank(other_source):
            found.append(Difference(field, source, value, other_source, other_value))
        else:
            found.append(Difference(field, other_source, other_value, source, value))
    return found


def _text(row: RosterRow, field: str) -> str:
    value = getattr(row, field)
    return "" if value is None else str(value)


def _rank(source: str) -> int:
    return RANK.index(source) if source in RANK else len(RANK)
