"""The citizen identity number as structure (GB 11643-1999; rules-and-standards 8.1).

Eighteen characters: six of area, eight of birth date, three of sequence (odd: male, even:
female), one check character (ISO 7064 MOD 11-2). The older form has fifteen: no century, no check.
The area part says where the number was first given out and may be an abolished code; it is never
used to decide anything.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from operator import mul
from typing import Literal

Sex = Literal["M", "F"]

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"
OLDEST_YEARS = 130
"""Nobody on a roster is older; an earlier birth date is a slip."""

_LONG = re.compile(r"\d{17}[\dX]", re.ASCII)
_SHORT = re.compile(r"\d{15}", re.ASCII)
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?E\+?\d{1,2}", re.ASCII)
_NOISE = re.compile(r"[\s\-_'`’‘\u200b-\u200f\u202a-\u202e\ufeff]+")


class IdNumberFault(ValueError):
    """The text is not a valid identity number; ``code`` says why, the messages how to cure it."""

    def __init__(self, code: str, message: str, message_zh: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.message_zh = message_zh


@dataclass(frozen=True)
class IdNumber:
    """A valid number in its eighteen-character form, and what it says of its holder."""

    value: str
    birth_date: date
    sex: Sex
    from_15_digits: bool = False

    def __repr__(self) -> str:
        """Tells nothing: a number must not reach a log by way of a traceback."""
        return "IdNumber(…)"


def clean(text: str) -> str:
    """Half-width digits, no spaces, hyphens or quotes, upper-case ``X``; ``="…"`` unwrapped."""
    if _LONG.fullmatch(text):
        return text
    half = unicodedata.normalize("NFKC", text).strip()
    if half.startswith('="') and half.endswith('"'):
        half = half[2:-1]
    # Cyrillic and multiplication look-alikes of X come from optical reading and odd keyboards.
    return _NOISE.sub("", half).upper().replace("Х", "X").replace("×", "X")


def check_character(first_17: str) -> str:
    """The check character of seventeen digits (ISO 7064 MOD 11-2)."""
    return CHECK_CHARACTERS[sum(map(mul, map(int, first_17), WEIGHTS)) % 11]


def to_18(fifteen: str) -> str:
    """The eighteen-character form of a fifteen-digit number; its holder was born in the 1900s."""
    body = fifteen[:6] + "19" + fifteen[6:]
    return body + check_character(body)


def parse(text: str, *, on: date) -> IdNumber:
    """Read an identity number written in any of the usual ways.

    Args:
        text: eighteen characters (``x`` or ``X``) or fifteen digits; full-width digits and spaces
            are cleaned.
        on: the day on which it was read; a birth date after it is refused.

    Raises:
        IdNumberFault: ``excel_number``, ``id_number_length``, ``id_number_characters``,
            ``birth_date_impossible``, ``birth_date_future`` or ``check_digit``.
    """
    cleaned = clean(text)
    if _SCIENTIFIC.fullmatch(cleaned):
        raise _excel_fault()
    if _SHORT.fullmatch(cleaned):
        _birth(f"19{cleaned[6:12]}", on)
        return _read(to_18(cleaned), on, from_15_digits=True)
    if len(cleaned) not in (15, 18):
        raise IdNumberFault(
            "id_number_length",
            f"an ID number has 18 characters (15 in the old form), this one {len(cleaned)};"
            " copy it again from the card",
            f"证件号码应为18位(旧证15位)，此处为{len(cleaned)}位，请对照证件重新填写",
        )
    if not _LONG.fullmatch(cleaned):
        raise IdNumberFault(
            "id_number_characters",
            "an ID number holds digits only, and at its end a digit or X; remove other characters",
            "证件号码只能由数字组成，末位可为X,请去除其他字符",
        )
    number = _read(cleaned, on)
    if check_character(cleaned[:17]) != cleaned[17]:
        if cleaned.endswith("000"):
            raise _excel_fault()
        raise IdNumberFault(
            "check_digit",
            "the last character does not fit the others, so at least one is mistyped;"
            " compare the number with the card",
            "校验位不符，至少有一位填写错误，请对照证件核对",
        )
    return number


def _read(value: str, on: date, *, from_15_digits: bool = False) -> IdNumber:
    return IdNumber(
        value=value,
        birth_date=_birth(value[6:14], on),
        sex="M" if int(value[16]) % 2 else "F",
        from_15_digits=from_15_digits,
    )


def _birth(digits: str, on: date) -> date:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        born = date.min
    if born.year < on.year - OLDEST_YEARS:
        raise IdNumberFault(
            "birth_date_impossible",
            "the birth date inside the ID number (characters 7 to 14) is no possible date;"
            " compare the number with the card",
            "证件号码第7至14位的出生日期不可能存在，请对照证件核对",
        )
    if born > on:
        raise IdNumberFault(
            "birth_date_future",
            "the birth date inside the ID number lies in the future; compare with the card",
            "证件号码中的出生日期晚于今天，请对照证件核对",
        )
    return born


def _excel_fault() -> IdNumberFault:
    return IdNumberFault(
        "excel_number",
        "the spreadsheet has turned the ID number into a rounded figure and its last digits are"
        " lost; format the column as text and enter the number again",
        "表格软件已把证件号码变成近似数字，末几位已丢失；请将该列设为文本格式后重新录入",
    )


def excel_fault() -> IdNumberFault:
    """The fault for a number that a spreadsheet keeps as a figure of more than 15 digits."""
    return _excel_fault()
