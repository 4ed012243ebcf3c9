"""Reading the sheets of an .xlsx workbook as a person sees them.

What a vertically merged cell says holds for each of its rows: offices merge the household's number
over its members. A formula whose result was never saved is told by its text, so that it is not
taken for a blank cell.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import repeat
from typing import Final

import openpyxl
from openpyxl.utils.cell import range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from services.identity.roster.values import Cell
from shared.http.problem import TooLarge

_MOST_BYTES_UNPACKED: Final = 400 * 1024 * 1024
_CHUNK_BYTES: Final = 1 << 20
_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[ />]")
_MERGED: Final = re.compile(rb'<(?:\w+:)?mergeCell [^>]*?ref="([A-Z]+\d+:[A-Z]+\d+)"')
_LONGEST_TAG: Final = 256
"""Bytes kept of a chunk, so that a tag on its edge is seen whole."""


class WorkbookUnreadable(ValueError):
    """The file is damaged, or no workbook."""


@dataclass(frozen=True)
class Source:
    """Lines of a file: a sheet, or a CSV."""

    title: str
    lines: Callable[[], Iterator[Sequence[Cell]]]
    """Reads them from the first one, each time it is called."""


@dataclass
class _Marks:
    """What a sheet holds besides values."""

    formulas: bool = False
    merged: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    """First row → column (from 0) and last row of the cells merged downwards."""


@contextmanager
def sheets(content: bytes) -> Iterator[list[Source]]:
    """The visible sheets of a workbook, in order.

    Raises:
        WorkbookUnreadable: it is damaged, or something else.
        TooLarge: it unpacks to more than is allowed.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES_UNPACKED:
                raise TooLarge("the workbook unpacks to more than is allowed; save only the roster")
        book = _opened(content, values=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise WorkbookUnreadable from error
    try:
        yield [
            Source(sheet.title, _reader(content, book, number))
            for number, sheet in enumerate(book.worksheets)
            if sheet.sheet_state == "visible"
        ]
    finally:
        book.close()


def _opened(content: bytes, *, values: bool) -> openpyxl.Workbook:
    return openpyxl.load_workbook(
        io.BytesIO(content), read_only=True, data_only=values, keep_links=False
    )


def _reader(
    content: bytes, book: openpyxl.Workbook, number: int
) -> Callable[[], Iterator[Sequence[Cell]]]:
    found: list[_Marks] = []

    def lines() -> Iterator[Sequence[Cell]]:
        if not found:
            # The library tells neither of a sheet that it streams; both stand in its XML.
            path = book.worksheets[number]._worksheet_path  # type: ignore[attr-defined] # noqa: SLF001
            found.append(_marks(content, path))
        return _lines(content, book, number, found[0])

    return lines


def _lines(
    content: bytes, book: openpyxl.Workbook, number: int, marks: _Marks
) -> Iterator[Sequence[Cell]]:
    values = book.worksheets[number].iter_rows(values_only=True)
    held: dict[int, tuple[int, Cell]] = {}
    for row, (line, typed) in enumerate(
        zip(values, _typed(content, number, marks), strict=False), start=1
    ):
        cells = [_plain(cell) for cell in line]
        if typed is not None:
            for column, text in enumerate(typed[: len(cells)]):
                if cells[column] is None and isinstance(text, str) and text.startswith("="):
                    cells[column] = text
        if held or row in marks.merged:
            _fill(cells, row, held, marks)
        yield cells


def _typed(content: bytes, number: int, marks: _Marks) -> Iterator[Sequence[object]] | repeat[None]:
    """The same lines as typed in, if formulas stand in them."""
    if not marks.formulas:
        return repeat(None)
    return iter(_opened(content, values=False).worksheets[number].iter_rows(values_only=True))


def _fill(cells: list[Cell], row: int, held: dict[int, tuple[int, Cell]], marks: _Marks) -> None:
    for column, (last, value) in list(held.items()):
        if row > last:
            del held[column]
        elif column < len(cells) and cells[column] is None:
            cells[column] = value
    for column, last in marks.merged.get(row, ()):
        if column < len(cells):
            held[column] = (last, cells[column])


def _marks(content: bytes, path: str) -> _Marks:
    found, rest = _Marks(), b""
    with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(path.lstrip("/")) as sheet:
        while chunk := sheet.read(_CHUNK_BYTES):
            part = rest + chunk
            found.formulas = found.formulas or _FORMULA.search(part) is not None
            last_end = 0
            for match in _MERGED.finditer(part):
                last_end = match.end()
                left, top, right, bottom = range_boundaries(match[1].decode())
                if left is not None and left == right and top and bottom and bottom > top:
                    found.merged.setdefault(top, []).append((left - 1, bottom))
            rest = part[max(last_end, len(part) - _LONGEST_TAG) :]
    return found


def _plain(cell: object) -> Cell:
    if cell is None or isinstance(cell, str | int | float):
        return cell
    return cell if isinstance(cell, date) else str(cell)
