"""Measurements as a line over time: where each point stands in the drawing. Pure.

Across everything is in per cent, so that the drawing is as wide as its screen and its letters stay
as large as they are; down it is in CSS pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

HEIGHT = 210
_TOP, _BOTTOM = 30, 180
_LEFT, _RIGHT = Decimal(2), Decimal(80)
MOST_POINTS = 24


@dataclass(frozen=True)
class Line:
    """One measurement of a form, and up to where it is good."""

    field: str
    limit: Decimal | None = None
    """Values below it meet the standard; None: the standard names none."""


LINES: Mapping[str, tuple[str, ...]] = {
    "hypertension": ("sbp", "dbp"),
    "type2_diabetes": ("fasting_glucose",),
    "tuberculosis": ("weight",),
    "severe_mental_disorder": ("risk",),
    "newborn": ("weight",),
}
"""What is drawn of each form."""
_LIMITS = {"sbp": "sbp", "dbp": "dbp", "fasting_glucose": "glucose"}


def lines_of(
    form: str, thresholds: Mapping[str, Decimal], *, birth_year: int | None, on: date
) -> list[Line]:
    """The lines of a form with the standard's limits; the elderly have their own."""
    elderly = (
        birth_year is not None
        and "elderly_age" in thresholds
        and on.year - birth_year >= thresholds["elderly_age"]
    )
    found = []
    for field in LINES.get(form, ()):
        named = _LIMITS.get(field)
        limit = thresholds.get(f"{named}_elderly") if named and elderly else None
        found.append(Line(field, limit or (thresholds.get(named) if named else None)))
    return found


def drawn(lines: Sequence[Line], visits: Sequence[tuple[date, Mapping[str, Any]]]) -> Any:
    """The drawing of visits, the oldest first; None with fewer than two days to join.

    A day has one point, what was measured last: two would stand, and be written, on each other.

    Args:
        lines: to draw.
        visits: each one's day and measurements.
    """
    by_day: dict[date, dict[str, Any]] = {}
    for day, found in visits:
        by_day[day] = by_day.get(day, {}) | dict(found)
    shown = [each for each in by_day.items() if any(line.field in each[1] for line in lines)]
    shown = shown[-MOST_POINTS:]
    if len(shown) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    first, last = shown[0][0], shown[-1][0]
    days = max((last - first).days, 1)
    values = [Decimal(str(v[line.field])) for _, v in shown for line in lines if line.field in v]
    values += [line.limit for line in lines if line.limit is not None]
    low, high = min(values), max(values)
    room = (high - low) or Decimal(1)

    def across(day: date) -> Decimal:
        return _LEFT + (_RIGHT - _LEFT) * (day - first).days / days

    def down(value: Decimal) -> float:
        return float(round(_BOTTOM - (_BOTTOM - _TOP) * (value - low) / room, 1))

    series = []
    for line in lines:
        points = [
            {
                "x": f"{across(day):.2f}%",
                "y": down(Decimal(str(found[line.field]))),
                "value": str(found[line.field]),
                "day": day,
                "beyond": line.limit is not None and Decimal(str(found[line.field])) >= line.limit,
            }
            for day, found in shown
            if line.field in found
        ]
        series.append(
            {
                "field": line.field,
                "points": points,
                "joined": list(pairwise(points)),
                "limit": None if line.limit is None else f"{line.limit.normalize():f}",
                "limit_y": None if line.limit is None else down(line.limit),
            }
        )
    return {"series": series, "first": first, "last": last, "height": HEIGHT}
