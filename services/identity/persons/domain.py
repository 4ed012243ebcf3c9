"""How names, villages and telephone numbers are compared: written differently, yet the same.

The keys made here are what the blind indexes are computed from; a change of a key function needs
every index computed again.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache

_DOTS = dict.fromkeys(map(ord, "·•‧∙⋅・･．。.︰᛫∘◦ꞏ●○⚫▪■‣⁃⦁ㆍᆞ"), "·")
_INVISIBLE = dict.fromkeys(
    [0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), 0xFEFF]
)
"""Soft hyphens, zero-width spaces, marks of direction: pasted along, never meant."""
_PLAIN = re.compile(r"[\u4e00-\u9fff]+").fullmatch
"""Chinese characters alone stay as they are, and most cells of a roster are nothing else."""
_VILLAGE_OFFICE = re.compile(r"村?(?:村民委员会|村民委会|村委会|村委)$")
_VILLAGE_KIND = re.compile(r"(?:社区|居委会|村|寨|屯)$")
_COUNTRY_CODE = "86"
_MOBILE_DIGITS = 11
_SHORTEST_STEM = 2


def tidy(text: str) -> str:
    """Half-width letters and digits, nothing invisible, single spaces, none at the ends."""
    if _PLAIN(text):
        return text
    half_width = unicodedata.normalize("NFKC", text)
    if not half_width.isascii():
        half_width = half_width.translate(_INVISIBLE)
    return " ".join(half_width.split())


def display_name(text: str) -> str:
    """A name as it is shown: tidy, no space between Chinese characters, one kind of middle dot."""
    if _PLAIN(text):
        return text
    name = tidy(text).translate(_DOTS)
    return name if name.isascii() else name.replace(" ", "")


@lru_cache(maxsize=4_096)
def name_key(text: str) -> str:
    """A name as it is compared: without spaces and middle dots, case folded."""
    if _PLAIN(text):
        return text
    return display_name(text).replace("·", "").replace(" ", "").casefold()


@lru_cache(maxsize=4_096)
def village_key(text: str) -> str:
    """A village's name as it is compared; the office of the village is the village."""
    name = "".join(unicodedata.normalize("NFKC", text).split())
    return _VILLAGE_OFFICE.sub("村", name)


def address_names_place(address: str, place: str | None) -> bool:
    """Whether an address names a village or township; ``村`` and the like may be left out."""
    if not place:
        return False
    where = "".join(unicodedata.normalize("NFKC", address).split())
    key = village_key(place)
    stem = _VILLAGE_KIND.sub("", key)
    return key in where or (len(stem) >= _SHORTEST_STEM and stem in where)


def phone_key(text: str) -> str:
    """The digits of a telephone number, without the country's code."""
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", text))
    if len(digits) > _MOBILE_DIGITS and digits.startswith(("00" + _COUNTRY_CODE, _COUNTRY_CODE)):
        digits = digits[-_MOBILE_DIGITS:]
    return digits


def card_no_key(text: str) -> str:
    """A card's number as it is compared: digits and letters, without what groups them."""
    return re.sub(r"[^0-9A-Za-z]", "", unicodedata.normalize("NFKC", text)).upper()


def name_birth_text(name: str, birth_date: date) -> str:
    """What the index of name and birth date is computed from."""
    return key_birth_text(name_key(name), birth_date)


def key_birth_text(key: str, birth_date: date) -> str:
    """As :func:`name_birth_text`, of a name's key."""
    return f"{key}|{birth_date.isoformat()}"


def name_birth_village_text(name: str, birth_date: date, village: str) -> str:
    """What the index of name, birth date and village is computed from."""
    return birth_village_text(name_birth_text(name, birth_date), village)


def birth_village_text(name_birth: str, village: str) -> str:
    """As :func:`name_birth_village_text`, of what :func:`name_birth_text` gave."""
    return f"{name_birth}|{village_key(village)}"


def household_text(source: str, household_no: str) -> str:
    """What a household's index is computed from: each source numbers its households itself."""
    return f"{source}|{tidy(household_no).casefold()}"
