"""Parameter files as a policy author writes them, read with every fault at once."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path

from shared.policy.errors import Fault, PackInvalid
from shared.policy.parameters import Confirmation, DatedValue, Parameter, Parameters
from shared.policy.reading import Citation, Reader, read_file
from shared.policy.values import COLUMN_UNITS, UNITS, Shape, ValueMalformed

MAX_PARAMETERS = 2_000
_ONE_DAY = timedelta(days=1)


def load_parameters(path: Path) -> Parameters:
    """Load one parameter file.

    Raises:
        PackInvalid: with every fault of the file.
    """
    faults: list[Fault] = []
    parameters = read_parameters(path.parent, path.name, faults)
    if faults:
        raise PackInvalid(path.parent.name, faults)
    return parameters


def read_parameters(
    folder: Traversable,
    file: str,
    faults: list[Fault],
    *,
    covers: tuple[date, date | None] | None = None,
) -> Parameters:
    """Read a parameter file of a folder and note its faults.

    ``covers`` is the span (first and last day, None: open) in which every parameter must have a
    value or an open ``null``; a day without either is a gap.
    """
    content = read_file(folder, file, faults)
    if len(content) > MAX_PARAMETERS:
        faults.append(
            Fault(
                file,
                "(file)",
                "too_many",
                f"more than {MAX_PARAMETERS} parameters; split the pack",
                f"参数超过 {MAX_PARAMETERS} 个；请拆分政策包",
            )
        )
        return Parameters(())
    found = []
    for name in content:
        body = Reader(file, "", content, faults).child(name)
        if body is not None:
            found.append(_parameter(name, body, covers))
    return Parameters(found)


def _parameter(name: str, body: Reader, covers: tuple[date, date | None] | None) -> Parameter:
    with body.whole():
        description = body.words("description")
        shape = _shape(body)
        citation = body.citation()
        assumed = body.flag("assumed", default=False)
        note = body.text("note", required=assumed)
        confirmation = _confirmation(body, assumed=assumed)
        values = _values(body, shape)
    _check_spans(body, values, covers)
    return Parameter(name, description, shape, citation, values, assumed, note, confirmation)


def _confirmation(body: Reader, *, assumed: bool) -> Confirmation | None:
    reader = body.child("confirmed", required=False)
    if reader is None:
        return None
    if not assumed:
        body.fault(
            "confirmed",
            "nothing_to_confirm",
            "the value is not assumed; remove confirmed, or state assumed: true and its note",
            "该取值不是假定；请删去 confirmed,或注明 assumed: true 及说明",
        )
    with reader.whole():
        by, on = reader.text("by"), reader.day("date")
        citation = Citation(reader.text("document"), reader.text("article"))
    return Confirmation(by, on or date.min, citation)


def _shape(body: Reader) -> Shape:
    unit = body.choice("unit", UNITS)
    choices = frozenset(body.texts("choices", required=unit == "text"))
    columns: dict[str, str] = {}
    brackets = ""
    if unit == "table":
        described = body.child("columns")
        if described is not None:
            columns = {
                str(key): described.choice(str(key), COLUMN_UNITS) for key in described.content
            }
        brackets = body.text("brackets", required=False)
        if brackets and brackets not in columns:
            body.fault(
                "brackets",
                "unknown_column",
                "brackets must name one of the columns",
                "brackets 应为某一列的名称",
            )
            brackets = ""
    return Shape(unit, choices, columns, brackets)


def _values(body: Reader, shape: Shape) -> tuple[DatedValue, ...]:
    listed = body.child("values")
    if listed is None:
        return ()
    if not listed.content:
        body.fault(
            "values",
            "missing",
            "there is no value; write null with its start date when the source leaves it open",
            "没有取值；文件未规定时，请写明起始日期并填 null",
        )
    values: list[DatedValue] = []
    for start, raw in listed.content.items():
        if isinstance(start, datetime) or not isinstance(start, date):
            listed.fault(
                str(start),
                "not_a_date",
                "a value's key is its start date, such as 2016-01-01, without quotes",
                "取值的键是起始日期，例如 2016-01-01(不加引号)",
            )
            continue
        until: date | None = None
        content = raw
        if isinstance(raw, dict):
            entry = Reader(body.file, f"{listed.where}.{start.isoformat()}", raw, body.faults)
            with entry.whole():
                content = entry.raw("value")
                until = entry.day("until", required=False)
        try:
            value = shape.parse(content) if shape.unit else None
        except ValueMalformed as malformed:
            for fault in malformed.all:
                listed.fault(
                    f"{start.isoformat()}{fault.at}", fault.code, fault.message, fault.message_zh
                )
            continue
        values.append(DatedValue(start, until, value))
    return tuple(sorted(values, key=lambda dated: dated.start))


def _check_spans(
    body: Reader, values: tuple[DatedValue, ...], covers: tuple[date, date | None] | None
) -> None:
    """Values must follow each other without a gap or an overlap, over the whole span asked for."""
    for dated in values:
        if dated.until is not None and dated.until < dated.start:
            body.fault(
                "values",
                "ends_before_start",
                f"the value of {dated.start} ends before it starts; correct until",
                f"{dated.start} 起的取值在开始前就结束；请改正 until",
            )
    for earlier, later in pairwise(values):
        if earlier.until is None:
            continue
        if earlier.until >= later.start:
            body.fault(
                "values",
                "dates_overlap",
                f"the values of {earlier.start} and {later.start} overlap; end the first before"
                " the second starts",
                f"{earlier.start} 与 {later.start} 起的取值重叠；前者应在后者开始前结束",
            )
        elif earlier.until + _ONE_DAY < later.start:
            body.fault(
                "values",
                "dates_gap",
                f"there is no value from {earlier.until + _ONE_DAY} until {later.start}; close"
                " the gap, or write null for it",
                f"{earlier.until + _ONE_DAY} 至 {later.start} 之前没有取值；请补上，或明确写 null",
            )
    if covers is None or not values:
        return
    first, last = covers
    if values[0].start > first:
        body.fault(
            "values",
            "dates_gap",
            f"the first value starts on {values[0].start}, the pack on {first}; close the gap",
            f"首个取值自 {values[0].start} 起，而政策包自 {first} 起；请补上空档",
        )
    ends = values[-1].until
    if ends is not None and (last is None or ends < last):
        body.fault(
            "values",
            "dates_gap",
            f"the last value ends on {ends}, before the pack does; close the gap",
            f"最后的取值于 {ends} 结束，早于政策包；请补上空档",
        )
