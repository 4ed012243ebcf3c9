"""A list of visits as a workbook: read, and written again with what was found."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils.exceptions import InvalidFileException

from services.identity.batch.domain import IDENTIFYING, Matched, Question, located, question
from services.identity.categories.domain import CATEGORIES
from services.identity.roster.values import Cell, as_text
from shared.http.problem import FieldFault, TooLarge, Unprocessable

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HEADER_ROWS = 10
_MOST_COLUMNS = 100
_MOST_BYTES_UNPACKED = 400 * 1024 * 1024

GRADES: dict[str | None, tuple[str, str]] = {
    "certain": ("确认", "certain"),
    "probable": ("基本确认", "probable"),
    "possible": ("存疑", "possible"),
    "none": ("未查到", "not found"),
    None: ("无法识别", "not asked"),
}
_ADDED = (
    ("识别等级", "Grade"),
    ("姓名(脱敏)", "Masked name"),
    ("人员编号", "Person"),
    ("人员类别", "Categories"),
    ("理由", "Reasons"),
)


class VisitsUnreadable(Unprocessable):
    """The file as a whole cannot be read as a list of visits."""

    code = "visits_unreadable"
    title = "The list of visits cannot be read"
    title_zh = "就诊清单无法读取"


class VisitsTooLong(TooLarge):
    code = "visits_too_long"
    title = "The list has more rows than are matched at once"
    title_zh = "就诊清单行数超过一次识别的上限"


@dataclass(frozen=True)
class Visits:
    """A list as read: its lines as they stand, and what each asks."""

    before: tuple[tuple[Cell, ...], ...]
    """Lines above the header, kept."""
    header: tuple[Cell, ...]
    lines: tuple[tuple[Cell, ...], ...]
    questions: tuple[Question, ...]

    def __repr__(self) -> str:
        return f"Visits({len(self.lines)} rows)"


def read_visits(content: bytes, *, max_rows: int) -> Visits:
    """Read the first sheet of a workbook; its header stands in one of the first ten rows.

    Raises:
        VisitsUnreadable: no workbook, no header that names a patient, or no row.
        VisitsTooLong: more than ``max_rows`` rows.
    """
    lines = _lines(content, max_rows + _HEADER_ROWS + 1)
    top = list(enumerate(lines[:_HEADER_ROWS]))
    if not top:
        raise _unreadable("the first sheet is empty", "第一张工作表是空的")
    place, header = max(top, key=lambda found: (len(located(found[1])), -found[0]))
    where = located(header)
    if not any(code in where for code in IDENTIFYING):
        raise _unreadable(
            "no header names a patient: call a column 姓名, 证件号码 or 健康卡号",
            "表头中没有可识别的列，请至少有“姓名”“证件号码”或“健康卡号”之一",
        )
    rows = [line for line in lines[place + 1 :] if any(as_text(cell) for cell in line)]
    if not rows:
        raise _unreadable("there is no row below the header", "表头下面没有数据行")
    if len(rows) > max_rows:
        raise VisitsTooLong(
            f"at most {max_rows} rows at a time; split the list",
            errors=[
                FieldFault(
                    "file",
                    VisitsTooLong.code,
                    f"at most {max_rows} rows at a time; split the list",
                    f"一次最多 {max_rows} 行，请拆分后再上传",
                )
            ],
        )
    return Visits(
        tuple(lines[:place]), header, tuple(rows), tuple(question(row, where) for row in rows)
    )


def write_visits(visits: Visits, found: Sequence[Matched], *, english: bool = False) -> bytes:
    """The same rows with what was found behind them, and a sheet that counts the grades."""
    side = 1 if english else 0
    book = openpyxl.Workbook(write_only=True)
    sheet: Any = book.create_sheet("Result" if english else "识别结果")
    width = max(len(visits.header), *(len(line) for line in visits.lines))
    sheet.freeze_panes = f"A{len(visits.before) + 2}"
    for line in visits.before:
        sheet.append([_plain(sheet, cell) for cell in line])
    added = [words[side] for words in _ADDED]
    heads = [*_padded(visits.header, width), *added]
    sheet.append([_bold(sheet, cell) for cell in heads])
    for line, one in zip(visits.lines, found, strict=True):
        categories = [code if english else CATEGORIES[code] for code in one.categories]
        told = (
            GRADES[one.grade][side],
            one.masked_name,
            one.person_id,
            "；".join(categories),
            "；".join(words[side] for words in one.reasons),
        )
        cells = [*_padded(line, width), *told]
        sheet.append([_plain(sheet, cell) for cell in cells])
    _count(book, found, side)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _count(book: Any, found: Sequence[Matched], side: int) -> None:
    sheet = book.create_sheet(("汇总", "Summary")[side])
    counts: Counter[str | None] = Counter(one.grade for one in found)
    sheet.append([_bold(sheet, words[side]) for words in (("识别等级", "Grade"), ("行数", "Rows"))])
    for grade, words in GRADES.items():
        sheet.append([words[side], counts[grade]])
    sheet.append([("合计", "Total")[side], len(found)])


def _padded(line: Sequence[Cell], width: int) -> list[Cell]:
    return [*line, *[None] * (width - len(line))]


def _plain(sheet: Any, cell: Cell) -> Any:
    """The cell as it was; a text that looks like a formula stays a text."""
    if not isinstance(cell, str) or not cell.startswith(("=", "+", "-", "@")):
        return cell
    kept = WriteOnlyCell(sheet, value=cell)
    kept.data_type = "s"
    return kept


def _bold(sheet: Any, cell: Cell) -> Any:
    head = WriteOnlyCell(sheet, value=as_text(cell))
    head.data_type = "s"
    head.font = Font(bold=True)
    return head


def _lines(content: bytes, most: int) -> list[tuple[Cell, ...]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > _MOST_BYTES_UNPACKED:
            raise TooLarge("the workbook unpacks to more than is allowed; save only the list")
        book = openpyxl.load_workbook(
            io.BytesIO(content), read_only=True, data_only=True, keep_links=False
        )
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise _unreadable(
            "this is no .xlsx workbook; save the list as .xlsx and upload that",
            "不是 .xlsx 工作簿，请另存为 .xlsx 后重新上传",
        ) from error
    try:
        found: list[tuple[Cell, ...]] = []
        if not book.worksheets:
            return found
        for line in book.worksheets[0].iter_rows(values_only=True, max_col=_MOST_COLUMNS):
            cells = tuple(_read(cell) for cell in line)
            last = max((n for n, cell in enumerate(cells, 1) if cell is not None), default=0)
            found.append(cells[:last])
            if len(found) > most:
                break
        return found
    finally:
        book.close()


def _read(cell: object) -> Cell:
    if cell is None or isinstance(cell, str | int | float | date):
        return cell
    if isinstance(cell, time):
        return cell.isoformat()
    return str(cell)


def _unreadable(message: str, message_zh: str) -> VisitsUnreadable:
    return VisitsUnreadable(
        message, errors=[FieldFault("file", VisitsUnreadable.code, message, message_zh)]
    )
