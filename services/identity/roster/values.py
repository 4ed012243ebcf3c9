"""Reading single cells of a roster: dates, sex, numbers that a spreadsheet has made of text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache

from services.identity.idnumber.domain import Sex

Cell = str | int | float | bool | date | datetime | None
"""What a spreadsheet's cell may hold."""

_SEPARATED = re.compile(
    r"(\d{4}) ?[-/.年] ?(\d{1,2}) ?[-/.月] ?(\d{1,2}) ?[日号]?(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_YEAR_AND_MONTH = re.compile(r"\d{4}(?:[-/.年]?(?:0?[1-9]|1[0-2])月?)?")
_SERIAL = re.compile(r"\d{5}(?:\.0+)?")
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[Ee]\+?\d{1,2}")
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

_NOT_LIFTED = frozenset(
    [
        "未脱贫",
        "未脱贫户",
        "返贫",
        "返贫户",
        "预脱贫",
        "预脱贫户",
        "贫困",
        "贫困户",
        "新识别",
        "否",
        "n",
        "no",
        "0",
    ]
)
_LIFTED = frozenset(
    [
        "已脱贫",
        "脱贫",
        "脱贫户",
        "已脱贫户",
        "稳定脱贫",
        "已脱贫享受政策",
        "脱贫享受政策",
        "已脱贫(享受政策)",
        "享受政策",
        "脱贫(享受政策)",
        "巩固脱贫",
        "是",
        "y",
        "yes",
        "1",
    ]
)
"""Words under 脱贫属性 and 是否脱贫. Whoever no longer has the policy is of neither kind."""


class DateUnreadable(ValueError):
    """The cell is not in a form of date that is known."""


class DateWithoutDay(DateUnreadable):
    """Only a year, or a year and a month."""


class DateImpossible(ValueError):
    """The cell is in the form of a date, but there is no such day."""


class SexUnknown(ValueError):
    """The cell does not say male or female."""


class PovertyStatusUnknown(ValueError):
    """The cell does not say whether the person has left poverty."""


def as_text(cell: Cell) -> str:
    """The cell as one would have typed it."""
    if isinstance(cell, str):
        return cell.strip()
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


_SAYS_NOTHING = frozenset(
    [
        "无",
        "暂无",
        "没有",
        "不详",
        "未知",
        "未办",
        "未办理",
        "未上户",
        "无证",
        "至今",
        "长期",
        "永久",
        "-",
        "--",
        "—",
        "——",
        "/",
        "\\",
    ]
)
"""Words for a blank: no number yet, no telephone, no last day."""


def says_nothing(cell: Cell) -> bool:
    """Whether a cell is filled with a word or a stroke that stands for nothing."""
    return isinstance(cell, str) and cell.strip() in _SAYS_NOTHING


_FORMULA_BEGINS = frozenset("=#")
_FORMULA_ERRORS = frozenset(
    ["#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"]
)


def _is_broken_formula(cell: Cell) -> bool:
    """Whether a cell is a formula that has no result, or an error for one."""
    if not isinstance(cell, str) or cell[:1] not in _FORMULA_BEGINS:
        return False
    if cell.startswith('="') and cell.endswith('"'):
        return False  # a text, kept from being taken for a figure
    return cell.startswith("=") or cell.strip() in _FORMULA_ERRORS


def broken_formulas(cells: Mapping[str, Cell]) -> list[str]:
    """The columns whose cell is one."""
    # Asked of every cell of a roster, of which hardly any begins like that.
    return [
        code
        for code, cell in cells.items()
        if isinstance(cell, str) and cell[:1] in _FORMULA_BEGINS and _is_broken_formula(cell)
    ]


def is_scientific(cell: Cell) -> bool:
    """Whether a text was once a long number that a spreadsheet wrote as 5.11E+17."""
    return isinstance(cell, str) and _SCIENTIFIC.fullmatch(cell.strip()) is not None


def parse_date(cell: Cell) -> date | None:
    """A day written as 2016-03-01, 2016/3/1, 2016.3.1, 2016年3月1日, 20160301, or kept as a date.

    Raises:
        DateUnreadable: no such form.
        DateWithoutDay: a year or a month only.
        DateImpossible: such a form, but no such day (or not between 1880 and 2100).
    """
    if isinstance(cell, str):
        return _date_of_text(cell.strip())
    if isinstance(cell, datetime):
        return _plausible(cell.date())
    if isinstance(cell, date):
        return _plausible(cell)
    if isinstance(cell, int | float) and not isinstance(cell, bool) and int(cell) in _EXCEL_SERIALS:
        return _EXCEL_EPOCH + timedelta(days=int(cell))
    return _date_of_text(as_text(cell))


@lru_cache(maxsize=16_384)
def _date_of_text(typed: str) -> date | None:
    text = unicodedata.normalize("NFKC", typed).strip(" '`’")
    if not text:
        return None
    match = _SEPARATED.fullmatch(text) or _COMPACT.fullmatch(text)
    if match is None:
        # A spreadsheet's day number that has become text on its way through a CSV.
        if _SERIAL.fullmatch(text) and int(float(text)) in _EXCEL_SERIALS:
            return _EXCEL_EPOCH + timedelta(days=int(float(text)))
        raise DateWithoutDay if _YEAR_AND_MONTH.fullmatch(text) else DateUnreadable
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
    if cell is None:
        return None
    typed = as_text(cell)
    if typed in _SEXES:
        return _SEXES[typed]
    text = unicodedata.normalize("NFKC", typed).strip().upper()
    if not text:
        return None
    try:
        return _SEXES[text]
    except KeyError:
        raise SexUnknown from None


def parse_lifted(cell: Cell) -> bool | None:
    """Whether the person has left poverty, as 脱贫属性 says; None when it is blank.

    Raises:
        PovertyStatusUnknown: anything else.
    """
    if cell is None:
        return None
    text = "".join(unicodedata.normalize("NFKC", as_text(cell)).split()).lower()
    if not text:
        return None
    if text in _LIFTED:
        return True
    if text in _NOT_LIFTED:
        return False
    raise PovertyStatusUnknown


def _plausible(day: date) -> date:
    if not _EARLIEST <= day <= _LATEST:
        raise DateImpossible
    return day
