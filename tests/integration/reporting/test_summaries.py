"""A half-year from its signed months, and a month's notice: the papers say what the API says."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import docx
import openpyxl

from shared.money import fen_from_text
from tests.integration.reporting.county import DISTRICT, JINHE_HOSPITAL, bill
from tests.integration.reporting.half_year import half_year
from tests.integration.reporting.test_month_closes import PATH, call, good, signed
from tests.support.browsing import screen, words
from tests.support.paper import text_of
from tests.support.service import Running

HALF = "/reporting/v1/half-years/2016-H1"


def text_of_docx(content: bytes) -> str:
    document = docx.Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(each.text for each in document.paragraphs), *cells])


async def test_a_half_year_is_what_was_signed(reporting: Running, tmp_path: Path) -> None:
    """Goal: only signed months count, with what later ones corrected; the parts make the whole; the
    document of 2016 stands apart; papers equal to the API.

    Method: March to May are signed, a March stay comes late and a bill that nobody signed in June;
    June is signed with the adjustment; figures worked out by hand; XLSX, DOCX and PDF opened again;
    a half-year of which nothing is known, one that is none."""
    await reporting.deliver_together(*half_year())
    for month in ("2016-03", "2016-04", "2016-05"):
        await signed(reporting, month)
    before = await good(reporting, "GET", HALF)
    assert before["stays"]["total"] == "7000.00"
    assert before["missing"] == ["2016-01", "2016-02", "2016-06"]
    assert before["adjusted"] == "0.00"
    await reporting.deliver_together(
        bill("L1", "P2", JINHE_HOSPITAL, "inpatient", date(2016, 3, 9),
             {"basic_insurance": 60_00}, 40_00, out_of_catalogue=10_00),
    )  # fmt: skip
    assert (await good(reporting, "GET", HALF))["stays"] == before["stays"]
    june = await signed(reporting, "2016-06")
    await reporting.deliver_together(
        bill("L2", "P1", DISTRICT, "inpatient", date(2016, 6, 9), {}, 5_00)
    )

    found = await good(reporting, "GET", HALF)
    stays = found["stays"]
    assert (stays["visits"], stays["persons"]) == (3, 3)
    assert (stays["total"], stays["patient"]) == ("7100.00", "1931.27")
    assert {each["payer"]: each["amount"] for each in stays["payers"]} == {
        "basic_insurance": "4404.90", "medical_aid": "763.83", "patient": "1931.27",
    }  # fmt: skip
    assert (stays["personal_share"], stays["personal_share_status"]) == ("0.2720", "missed")
    assert stays["out_of_catalogue_share"] == "0.1423"
    visits = found["visits"]
    assert visits["total"] == "7250.00"
    assert found["adjusted"] == "100.00"
    for parts, whole in ((found["townships"], visits), (found["facility_kinds"], stays)):
        assert sum(each["visits"] for each in parts) == whole["visits"]
        for name in ("total", "patient", "out_of_catalogue"):
            assert sum(fen_from_text(e[name]) for e in parts) == fen_from_text(whole[name])
    assert [each["number"] for each in found["months"]][-1] == june["number"]
    assert found["history"]["balance"]["gap"] == "1.00"

    files = {}
    for form in ("xlsx", "docx", "pdf"):
        answer = await call(reporting, "GET", f"{HALF}/report.{form}")
        assert answer.status_code == 200, answer.text
        files[form] = answer.content
    book = openpyxl.load_workbook(io.BytesIO(files["xlsx"]))
    rows = list(book["stays"].iter_rows(min_row=3, values_only=True))
    amounts = [Decimal(str(row[1])) for row in rows]
    assert amounts[:4] == [Decimal(e["amount"]) for e in stays["payers"]] + [Decimal("7100.00")]
    assert [f"{row[2]:.4f}" for row in rows[:3]] == [e["amount_wan"] for e in stays["payers"]]
    shares = [row[5] for row in book["townships"].iter_rows(min_row=4, values_only=True)]
    assert [None if s is None else f"{s:.4f}" for s in shares] == [
        each["personal_share"] for each in found["townships"]
    ]
    said = text_of_docx(files["docx"])
    for part in ("2016年上半年总结", "27.20%", "21.32%", "相差 1.00 元", "100.00 元", "59.24%"):
        assert part in said, part
    printed = text_of(files["pdf"], tmp_path)
    for part in ("27.20%", "21.32%", "第1页", "导出tester"):
        assert part in printed, part
    await the_screen(reporting, book, tmp_path)
    log = await reporting.rows(
        "SELECT detail->>'form' AS form FROM audit_log WHERE action = 'half_year.exported'"
    )
    assert {row["form"] for row in log} == {"xlsx", "docx", "pdf"}
    unknown = await call(reporting, "GET", "/reporting/v1/half-years/2015-H2")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "half_year_unknown")
    wrong = await call(reporting, "GET", "/reporting/v1/half-years/2016-05")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "period")

    await the_notice(reporting, june, tmp_path)


async def the_screen(reporting: Running, book: Any, tmp_path: Path) -> None:
    """The page is the exported workbook, cell by cell, in both languages' frames; red is a word, a
    shape and a colour; what is no half-year is told on a page."""
    async with screen(reporting, tmp_path, "reporting:read", name="director") as director:
        page = await director.follow(await director.get("/reporting/half-years"))
        said = words(page)
        shown = " ".join(said.split())
        for sheet in book.worksheets[1:]:
            if sheet.max_row < int(sheet.freeze_panes[1:]):
                continue  # no rows: the page says so
            for row in sheet.iter_rows(min_row=2):
                for cell in row:
                    if cell.value is None:
                        continue
                    text = str(cell.value)
                    if cell.number_format == "#,##0.00":
                        text = f"{cell.value:,.2f}"
                    elif cell.number_format == "#,##0.0000":
                        text = f"{cell.value:,.4f}"
                    elif cell.number_format == "0.00%":
                        text = f"{Decimal(str(cell.value)) * 100:.2f}%"
                    elif cell.number_format == "#,##0":
                        text = f"{cell.value:,}"
                    assert " ".join(text.replace("▼", "").replace("●", "").split()) in shown, text
        assert page.text.count('class="state state-missed"') >= 4
        for part in ("21.32%", "12.00%", "27.20%", "相差 1.00 元"):
            assert part in said, part
        english = words(await director.get("/reporting/half-years/2016-H1", lang="en"))
        assert "township hospitals (document)" in english
        wrong = await director.get("/reporting/half-years/2016-05")
        assert wrong.status_code == 422
        assert '/reporting/half-years/2016-H1"' in (await director.get("/reporting/closes")).text


async def the_notice(reporting: Running, june: dict[str, Any], tmp_path: Path) -> None:
    """The notice of the month: ranking and red lights as the closing has them, late townships
    named; given again byte for byte, beside the report."""
    path = f"{PATH}/{june['close_id']}"
    first = (await call(reporting, "GET", f"{path}/notice.pdf")).content
    assert (await call(reporting, "GET", f"{path}/notice.pdf")).content == first
    assert (await call(reporting, "GET", f"{path}/report.pdf")).content != first
    printed = text_of(first, tmp_path)
    for part in ("健康扶贫工作情况通报", "亮红灯", "排名", "第1页"):
        assert part in printed, part
    content = (await call(reporting, "GET", f"{path}/notice.xlsx")).content
    sheet = openpyxl.load_workbook(io.BytesIO(content))["ranking"]
    rows = list(sheet.iter_rows(min_row=4, values_only=True))
    shares = {
        each["name_zh"]: each["indicators"]["personal_share"]["value"]
        for each in june["figures"]["townships"]
    }
    assert {row[1]: None if row[4] is None else f"{row[4]:.4f}" for row in rows} == shares
    document = (await call(reporting, "GET", f"{path}/notice.docx")).content
    assert "个人支付占比" in text_of_docx(document)
