"""Visits moved into a pack's time, and some of the visits alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np

from services.claims.settlement.tiers import SettlementPack
from services.claims.simulations.columns import Columns, Flags

_LAST_YEAR = date.max.year - 1


def shifted(day: date, years: int) -> date:
    """The same day of another year; 29 February becomes the 28th where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def moved_into(columns: Columns, pack: SettlementPack) -> int | None:
    """The fewest years by which the visits must move to fall into a pack's time; None: never."""
    if not columns.visits:
        return 0
    first = date.fromordinal(int(columns.day.min()))
    last = date.fromordinal(int(columns.day.max()))
    bounds = [0, pack.valid_from.year - first.year, pack.valid_from.year - first.year + 1]
    if pack.valid_to is not None:
        bounds += [pack.valid_to.year - last.year, pack.valid_to.year - last.year - 1]
    for years in sorted(set(bounds), key=abs):
        if (
            0 < first.year + years < _LAST_YEAR
            and pack.covers(shifted(first, years))
            and pack.covers(shifted(last, years))
        ):
            return years
    return None


def only(columns: Columns, wanted: Flags) -> Columns:
    """Some of the visits, in the same order, and every dispensing in its turn among them."""
    so_far = np.cumsum(np.r_[False, wanted])
    places = so_far[1:] - 1
    kept = wanted[columns.line_visit]
    lines = {
        name: getattr(columns, name)[kept]
        for name in (
            "line_kind",
            "line_class",
            "line_item",
            "line_amount",
            "line_limit",
            "line_share",
        )
    }
    return replace(
        columns,
        facts_of=columns.facts_of[wanted],
        day=columns.day[wanted],
        person=columns.person[wanted],
        stated={payer: told[wanted] for payer, told in columns.stated.items()},
        dispensings=replace(columns.dispensings, before=so_far[columns.dispensings.before]),
        line_visit=places[columns.line_visit[kept]].astype(np.int32),
        **lines,
    )
