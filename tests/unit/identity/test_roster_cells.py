"""Roster cells repaired or refused, headers, what a row makes of a person's categories."""

from __future__ import annotations

from datetime import date

import pytest

from services.identity.categories.domain import Period
from services.identity.roster.causes import poverty_cause
from services.identity.roster.columns import (
    key,
    known_column,
    recognise_headers,
    unknown_headers,
)
from services.identity.roster.differences import differences
from services.identity.roster.domain import Verdict, judge
from services.identity.roster.preparing import Preparing, row_from_text, row_text
from services.identity.roster.rows import RawRow, RosterRow
from services.identity.roster.staging import Judged, judge_file
from services.identity.roster.values import Cell, parse_date
from shared.security.crypto import Vault
from tests.support.people import id_number

ON = date(2016, 7, 1)
BORN = date(1980, 1, 1)
NUMBER = id_number(BORN, 11)
VAULT = Vault(active="0000000a", keys={"0000000a": bytes(32)}, index_key=bytes(32))
PREPARING = Preparing(VAULT, "poverty_office", on=ON, needs_category=True)


def judged_file(text: str) -> Judged:
    return judge_file(text.encode(), PREPARING, max_rows=9, chunk_rows=9)


def verdict(**cells: Cell) -> Verdict:
    plain: dict[str, Cell] = {"name": "测试甲", "id_number": NUMBER, "category": "建档立卡"}
    return judge(RawRow(2, plain | cells), on=ON)


def codes(**cells: Cell) -> list[tuple[str, str]]:
    return [(fault.column, fault.code) for fault in verdict(**cells).faults]


class TestCells:
    @pytest.mark.parametrize(
        "cell",
        [
            NUMBER, f" {NUMBER[:6]} {NUMBER[6:14]}　{NUMBER[14:]} ", f"'{NUMBER}", f'="{NUMBER}"',
            NUMBER.translate(str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")),
            NUMBER[:6] + "-" + NUMBER[6:14] + "-" + NUMBER[14:], "\ufeff" + NUMBER + "\u200b",
        ],
    )  # fmt: skip
    def test_a_number_however_it_is_typed(self, cell: str) -> None:
        """Goal: no family is sent away for a space. Method: full-width digits, spaces, quotes,
        hyphens, invisible characters."""
        row = verdict(id_number=cell).accepted
        assert row is not None
        assert row.id_number == NUMBER

    def test_x_in_any_case_and_fifteen_digits(self) -> None:
        """Goal: old and lower-case forms. Method: a number that ends in x; one of the old form, as
        text and as the figure that a spreadsheet keeps whole."""
        with_x = next(n for n in (id_number(BORN, s) for s in range(1, 99)) if n.endswith("X"))
        fifteen = NUMBER[:6] + NUMBER[8:17]
        for cell, number in (
            (with_x.lower(), with_x),
            (with_x.replace("X", "ｘ"), with_x),
            (fifteen, NUMBER),
            (int(fifteen), NUMBER),
            (float(fifteen), NUMBER),
        ):
            row = verdict(id_number=cell).accepted
            assert row is not None
            assert row.id_number == number

    @pytest.mark.parametrize(
        "cell", ["5.11301E+17", "5.11301e+17", "５.1E+17", 5.11301198001e17, 511301198001010000]
    )
    def test_what_a_spreadsheet_has_destroyed(self, cell: Cell) -> None:
        """Goal: told as such, with the cure. Method: figures and their texts."""
        (fault,) = verdict(id_number=cell).faults
        assert (fault.code, "文本" in fault.message_zh) == ("excel_number", True)

    def test_three_zeros_that_pass_by_chance(self) -> None:
        """Goal: a destroyed number does not become somebody else's. Method: a number that ends in
        000 and has a fitting check digit, alone and beside one that was destroyed."""
        chance = next(
            (name, number)
            for day in range(1, 28)
            for sequence in range(100, 1000, 100)
            for name, number in [("测试乙", id_number(date(1981, 2, day), sequence))]
            if number.endswith("000")
        )
        head = "姓名,证件号码,人员类别"
        alone = judged_file(f"{head}\n{','.join(chance)},低保\n")
        assert (len(alone.accepted), alone.faults) == (1, [])
        destroyed = f"{head}\n{','.join(chance)},低保\n测试丙,5.11E+17,低保\n"
        judged = judged_file(destroyed)
        assert judged.accepted == []
        assert sorted((f.row, f.code) for f in judged.faults) == [
            (2, "excel_number"),
            (3, "excel_number"),
        ]

    @pytest.mark.parametrize("column", ["household_no", "phone"])
    @pytest.mark.parametrize("cell", [5.1111300001e17, "5.11113E+17", "1.38E+10"])
    def test_other_long_numbers_too(self, column: str, cell: Cell) -> None:
        """Goal: two households do not become one. Method: rounded household and phone numbers."""
        assert codes(**{column: cell}) == [(column, "excel_number")]

    @pytest.mark.parametrize("cell", ["1980", "1980-01", "1980年1月", "198001", "1980.1"])
    def test_a_date_without_its_day(self, cell: str) -> None:
        """Goal: no day is made up. Method: years and months."""
        assert codes(birth_date=cell) == [("birth_date", "date_without_day")]

    def test_a_day_number_that_became_text(self) -> None:
        """Goal: 29221 in a CSV is a spreadsheet's day. Method: such a text."""
        assert parse_date("29221") == BORN


class TestCategoryColumns:
    @pytest.mark.parametrize(
        ("cells", "expected"),
        [
            ({"poverty_status": "已脱贫"}, ("registered_poor_lifted",)),
            ({"poverty_status": "未脱贫"}, ("registered_poor",)),
            ({"poverty_status": "返贫"}, ("registered_poor",)),
            ({"category": "建档立卡", "poverty_status": "是"}, ("registered_poor_lifted",)),
            (
                {"category": "低保贫困户", "poverty_status": "脱贫（享受政策）"},
                ("registered_poor_lifted", "subsistence"),
            ),
            ({"category": "低保", "poverty_status": "未脱贫"}, ("subsistence", "registered_poor")),
            ({"category": "五保贫困户"}, ("registered_poor", "destitute")),
            ({"category": "一般贫困户", "poverty_status": ""}, ("registered_poor",)),
        ],
    )
    def test_what_the_lifted_attribute_makes_of_a_category(
        self, cells: dict[str, Cell], expected: tuple[str, ...]
    ) -> None:
        """Goal: 脱贫属性 is a category of its own. Method: with and without a category beside it."""
        row = verdict(**({"category": None} | cells)).accepted
        assert row is not None
        assert row.categories == expected

    def test_what_it_cannot_mean(self) -> None:
        """Goal: no benefit by guess. Method: a word for those without the policy, a contradiction."""
        assert codes(poverty_status="已脱贫(不享受政策)") == [
            ("poverty_status", "poverty_status_unknown")
        ]
        assert codes(category="已脱贫", poverty_status="未脱贫") == [
            ("poverty_status", "poverty_status_contradicts_category")
        ]

    def test_further_columns_are_kept(self) -> None:
        """Goal: cause, enrolment and tier stay with the row. Method: staged text there and back."""
        row = verdict(poverty_cause="因病", enrolment="已参保", plan_tier=2).accepted
        assert row is not None
        assert row.kept == {"poverty_cause": "因病", "enrolment": "已参保", "plan_tier": "2"}
        assert row_from_text(row_text(row), row=row.row) == row


class TestHeaders:
    @pytest.mark.parametrize(
        ("header", "column"),
        [
            ("户编号", "household_no"), ("家庭编号", "household_no"), ("姓名", "name"),
            ("证件号码（必填）", "id_number"), ("公民身份号码", "id_number"), ("*身份证号", "id_number"),
            ("与户主 关系", "relation"), ("民族", "ethnicity"), ("致贫原因", "poverty_cause"),
            ("脱贫属性", "poverty_status"), ("人员类别", "category"), ("乡（镇）", "township"),
            ("离开原因", "reason"), ("reason", "reason"), ("参保状态", "enrolment"),
            ("出生日期(YYYY-MM-DD)", "birth_date"), ("户主姓名", None), ("残疾证号", None), ("", None),
        ],
    )  # fmt: skip
    def test_what_a_header_means(self, header: str, column: str | None) -> None:
        """Goal: the headers that offices write. Method: each kind, notes and stars included."""
        assert known_column(header) == column

    def test_a_mapping_comes_first(self) -> None:
        """Goal: what the source says of its own headers counts. Method: one turned off, one added."""
        mapping = {key("类别"): None, key("对 象"): "name"}
        assert recognise_headers(["类别", "对象", "姓名"], mapping) == {1: "name"}

    def test_values_are_never_told_as_headers(self) -> None:
        """Goal: no name or number in an answer. Method: a line with digits, and one of no header."""
        assert unknown_headers(["姓名", "帮扶人", NUMBER, "x" * 61], {0: "name"}) == ["帮扶人"]
        assert unknown_headers(["测试甲", "男"], {}) == []


class TestRestated:
    POOR = "registered_poor"
    KNOWN = (Period(POOR, date(2015, 1, 1)), Period("subsistence", date(2015, 6, 1)))

    def after(self, **cells: Cell) -> list[tuple[str, str, str]]:
        row = verdict(**cells).accepted
        assert row is not None
        return sorted(
            (p.code, str(p.valid_from), str(p.valid_to or ""))
            for p in row.stated.restated(self.KNOWN, effective_on=date(2016, 6, 6))
        )

    def test_a_death_ends_everything(self) -> None:
        """Goal: nothing holds after the day. Method: a last day, and none."""
        assert self.after(category=None, reason="死亡", valid_to="2016-05-31") == [
            (self.POOR, "2015-01-01", "2016-05-31"),
            ("subsistence", "2015-06-01", "2016-05-31"),
        ]
        assert {end for _, _, end in self.after(category=None, reason="迁出")} == {"2016-06-05"}

    def test_a_death_before_a_category_began_takes_it_back(self) -> None:
        """Goal: a category never held by the dead. Method: a last day before the second began."""
        assert self.after(category=None, reason="死亡", valid_to="2015-03-01") == [
            (self.POOR, "2015-01-01", "2015-03-01")
        ]

    def test_leaving_poverty_ends_that_alone(self) -> None:
        """Goal: other categories go on. Method: 脱贫 with the others stated, with a start day, and
        with nothing stated."""
        assert self.after(category="建档立卡;低保", reason="脱贫") == [
            (self.POOR, "2015-01-01", "2016-06-05"),
            ("subsistence", "2015-06-01", ""),
        ]
        assert self.after(category="已脱贫;低保", reason="脱贫", valid_from="2016-05-15") == [
            (self.POOR, "2015-01-01", "2016-05-14"),
            ("registered_poor_lifted", "2016-05-15", ""),
            ("subsistence", "2015-06-01", ""),
        ]
        assert {end for _, _, end in self.after(category=None, reason="脱贫")} == {"2016-06-05"}


class TestDifferences:
    def row(self, **cells: Cell) -> RosterRow:
        found = verdict(**cells).accepted
        assert found is not None
        return found

    def test_only_what_both_say_and_say_differently(self) -> None:
        """Goal: no noise. Method: blanks, other spellings of the same, and true differences."""
        mine = self.row(village="测试村", phone="13800000000", name="阿依·古丽")
        theirs = self.row(village="测试村村委会", phone="+86 138 0000 0000", name="阿依古丽")
        assert differences("insurer", mine, "civil_affairs", theirs) == []
        assert differences("insurer", mine, "civil_affairs", self.row(name="阿依·古丽")) == []
        (found,) = differences(
            "insurer", mine, "civil_affairs", self.row(name="阿依·古丽", village="别村")
        )
        assert (found.field, found.source, found.value) == ("village", "civil_affairs", "别村")
        assert (found.other_source, found.other_value) == ("insurer", "测试村")
        assert "别村" not in repr(found)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("因病", "illness"), ("因病致贫", "illness"), ("因残、因病", "disability"),
        ("缺劳动力", "labour"), ("因水灾", "disaster"), ("缺水", "water"), ("缺技术", "skills"),
        ("因婚", "other"), ("无", None), (" ", None), (None, None),
    ],
)  # fmt: skip
def test_a_cause_of_poverty_is_told_as_a_code(text: str | None, cause: str | None) -> None:
    """Goal: free text never leaves; of several causes the first. Method: usual wordings, none."""
    assert poverty_cause(text) == cause
