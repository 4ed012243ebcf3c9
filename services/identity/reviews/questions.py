"""The question behind a recognition: the credentials as compared, and their fingerprint."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from datetime import date

from services.identity.idnumber.domain import IdNumberFault, parse
from services.identity.matching.names.newborns import read_newborn_name
from services.identity.persons.domain import card_no_key, name_key, phone_key, tidy
from shared.security.crypto import Vault

Credentials = Mapping[str, str | None]
"""As the window gave them: ``id_number``, ``card_no``, ``name``, ``birth_date`` (ISO), ``sex``,
``phone``, ``address``, ``mother_id_number``; what was not given is absent or None."""

_PURPOSE = "review_question"
_FEWEST_DIGITS = 14
_MOST_CHARACTERS = 20


def given(credentials: Credentials, field: str) -> str:
    return (credentials.get(field) or "").strip()


def number_key(text: str, *, on: date) -> str:
    """A number as it is compared: 18 characters where it is valid, else as typed but tidy."""
    try:
        return parse(text, on=on).value
    except IdNumberFault:
        return "".join(unicodedata.normalize("NFKC", text).split()).upper()


def fingerprint(vault: Vault, credentials: Credentials, *, on: date) -> bytes:
    """Keyed hash of what was asked; equal for the same question put another time.

    With a number, the number, name and birth date are the question: another telephone makes no
    other patient. Without one everything given is, because two people of one name and birth date
    may live in two villages, and a word about one must not be taken for the other.
    """
    number, name = given(credentials, "id_number"), given(credentials, "name")
    parts = {
        "id_number": number_key(number, on=on) if number else "",
        "name": name_key(name) if name else "",
        "birth_date": given(credentials, "birth_date"),
        "mother": number_key(mother, on=on)
        if (mother := given(credentials, "mother_id_number"))
        else "",
    }
    if not number:
        parts |= {
            "card_no": card_no_key(given(credentials, "card_no")),
            "sex": given(credentials, "sex"),
            "phone": phone_key(given(credentials, "phone")),
            "address": tidy(given(credentials, "address")).replace(" ", ""),
        }
    return vault.blind_index(json.dumps(parts, sort_keys=True), purpose=_PURPOSE)


def alias_name(credentials: Credentials) -> str | None:
    """The name that may become an alias; a newborn's stand-in name (某某之子) never does."""
    name = given(credentials, "name")
    if not name or not name_key(name) or read_newborn_name(name) is not None:
        return None
    return name


def alias_number(credentials: Credentials, *, on: date) -> str | None:
    """The number that may become an alias, as compared; None when it is hardly a number."""
    text = given(credentials, "id_number")
    if not text:
        return None
    key = number_key(text, on=on)
    digits = sum(character.isdigit() for character in key)
    if not _FEWEST_DIGITS <= digits <= len(key) <= _MOST_CHARACTERS:
        return None
    return key
