"""Roster files as offices really send them: encodings, sheets, merged cells, formulas, remarks."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from openpyxl import Workbook

from services.identity.roster.domain import judge
from services.identity.roster.files import (
    RosterColumnsMissing,
    RosterEmpty,
    RosterUnreadable,
    read_roster,
)
from shared.http.problem import Problem
from tests.support.people import id_number

BORN = date(1955, 3, 2)
NUMBERS = [id_number(BORN, sequence) for sequence in range(11, 31, 2)]
HEADER = ["户编号", "姓名", "证件号码", "出生日期", "人员类别", "村"]

Sheet = Sequence[Sequence[Any]]


def person(name: str = "测试甲", number: Any = NUMBERS[0], **cells: Any) -> list[Any]:
    known = {
        "户编号": "H1",
        "姓名": name,
        "证件号码": number,
        "出生日期": "1955-03-02",
        "人员类别": "建档立卡",
        "村": "测试村",
    } | cells
    return [known[header] for header in HEADER]


def csv(*rows: Sequence[Any], encoding: str = "utf-8", separator: str = ",") -> bytes:
    return "\r\n".join(separator.join(map(str, row)) for row in rows).encode(encoding)


def xlsx(*sheets: Sheet, merged: Sequence[str] = (), hidden: Sequence[int] = ()) -> bytes:
    """A workbook; ``merged`` are ranges of its last sheet."""
    book = Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(f"表{number}")
        for row in rows:
            sheet.append(list(row))
        if number in hidden:
            sheet.sheet_state = "hidden"
    for cells in merged:
        book.worksheets[-1].merge_cells(cells)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def read(content: bytes) -> list[tuple[int, str, str | None, str | None]]:
    """Row, name, number and household of everybody; the first fault's code for a number if any."""
    found = []
    for raw in read_roster(content, max_rows=1000):
        said = judge(raw, on=date(2016, 6, 1))
        row = said.accepted
        if row is None:
            found.append((raw.row, said.faults[0].column, said.faults[0].code, None))
        else:
            found.append((raw.row, row.name, row.id_number, row.household_no))
    return found


def fault(content: bytes) -> str:
    with pytest.raises(Problem) as raised:
        list(read_roster(content, max_rows=1000))
    (only,) = raised.value.errors[:1]
    assert only.message_zh
    return only.message


ONE = [(2, "测试甲", NUMBERS[0], "H1")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_csv_in_every_form(encoding: str, separator: str) -> None:
    """Goal: whatever a spreadsheet saves. Method: encodings by separators."""
    assert read(csv(HEADER, person(), encoding=encoding, separator=separator)) == ONE


@pytest.mark.parametrize(
    "number",
    [
        NUMBERS[0].translate(str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")),
        f"{NUMBERS[0][:6]} {NUMBERS[0][6:14]}　{NUMBERS[0][14:]}",
        f"'{NUMBERS[0]}",
        f'="{NUMBERS[0]}"',
        f"\t{NUMBERS[0]}\t",
        f"\u202d{NUMBERS[0]}\u200b",
        NUMBERS[0][:6] + NUMBERS[0][8:17],
        int(NUMBERS[0][:6] + NUMBERS[0][8:17]),
    ],
)
def test_numbers_that_are_right_though_they_look_odd(number: Any) -> None:
    """Goal: no row comes back for how it is written. Method: each writing, CSV and XLSX."""
    assert read(csv(HEADER, person(number=number))) == ONE
    if not (isinstance(number, str) and number.startswith("=")):
        assert read(xlsx([HEADER, person(number=number)])) == ONE


@pytest.mark.parametrize("number", ["5.19901E+17", "5.19E17", int(NUMBERS[0]), 5.19901195503e17])
def test_numbers_that_a_spreadsheet_has_destroyed(number: Any) -> None:
    """Goal: told as such. Method: as text and as figures."""
    assert read(xlsx([HEADER, person(number=number)])) == [(2, "id_number", "excel_number", None)]


@pytest.mark.parametrize(
    "day",
    [
        "1955/3/2", "19550302", "1955年3月2日", "1955 年 3 月 2 号", 20150, 19550302, BORN,
        "20150", "1955.3.2", "1955/03/02 0:00", "１９５５－０３－０２",
    ],
)  # fmt: skip
def test_days_in_every_form(day: Any) -> None:
    """Goal: one day, many spellings. Method: each in a sheet; the number holds the same day."""
    assert read(xlsx([HEADER, person(出生日期=day)])) == ONE


@pytest.mark.parametrize("word", ["无", "暂无", "不详", "——", "/"])
def test_words_for_a_blank_are_blanks(word: str) -> None:
    """Goal: a newborn's row is not refused for a stroke. Method: in the number's cell, with a birth
    date and without one; as the household's number."""
    assert read(csv(HEADER, person(number=word))) == [(2, "测试甲", None, "H1")]
    assert read(csv(HEADER, person(number=word, 出生日期=word))) == [
        (2, "id_number", "id_number_missing", None)
    ]
    assert read(csv(HEADER, person(户编号=word))) == [(2, "测试甲", NUMBERS[0], None)]


@pytest.mark.parametrize("name", ["测试\u200b甲", "测 试　甲", "\ufeff测试甲\u202c"])
def test_what_nobody_sees_is_no_part_of_a_name(name: str) -> None:
    """Goal: a pasted mark makes no other person. Method: names with invisible characters."""
    assert read(csv(HEADER, person(name))) == ONE


def test_titles_forms_remarks_and_repeated_headers() -> None:
    """Goal: only persons are rows. Method: a printed list with all of these, merged as printed."""
    sheet = [
        ["2016年建档立卡贫困人口花名册"],
        ["填报单位:测试局"],
        HEADER,
        person(),
        [None] * 6,
        HEADER,
        person("测试乙", NUMBERS[1]),
        ["合计", "2", None, None, None, None],
        ["填表人:", None, None, "审核:"],
        *[[None, " "]] * 20,
    ]
    found = read(xlsx(sheet, merged=["A1:F1", "A2:F2"]))
    assert found == [(4, "测试甲", NUMBERS[0], "H1"), (7, "测试乙", NUMBERS[1], "H1")]


def test_a_merged_household_holds_for_its_members() -> None:
    """Goal: members do not lose their household. Method: numbers merged over three and two rows,
    beside a header of two lines."""
    names = ["测试甲", "测试乙", "测试丙", "测试丁", "测试戊"]
    rows = [
        person(name, number, 户编号=household)
        for name, number, household in zip(
            names, NUMBERS, ["H1", None, None, "H2", None], strict=False
        )
    ]
    head = [["户编号", "成员信息", None, None, None, "村"], [None, *HEADER[1:5], None]]
    found = read(
        xlsx([*head, *rows], merged=["A1:A2", "B1:E1", "F1:F2", "A3:A5", "A6:A7", "F3:F7"])
    )
    assert [(name, household) for _, name, _, household in found] == [
        ("测试甲", "H1"), ("测试乙", "H1"), ("测试丙", "H1"), ("测试丁", "H2"), ("测试戊", "H2"),
    ]  # fmt: skip


def test_the_sheet_with_the_roster_is_found() -> None:
    """Goal: a cover sheet, an empty form and a hidden copy do no harm. Method: each beside it."""
    roster = [HEADER, person()]
    notes = [["填写说明"], ["一、每行一人"]]
    assert read(xlsx(notes, [], [HEADER], roster)) == ONE
    assert read(xlsx([HEADER, person("测试乙", NUMBERS[1])], roster, hidden=[0])) == ONE


def test_two_rosters_in_one_workbook_are_refused() -> None:
    """Goal: nobody is left out in silence. Method: two sheets with persons."""
    said = fault(xlsx([HEADER, person()], [HEADER, person("测试乙", NUMBERS[1])]))
    assert "2 sheets hold a roster (表0, 表1)" in said


def test_formulas() -> None:
    """Goal: a formula without a result is no blank cell. Method: in the number and the name; an
    error for a result; a number kept as a text by a formula."""
    rows = [
        HEADER,
        person(number=f'="{NUMBERS[0]}"'),
        person(number="=C1"),
        person(name="=B1"),
        person(人员类别="#N/A"),
    ]
    assert read(xlsx(rows)) == [
        ONE[0],
        (3, "id_number", "formula", None),
        (4, "name", "formula", None),
        (5, "category", "formula", None),
    ]
    (only,) = read_roster(xlsx([HEADER, person(number="=C1")]), max_rows=9)
    assert len(judge(only, on=date(2016, 6, 1)).faults) == 1


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"\xd0\xcf\x11\xe0 old", RosterUnreadable),
        (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), RosterUnreadable),
        (b"%PDF-1.4\x00\x01\xff\xfe", RosterUnreadable),
        ("<html><table><tr><td>姓名</td></tr></table>".encode(), RosterUnreadable),
        (b"PK\x03\x04 no workbook", RosterUnreadable),
        (b"", RosterEmpty),
        (csv(HEADER), RosterEmpty),
        (xlsx([]), RosterEmpty),
        (csv(["姓名", "性别"], ["测试甲", "男"]), RosterColumnsMissing),
    ],
)
def test_files_that_are_none(content: bytes, error: type[Problem]) -> None:
    """Goal: told what to do instead. Method: what people upload by mistake."""
    with pytest.raises(error):
        list(read_roster(content, max_rows=10))
    assert fault(content)
