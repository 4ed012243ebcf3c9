"""Reading single cells of a roster: dates, sex, numbers that a spreadsheet has made of text."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta

from services.identity.idnumber.domain import Sex

Cell = str | int | float | bool | date | datetime | None
"""What a spreadsheet's cell may hold."""

_SEPARATED = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_EXCEL_EPOCH = date(1899, 12, 30)
_EXCEL_SERIALS = range(366, 73_051)
"""1901 to 2100, counted in days as spreadsheets do."""
_EARLIEST = date(1880, 1, 1)
_LATEST = date(2100, 12, 31)
LONGEST_EXACT_FIGURE = 10**15
"""A spreadsheet keeps fifteen digits of a figure; from here on the last ones are lost."""

_SEXES: dict[str, Sex] = {
    "M": "M", "F": "F", "男": "M", "女": "F", "男性": "M", "女性": "F", "1": "M", "2": "F",
    "MALE": "M", "FEMALE": "F",
}  # fmt: skip


class DateUnreadable(ValueError):
    """The cell is not in a form of date that is known."""


class DateImpossible(ValueError):
    """The cell is in the form of a date, but there is no such day."""


class SexUnknown(ValueError):
    """The cell does not say male or female."""


def as_text(cell: Cell) -> str:
    """The cell as one would have typed it."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def is_rounded_figure(cell: Cell) -> bool:
    """Whether a spreadsheet has kept a long number as a figure and so lost its last digits."""
    return (
        isinstance(cell, int | float)
        and not isinstance(cell, bool)
        and abs(cell) >= LONGEST_EXACT_FIGURE
    )


def parse_date(cell: Cell) -> date | None:
    """A day written as 2016-03-01, 2016/3/1, 2016.3.1, 2016年3月1日, 20160301, or kept as a date.

    Raises:
        DateUnreadable: no such form.
        DateImpossible: such a form, but no such day (or not between 1880 and 2100).
    """
    if isinstance(cell, datetime):
        return _plausible(cell.date())
    if isinstance(cell, date):
        return _plausible(cell)
    if isinstance(cell, int | float) and not isinstance(cell, bool) and int(cell) in _EXCEL_SERIALS:
        return _EXCEL_EPOCH + timedelta(days=int(cell))
    text = unicodedata.normalize("NFKC", as_text(cell)).strip(" '`’")
    if not text:
        return None
    match = _SEPARATED.fullmatch(text) or _COMPACT.fullmatch(text)
    if match is None:
        raise DateUnreadable
    try:
        return _plausible(date(int(match[1]), int(match[2]), int(match[3])))
    except DateImpossible:
        raise
    except ValueError as error:
        raise DateImpossible from error


def parse_sex(cell: Cell) -> Sex | None:
    """M or F from M/F, 男/女 or the codes 1/2 of GB/T 2261.1.

    Raises:
        SexUnknown: anything else.
    """
    text = unicodedata.normalize("NFKC", as_text(cell)).strip().upper()
    if not text:
        return None
    try:
        return _SEXES[text]
    except KeyError:
        raise SexUnknown from None


def _plausible(day: date) -> date:
    if not _EARLIEST <= day <= _LATEST:
        raise DateImpossible
    return day
