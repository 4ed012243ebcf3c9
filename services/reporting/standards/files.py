"""Facts in a table: .xlsx, or .csv in UTF-8 or GBK; English or Chinese headers and words."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from services.reporting.standards.facts import MODELS, Kind
from services.reporting.standards.problems import FactsFileRefused
from shared.http.problem import FieldFault

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS: Final = 20_000
_MOST_BYTES_UNPACKED: Final = 200 * 1024 * 1024

HEADERS: Final[Mapping[str, str]] = {
    "township": "乡镇", "village": "村", "residents": "常住人口", "small_area": "面积较小",
    "hospital_seat": "卫生院所在村", "adjacent": "相邻村", "facility_code": "机构编码",
    "name_zh": "机构名称", "kind": "机构类别", "public": "政府办", "serves": "联合服务村",
    "capability": "能力等级", "up_to_standard": "是否达标", "department": "科室",
    "staff_no": "工号", "qualification": "执业资格", "general_practitioner": "全科医师",
    "valid_from": "起始日期", "valid_to": "终止日期",
}  # fmt: skip
"""Field and its Chinese header."""
_NAMES: Final = {**{name: name for name in HEADERS}, **{zh: name for name, zh in HEADERS.items()}}
_WORDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "kind": {
        "县级医院": "county_hospital", "乡镇卫生院": "township_hospital",
        "社区卫生服务中心": "township_hospital", "村卫生室": "village_clinic",
    },
    "qualification": {
        "执业医师": "licensed_doctor", "执业助理医师": "assistant_doctor",
        "乡村医生": "village_doctor", "注册乡村医生": "village_doctor", "其他": "other",
    },
    "capability": {
        "未定级": "none", "一级": "primary", "二级": "secondary", "二级甲等": "secondary_a",
        "三级": "tertiary",
    },
}  # fmt: skip
_YES_NO: Final = {"是": True, "否": False, "y": True, "n": False, "1": True, "0": False}
_LISTS: Final = frozenset({"adjacent", "serves"})
_FLAGS: Final = frozenset(
    {"small_area", "hospital_seat", "public", "up_to_standard", "general_practitioner"}
)
_DAY: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]00:00(?::00)?)?")


@dataclass(frozen=True)
class Row:
    """A row as it was sent; ``number`` is the sheet's own, the header being 1."""

    number: int
    values: Mapping[str, Any]


def read(kind: Kind, content: bytes) -> list[Row]:
    """The rows of a file; blank ones are left out.

    Raises:
        FactsFileRefused: it cannot be read, lacks a column, holds nothing or too much.
    """
    lines = _xlsx(content) if content.startswith(b"PK\x03\x04") else _csv(content)
    names = _columns(kind, next(lines, ()))
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
            raise _refused(
                "too_many_rows", f"send at most {MOST_ROWS} rows", f"最多 {MOST_ROWS} 行，请拆分"
            )
        rows.append(Row(number, values))
    if not rows:
        raise _refused("no_rows", "write rows below the header", "表头以下没有数据")
    return rows


def _xlsx(content: bytes) -> Iterator[Sequence[Any]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES_UNPACKED:
                raise _refused("too_large", "the workbook unpacks to too much", "工作簿解压后过大")
        book = openpyxl.load_workbook(
            io.BytesIO(content), read_only=True, data_only=True, keep_links=False
        )
        yield from book.worksheets[0].iter_rows(values_only=True)
        book.close()
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise _unreadable() from error


def _csv(content: bytes) -> Iterator[Sequence[Any]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            try:
                yield from csv.reader(io.StringIO(text), strict=True)
            except csv.Error as error:
                raise _unreadable() from error
            return
    raise _unreadable()


def _unreadable() -> FactsFileRefused:
    return _refused(
        "unreadable",
        "send an .xlsx workbook, or .csv in UTF-8 or GBK",
        "文件无法读取，请发送 .xlsx 或 UTF-8/GBK 编码的 .csv",
    )


def _refused(code: str, message: str, message_zh: str) -> FactsFileRefused:
    return FactsFileRefused(errors=[FieldFault("file", code, message, message_zh)])


def _columns(kind: Kind, head: Iterable[Any]) -> list[str | None]:
    fields = MODELS[kind].model_fields
    names = []
    for cell in head:
        # A header may carry both languages: "起始日期 valid_from".
        words = str(cell or "").split()
        found = next((_NAMES[word] for word in words if word in _NAMES), None)
        names.append(found if found in fields else None)
    missing = [name for name, each in fields.items() if each.is_required() and name not in names]
    if missing:
        raise FactsFileRefused(
            errors=[
                FieldFault(
                    name,
                    "column_missing",
                    f"the first row needs the column {name} ({HEADERS[name]})",
                    f"首行缺少“{HEADERS[name]}”列",
                )
                for name in missing
            ]
        )
    return names


def _plain(name: str, cell: Any) -> Any:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date | bool):
        return cell
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = str(cell).strip()
    if name in _LISTS:
        return [part.strip() for part in re.split(r"[;;、,,]", text) if part.strip()]
    if name in _FLAGS:
        return _YES_NO.get(text.lower(), text)
    match = _DAY.fullmatch(text) if name in {"valid_from", "valid_to"} else None
    if match:
        year, month, day = match.groups()
        return f"{year}-{int(month):02d}-{int(day):02d}"
    return _WORDS.get(name, {}).get(text, text)


def template(kind: Kind) -> bytes:
    """An empty workbook to fill in."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(kind)
    fields = MODELS[kind].model_fields
    sheet.append([f"{HEADERS[name]} {name}" for name in fields])
    notes = book.create_sheet("说明 Notes")
    notes.append(["列 Column", "必填 Needed", "可填 Words"])
    for name, each in fields.items():
        words = "是 / 否" if name in _FLAGS else " / ".join(_WORDS.get(name, {}))
        if name in _LISTS:
            words = "多个以；分隔"
        notes.append(
            [f"{HEADERS[name]} {name}", "是 yes" if each.is_required() else "否 no", words]
        )
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
