"""Reading a roster file, CSV or XLSX, into rows; nothing is judged here but the file itself."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from services.identity.roster import columns
from services.identity.roster.rows import RawRow
from services.identity.roster.values import Cell, as_text
from shared.http.problem import FieldFault, TooLarge, Unprocessable

_XLSX_MAGIC = b"PK\x03\x04"
_XLS_MAGIC = b"\xd0\xcf\x11\xe0"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_TITLE_ROWS = 10
"""The header is looked for in the first rows: offices put a title above it."""
_MOST_COLUMNS = 100
_MOST_BYTES_UNPACKED = 400 * 1024 * 1024
_LONGEST_EXTRA = 500


class RosterUnreadable(Unprocessable):
    """The file as a whole cannot be read."""

    code = "roster_unreadable"
    title = "The roster file cannot be read"
    title_zh = "名册文件无法读取"


class RosterColumnsMissing(Unprocessable):
    """Without these columns no row can be judged."""

    code = "roster_columns_missing"
    title = "The roster lacks columns that are needed"
    title_zh = "名册缺少必需的列"


class RosterEmpty(Unprocessable):
    """The file has no row of a person."""

    code = "roster_empty"
    title = "The roster holds no row below its header"
    title_zh = "名册中没有人员记录"


class RosterTooLong(TooLarge):
    """More rows than one import takes."""

    code = "roster_too_long"
    title = "The roster has more rows than one import takes"
    title_zh = "名册行数超过一次导入的上限"


def _unreadable(message: str, message_zh: str) -> RosterUnreadable:
    return RosterUnreadable(
        message, errors=[FieldFault("file", RosterUnreadable.code, message, message_zh)]
    )


def _empty() -> RosterEmpty:
    message = "the file holds no person: put a header and one person in each row below it"
    return RosterEmpty(
        message,
        errors=[
            FieldFault(
                "file",
                RosterEmpty.code,
                message,
                "文件中没有人员记录,请在表头下方每行填写一人",
            )
        ],
    )


@dataclass(frozen=True)
class _Located:
    """Where the header stands and which column is what."""

    row: int
    known: dict[int, str]
    extras: dict[int, str]


def read_roster(
    content: bytes,
    *,
    max_rows: int,
    mapping: Mapping[str, str | None] | None = None,
    needs_category: bool = True,
) -> list[RawRow]:
    """The rows of a roster, numbered as the file counts them (its first line is row 1).

    The kind of file is told by its content, not by its name. Blank rows are passed over, and
    columns of unknown headers are kept as extras.

    Args:
        content: the file.
        max_rows: the most that one import takes.
        mapping: what the source's own headers mean (see :func:`columns.recognise_headers`).
        needs_category: whether a column that tells categories is needed.

    Raises:
        RosterUnreadable: no CSV in UTF-8, UTF-16 or GBK/GB18030, and no XLSX.
        RosterColumnsMissing: the header lacks needed columns; each is named.
        RosterEmpty: no row below the header.
        RosterTooLong: more than ``max_rows`` rows.
    """
    top = list(islice(enumerate(_lines(content), start=1), _TITLE_ROWS))
    located = _locate_header(top, mapping, needs_category=needs_category)
    rows: list[RawRow] = []
    # The rows below the header that were looked at while searching for it are read again.
    for number, line in islice(enumerate(_lines(content), start=1), located.row, None):
        row = _row(number, line, located)
        if row is None:
            continue
        if len(rows) >= max_rows:
            raise RosterTooLong(f"one import takes at most {max_rows} rows; split the file")
        rows.append(row)
    if not rows:
        raise _empty()
    return rows


def _row(number: int, line: Sequence[Cell], located: _Located) -> RawRow | None:
    cells: dict[str, Cell] = {}
    extras: dict[str, str] = {}
    for position, cell in enumerate(line[:_MOST_COLUMNS]):
        if cell is None or cell == "":
            continue
        if position in located.known:
            cells[located.known[position]] = cell
        elif position in located.extras:
            extras[located.extras[position]] = as_text(cell)[:_LONGEST_EXTRA]
    if not any(as_text(cell) for cell in cells.values()):
        return None
    return RawRow(number, cells, extras)


def _locate_header(
    top: Sequence[tuple[int, Sequence[Cell]]],
    mapping: Mapping[str, str | None] | None,
    *,
    needs_category: bool,
) -> _Located:
    if not any(as_text(cell) for _, line in top for cell in line):
        raise _empty()
    candidates = [
        (number, [as_text(cell) for cell in line[:_MOST_COLUMNS]]) for number, line in top
    ]
    number, texts = max(
        candidates, key=lambda found: (len(columns.recognise_headers(found[1], mapping)), -found[0])
    )
    known = columns.recognise_headers(texts, mapping)
    missing = columns.missing(list(known.values()), needs_category=needs_category)
    if missing:
        raise _columns_missing(missing, columns.unknown_headers(texts, known))
    extras = {
        position: text[:_LONGEST_EXTRA]
        for position, text in enumerate(texts)
        if text and position not in known
    }
    return _Located(number, known, extras)


def _columns_missing(missing: Sequence[str], unknown: Sequence[str]) -> RosterColumnsMissing:
    detail = "add the columns " + ", ".join(f"{code} ({columns.word(code)})" for code in missing)
    if unknown:
        detail += ", or say in the source's mapping which of the unknown headers mean them"
    return RosterColumnsMissing(
        detail,
        errors=[
            FieldFault(
                code,
                "column_missing",
                f"the header has no column {code!r} or {columns.word(code)!r}; add it",
                f"表头缺少“{columns.word(code)}”列,请补充",
            )
            for code in missing
        ],
        # Headers only: what the file says of persons is never repeated.
        extra={"unknown_headers": list(unknown)},
    )


def _lines(content: bytes) -> Iterator[Sequence[Cell]]:
    if content.startswith(_XLS_MAGIC):
        raise _unreadable(
            "this is an .xls file of the old kind; save it as .xlsx or CSV and upload that",
            "这是旧版 .xls 文件,请另存为 .xlsx 或 CSV 后重新上传",
        )
    if content.startswith(_XLSX_MAGIC):
        return _sheet_lines(content)
    return _csv_lines(content)


def _csv_lines(content: bytes) -> Iterator[Sequence[Cell]]:
    text = _decode(content)
    first_line = text.split("\n", 1)[0]
    delimiter = "\t" if "\t" in first_line and "," not in first_line else ","
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False)
    except csv.Error as error:
        raise _unreadable(
            "the CSV is broken, most likely by a quotation mark that is never closed: close it",
            "CSV 格式有误,多半是引号未配对,请补全引号后重新上传",
        ) from error


def _decode(content: bytes) -> str:
    encodings = ["utf-16"] if content.startswith(_UTF16_MARKS) else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise _unreadable(
        "the file is neither text in UTF-8 or GBK nor an .xlsx workbook; save it as one of these",
        "文件既不是 UTF-8 或 GBK 文本,也不是 .xlsx 工作簿,请另存为其中一种",
    )


def _sheet_lines(content: bytes) -> Iterator[Sequence[Cell]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > _MOST_BYTES_UNPACKED:
            raise TooLarge("the workbook unpacks to more than is allowed; save only the roster")
        book = openpyxl.load_workbook(
            io.BytesIO(content), read_only=True, data_only=True, keep_links=False
        )
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise _unreadable(
            "the workbook is damaged or not an .xlsx file; save it again as .xlsx",
            "工作簿已损坏或不是 .xlsx 文件,请重新另存为 .xlsx",
        ) from error
    try:
        if not book.worksheets:
            raise _unreadable(
                "the workbook has no sheet; save the roster on its first sheet",
                "工作簿中没有工作表,请把名册放在第一张工作表",
            )
        for line in book.worksheets[0].iter_rows(values_only=True):
            yield tuple(_plain(cell) for cell in line)
    finally:
        book.close()


def _plain(cell: object) -> Cell:
    if cell is None or isinstance(cell, str | int | float):
        return cell
    return cell if isinstance(cell, date) else str(cell)
