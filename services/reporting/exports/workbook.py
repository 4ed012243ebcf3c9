"""A report as a workbook (typed figures, one sheet per table), and a table as CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from services.reporting.exports.domain import Cell, Kind, Report, Stamp, Table, heads, plain

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"

_FORMATS: dict[Kind, str] = {
    "text": "@", "money": "#,##0.00", "wan": "#,##0.0000", "count": "#,##0", "ratio": "0.00%",
}  # fmt: skip
_HEAD = PatternFill("solid", fgColor="EEF3F4")
_CENTRE = Alignment(horizontal="center", vertical="center", wrap_text=True)
_WIDTHS: dict[Kind, int] = {"text": 24, "money": 16, "wan": 14, "count": 11, "ratio": 12}


def workbook(report: Report, stamp: Stamp) -> bytes:
    """The workbook; its first sheet tells what it is and who took it out."""
    book = Workbook()
    cover: Any = book.active
    cover.title = "说明"
    cover.append([report.title])
    cover["A1"].font = Font(bold=True, size=16)
    cover.append([report.subtitle])
    if report.mark:
        cover.append([report.mark])
    for name, value in (*report.facts, ("导出", stamp.text)):
        cover.append([name, value])
    for sentence in report.summary:
        cover.append([sentence])
    cover.column_dimensions["A"].width = 22
    cover.column_dimensions["B"].width = 70
    for table in report.tables:
        _sheet(book.create_sheet(table.key), table, report, stamp)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _sheet(sheet: Any, table: Table, report: Report, stamp: Stamp) -> None:
    width = len(table.columns)
    sheet.append([f"{table.title} · {report.subtitle}"])
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=width)
    sheet["A1"].font = Font(bold=True, size=13)
    first = 2
    if table.grouped:
        sheet.append([column.group or column.title for column in table.columns])
        at = 1
        for group, span in table.groups():
            if group:
                sheet.merge_cells(start_row=2, start_column=at, end_row=2, end_column=at + span - 1)
            else:
                for single in range(at, at + span):
                    sheet.merge_cells(
                        start_row=2, start_column=single, end_row=3, end_column=single
                    )
            at += span
        first = 3
    sheet.append(
        [None if table.grouped and not column.group else column.title for column in table.columns]
    )
    for row in sheet.iter_rows(min_row=2, max_row=first, max_col=width):
        for cell in row:
            cell.font, cell.fill, cell.alignment = Font(bold=True), _HEAD, _CENTRE
    for values in table.rows:
        sheet.append(list(values))
        for cell, column, value in zip(sheet[sheet.max_row], table.columns, values, strict=True):
            cell.number_format = _FORMATS[kind_of(column.kind, value)]
            if isinstance(value, str):
                cell.data_type = "s"
    for number, column in enumerate(table.columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = _WIDTHS[column.kind]
    sheet.freeze_panes = sheet.cell(row=first + 1, column=2)
    sheet.print_title_rows = f"1:{first}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.oddFooter.center.text = "第 &P 页 共 &N 页"
    sheet.oddFooter.right.text = stamp.text.replace("&", "&&")


def kind_of(kind: Kind, value: Cell) -> Kind:
    """A column of money may hold an indicator's number of things, one of shares a rate in words."""
    if kind == "ratio" and isinstance(value, str):
        return "text"
    return "count" if kind == "money" and isinstance(value, int) else kind


def csv_file(table: Table) -> bytes:
    """One table, with a byte order mark for spreadsheets; figures plain."""
    content = io.StringIO()
    lines = csv.writer(content)
    lines.writerow(heads(table))
    for values in table.rows:
        lines.writerow(
            plain(value, column.kind) for value, column in zip(values, table.columns, strict=True)
        )
    return content.getvalue().encode("utf-8-sig")
