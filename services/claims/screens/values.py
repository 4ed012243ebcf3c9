"""A parameter's value as it is read on a screen and on paper."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from services.claims.screens.kit import said
from services.claims.settlement.explanation import percent
from shared.web.figures import money
from shared.web.kit import Said


def shown_value(unit: str, value: Any) -> list[Said]:
    """A line for each row; amounts with separators, ratios per hundred.

    Args:
        unit: the parameter's.
        value: as written in the pack; None where the pack leaves it open.
    """
    if value is None:
        return [said("pack.value.open")]
    if not isinstance(value, list):
        return [_plain(_figure(unit, str(value)))]
    if not all(isinstance(row, dict) for row in value):
        return [_plain("、".join(str(item) for item in value))]
    if all(set(row) == {"above", "ratio"} for row in value):
        return [
            said(
                "pack.above",
                **{"from": money(row["above"]), "share": percent(Decimal(row["ratio"]))},
            )
            for row in value
        ]
    return [_plain("; ".join(f"{name} {cell}" for name, cell in row.items())) for row in value]


def _figure(unit: str, text: str) -> str:
    if unit == "CNY":
        return f"¥ {money(text)}"
    return percent(Decimal(text)) if unit == "ratio" else text


def _plain(text: str) -> Said:
    return {"text_zh": text, "text_en": text}
