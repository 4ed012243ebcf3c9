"""Dated parameters: content with a description, a unit, a source and values by start date.

Loaded once, then read through a view of one day. The view remembers which assumed values were
used, so that a result can say what it rests on.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from shared.policy.errors import (
    OverrideRefused,
    ParameterMissing,
    Refusal,
)
from shared.policy.reading import Citation, Words
from shared.policy.values import Row, Shape, Value, ValueMalformed

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
                        "政策包没有这个参数；请查看政策包的参数清单",
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
