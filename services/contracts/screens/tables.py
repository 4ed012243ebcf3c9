"""A table as a workbook, and as the file that a browser keeps."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from starlette.responses import Response

from services.contracts.imports.workbooks import XLSX
from shared.web.screens import SECURITY_HEADERS


def workbook(title: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """One sheet: its head in bold, numbers and days as the spreadsheet's own, the last row a sum.

    Decimals are amounts of money and are shown with two decimals.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    bold = []
    for text in head:
        cell = WriteOnlyCell(sheet, text)
        cell.font = Font(bold=True)
        bold.append(cell)
    sheet.append(bold)
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _cell(sheet: Any, value: Any) -> Any:
    if not isinstance(value, Decimal):
        return value
    cell = WriteOnlyCell(sheet)
    cell.value = value
    cell.number_format = "#,##0.00"
    return cell


def file_answer(content: bytes, name: str) -> Response:
    """The workbook as a file to keep."""
    headers = {
        **SECURITY_HEADERS,
        "cache-control": "no-store",
        "content-disposition": f'attachment; filename="{name}"',
    }
    return Response(content, media_type=XLSX, headers=headers)
