"""The workbook of an import: its template, its rows, its verdicts."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from services.contracts.imports.problems import (
    ColumnsMissing,
    ImportEmpty,
    ImportTooLong,
    WorkbookUnreadable,
)
from shared.http.problem import FieldFault

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS: Final = 10_000
_MOST_BYTES_UNPACKED: Final = 200 * 1024 * 1024

COLUMNS: Final[Mapping[str, tuple[str, bool, str]]] = {
    "person_id": ("人员编号", True, "person_id of identity, such as a list of people gives it"),
    "signed_on": ("签约日期", True, "2016-01-05"),
    "team": ("团队编码", False, "blank: the team of the person's township"),
    "package": ("服务包", False, "blank: basic"),
    "valid_from": ("起始日期", False, "blank: the day of signing"),
    "valid_to": ("终止日期", False, "blank: a year"),
}
"""Field, Chinese header, whether it is needed, and what it may hold."""

_HEADERS: Final = {
    **{name: name for name in COLUMNS},
    **{zh: name for name, (zh, _, _) in COLUMNS.items()},
}
_DAYS: Final = frozenset({"signed_on", "valid_from", "valid_to"})
_DAY: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]00:00(?::00)?)?")


@dataclass(frozen=True)
class Row:
    """A row as it was sent; ``number`` is the sheet's own, the header being 1."""

    number: int
    values: Mapping[str, Any]


def read(content: bytes) -> list[Row]:
    """The rows of the first sheet; blank rows are left out.

    Raises:
        WorkbookUnreadable, ColumnsMissing, ImportEmpty, ImportTooLong.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES_UNPACKED:
                raise ImportTooLong("the workbook unpacks to more than is allowed")
        book = openpyxl.load_workbook(
            io.BytesIO(content), read_only=True, data_only=True, keep_links=False
        )
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise WorkbookUnreadable from error
    try:
        lines = book.worksheets[0].iter_rows(values_only=True)
        names = _names(next(iter(lines), ()))
        rows: list[Row] = []
        for number, line in enumerate(lines, start=2):
            values = {
                name: _plain(name, cell)
                for name, cell in zip(names, line, strict=False)
                if name is not None and cell is not None and str(cell).strip()
            }
            if not values:
                continue
            if len(rows) == MOST_ROWS:
                raise ImportTooLong(f"send at most {MOST_ROWS} rows; split the workbook")
            rows.append(Row(number, values))
    finally:
        book.close()
    if not rows:
        raise ImportEmpty
    return rows


def _names(head: Sequence[Any]) -> list[str | None]:
    # A header may carry the other language behind a blank: "人员编号 person_id".
    names = [
        next((_HEADERS[word] for word in str(cell or "").split() if word in _HEADERS), None)
        for cell in head
    ]
    missing = [name for name, (_, needed, _) in COLUMNS.items() if needed and name not in names]
    if missing:
        raise ColumnsMissing(
            errors=[
                FieldFault(
                    name,
                    "column_missing",
                    f"the first row needs the column {name} ({COLUMNS[name][0]}); see the template",
                    f"首行缺少“{COLUMNS[name][0]}”列；请使用模板",
                )
                for name in missing
            ]
        )
    return names


def _plain(name: str, cell: Any) -> Any:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = str(cell).strip()
    match = _DAY.fullmatch(text) if name in _DAYS else None
    if match:
        year, month, day = match.groups()
        return f"{year}-{int(month):02d}-{int(day):02d}"
    return text


def template(people: Iterable[tuple[str, str, str]]) -> bytes:
    """An empty workbook to fill in, with the people who are still to sign.

    Args:
        people: person_id, township and village of each.
    """
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("签约 Contracts")
    sheet.append([*(f"{zh} {name}" for name, (zh, _, _) in COLUMNS.items()), "乡镇", "村"])
    blanks = [None] * (len(COLUMNS) - 1)
    for person_id, township, village in people:
        sheet.append([person_id, *blanks, township, village])
    notes = book.create_sheet("说明 Notes")
    notes.append(["列 Column", "名称 Name", "必填 Needed", "内容 Content"])
    for name, (zh, needed, content) in COLUMNS.items():
        notes.append([name, zh, "是 yes" if needed else "否 no", content])
    return _bytes(book)


def verdicts(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Each row's verdict as a workbook."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("结果 Verdicts")
    sheet.append(["行 Row", "结果 Verdict", "列 Column", "代码 Code", "说明", "Message"])
    for row in rows:
        sheet.append(
            [
                row["row"],
                row["verdict"],
                row["column"],
                row["code"],
                row["message_zh"],
                row["message"],
            ]
        )
    return _bytes(book)


def _bytes(book: openpyxl.Workbook) -> bytes:
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
