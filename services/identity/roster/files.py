"""Reading a roster file, CSV or XLSX, into rows; nothing is judged here but the file itself."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

from services.identity.roster import columns
from services.identity.roster.limits import RosterTooLong
from services.identity.roster.rows import RawRow
from services.identity.roster.values import Cell, as_text
from services.identity.roster.workbooks import Source, WorkbookUnreadable, sheets
from shared.http.problem import FieldFault, Unprocessable

_XLSX_MAGIC = b"PK\x03\x04"
_XLS_MAGIC = b"\xd0\xcf\x11\xe0"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_TITLE_ROWS = 10
"""The header is looked for in the first rows: offices put a title above it."""
_MOST_COLUMNS = 100
_ROWS_LOOKED_AT = 100
_DELIMITERS = (",", "\t", ";", ";")
_REMARK = re.compile(
    r"\s*(?:[合总小共]\s*计|填\s*[表报]|制\s*表|审\s*[核批]|负\s*责\s*人|经\s*办|备\s*注|说\s*明|注\s*[::])"
)
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
                "文件中没有人员记录，请在表头下方每行填写一人",
            )
        ],
    )


@dataclass(frozen=True)
class _Located:
    """Where the header stands and which column is what."""

    row: int
    known: dict[int, str]
    extras: dict[int, str]
    texts: tuple[str, ...]
    """The header's cells."""
    name_header: Cell
    """As the cell holds it."""

    def is_no_person(self, line: Sequence[Cell], cells: Mapping[str, Cell]) -> bool:
        """Whether a line is the header once more, as at the top of a printed page, or a remark.

        A remark (合计, 填表人, 备注) stands where nobody's number does.
        """
        if cells.get("name") == self.name_header and as_text(cells.get("id_number")) in self.texts:
            return True
        if "id_number" in cells:
            return False
        first = next((text for cell in line if (text := as_text(cell))), "")
        return _REMARK.match(first) is not None


def read_roster(
    content: bytes,
    *,
    max_rows: int,
    mapping: Mapping[str, str | None] | None = None,
    needs_category: bool = True,
) -> Iterator[RawRow]:
    """The rows of a roster one by one, numbered as the file counts them (its first line is row 1).

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
    with _sources(content) as sources:
        source, located = _roster_among(sources, mapping, needs_category=needs_category)
        # The rows below the header that were looked at while searching for it are read again.
        lines = islice(enumerate(source.lines(), start=1), located.row, None)
        count = 0
        for number, line in lines:
            row = _row(number, line, located)
            if row is None:
                continue
            count += 1
            if count > max_rows:
                raise RosterTooLong(max_rows)
            yield row
    if not count:
        raise _empty()


def about_rows(content: bytes) -> int:
    """How many rows a file may have, told at a glance; 0: nobody knows before it is read."""
    return 0 if content.startswith(_XLSX_MAGIC) else content.count(b"\n")


def _roster_among(
    sources: Sequence[Source], mapping: Mapping[str, str | None] | None, *, needs_category: bool
) -> tuple[Source, _Located]:
    """The sheet that is the roster, and its header."""
    tops = [list(islice(enumerate(each.lines(), start=1), _TITLE_ROWS)) for each in sources]
    found = []
    for source, top in zip(sources, tops, strict=True):
        texts = _header_among(top, mapping)[1]
        known = columns.recognise_headers(texts, mapping)
        missing = columns.missing(list(known.values()), needs_category=needs_category)
        if not missing and (len(sources) == 1 or _speaks_of_somebody(source, top, mapping)):
            found.append((source, top))
    if len(found) > 1:
        raise _several_sheets([source.title for source, _ in found])
    if found:
        source, top = found[0]
    else:
        # None is whole: what the most likely one lacks is told.
        source, top = max(
            zip(sources, tops, strict=True),
            key=lambda each: len(
                columns.recognise_headers(_header_among(each[1], mapping)[1], mapping)
            ),
        )
    return source, _locate_header(top, mapping, needs_category=needs_category)


def _speaks_of_somebody(
    source: Source,
    top: Sequence[tuple[int, Sequence[Cell]]],
    mapping: Mapping[str, str | None] | None,
) -> bool:
    """Whether a person stands soon below the header: an empty form is no roster."""
    located = _locate_header(top, mapping, needs_category=False)
    below = islice(enumerate(source.lines(), start=1), located.row, located.row + _ROWS_LOOKED_AT)
    return any(_row(number, line, located) is not None for number, line in below)


def _header_among(
    top: Sequence[tuple[int, Sequence[Cell]]], mapping: Mapping[str, str | None] | None
) -> tuple[int, list[str]]:
    """Of the first lines the one in which most headers are known."""
    candidates = [
        (number, [as_text(cell) for cell in line[:_MOST_COLUMNS]]) for number, line in top
    ]
    return max(
        candidates,
        key=lambda found: (len(columns.recognise_headers(found[1], mapping)), -found[0]),
        default=(0, []),
    )


def _several_sheets(titles: Sequence[str]) -> RosterUnreadable:
    named = [title for title in titles if columns.may_be_a_header(title)]
    return _unreadable(
        f"{len(titles)} sheets hold a roster ({', '.join(named)}); put everybody on one sheet, or"
        " upload each sheet as a file of its own",
        f"工作簿中有{len(titles)}张工作表都是名册({'、'.join(named)})，"
        "请合并到一张工作表，或分别保存为单独的文件上传",
    )


def _row(number: int, line: Sequence[Cell], located: _Located) -> RawRow | None:
    cells: dict[str, Cell] = {}
    extras: dict[str, str] = {}
    known = located.known
    for position, cell in enumerate(line[:_MOST_COLUMNS]):
        if cell is None or cell == "":
            continue
        if position in known:
            cells[known[position]] = _typed(cell)
        elif position in located.extras:
            extras[located.extras[position]] = as_text(cell)[:_LONGEST_EXTRA]
    if not any(as_text(cell) for cell in cells.values()) or located.is_no_person(line, cells):
        return None
    return RawRow(number, cells, extras)


def _typed(cell: Cell) -> Cell:
    """A cell as it was meant: ``="511…"`` is how a CSV keeps a spreadsheet from rounding."""
    if isinstance(cell, str) and cell.startswith('="') and cell.endswith('"'):
        return cell[2:-1]
    return cell


def _locate_header(
    top: Sequence[tuple[int, Sequence[Cell]]],
    mapping: Mapping[str, str | None] | None,
    *,
    needs_category: bool,
) -> _Located:
    if not any(as_text(cell) for _, line in top for cell in line):
        raise _empty()
    number, texts = _header_among(top, mapping)
    known = columns.recognise_headers(texts, mapping)
    missing = columns.missing(list(known.values()), needs_category=needs_category)
    if missing:
        raise _columns_missing(missing, columns.unknown_headers(texts, known))
    extras = {
        position: text[:_LONGEST_EXTRA]
        for position, text in enumerate(texts)
        if text and position not in known
    }
    at = next(position for position, code in known.items() if code == "name")
    header = next(line for row, line in top if row == number)
    return _Located(number, known, extras, tuple(texts), header[at])


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
                f"表头缺少“{columns.word(code)}”列，请补充",
            )
            for code in missing
        ],
        # Headers only: what the file says of persons is never repeated.
        extra={"unknown_headers": list(unknown)},
    )


@contextmanager
def _sources(content: bytes) -> Iterator[list[Source]]:
    """The visible sheets, or the one list that a CSV is."""
    if content.startswith(_XLS_MAGIC) and _ENCRYPTED in content:
        raise _unreadable(
            "the workbook is protected by a password; take the password off and upload it again",
            "工作簿设有打开密码，请取消密码后重新上传",
        )
    if content.startswith(_XLS_MAGIC):
        raise _unreadable(
            "this is an .xls file of the old kind; save it as .xlsx or CSV and upload that",
            "这是旧版 .xls 文件，请另存为 .xlsx 或 CSV 后重新上传",
        )
    if not content.startswith(_XLSX_MAGIC):
        text = _decode(content)
        delimiter = _delimiter(text)
        yield [Source("", lambda: _csv_lines(text, delimiter))]
        return
    try:
        with sheets(content) as found:
            if not found:
                raise _unreadable(
                    "the workbook has no sheet to see; save the roster on its first sheet",
                    "工作簿中没有可见的工作表，请把名册放在第一张工作表",
                )
            yield found
    except WorkbookUnreadable as error:
        raise _unreadable(
            "the workbook is damaged or not an .xlsx file; save it again as .xlsx",
            "工作簿已损坏或不是 .xlsx 文件，请重新另存为 .xlsx",
        ) from error


def _delimiter(text: str) -> str:
    """What separates the cells: where the first lines know most headers."""
    top = "\n".join(text.split("\n", _TITLE_ROWS)[:_TITLE_ROWS])

    def known(delimiter: str) -> int:
        lines = csv.reader(io.StringIO(top, newline=""), delimiter=delimiter)
        try:
            return max((len(columns.recognise_headers(line)) for line in lines), default=0)
        except csv.Error:
            return 0

    return max(_DELIMITERS, key=known)


def _csv_lines(text: str, delimiter: str) -> Iterator[Sequence[Cell]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False)
    except csv.Error as error:
        raise _unreadable(
            "the CSV is broken, most likely by a quotation mark that is never closed: close it",
            "CSV 格式有误，多半是引号未配对，请补全引号后重新上传",
        ) from error


def _decode(content: bytes) -> str:
    if (
        content.lstrip()[:200]
        .lower()
        .startswith((b"<html", b"<!doctype", b"<?xml", b"<table", b"<meta"))
    ):
        raise _unreadable(
            "this is a web page or XML under a spreadsheet's name; open it in the spreadsheet"
            " program and save it as .xlsx",
            "这是以表格文件命名的网页或 XML,请用表格软件打开后另存为 .xlsx",
        )
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
        "文件既不是 UTF-8 或 GBK 文本，也不是 .xlsx 工作簿，请另存为其中一种",
    )
