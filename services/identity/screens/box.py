"""One box for whoever stands at the window: reads what a clerk types into credentials. Pure.

``张三 1962-03-04``, an ID number with or without the name, a card's number or what its QR holds,
and further facts beside them: sex, telephone, village, the mother's number of a newborn. Order and
separators do not matter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from services.identity.cards.domain import CARD_DIGITS, card_no_sound

LONGEST = 2_048
LONGEST_NAME = 60

Fault = Literal["empty", "birth_date", "name_too_long", "two_numbers"]

_CODE = re.compile(r"[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}", re.ASCII)
_LABEL = re.compile(
    r"(?:姓名|名字|公民身份号码|身份证号码|身份证号|身份证|证件号码|证件号|出生日期|出生年月|出生|"
    r"生日|性别|住址|地址|联系电话|电话|手机号?|健康卡号?|卡号)\s*:?"
)
_MOTHER = re.compile(r"母亲?(?:的?(?:身份证号?码?|证件号码?|号码))?\s*:?\s*(?=\d)")
_MOTHERS = re.compile(
    r"\d{17}[\dXx](?!\d)|\d{15}(?!\d)|\d{6}[\s-]\d{8}[\s-]\d{3}[\dXx]|\d+[Xx]?", re.ASCII
)
_RUINED = re.compile(r"\d(?:\.\d+)?E\+?\d{1,2}", re.ASCII | re.IGNORECASE)
"""What a spreadsheet makes of a long number; told as such, not taken for a name."""
_DATE = re.compile(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?", re.ASCII)
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_NUMERIC = re.compile(r"\d[\d-]*[Xx]?", re.ASCII)
_EDGE = re.compile(r"(?<=[^\W\d_年月])(?=\d)|(?<=\d[\dXx])(?=[^\W\d_a-zA-Z年月日])|(?<=日)(?=\S)")
_SEPARATORS = re.compile(r"[\s,;、|/]*[\s,;、|]+")
_PLACE = re.compile(r".+(?:村|社区|镇|乡|组|街道|屯|寨)")
_PHONE = re.compile(r"1\d{10}|0\d{2,3}-?\d{7,8}", re.ASCII)
_FEWEST_DIGITS = 12
_MOST_DIGITS = 20
_SEXES: dict[str, Literal["M", "F"]] = {"男": "M", "女": "F", "M": "M", "F": "F"}


@dataclass(frozen=True, repr=False)
class Box:
    """What was typed, field by field; ``fault`` says what could not be read."""

    id_number: str | None = None
    card_no: str | None = None
    name: str | None = None
    birth_date: date | None = None
    sex: Literal["M", "F"] | None = None
    phone: str | None = None
    address: str | None = None
    mother_id_number: str | None = None
    fault: Fault | None = None

    def __repr__(self) -> str:
        """Tells nothing: what is typed here is a name or a number."""
        return "Box(…)"


def read(text: str) -> Box:
    """Read the box."""
    typed = unicodedata.normalize("NFKC", text[:LONGEST]).strip()
    if not typed:
        return Box(fault="empty")
    if _CODE.fullmatch(typed):
        return Box(card_no=typed)
    mother, typed = _mother(typed)
    found: dict[str, object] = {"mother_id_number": mother} if mother else {}
    words: list[str] = []
    for token in _tokens(_LABEL.sub(" ", typed)):
        fault = _take(token, found, words)
        if fault is not None:
            return Box(fault=fault)
    name = " ".join(words)
    if not name.isascii():
        name = "".join(words)
    if len(name) > LONGEST_NAME:
        return Box(fault="name_too_long")
    if name:
        found["name"] = name
    if not found:
        return Box(fault="empty")
    return Box(**found)  # type: ignore[arg-type]


def _mother(text: str) -> tuple[str | None, str]:
    """The mother's number where it is said to be hers, and the text without it."""
    said = _MOTHER.search(text)
    if said is None:
        return None, text
    number = _MOTHERS.match(text[said.end() :])
    end = said.end() + (number.end() if number else 0)
    digits = re.sub(r"[\s-]", "", text[said.end() : end])
    return digits or None, f"{text[: said.start()]} {text[end:]}"


def _tokens(text: str) -> Iterator[str]:
    """Words, dates and numbers; a number written in groups is one."""
    pending: list[str] = []
    for token in _SEPARATORS.split(_EDGE.sub(" ", text)):
        if _NUMERIC.fullmatch(token) and not _DATE.fullmatch(token):
            pending.append(token)
            continue
        yield from _joined(pending)
        pending = []
        if token:
            yield token
    yield from _joined(pending)


def _joined(pieces: list[str]) -> Iterator[str]:
    """Digits that follow each other: a date in three pieces, a number in groups, or themselves."""
    if len(pieces) == 3 and [len(p) > 2 for p in pieces] == [True, False, False]:  # noqa: PLR2004
        yield "-".join(pieces)
        return
    whole = "".join(pieces)
    longest = max((len(re.sub(r"\D", "", piece)) for piece in pieces), default=0)
    if len(pieces) > 1 and longest < _FEWEST_DIGITS and len(whole) <= _MOST_DIGITS:
        yield whole
        return
    yield from pieces


def _take(token: str, found: dict[str, object], words: list[str]) -> Fault | None:
    """Put a token where it belongs."""
    dated = _DATE.fullmatch(token) or _COMPACT_DATE.fullmatch(token)
    if dated is not None:
        try:
            found["birth_date"] = date(*map(int, dated.groups()))
        except ValueError:
            return "birth_date"
    elif token in _SEXES and "sex" not in found:
        found["sex"] = _SEXES[token]
    elif _PHONE.fullmatch(token):
        found["phone"] = token
    elif _NUMERIC.fullmatch(token) or _RUINED.fullmatch(token):
        return _take_number(token if _RUINED.fullmatch(token) else token.replace("-", ""), found)
    elif _PLACE.fullmatch(token) and words:
        found["address"] = f"{found.get('address', '')}{token}"
    else:
        words.append(token)
    return None


def _take_number(digits: str, found: dict[str, object]) -> Fault | None:
    field = "id_number"
    if len(digits) == CARD_DIGITS and card_no_sound(digits):
        field = "card_no"
    if field in found:
        return "two_numbers"
    found[field] = digits
    return None
