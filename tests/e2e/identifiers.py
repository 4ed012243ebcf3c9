"""Synthetic people whose values occur nowhere else, and the search for them in any bytes."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import quote

from tests.support.people import RosterPerson

PEOPLE = 50
_FIRST = "翀骉燊堃喆昶彧珺垚翯"
_SECOND = "瓅璘峣旻昉"


@dataclass(frozen=True)
class Villager:
    """A person with the further columns that an office's file has."""

    person: RosterPerson
    address: str
    card_no: str

    def row(self) -> str:
        return f"{self.person.row()},{self.address},{self.card_no}"

    def secrets(self) -> dict[str, str]:
        number = self.person.number
        return {
            "name": self.person.name,
            "id_number": number,
            "id_number_15": number[:6] + number[8:17],
            "phone": self.person.phone,
            "household_no": self.person.household,
            "address": self.address,
            "card_no": self.card_no,
        }


def villagers() -> list[Villager]:
    """What tells them apart stands in the middle of each value: base64 blurs the ends."""
    return [
        Villager(
            RosterPerson(
                name=f"阿{_FIRST[at % 10]}{_SECOND[at // 10]}惹",
                birth=date(1940, 1, 7) + timedelta(days=311 * at),
                sequence=501 + at,
                household=f"HK-{4000 + 7 * at}-7Q3X",
                phone=f"199{6100 + 37 * at}7350",
            ),
            address=f"云雾坡{731 + at}号{_FIRST[at % 10]}字组",
            card_no=f"62994{52816400 + 9100 * at}100732",
        )
        for at in range(PEOPLE)
    ]


def forms(text: str) -> set[bytes]:
    """Every form in which the text could stand in a dump or a log."""
    found = {text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be")}
    if not text.isascii():
        found |= {text.encode("gb18030"), text.encode("unicode_escape")}
        found.add(text.encode("unicode_escape").upper().replace(b"\\U", b"\\u"))
    for raw in tuple(found):
        found.add(raw.hex().encode())
        found.add(raw.hex().upper().encode())
        for shift in range(3):  # the inner part of a base64 text, wherever the value begins
            coded = base64.b64encode(b"\0" * shift + raw)
            whole = (shift + len(raw)) % 3 == 0
            found.add(coded[4 if shift else 0 : None if whole else -4])
    found.add(quote(text).encode())
    return {form for form in found if len(form) >= 6}


class Search:
    """All values of all people, in all forms."""

    def __init__(self, people: list[Villager]) -> None:
        self.forms = {
            form: f"{kind} of person {at}"
            for at, villager in enumerate(people)
            for kind, text in villager.secrets().items()
            for form in forms(text)
        }

    def hits(self, content: bytes) -> set[str]:
        # COPY writes every backslash twice, which would hide a \\uXXXX.
        plain = content.replace(b"\\\\", b"\\")
        return {what for form, what in self.forms.items() if form in plain}
