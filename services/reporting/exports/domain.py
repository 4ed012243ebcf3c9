"""What a report holds, whatever it is written in: titles, facts, tables of typed cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Literal

Kind = Literal["text", "money", "wan", "count", "ratio"]
Cell = str | int | Decimal | None
"""``money`` in CNY, ``wan`` in 万元 of four places and ``ratio`` as a share are Decimals; None: not
applicable."""


@dataclass(frozen=True)
class Column:
    """A column; columns side by side with the same group stand under one head."""

    title: str
    kind: Kind
    group: str = ""


@dataclass(frozen=True)
class Table:
    """A table; ``key`` is its name in an address."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def groups(self) -> list[tuple[str, int]]:
        """The heads above the columns' own, each with how many columns it spans."""
        return [
            (group, len(list(columns)))
            for group, columns in groupby(self.columns, key=lambda column: column.group)
        ]

    @property
    def grouped(self) -> bool:
        return any(column.group for column in self.columns)


@dataclass(frozen=True)
class Report:
    """A whole report."""

    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    summary: tuple[str, ...]
    """Sentences for those who read no table."""
    tables: tuple[Table, ...]
    mark: str | None
    """A warning across the first page, such as that it is provisional."""


@dataclass(frozen=True)
class Stamp:
    """Who took a copy, when, and the copy's own number; stands on every page."""

    user: str
    moment: str
    copy_id: str

    @property
    def text(self) -> str:
        return f"{self.user} · {self.moment} · {self.copy_id}"


def shown(value: Cell, kind: Kind) -> str:
    """A cell as it is read: thousands separated, two decimals, shares in per cent."""
    if value is None:
        return "—"
    if kind == "money":
        return f"{Decimal(value):,.2f}"
    if kind == "wan":
        return f"{Decimal(value):,.4f}"
    if kind == "ratio":
        return f"{Decimal(value) * 100:,.2f}%"
    return f"{value:,}" if kind == "count" else str(value)


def plain(value: Cell, kind: Kind) -> str:
    """A cell in a CSV file: a plain figure, and no text that a spreadsheet would calculate."""
    if value is None:
        return ""
    if kind == "text":
        text = str(value)
        return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
    return str(value)


def heads(table: Table) -> Sequence[str]:
    """One line of heads: the group before the column's own title."""
    return [
        f"{column.group}·{column.title}" if column.group else column.title
        for column in table.columns
    ]
