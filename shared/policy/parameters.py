"""Dated parameters: content with a description, a unit, a source and values by start date.

Loaded once, then read through a view of one day. The view remembers which assumed values were
used, so that a result can say what it rests on.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path
from typing import Any

from shared.policy.errors import (
    Fault,
    OverrideRefused,
    PackInvalid,
    ParameterMissing,
    Refusal,
)
from shared.policy.reading import Citation, Reader, Words, read_file
from shared.policy.values import COLUMN_UNITS, UNITS, Row, Shape, Value, ValueMalformed

MAX_PARAMETERS = 2_000
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DatedValue:
    """A value in force from ``start`` to ``until`` inclusive (None: until the next, or open)."""

    start: date
    until: date | None
    value: Value


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Who confirmed an assumed value, on which day, by which document."""

    by: str
    on: date
    citation: Citation


@dataclass(frozen=True, slots=True)
class Parameter:
    """One named number, word or table of a policy, with its source.

    ``assumed``: the source leaves the value open; ``note`` says why this one was taken.
    """

    name: str
    description: Words
    shape: Shape
    citation: Citation
    values: tuple[DatedValue, ...]
    assumed: bool
    note: str
    confirmation: Confirmation | None = None

    @property
    def unconfirmed(self) -> bool:
        """Whether the value is still somebody's assumption."""
        return self.assumed and self.confirmation is None

    @property
    def unit(self) -> str:
        return self.shape.unit

    def value_at(self, day: date) -> Value:
        """The value in force on the day; None when there is none."""
        for dated in reversed(self.values):
            if dated.start <= day:
                return dated.value if dated.until is None or day <= dated.until else None
        return None


class ParameterView:
    """The parameters of one day, for one calculation.

    Looking a name up raises ``ParameterMissing`` when it is unknown or without a value that day.
    ``assumptions`` lists the assumed, unconfirmed names that were looked up, in alphabetical order;
    a value given for this calculation is no assumption of the pack.
    """

    __slots__ = ("_assumed", "_by_name", "_given", "_used", "_values", "day")

    def __init__(
        self,
        day: date,
        values: Mapping[str, Value],
        assumed: frozenset[str],
        by_name: Mapping[str, Parameter],
        given: Mapping[str, Value],
    ) -> None:
        self.day = day
        self._values = values
        self._assumed = assumed
        self._by_name = by_name
        self._given = given
        self._used: set[str] = set()

    @property
    def assumptions(self) -> tuple[str, ...]:
        return tuple(sorted(self._used))

    @property
    def overridden(self) -> frozenset[str]:
        """The names given for this calculation only."""
        return frozenset(self._given)

    def _value(self, name: str) -> Value:
        if self._given and name in self._given:
            value = self._given[name]
        else:
            value = self._values.get(name)
            if name in self._assumed:
                self._used.add(name)
        if value is None:
            raise ParameterMissing(name, self.day)
        return value

    def decimal(self, name: str) -> Decimal:
        """A ratio or a count."""
        value = self._value(name)
        if not isinstance(value, Decimal):
            raise TypeError(f"{name} is not a ratio or a count")
        return value

    def money_fen(self, name: str) -> int:
        """An amount in fen."""
        value = self._value(name)
        if not isinstance(value, int):
            raise TypeError(f"{name} is not an amount of money")
        return value

    def text(self, name: str) -> str:
        value = self._value(name)
        if not isinstance(value, str):
            raise TypeError(f"{name} is not a text")
        return value

    def texts(self, name: str) -> frozenset[str]:
        """Codes or words."""
        value = self._value(name)
        if not isinstance(value, frozenset):
            raise TypeError(f"{name} is not a list")
        return value

    def table(self, name: str) -> tuple[Row, ...]:
        """Rows; amounts in fen, ratios as Decimal."""
        value = self._value(name)
        if not isinstance(value, tuple):
            raise TypeError(f"{name} is not a table")
        return value

    def citation(self, name: str) -> Citation:
        """The parameter's source.

        Raises:
            ParameterMissing: unknown name.
        """
        parameter = self._by_name.get(name)
        if parameter is None:
            raise ParameterMissing(name, self.day)
        return parameter.citation


class Parameters:
    """All parameters of a pack."""

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        self.by_name: dict[str, Parameter] = {p.name: p for p in parameters}
        # Assumed and not confirmed.
        self.assumed_names = frozenset(p.name for p in self.by_name.values() if p.unconfirmed)
        # Between two of these days nothing changes, so one prepared snapshot serves every day.
        changes = {date.min}
        for parameter in self.by_name.values():
            for dated in parameter.values:
                changes.add(dated.start)
                if dated.until is not None and dated.until < date.max:
                    changes.add(dated.until + _ONE_DAY)
        self._changes = sorted(changes)
        self._snapshots: list[Mapping[str, Value]] = [
            {name: parameter.value_at(day) for name, parameter in self.by_name.items()}
            for day in self._changes
        ]

    def __contains__(self, name: object) -> bool:
        return name in self.by_name

    @property
    def changes(self) -> tuple[date, ...]:
        """The days from which some value is another; between two of them nothing changes."""
        return tuple(self._changes)

    def at(self, day: date, overrides: Mapping[str, Any] | None = None) -> ParameterView:
        """The view of one day; ``overrides`` replace values for one calculation.

        An override is written as in the pack (``"0.83"``, ``"60.00"``, rows); ``None`` takes the
        value away, so that a rule that needs it is refused.

        Raises:
            OverrideRefused: unknown names or malformed values, all at once.
        """
        snapshot = self._snapshots[bisect_right(self._changes, day) - 1]
        given = self._parse_overrides(overrides) if overrides else {}
        return ParameterView(day, snapshot, self.assumed_names, self.by_name, given)

    def _parse_overrides(self, overrides: Mapping[str, Any]) -> Mapping[str, Value]:
        given: dict[str, Value] = {}
        refusals: list[Refusal] = []
        for name, raw in overrides.items():
            parameter = self.by_name.get(name)
            if parameter is None:
                refusals.append(
                    Refusal(
                        "unknown_parameter",
                        f"parameters.{name}",
                        "the pack has no parameter of this name; see the pack's list of names",
                        "政策包没有这个参数;请查看政策包的参数清单",
                    )
                )
                continue
            try:
                given[name] = parameter.shape.parse(raw)
            except ValueMalformed as malformed:
                refusals.extend(
                    Refusal(
                        "malformed_parameter",
                        f"parameters.{name}",
                        f"{fault.at}: {fault.message}" if fault.at else fault.message,
                        f"{fault.at}: {fault.message_zh}" if fault.at else fault.message_zh,
                    )
                    for fault in malformed.all
                )
        if refusals:
            raise OverrideRefused(refusals)
        return given


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
                f"参数超过 {MAX_PARAMETERS} 个;请拆分政策包",
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
            "该取值不是假定;请删去 confirmed,或注明 assumed: true 及说明",
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
            "没有取值;文件未规定时,请写明起始日期并填 null",
        )
    values: list[DatedValue] = []
    for start, raw in listed.content.items():
        if isinstance(start, datetime) or not isinstance(start, date):
            listed.fault(
                str(start),
                "not_a_date",
                "a value's key is its start date, such as 2016-01-01, without quotes",
                "取值的键是起始日期,例如 2016-01-01(不加引号)",
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
                f"{dated.start} 起的取值在开始前就结束;请改正 until",
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
                f"{earlier.start} 与 {later.start} 起的取值重叠;前者应在后者开始前结束",
            )
        elif earlier.until + _ONE_DAY < later.start:
            body.fault(
                "values",
                "dates_gap",
                f"there is no value from {earlier.until + _ONE_DAY} until {later.start}; close"
                " the gap, or write null for it",
                f"{earlier.until + _ONE_DAY} 至 {later.start} 之前没有取值;请补上,或明确写 null",
            )
    if covers is None or not values:
        return
    first, last = covers
    if values[0].start > first:
        body.fault(
            "values",
            "dates_gap",
            f"the first value starts on {values[0].start}, the pack on {first}; close the gap",
            f"首个取值自 {values[0].start} 起,而政策包自 {first} 起;请补上空档",
        )
    ends = values[-1].until
    if ends is not None and (last is None or ends < last):
        body.fault(
            "values",
            "dates_gap",
            f"the last value ends on {ends}, before the pack does; close the gap",
            f"最后的取值于 {ends} 结束,早于政策包;请补上空档",
        )
