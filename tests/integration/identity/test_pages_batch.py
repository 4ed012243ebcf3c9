"""``/identity/batch``: a list of visits in, the same list with grades out, nothing kept."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from services.identity.batch.service import match_file
from services.identity.guessing.domain import BUDGET_OF_LISTS, LISTS
from services.identity.guessing.service import TooManyUnknown, limiting_of
from services.identity.recognition.registry import loaded
from shared.clock import FixedClock
from shared.security.principal import Principal
from tests.integration.identity.office import Office, workbook
from tests.support.browsing import screen, words
from tests.support.people import NEIGHBOUR, PATIENT, id_number
from tests.support.service import COUNTY, Running

HEAD = ["序号", "姓名", "身份证号", "出生日期", "性别", "就诊日期", "科室"]


def as_text(content: bytes, cell: str) -> bytes:
    """The workbook with that cell, which looks like a formula, kept as the text it is."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    book.active[cell].data_type = "s"
    changed = io.BytesIO()
    book.save(changed)
    return changed.getvalue()


def rows_of(content: bytes, sheet: int = 0) -> list[tuple[object, ...]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return list(book.worksheets[sheet].iter_rows(values_only=True))


async def test_every_row_is_graded_and_nothing_is_recorded(
    office: Office, identity: Running, tmp_path: Path
) -> None:
    """Goal: the window's decision for a month, and no trace of it among recognitions. Method: a
    certain, a probable, an unknown, a ruined number, a person before he was listed, a blank row."""
    await office.register(PATIENT, NEIGHBOUR)
    visits = workbook(
        [
            ["某院2016年6月门诊"],
            HEAD,
            [1, "测试甲", PATIENT.number, "", "男", date(2016, 6, 1), "内科"],
            [2, "测试甲", "", date(1962, 3, 4), "男", "2016-06-02", "=外科"],
            [3, "欧阳不在", "", "1950-01-01", "", "2016/6/3", "内科"],
            [4, "测试乙", 5.19901e17, "1970-08-09", "女", "2016-06-04", "内科"],
            [5, "", PATIENT.number, "", "", "2014-06-05", "内科"],
            [6, "", "", "", "", "2016-06-06", "内科"],
        ]
    )
    visits = as_text(visits, "G4")
    before = await identity.rows("SELECT count(*) FROM recognitions")
    async with screen(identity, tmp_path, "identity:persons") as desk:
        answer = await desk.post("/identity/batch", files={"file": ("visits.xlsx", visits)})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"].startswith('attachment; filename="matched-')
    title, head, *rows = rows_of(answer.content)
    assert title[0] == "某院2016年6月门诊"
    assert head == (*HEAD, "识别等级", "姓名(脱敏)", "人员编号", "人员类别", "理由")
    assert [row[7] for row in rows] == [
        "确认",
        "基本确认",
        "未查到",
        "基本确认",
        "确认",
        "无法识别",
    ]
    assert [row[8] for row in rows] == ["测*甲", "测*甲", None, "测*乙", "测*甲", None]
    assert rows[0][10] == "建档立卡"
    assert rows[4][10] is None  # nobody gave him a category in 2014
    assert rows[1][6] == "=外科"  # as it stood, a text and no formula
    assert "末几位已丢失" in str(rows[3][11])
    counts = dict(rows_of(answer.content, sheet=1)[1:])
    assert counts["确认"] == 2
    assert counts["合计"] == 6
    assert await identity.rows("SELECT count(*) FROM recognitions") == before
    assert await office.events("recognition.made.v1") == []
    (noted,) = await identity.rows(
        "SELECT actor, detail FROM audit_log WHERE action = 'batch.matched'"
    )
    assert noted["actor"] == "user:tester"
    assert noted["detail"]["rows"] == 6


async def test_a_list_that_cannot_be_read_is_told_beside_the_field(
    identity: Running, tmp_path: Path
) -> None:
    """Goal: errors beside the field. Method: no file, a CSV, no known header, no row."""
    async with screen(identity, tmp_path, "identity:persons") as desk:
        none = await desk.post("/identity/batch")
        assert "请选择就诊清单" in words(none)
        for content, said in (
            (b"a,b", "不是 .xlsx 工作簿"),
            (workbook([["科室"], ["内科"]]), "表头中没有可识别的列"),
            (workbook([HEAD]), "没有数据行"),
        ):
            told = await desk.post("/identity/batch", files={"file": ("v.xlsx", content)})
            assert told.status_code == 422
            assert 'id="file-fault"' in told.text
            assert said in words(told)


async def test_only_the_county_matches_lists(identity: Running, tmp_path: Path) -> None:
    """Goal: a list is no way round the limits of a window. Method: a township's desk, a window."""
    visits = workbook([HEAD, [1, "测试甲", PATIENT.number, "", "", "", ""]])
    async with screen(
        identity, tmp_path, "identity:persons", name="town", organisation="township:金河镇"
    ) as town:
        refused = await town.post("/identity/batch", files={"file": ("v.xlsx", visits)})
        assert refused.status_code == 403
        assert "只有县(区)级部门可以批量识别" in words(refused)
    async with screen(identity, tmp_path, "identity:recognise", name="window") as window:
        assert (await window.get("/identity/batch")).status_code == 403


async def test_a_list_of_guesses_is_refused_and_alarmed(
    office: Office, identity: Running, tmp_path: Path, clock: FixedClock
) -> None:
    """Goal: no list finds out who is registered, in whichever process it is matched, and an operator
    is told. Method: a hundred rows are left of the budget; a list of a patient and seventy others, one
    with two hundred made-up numbers; the same by the command beside it; another desk's list; the alarm."""
    await office.register(PATIENT)
    limit, now = limiting_of(identity.context).limit, clock.now().timestamp()
    limit.charge("user:desk", LISTS, now, BUDGET_OF_LISTS - 100)
    row = [1, "测试甲", PATIENT.number, "", "", "2016-06-01", ""]
    made_up = [[1, "", id_number(date(1950, 1, 1), n), "", "", "", ""] for n in range(1, 201)]
    guesses = workbook([HEAD, row, *made_up, row])
    patients = workbook([HEAD, row, *made_up[:70]])
    async with screen(
        identity, tmp_path, "identity:persons", "identity:review", name="desk"
    ) as desk:
        passed = await desk.post("/identity/batch", files={"file": ("v.xlsx", patients)})
        assert passed.status_code == 200
        refused = await desk.post("/identity/batch", files={"file": ("v.xlsx", guesses)})
        assert refused.status_code == 429
        assert "清单中查不到的人员过多" in words(refused)
        twin = replace(identity.context, state={})
        async with loaded(twin):
            caller = Principal("user:desk", COUNTY, frozenset({"identity:persons"}))
            with pytest.raises(TooManyUnknown):
                await match_file(twin, caller, patients)
        alarms = words(await desk.get("/identity/alarms"))
        assert "1 条待核实" in alarms
        assert "批量识别" in alarms
    async with screen(identity, tmp_path, "identity:persons", name="other") as other:
        passed = await other.post("/identity/batch", files={"file": ("v.xlsx", guesses)})
        assert passed.status_code == 200
    (alarm,) = (await office.http.get("/identity/v1/guess-alarms")).json()["items"]
    assert (alarm["client_id"], alarm["place"], alarm["refused"]) == ("user:desk", "lists", 2)
    rows = await identity.rows("SELECT actor FROM audit_log WHERE action = 'batch.matched'")
    assert [row["actor"] for row in rows] == ["user:desk", "user:other"]
