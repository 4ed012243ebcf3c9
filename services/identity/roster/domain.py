"""A roster's rows judged one by one, and against each other. Pure; no value is ever repeated.

A fault names the row as the file counts it (the header is row 1), the column, what is wrong and
what to do about it, in both languages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from services.identity.categories.domain import (
    CategoryUnknown,
    Statement,
    parse_categories,
)
from services.identity.idnumber import domain as idnumber
from services.identity.persons.domain import display_name, name_key, tidy, village_key
from services.identity.roster import columns, values
from services.identity.roster.values import Cell

LONGEST_TEXT = 200
"""Characters in a cell; longer is a slip of columns."""
LONGEST_NAME = 60
LONGEST_AGE_YEARS = idnumber.OLDEST_YEARS
_PLACE_LENGTH = 60

_Fault = Callable[[str, str, str, str], None]
"""Takes column, code, message and Chinese message."""


@dataclass(frozen=True)
class RowFault:
    """What is wrong with one cell, and the cure."""

    row: int
    column: str
    code: str
    message: str
    message_zh: str


@dataclass(frozen=True)
class RawRow:
    """A row as read from the file: cells by column code, and the file's further columns."""

    row: int
    cells: Mapping[str, Cell]
    extras: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RosterRow:
    """An accepted row, in the register's own terms."""

    row: int
    name: str
    id_number: str | None
    sex: str | None
    birth_date: date | None
    household_no: str | None
    relation: str | None
    ethnicity: str | None
    categories: tuple[str, ...]
    township: str | None
    village: str | None
    phone: str | None
    valid_from: date | None
    valid_to: date | None
    extras: Mapping[str, str]

    def statement(self) -> Statement:
        """What the row says of the person's categories."""
        return dict.fromkeys(self.categories, (self.valid_from, self.valid_to))

    def __repr__(self) -> str:
        return f"RosterRow(row={self.row})"


@dataclass(frozen=True)
class Readable:
    """What can be made out of a row, right or wrong: by it a rejected row protects its person."""

    row: int
    id_number: str | None
    id_text: str
    name: str
    birth_date: date | None
    household_no: str
    village: str

    def __repr__(self) -> str:
        return f"Readable(row={self.row})"


@dataclass(frozen=True)
class Verdict:
    """A row's judgement: accepted with its values, or rejected with its faults."""

    readable: Readable
    accepted: RosterRow | None
    faults: tuple[RowFault, ...]


def judge(raw: RawRow, *, on: date) -> Verdict:
    """Judge one row by itself; ``on`` is the day of the upload (nobody is born after it)."""
    faults: list[RowFault] = []

    def fault(column: str, code: str, message: str, message_zh: str) -> None:
        faults.append(RowFault(raw.row, column, code, message, message_zh))

    def text(column: str, longest: int = LONGEST_TEXT) -> str | None:
        found = tidy(values.as_text(raw.cells.get(column)))
        if len(found) > longest:
            fault(
                column,
                "too_long",
                f"at most {longest} characters fit here; check that the columns have not shifted",
                f"内容超过{longest}个字符,请检查是否错列",
            )
            return None
        return found or None

    def day(column: str) -> date | None:
        try:
            return values.parse_date(raw.cells.get(column))
        except values.DateImpossible:
            fault(
                column,
                "date_impossible",
                "there is no such day in the calendar; correct it",
                f"{columns.word(column)}不是真实存在的日期,请更正",
            )
        except values.DateUnreadable:
            fault(
                column,
                "date_format",
                "write the date as 2016-03-01, 2016/3/1 or 20160301",
                "日期请写成 2016-03-01、2016/3/1 或 20160301",
            )
        return None

    name = _name(text("name", LONGEST_NAME), fault)
    number, id_text = _id_number(raw.cells.get("id_number"), fault, on)
    birth_date = day("birth_date")
    sex = _sex(raw.cells.get("sex"), fault)
    _check_birth(birth_date, number, fault, on)
    if number is not None:
        if sex is not None and sex != number.sex:
            fault(
                "sex",
                "sex_contradicts_id_number",
                "the sex differs from the one inside the ID number (its 17th digit: odd male,"
                " even female); correct one of them",
                "性别与证件号码第17位(单数为男、双数为女)不一致,请更正其中之一",
            )
        sex = number.sex
    elif not id_text and birth_date is None and not _faulty(faults, "birth_date"):
        fault(
            "id_number",
            "id_number_missing",
            "give the ID number; for a newborn without one, give name and birth date",
            "请填写证件号码;新生儿尚无证件号码的,请填写姓名和出生日期",
        )
    codes = _categories(raw.cells.get("category"), fault)
    valid_from, valid_to = day("valid_from"), day("valid_to")
    if valid_from and valid_to and valid_to < valid_from:
        faults.append(ends_before_it_starts(raw.row))
    household_no, village = text("household_no"), text("village", _PLACE_LENGTH)
    township, phone = text("township", _PLACE_LENGTH), text("phone")
    relation, ethnicity = text("relation"), text("ethnicity")
    known_birth = number.birth_date if number is not None else birth_date
    readable = Readable(
        row=raw.row,
        id_number=number.value if number else None,
        id_text=id_text,
        name=name_key(name) if name else "",
        birth_date=known_birth,
        household_no=household_no or "",
        village=village_key(village) if village else "",
    )
    if faults or name is None:
        return Verdict(readable, None, tuple(faults))
    row = RosterRow(
        row=raw.row,
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
        extras=dict(raw.extras),
    )
    return Verdict(readable, row, ())


def duplicate_faults(rows: Sequence[RosterRow]) -> dict[int, RowFault]:
    """Row number → fault of the accepted rows that speak of a person twice.

    Of two rows with one number and one name the first stays. One number under two names rejects
    both: nobody can tell whose it is. A row without a number is the same person as another row of
    the same name, birth date and village.
    """
    found: dict[int, RowFault] = {}
    by_number: dict[str, list[RosterRow]] = {}
    by_birth: dict[tuple[str, date | None, str], list[RosterRow]] = {}
    for row in rows:
        if row.id_number is not None:
            by_number.setdefault(row.id_number, []).append(row)
        key = (name_key(row.name), row.birth_date, village_key(row.village or ""))
        by_birth.setdefault(key, []).append(row)
    for same in by_number.values():
        first = same[0]
        names = {name_key(row.name) for row in same}
        for row in same if len(names) > 1 else same[1:]:
            other = same[1] if row is first else first
            found[row.row] = (
                shared_number(row.row, other.row)
                if len(names) > 1
                else duplicate_row(row.row, first.row)
            )
    for same in by_birth.values():
        keeper = next((row for row in same if row.id_number is not None), same[0])
        for row in same:
            if row is not keeper and row.id_number is None:
                found.setdefault(row.row, duplicate_row(row.row, keeper.row))
    return found


def duplicate_row(row: int, other: int) -> RowFault:
    """The row speaks of the person of another row of the file."""
    return RowFault(
        row,
        "id_number",
        "duplicate",
        f"the same person stands in row {other}; keep one row, and write several categories"
        " into it with ';' between them",
        f"与第{other}行为同一人,请只保留一行;多个人员类别用“;”分隔写在同一行",
    )


def shared_number(row: int, other: int) -> RowFault:
    """The row's number stands under another name too."""
    return RowFault(
        row,
        "id_number",
        "id_number_shared",
        f"the same ID number stands in row {other} under another name; compare both cards",
        f"证件号码与第{other}行相同但姓名不同,请对照双方证件核对",
    )


def person_ambiguous(row: int) -> RowFault:
    """Several registered persons fit a row without a number."""
    return RowFault(
        row,
        "id_number",
        "person_ambiguous",
        "several registered persons have this name and birth date; give the ID number",
        "名册中有多人姓名和出生日期相同,请填写证件号码",
    )


def ends_before_it_starts(row: int) -> RowFault:
    """The stated last day lies before the first."""
    return RowFault(
        row,
        "valid_to",
        "valid_to_before_valid_from",
        "the last day lies before the first; correct one of them, or give the start date too",
        "终止日期早于起始日期,请更正;未填起始日期的请补填",
    )


def _name(found: str | None, fault: _Fault) -> str | None:
    if found is None:
        fault("name", "name_missing", "give the person's name", "请填写姓名")
        return None
    if "\ufffd" in found or "?" in found or any(character.isdigit() for character in found):
        fault(
            "name",
            "name_characters",
            "a name holds no digits or question marks; save the file as UTF-8 or GBK again, or"
            " check that the columns have not shifted",
            "姓名中不应有数字或问号,请检查是否错列,或将文件另存为 UTF-8 或 GBK 编码",
        )
        return None
    name = display_name(found)
    if not name_key(name):
        fault("name", "name_missing", "give the person's name", "请填写姓名")
        return None
    return name


def _id_number(cell: Cell, fault: _Fault, on: date) -> tuple[idnumber.IdNumber | None, str]:
    try:
        if values.is_rounded_figure(cell):
            raise idnumber.excel_fault()
        text = idnumber.clean(values.as_text(cell))
        return (idnumber.parse(text, on=on) if text else None), text
    except idnumber.IdNumberFault as error:
        fault("id_number", error.code, error.message, error.message_zh)
        return None, idnumber.clean(values.as_text(cell))


def _sex(cell: Cell, fault: _Fault) -> str | None:
    try:
        return values.parse_sex(cell)
    except values.SexUnknown:
        fault("sex", "sex_unknown", "write M or F, 男 or 女", "性别请填写 男 或 女(M 或 F)")
        return None


def _check_birth(
    birth_date: date | None, number: idnumber.IdNumber | None, fault: _Fault, on: date
) -> None:
    if birth_date is None:
        return
    if birth_date > on:
        fault(
            "birth_date",
            "birth_date_future",
            "the birth date lies in the future; correct it",
            "出生日期晚于今天,请更正",
        )
    elif birth_date.year < on.year - LONGEST_AGE_YEARS:
        fault(
            "birth_date",
            "birth_date_impossible",
            f"nobody is more than {LONGEST_AGE_YEARS} years old; correct the birth date",
            f"年龄超过{LONGEST_AGE_YEARS}岁,请更正出生日期",
        )
    elif number is not None and birth_date != number.birth_date:
        fault(
            "birth_date",
            "birth_date_contradicts_id_number",
            "the birth date differs from the one inside the ID number (characters 7 to 14);"
            " correct one of them",
            "出生日期与证件号码第7至14位不一致,请更正其中之一",
        )


def _categories(cell: Cell, fault: _Fault) -> tuple[str, ...]:
    try:
        codes = parse_categories(values.as_text(cell))
    except CategoryUnknown:
        fault(
            "category",
            "category_unknown",
            "use a category of the published list, such as registered_poor or 建档立卡;"
            " separate several with ';'",
            "人员类别不在规定范围内,请使用 建档立卡、已脱贫、特困、低保、孤儿 等;多个类别用“;”分隔",
        )
        return ()
    if not codes:
        fault(
            "category",
            "category_missing",
            "give the person's category, such as registered_poor or 建档立卡",
            "请填写人员类别,如 建档立卡",
        )
    return codes


def _faulty(faults: Sequence[RowFault], column: str) -> bool:
    return any(fault.column == column for fault in faults)
