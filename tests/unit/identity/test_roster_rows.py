"""Roster rows judged one by one and against each other; linking and protection."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.roster.domain import Verdict, duplicate_faults, judge, likeness
from services.identity.roster.files import RosterColumnsMissing, read_roster
from services.identity.roster.limits import RosterTooLong
from services.identity.roster.linking import Candidate, Indexed, PersonAmbiguous, link
from services.identity.roster.preparing import Preparing, decrypt_rows, row_from_text, row_text
from services.identity.roster.protection import NearNumbers, Protection
from services.identity.roster.rows import RawRow, Readable
from services.identity.roster.staging import judge_file
from services.identity.roster.values import (
    Cell,
    DateImpossible,
    DateUnreadable,
    DateWithoutDay,
    parse_date,
)
from shared.ids import new_id
from shared.security.crypto import Vault
from tests.support.people import HEADER, PATIENT, id_number

ON = date(2016, 7, 1)
BORN = date(1980, 1, 1)
NUMBER = id_number(BORN, 11)
VAULT = Vault(active="0000000a", keys={"0000000a": bytes(32)}, index_key=bytes(32))
PREPARING = Preparing(VAULT, "poverty_office", on=ON, needs_category=True)


def verdict(**cells: Cell) -> Verdict:
    plain: dict[str, Cell] = {"name": "测试甲", "id_number": NUMBER, "category": "建档立卡"}
    return judge(RawRow(2, plain | cells), on=ON)


def codes(**cells: Cell) -> list[tuple[str, str]]:
    return [(fault.column, fault.code) for fault in verdict(**cells).faults]


@pytest.mark.parametrize(
    "cell",
    [
        "1980-01-01", "1980/1/1", "1980.1.1", "19800101", "1980年1月1日", "１９８０－０１－０１",
        date(1980, 1, 1), datetime(1980, 1, 1, 8, 30, tzinfo=UTC), 29221, 29221.0, "1980-01-01 00:00:00",
    ],
)  # fmt: skip
def test_dates_in_every_form(cell: Cell) -> None:
    """Goal: one day, many spellings. Method: each form, spreadsheet dates included."""
    assert parse_date(cell) == BORN
    row = verdict(birth_date=cell).accepted
    assert row is not None
    assert row.birth_date == BORN


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        ("2016-02-30", DateImpossible),
        ("20161301", DateImpossible),
        ("0001-01-01", DateImpossible),
        ("三月一日", DateUnreadable),
        ("2016", DateWithoutDay),
        (True, DateUnreadable),
    ],
)
def test_dates_that_are_none(cell: Cell, error: type[ValueError]) -> None:
    """Goal: impossible and unreadable are told apart. Method: examples of both."""
    with pytest.raises(error):
        parse_date(cell)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"name": ""}, [("name", "name_missing")]),
        ({"name": " · "}, [("name", "name_missing")]),
        ({"name": "测试1"}, [("name", "name_characters")]),
        ({"name": "??"}, [("name", "name_characters")]),
        ({"name": "长" * 61}, [("name", "too_long")]),
        ({"id_number": 5.11301e17}, [("id_number", "excel_number")]),
        ({"id_number": 519901198001010000}, [("id_number", "excel_number")]),
        ({"id_number": None}, [("id_number", "id_number_missing")]),
        ({"sex": "不详"}, [("sex", "sex_unknown")]),
        ({"sex": "女"}, [("sex", "sex_contradicts_id_number")]),
        ({"birth_date": "1980-01-02"}, [("birth_date", "birth_date_contradicts_id_number")]),
        ({"birth_date": "2016-07-02"}, [("birth_date", "birth_date_future")]),
        ({"birth_date": "1881-01-01"}, [("birth_date", "birth_date_impossible")]),
        ({"category": None}, [("category", "category_missing")]),
        ({"category": "富裕"}, [("category", "category_unknown")]),
        (
            {"valid_from": "2016-02-01", "valid_to": "2016-01-01"},
            [("valid_to", "valid_to_before_valid_from")],
        ),
        ({"valid_to": "2016-13-01"}, [("valid_to", "date_impossible")]),
        ({"village": "村" * 61}, [("village", "too_long")]),
    ],
)
def test_each_slip_has_its_code(cells: dict[str, Cell], expected: list[tuple[str, str]]) -> None:
    """Goal: a verdict per cell. Method: one slip at a time in an otherwise good row."""
    assert codes(**cells) == expected


def test_values_as_registered() -> None:
    """Goal: what an accepted row holds. Method: untidy cells, read back from the staged text."""
    row = verdict(
        name=" 阿依 • 买买提 ",
        id_number=id_number(BORN, 12).lower(),
        sex="女性",
        category="低保；建档立卡",
        phone=13800000000.0,
        household_no=12,
        village="测试村委会",
    ).accepted
    assert row is not None
    assert (row.name, row.sex, row.birth_date) == ("阿依·买买提", "F", BORN)
    assert (row.phone, row.household_no) == ("13800000000", "12")
    assert row.categories == ("subsistence", "registered_poor")
    assert row_from_text(row_text(row), row=row.row) == row
    assert row.name not in repr(row)


def test_a_newborn_needs_name_and_birth_date_only() -> None:
    """Goal: no number is no wall. Method: a row without one."""
    row = verdict(id_number="", birth_date="2016-06-01").accepted
    assert row is not None
    assert (row.id_number, row.birth_date) == (None, date(2016, 6, 1))


def test_duplicates_in_one_file() -> None:
    """Goal: a person once per file. Method: same number twice, one number under two names, and a
    row without number beside one with it."""
    other = id_number(date(1970, 5, 5), 21)
    cells: list[dict[str, Cell]] = [
        {"name": "测试甲", "id_number": NUMBER, "village": "甲村"},
        {"name": "测试甲", "id_number": NUMBER, "village": "甲村"},
        {"name": "测试甲", "birth_date": BORN, "village": "甲村"},
        {"name": "测试甲", "birth_date": BORN, "village": "乙村"},
        {"name": "测试乙", "id_number": other},
        {"name": "测试丙", "id_number": other},
    ]
    rows = [
        judge(RawRow(n, c | {"category": "低保"}), on=ON).accepted for n, c in enumerate(cells, 2)
    ]
    found = duplicate_faults([likeness(row) for row in rows if row is not None])
    assert {row: fault.code for row, fault in found.items()} == {
        3: "duplicate",
        4: "duplicate",
        6: "id_number_shared",
        7: "id_number_shared",
    }


class TestFiles:
    def test_rows_are_numbered_as_the_file_counts(self) -> None:
        """Goal: errors point at the line. Method: a title, blank lines, a quoted line break."""
        content = f'花名册\n\n{HEADER}\n\n{PATIENT.row()}\n"H\n2",测试乙,1,,,,低保,,,,,\n'
        judged = judge_file(content.encode(), PREPARING, max_rows=10, chunk_rows=2)
        assert [row.row for row in judged.accepted] == [5]
        assert [(fault.row, fault.code) for fault in judged.faults] == [(6, "id_number_length")]

    def test_a_long_file_is_judged_by_other_processes_alike(self, tmp_path: Path) -> None:
        """Goal: who judges makes no difference. Method: a file with every kind of verdict in
        pieces of three rows, here and by two processes; and one row more than is allowed."""
        people = [
            PATIENT.but(name=f"测试{chr(0x4E00 + at)}", sequence=100 + at) for at in range(40)
        ]
        lines = [person.row() for person in people]
        lines[7], lines[22], lines[30] = lines[3], "H2,测试乙,1,,,,低保,,,,,", lines[29]
        content = "\n".join([HEADER, *lines, ""]).encode()
        vault = Vault.generate(tmp_path / "keys.json")
        preparing = replace(PREPARING, vault=vault)

        def told(helpers: int) -> tuple[object, ...]:
            judged = judge_file(content, preparing, max_rows=40, chunk_rows=3, helpers=helpers)
            rows = [
                (each._replace(row_enc=b""), decrypt_rows(vault, [(each.row, each.row_enc)]))
                for each in judged.accepted
            ]
            return judged.rows, rows, judged.faults, judged.rejected

        here = told(0)
        assert told(2) == here
        assert (here[0], len(here[1]), [fault.code for fault in here[2]]) == (
            40, 37, ["id_number_length", "duplicate", "duplicate"],
        )  # fmt: skip
        with pytest.raises(RosterTooLong):
            judge_file(content, preparing, max_rows=39, chunk_rows=3, helpers=2)

    def test_english_headers_in_any_order_and_further_columns(self) -> None:
        """Goal: aliases; unknown columns are kept. Method: shuffled header with an extra."""
        content = f"Category,NAME, id_number ,帮扶人\nregistered_poor,测试甲,{NUMBER},某某\n"
        (row,) = read_roster(content.encode(), max_rows=10)
        assert dict(row.cells) == {
            "category": "registered_poor", "name": "测试甲", "id_number": NUMBER,
        }  # fmt: skip
        assert dict(row.extras) == {"帮扶人": "某某"}

    def test_tabs_separate_too(self) -> None:
        """Goal: text exported by a spreadsheet. Method: tab-separated lines."""
        content = f"姓名\t证件号码\t人员类别\n测试甲\t{NUMBER}\t低保\n"
        assert len(list(read_roster(content.encode("utf-16"), max_rows=10))) == 1

    @pytest.mark.parametrize("missing", ["姓名", "证件号码", "人员类别"])
    def test_each_needed_column_is_named(self, missing: str) -> None:
        """Goal: the cure names the column. Method: leave out one at a time."""
        heads = [head for head in HEADER.split(",") if head != missing]
        with pytest.raises(RosterColumnsMissing) as problem:
            next(read_roster((",".join(heads) + "\n" + "x," * len(heads)).encode(), max_rows=10))
        (error,) = problem.value.errors
        assert missing in error.message_zh


digits = st.text("0123456789X", min_size=1, max_size=6)


def slips(one: str, other: str) -> bool:
    """The definition that the fast set is compared with."""
    edits = {one}
    for place in range(len(one)):
        edits.add(one[:place] + one[place + 1 :])
        edits |= {one[:place] + c + one[place + 1 :] for c in "0123456789X"}
        if place + 1 < len(one):
            edits.add(one[:place] + one[place + 1] + one[place] + one[place + 2 :])
    for place in range(len(one) + 1):
        edits |= {one[:place] + c + one[place:] for c in "0123456789X"}
    return other in edits


@given(digits, digits)
def test_near_numbers_are_one_slip_away(one: str, other: str) -> None:
    """Goal: the set knows exactly one slip. Method: compare with all edits spelled out."""
    assert (other in NearNumbers([one])) is slips(one, other)


class TestProtection:
    def keeps(self, readable: Readable, **person: object) -> bool:
        facts: dict[str, object] = {
            "id_number": NUMBER, "same_name": False, "same_household": False,
            "birth_date": BORN, "village": "甲村",
        }  # fmt: skip
        return Protection([readable]).keeps(**(facts | person))  # type: ignore[arg-type]

    def row(self, **facts: object) -> Readable:
        plain: dict[str, object] = {
            "row": 2, "id_number": None, "id_text": "", "name": "", "birth_date": None,
            "household_no": "", "village": "",
        }  # fmt: skip
        return Readable(**(plain | facts))  # type: ignore[arg-type]

    def test_whom_a_rejected_row_protects(self) -> None:
        """Goal: whoever it could be stays, others may go. Method: one kind of row at a time."""
        named = self.row(name="测试乙", id_text="5.11E+17")
        assert not self.keeps(named)
        assert self.keeps(named, same_name=True)
        assert self.keeps(named, same_household=True)
        assert self.keeps(self.row(name="测试乙", id_text=NUMBER[:-1] + "?"))
        assert self.keeps(self.row(birth_date=BORN))
        assert not self.keeps(self.row(birth_date=date(1999, 1, 1)))
        assert self.keeps(self.row(birth_date=date(1999, 1, 1)), birth_date=None)
        assert self.keeps(self.row(village="甲村"))
        assert not self.keeps(self.row(village="乙村"))
        assert self.keeps(self.row())
        assert not self.keeps(self.row(id_text="123"))
        assert self.keeps(self.row(id_text="123"), id_number=None)


class TestLink:
    ROW = Indexed(b"number", b"name", b"birth", b"village")

    def person(self, **facts: object) -> Candidate:
        plain: dict[str, object] = {
            "person_id": new_id(), "listed": False, "id_number_idx": b"number",
            "name_idx": b"name", "name_birth_idx": b"birth", "name_birth_village_idx": b"village",
        }  # fmt: skip
        return Candidate(**(plain | facts))  # type: ignore[arg-type]

    def test_by_number_and_name(self) -> None:
        """Goal: the same person across sources. Method: number and name agree."""
        him = self.person()
        assert link(self.ROW, [him]) == him.person_id

    def test_another_name_links_only_within_the_source(self) -> None:
        """Goal: corrections yes, false merges no. Method: listed by the source or not."""
        own = self.person(name_idx=b"other", listed=True)
        foreign = self.person(name_idx=b"other")
        assert link(self.ROW, [own]) == own.person_id
        assert link(self.ROW, [foreign]) is None

    def test_a_newborn_with_his_first_number(self) -> None:
        """Goal: linked once, never when two fit. Method: persons without number."""
        child = self.person(id_number_idx=None)
        assert link(self.ROW, [child]) == child.person_id
        assert link(self.ROW, [child, self.person(id_number_idx=None)]) is None
        assert link(self.ROW, [self.person(id_number_idx=b"else")]) is None

    def test_without_a_number_the_place_decides(self) -> None:
        """Goal: no guess. Method: namesakes in another village, two in the same."""
        row = Indexed(None, b"name", b"birth", b"village")
        him = self.person()
        elsewhere = self.person(name_birth_village_idx=b"elsewhere")
        assert link(row, [him, elsewhere]) == him.person_id
        assert link(row, [elsewhere]) is None
        with pytest.raises(PersonAmbiguous):
            link(row, [him, self.person()])
        listed = self.person(listed=True)
        assert link(row, [him, listed]) == listed.person_id
        placeless = Indexed(None, b"name", b"birth", None)
        assert isinstance(link(placeless, [elsewhere]), UUID)
