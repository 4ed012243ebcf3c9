"""A roster's rows judged one by one, and against each other. Pure; no value is ever repeated.

A fault names the row as the file counts it (the header is row 1), the column, what is wrong and
what to do about it, in both languages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from services.identity.categories.domain import CategoryUnknown, parse_categories
from services.identity.categories.leaving import LeavingReasonUnknown, Reason, parse_reason
from services.identity.idnumber import domain as idnumber
from services.identity.persons.domain import display_name, name_key, tidy, village_key
from services.identity.roster import columns, faults, values
from services.identity.roster.faults import RowFault, duplicate_row, shared_number
from services.identity.roster.rows import RawRow, Readable, RosterRow
from services.identity.roster.values import Cell

LONGEST_TEXT = 200
"""Characters in a cell; longer is a slip of columns."""
LONGEST_NAME = 60
LONGEST_AGE_YEARS = idnumber.OLDEST_YEARS
_PLACE_LENGTH = 60
_LOST_DIGITS = "000"
"""How a long number ends that a spreadsheet has kept as a figure of fifteen digits."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A row's judgement: accepted with its values, or rejected with its faults."""

    readable: Readable
    accepted: RosterRow | None
    faults: tuple[RowFault, ...]


def judge(raw: RawRow, *, on: date, needs_category: bool = True) -> Verdict:
    """Judge one row by itself.

    Args:
        raw: the row as read.
        on: the day of the upload; nobody is born after it.
        needs_category: whether the source tells categories; an insurer's list of enrolment
            need not.
    """
    return _Judging(raw, on, needs_category).verdict()


class _Judging:
    """One row, and the faults found so far."""

    def __init__(self, raw: RawRow, on: date, needs_category: bool) -> None:
        self.cells: Mapping[str, Cell] = raw.cells
        self.raw = raw
        self.row = raw.row
        self.on = on
        self.needs_category = needs_category
        self.faults: list[RowFault] = []
        broken = values.broken_formulas(raw.cells)
        if broken:
            self.faults += [faults.formula(raw.row, code) for code in broken]
            self.cells = {c: cell for c, cell in raw.cells.items() if c not in broken}

    def verdict(self) -> Verdict:
        name = self._name()
        number, id_text = self._id_number()
        birth_date = self._day("birth_date")
        sex = self._sex(number)
        self._check_birth(birth_date, number)
        told = any(self._faulty(column) for column in ("id_number", "birth_date"))
        if number is None and not id_text and birth_date is None and not told:
            self.faults.append(faults.id_number_missing(self.row))
        reason = self._reason()
        codes = self._categories(needed=self.needs_category and reason is None)
        valid_from, valid_to = self._day("valid_from"), self._day("valid_to")
        if valid_from and valid_to and valid_to < valid_from:
            self.faults.append(faults.ends_before_it_starts(self.row))
        household_no = self._number_text("household_no")
        village, township = (
            self._text("village", _PLACE_LENGTH),
            self._text("township", _PLACE_LENGTH),
        )
        phone = self._number_text("phone")
        relation, ethnicity = self._text("relation"), self._text("ethnicity")
        kept = {code: text for code in columns.KEPT if (text := self._text(code)) is not None}
        known_birth = number.birth_date if number is not None else birth_date
        readable = Readable(
            row=self.row,
            id_number=number.value if number else None,
            id_text=id_text,
            name=name_key(name) if name else "",
            birth_date=known_birth,
            household_no=household_no or "",
            village=village_key(village) if village else "",
        )
        if self.faults or name is None:
            return Verdict(readable, None, tuple(self.faults))
        row = RosterRow(
            row=self.row,
            name=name,
            id_number=number.value if number else None,
            sex=sex,
            birth_date=known_birth,
            household_no=household_no,
            relation=relation,
            ethnicity=ethnicity,
            categories=codes,
            township=township,
            village=village,
            phone=phone,
            valid_from=valid_from,
            valid_to=valid_to,
            extras=dict(self.raw.extras),
            reason=reason,
            kept=kept,
        )
        return Verdict(readable, row, ())

    def _text(self, column: str, longest: int = LONGEST_TEXT) -> str | None:
        cell = self.cells.get(column)
        if cell is None:
            return None
        found = tidy(cell if isinstance(cell, str) else values.as_text(cell))
        if len(found) > longest:
            self.faults.append(faults.too_long(self.row, column, longest))
            return None
        return found or None

    def _number_text(self, column: str) -> str | None:
        """A text of digits, which a spreadsheet may have taken for a figure and rounded."""
        cell = self.cells.get(column)
        if cell is None or values.says_nothing(cell):
            return None
        if values.is_rounded_figure(cell) or values.is_scientific(cell):
            self.faults.append(faults.destroyed_figure(self.row, column))
            return None
        return self._text(column)

    def _day(self, column: str) -> date | None:
        cell = self.cells.get(column)
        if cell is None or values.says_nothing(cell):
            return None
        try:
            return values.parse_date(cell)
        except values.DateImpossible:
            self.faults.append(faults.date_impossible(self.row, column))
        except values.DateWithoutDay:
            self.faults.append(faults.date_without_day(self.row, column))
        except values.DateUnreadable:
            self.faults.append(faults.date_format(self.row, column))
        return None

    def _name(self) -> str | None:
        found = self._text("name", LONGEST_NAME)
        if found is None and self._faulty("name"):
            return None
        if found is None:
            self.faults.append(faults.name_missing(self.row))
            return None
        if "\ufffd" in found or "?" in found or any(letter.isdigit() for letter in found):
            self.faults.append(faults.name_characters(self.row))
            return None
        name = display_name(found)
        if not name_key(name):
            self.faults.append(faults.name_missing(self.row))
            return None
        return name

    def _id_number(self) -> tuple[idnumber.IdNumber | None, str]:
        cell = self.cells.get("id_number")
        if cell is None or values.says_nothing(cell):
            return None, ""
        text = idnumber.clean(values.as_text(cell))
        try:
            if values.is_rounded_figure(cell):
                raise idnumber.excel_fault()
            return (idnumber.parse(text, on=self.on) if text else None), text
        except idnumber.IdNumberFault as error:
            self.faults.append(
                RowFault(self.row, "id_number", error.code, error.message, error.message_zh)
            )
            return None, text

    def _sex(self, number: idnumber.IdNumber | None) -> idnumber.Sex | None:
        sex = None
        try:
            sex = values.parse_sex(self.cells.get("sex"))
        except values.SexUnknown:
            self.faults.append(faults.sex_unknown(self.row))
        if number is None:
            return sex
        if sex is not None and sex != number.sex:
            self.faults.append(faults.sex_contradicts_id_number(self.row))
        return number.sex

    def _check_birth(self, birth_date: date | None, number: idnumber.IdNumber | None) -> None:
        if birth_date is None:
            return
        if birth_date > self.on:
            self.faults.append(faults.birth_date_future(self.row))
        elif birth_date.year < self.on.year - LONGEST_AGE_YEARS:
            self.faults.append(faults.birth_date_impossible(self.row, LONGEST_AGE_YEARS))
        elif number is not None and birth_date != number.birth_date:
            self.faults.append(faults.birth_date_contradicts_id_number(self.row))

    def _reason(self) -> Reason | None:
        cell = self.cells.get("reason")
        if cell is None:
            return None
        try:
            return parse_reason(values.as_text(cell))
        except LeavingReasonUnknown:
            self.faults.append(faults.reason_unknown(self.row))
            return None

    def _categories(self, *, needed: bool) -> tuple[str, ...]:
        try:
            codes = parse_categories(values.as_text(self.cells.get("category")))
        except CategoryUnknown:
            self.faults.append(faults.category_unknown(self.row))
            return ()
        try:
            lifted = values.parse_lifted(self.cells.get("poverty_status"))
        except values.PovertyStatusUnknown:
            self.faults.append(faults.poverty_status_unknown(self.row))
            return codes
        if lifted is not None:
            if not lifted and "registered_poor_lifted" in codes:
                self.faults.append(faults.poverty_status_contradicts_category(self.row))
            return with_poverty_status(codes, lifted=lifted)
        if not codes and needed and not (self._faulty("reason") or self._faulty("category")):
            self.faults.append(faults.category_missing(self.row))
        return codes

    def _faulty(self, column: str) -> bool:
        return any(fault.column == column for fault in self.faults)


def with_poverty_status(codes: Sequence[str], *, lifted: bool) -> tuple[str, ...]:
    """The categories of a registered person of whom 脱贫属性 says whether he left poverty.

    The column stands in rosters of registered households only: whoever has it is registered poor,
    or lifted and still under the policy (脱贫不脱政策).
    """
    if not lifted:
        poor = {"registered_poor", "registered_poor_lifted"}
        return tuple(codes) if poor & set(codes) else (*codes, "registered_poor")
    named = ("registered_poor_lifted" if code == "registered_poor" else code for code in codes)
    return tuple(dict.fromkeys((*named, "registered_poor_lifted")))


class Likeness(NamedTuple):
    """By what an accepted row is known to speak of the same person as another row."""

    row: int
    id_number: str | None
    name: str
    birth_date: date | None
    village: str


def likeness(row: RosterRow) -> Likeness:
    village = village_key(row.village) if row.village else ""
    return Likeness(row.row, row.id_number, name_key(row.name), row.birth_date, village)


def readable(row: RosterRow) -> Readable:
    """What an accepted row says, for when it is turned down after all."""
    return Readable(
        row=row.row,
        id_number=row.id_number,
        id_text=row.id_number or "",
        name=name_key(row.name),
        birth_date=row.birth_date,
        household_no=row.household_no or "",
        village=village_key(row.village) if row.village else "",
    )


def lost_digits(rows: Sequence[Likeness], found: Sequence[RowFault]) -> dict[int, RowFault]:
    """Row number → fault of numbers that only by chance pass the check.

    Where a spreadsheet has destroyed one number of the column it has destroyed all; one in eleven
    of what is left, fifteen digits and three zeros, has a fitting check character.
    """
    if not any(fault.code == "excel_number" and fault.column == "id_number" for fault in found):
        return {}
    error = idnumber.excel_fault()
    return {
        row.row: RowFault(row.row, "id_number", error.code, error.message, error.message_zh)
        for row in rows
        if row.id_number is not None and row.id_number.endswith(_LOST_DIGITS)
    }


def duplicate_faults(rows: Sequence[Likeness]) -> dict[int, RowFault]:
    """Row number → fault of the accepted rows that speak of a person twice.

    Of two rows with one number and one name the first stays. One number under two names rejects
    both: nobody can tell whose it is. A row without a number is the same person as another row of
    the same name, birth date and village.
    """
    found: dict[int, RowFault] = {}
    by_number: dict[str, list[Likeness]] = {}
    by_birth: dict[tuple[str, date | None, str], list[Likeness]] = {}
    for row in rows:
        if row.id_number is not None:
            by_number.setdefault(row.id_number, []).append(row)
        by_birth.setdefault((row.name, row.birth_date, row.village), []).append(row)
    for same in by_number.values():
        if len(same) == 1:
            continue
        first = same[0]
        names = {row.name for row in same}
        for row in same if len(names) > 1 else same[1:]:
            other = same[1] if row is first else first
            found[row.row] = (
                shared_number(row.row, other.row)
                if len(names) > 1
                else duplicate_row(row.row, first.row)
            )
    for same in by_birth.values():
        if len(same) == 1:
            continue
        keeper = next((row for row in same if row.id_number is not None), same[0])
        for row in same:
            if row is not keeper and row.id_number is None:
                found.setdefault(row.row, duplicate_row(row.row, keeper.row))
    return found
