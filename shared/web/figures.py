"""How figures are written on a screen: thousands separated, decimals fixed, state with a shape."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from shared.clock import SHANGHAI

DASH = "—"
"""Stands where there is no figure; never 0."""

SHAPES: dict[str, str] = {
    "above": "▲",
    "met": "●",
    "warned": "◆",
    "missed": "▼",
    "none": "",
    "not_applicable": "",
}
"""The shape beside the state's word, so that colour only repeats it."""


def money(text: str | None) -> str:
    """``"1234567.5"`` → ``1,234,567.50``."""
    return DASH if text is None else f"{Decimal(text):,.2f}"


def count(value: int | str | None) -> str:
    """``2549`` → ``2,549``."""
    return DASH if value is None else f"{int(value):,}"


def percent(text: str | None, places: int = 2) -> str:
    """A share such as ``"0.2132"`` → ``21.32``; the unit stands beside it."""
    if text is None:
        return DASH
    step = Decimal(1).scaleb(-places)
    return f"{(Decimal(text) * 100).quantize(step, rounding=ROUND_HALF_UP):,}"


def moment(text: str | None) -> str:
    """An ISO time → ``2016-06-30 18:05`` in Asia/Shanghai."""
    if text is None:
        return DASH
    return datetime.fromisoformat(text).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def figure(kind: str, value: str | int | None) -> str:
    """A figure of the kind ``ratio``, ``money`` or ``count``, without its unit."""
    if kind == "ratio":
        return percent(None if value is None else str(value))
    if kind == "money":
        return money(None if value is None else str(value))
    return count(value)
