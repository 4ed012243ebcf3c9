"""What is taken out of a closed month is what the screen shows."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

import docx
import openpyxl

from tests.integration.reporting.county import bill
from tests.integration.reporting.half_year import half_year
from tests.integration.reporting.test_month_closes import PATH, call, good, signed
from tests.support.service import Running


async def exported(running: Running, close: dict[str, Any], form: str, **who: str) -> bytes:
    answer = await call(running, "GET", f"{PATH}/{close['close_id']}/{form}", **who)
    assert answer.status_code == 200, answer.text
    return answer.content


async def test_exports_say_what_the_api_says(reporting: Running) -> None:
    """Goal: one figure, whatever it is written in; each export is logged, and given again.

    Method: March is signed; workbook, document and CSV are opened again and compared with the
    indicators' API; then a late bill, and the same reader's copies byte for byte; another
    reader's copy carries his name; the audit log.
    """
    await reporting.deliver_together(*half_year())
    close = await signed(reporting, "2016-03")
    figures = (await good(reporting, "GET", "/reporting/v1/indicators?period=2016-03"))["items"]
    files = {
        form: await exported(reporting, close, f"report.{form}") for form in ("pdf", "xlsx", "docx")
    }

    book = openpyxl.load_workbook(io.BytesIO(files["xlsx"]))
    assert book.sheetnames[1:] == [
        "indicators", "townships", "facilities", "corrections", "timeliness",
        "register",
    ]  # fmt: skip
    sheet = book["indicators"]
    assert len(sheet.merged_cells.ranges) > 1
    for row, each in zip(sheet.iter_rows(min_row=4, values_only=True), figures, strict=True):
        assert row[0] == each["name_zh"]
        for cell, told in ((row[2], "numerator"), (row[4], "denominator"), (row[5], "value")):
            if each[told] is None:
                assert cell is None
            else:
                assert isinstance(cell, int | float)
                assert Decimal(str(cell)) == Decimal(str(each[told])), (each["code"], told)

    listed = list(
        csv.reader(
            io.StringIO(
                (await exported(reporting, close, "tables/indicators.csv")).decode("utf-8-sig")
            )
        )
    )
    assert [row[5] for row in listed[1:]] == [each["value"] or "" for each in figures]
    raw = await exported(reporting, close, "tables/townships.csv")
    assert raw.startswith(b"\xef\xbb\xbf")

    document = docx.Document(io.BytesIO(files["docx"]))
    shown = [row.cells[5].text for row in document.tables[0].rows][2:]
    assert shown == [
        "—" if each["value"] is None else f"{Decimal(each['value']) * 100:.2f}%" for each in figures
    ]
    assert files["pdf"].startswith(b"%PDF-")

    await reporting.deliver_together(
        bill("L", "P2", "H51111300202", "outpatient", date(2016, 3, 9), {}, 9_00)
    )
    for form, content in files.items():
        assert await exported(reporting, close, f"report.{form}") == content
    assert await exported(reporting, close, "report.xlsx", who="other") != files["xlsx"]
    log = await reporting.rows(
        "SELECT detail->>'form' AS form FROM audit_log WHERE action = 'month_close.exported'"
    )
    assert len(log) == 9
    unknown = await call(reporting, "GET", f"{PATH}/{close['close_id']}/tables/nonsense.csv")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "table_unknown")


async def test_a_provisional_report_says_so(reporting: Running) -> None:
    """Goal: no draft passes for a signed month. Method: a draft's workbook."""
    await reporting.deliver_together(*half_year())
    close = await good(reporting, "POST", PATH, {"month": "2016-05"})
    book = openpyxl.load_workbook(io.BytesIO(await exported(reporting, close, "report.xlsx")))
    assert "未经签发" in "".join(str(row[0]) for row in book["说明"].iter_rows(values_only=True))
