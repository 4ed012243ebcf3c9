"""The kinds of value a parameter may have, and how each is written.

Amounts and ratios are strings in YAML and JSON alike, because a bare ``0.83`` is a float there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any

from shared.money import MAX_FEN, MoneyMalformed, fen_from_text

UNITS = frozenset({"CNY", "ratio", "count", "text", "list", "table"})
"""CNY: an amount of money; ratio: a share between 0 and 1; count: a whole number;
text: one of the parameter's choices; list: codes or words; table: rows of the other units."""

COLUMN_UNITS = UNITS - {"table", "list"}

MAX_ROWS = 200
MAX_ITEMS = 2_000
MAX_ITEM_CHARACTERS = 64
_RATIO = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?")
_COUNT = re.compile(r"[0-9]{1,9}")

Row = Mapping[str, int | Decimal | str]
Value = int | Decimal | str | frozenset[str] | tuple[Row, ...] | None
"""CNY is int fen, ratio and count are Decimal, list a set of texts; None says openly that there is
no value."""


class ValueMalformed(ValueError):
    """A value that does not fit its parameter; tells fault and cure in both languages.

    ``at`` is the place inside a table (``[1].ratio``), ``others`` what else is wrong with it.
    """

    def __init__(self, code: str, message: str, message_zh: str, *, at: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.message_zh = message_zh
        self.at = at
        self.others: tuple[ValueMalformed, ...] = ()

    @property
    def all(self) -> tuple[ValueMalformed, ...]:
        return (self, *self.others)


@dataclass(frozen=True, slots=True)
class Shape:
    """What values a parameter accepts."""

    unit: str
    choices: frozenset[str] = frozenset()
    columns: Mapping[str, str] = field(default_factory=dict)
    brackets: str = ""
    """The column that must begin at 0 and rise from row to row; empty for a free table."""

    def parse(self, raw: Any) -> Value:
        """Read a value as written in YAML or JSON; ``None`` stays None.

        Raises:
            ValueMalformed: it does not fit.
        """
        if raw is None:
            return None
        if self.unit == "table":
            return self._rows(raw)
        if self.unit == "list":
            return _items(raw)
        return _scalar(self.unit, raw, self.choices)

    def _rows(self, raw: Any) -> tuple[Row, ...]:
        if not isinstance(raw, list) or not raw or len(raw) > MAX_ROWS:
            raise ValueMalformed(
                "malformed_table",
                f"write a list of 1 to {MAX_ROWS} rows",
                f"应为 1 至 {MAX_ROWS} 行的列表",
            )
        rows: list[Row] = []
        faults: list[ValueMalformed] = []
        for position, row in enumerate(raw):
            if not isinstance(row, Mapping) or set(row) != set(self.columns):
                listed = ", ".join(self.columns)
                faults.append(
                    ValueMalformed(
                        "malformed_table",
                        f"row {position + 1} must have exactly the columns {listed}",
                        f"第 {position + 1} 行应恰好包含这些列: {listed}",
                        at=f"[{position}]",
                    )
                )
                continue
            rows.append(self._row(position, row, faults))
        if not faults:
            faults.extend(self._bracket_faults(rows))
        if faults:
            faults[0].others = tuple(faults[1:])
            raise faults[0]
        return tuple(rows)

    def _row(self, position: int, row: Mapping[str, Any], faults: list[ValueMalformed]) -> Row:
        cells: dict[str, int | Decimal | str] = {}
        for name, unit in self.columns.items():
            try:
                cells[name] = _scalar(unit, row[name], None)
            except ValueMalformed as fault:
                fault.at = f"[{position}].{name}"
                faults.append(fault)
        return cells

    def _bracket_faults(self, rows: list[Row]) -> Iterator[ValueMalformed]:
        if not self.brackets:
            return
        edges = [row[self.brackets] for row in rows]
        if edges[0] != 0:
            yield ValueMalformed(
                "bracket_gap",
                f"the first row's {self.brackets} must be 0, else the lowest part has no row",
                f"第一行的 {self.brackets} 应为 0,否则最低一段没有对应的行",
                at=f"[0].{self.brackets}",
            )
        for position, (low, high) in enumerate(pairwise(edges), start=1):
            if not _below(low, high):
                yield ValueMalformed(
                    "bracket_overlap",
                    f"{self.brackets} must rise from row to row, else two rows claim the same part",
                    f"{self.brackets} 应逐行递增，否则两行会重叠",
                    at=f"[{position}].{self.brackets}",
                )


def _items(raw: Any) -> frozenset[str]:
    listed = [raw] if isinstance(raw, str) else raw
    if (
        not isinstance(listed, list)
        or not 1 <= len(listed) <= MAX_ITEMS
        or not all(
            isinstance(item, str) and 0 < len(item) <= MAX_ITEM_CHARACTERS for item in listed
        )
    ):
        raise ValueMalformed(
            "malformed_list",
            f"write a list of 1 to {MAX_ITEMS} texts of at most {MAX_ITEM_CHARACTERS} characters",
            f"应为 1 至 {MAX_ITEMS} 项文字的列表，每项最多 {MAX_ITEM_CHARACTERS} 个字符",
        )
    return frozenset(listed)


def _below(low: int | Decimal | str, high: int | Decimal | str) -> bool:
    return not isinstance(low, str) and not isinstance(high, str) and low < high


def _scalar(unit: str, raw: Any, choices: frozenset[str] | None) -> int | Decimal | str:
    if not isinstance(raw, str):
        raise ValueMalformed(
            "not_a_string",
            'write the value as a string in quotes, such as "60.00" or "0.83"',
            '取值应写成带引号的字符串，例如 "60.00" 或 "0.83"',
        )
    if unit == "CNY":
        return _money(raw)
    if unit == "ratio":
        return _ratio(raw)
    if unit == "count":
        if not _COUNT.fullmatch(raw):
            raise ValueMalformed("malformed_count", "write a whole number", "应为整数")
        return Decimal(raw)
    if not raw or (choices is not None and raw not in choices):
        listed = ", ".join(sorted(choices or ()))
        raise ValueMalformed("unknown_choice", f"write one of: {listed}", f"应为以下之一: {listed}")
    return raw


def _money(raw: str) -> int:
    try:
        amount_fen = fen_from_text(raw)
    except MoneyMalformed:
        raise ValueMalformed(
            "malformed_amount",
            'write an amount in CNY with at most two decimals, such as "60.00"',
            '应为人民币金额，最多两位小数，例如 "60.00"',
        ) from None
    if not 0 <= amount_fen <= MAX_FEN:
        raise ValueMalformed(
            "amount_outside_range",
            "the amount must not be negative or beyond a hundred billion CNY",
            "金额不得为负，也不得超过一千亿元",
        )
    return amount_fen


def _ratio(raw: str) -> Decimal:
    if not _RATIO.fullmatch(raw) or not 0 <= Decimal(raw) <= 1:
        raise ValueMalformed(
            "ratio_outside_0_1",
            'a ratio is a decimal from 0 to 1 with at most six decimals, such as "0.83"',
            '比例应在 0 到 1 之间，最多六位小数，例如 "0.83"',
        )
    return Decimal(raw)
