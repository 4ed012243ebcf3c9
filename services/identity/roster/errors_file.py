"""The list of a roster's errors as a workbook that an office can work through and send back."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Any

from openpyxl import Workbook

from services.identity.roster import columns

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HEAD = ("行号 Row", "列 Column", "代码 Code", "问题与改正方法", "What is wrong, and the cure")
_WIDTHS = (10, 26, 30, 60, 80)


def errors_workbook(faults: Iterable[Mapping[str, Any]]) -> bytes:
    """One line per fault: row, column, code and words in both languages, no value."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("错误 Errors")
    for letter, width in zip("ABCDE", _WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"
    sheet.append(_HEAD)
    for fault in faults:
        column = str(fault["column"])
        label = f"{columns.word(column)} {column}" if column in columns.HEADERS else column
        sheet.append((fault["row"], label, fault["code"], fault["message_zh"], fault["message"]))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
