"""What stands in a report's cells: shares, rates and plain numbers, each in its own unit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from services.reporting.exports.domain import shown
from services.reporting.exports.report import target_of, value_of
from services.reporting.exports.workbook import kind_of


@pytest.mark.parametrize(
    ("value", "unit", "printed"),
    [
        ("0.2132", "money", "21.32%"), ("0.9465", "count", "94.65%"), ("121.40", "per_100k", "121.40/10万"),
        ("398", "number", "398"), (None, "per_100k", "—"),
    ],
)  # fmt: skip
def test_a_rate_is_no_share(value: str | None, unit: str, printed: str) -> None:
    """Goal: 60 cases among 49,423 are 121.40 per 100,000 on paper too (JK-48), and no per cent.
    Method: a value of each unit as it is printed, and its target."""
    cell = value_of(value, unit)
    assert shown(cell, kind_of("ratio", cell)) == printed
    assert isinstance(cell, Decimal) == (value is not None and unit in {"money", "count"})
    told: dict[str, Any] = {"target": value, "direction": "at_most", "unit": unit}
    assert target_of(told) == ("—" if value is None else f"≤ {printed}")
