"""Person categories: the codes of the contract, their Chinese words, and periods of days.

A membership is a category with the days on which it holds, both ends included. What a source
states about a person replaces what the same source had stated, but only from the statement's own
day on: the past stays as it was said, unless a start date is given that reaches back.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

CATEGORIES: dict[str, str] = {
    "registered_poor": "建档立卡",
    "registered_poor_lifted": "已脱贫",
    "destitute": "特困",
    "subsistence": "低保",
    "orphan": "孤儿",
    "low_income": "低收入救助对象",
    "illness_impoverished_severe": "因病致贫重病",
    "severely_disabled": "重度残疾",
    "marginal": "边缘易致贫",
}
"""Code → word, as in the HTTP contract."""

_ALIASES: dict[str, str] = {
    "建档立卡贫困人口": "registered_poor",
    "建档立卡贫困户": "registered_poor",
    "建档立卡户": "registered_poor",
    "未脱贫": "registered_poor",
    "贫困户": "registered_poor",
    "脱贫": "registered_poor_lifted",
    "脱贫户": "registered_poor_lifted",
    "建档立卡已脱贫": "registered_poor_lifted",
    "已脱贫享受政策": "registered_poor_lifted",
    "特困人员": "destitute",
    "特困供养": "destitute",
    "特困供养人员": "destitute",
    "五保": "destitute",
    "五保户": "destitute",
    "低保对象": "subsistence",
    "低保户": "subsistence",
    "最低生活保障": "subsistence",
    "低收入": "low_income",
    "因病致贫重病患者": "illness_impoverished_severe",
    "重度残疾人": "severely_disabled",
    "重残": "severely_disabled",
    "边缘易致贫户": "marginal",
    "边缘户": "marginal",
}
_BY_WORD: dict[str, tuple[str, ...]] = {
    **{code: (code,) for code in CATEGORIES},
    **{word: (code,) for code, word in CATEGORIES.items()},
    **{word: (code,) for word, code in _ALIASES.items()},
    # The kinds of registered households (贫困户属性).
    "一般贫困户": ("registered_poor",),
    "低保贫困户": ("registered_poor", "subsistence"),
    "五保贫困户": ("registered_poor", "destitute"),
    "特困供养贫困户": ("registered_poor", "destitute"),
}
_SEPARATORS = str.maketrans(dict.fromkeys(";；、,，|/", ";"))


class CategoryUnknown(ValueError):
    """A word in the category column is no category."""


@lru_cache(maxsize=1_024)
def parse_categories(text: str) -> tuple[str, ...]:
    """The codes in a roster's category column, in the order given, each once.

    Several are separated by ``;`` (also ``；``, ``、`` or a comma).

    Raises:
        CategoryUnknown: a word is neither a code nor a known Chinese name.
    """
    codes: list[str] = []
    for part in text.translate(_SEPARATORS).split(";"):
        word = "".join(unicodedata.normalize("NFKC", part).split()).lower()
        if not word:
            continue
        meant = _BY_WORD.get(word)
        if meant is None:
            raise CategoryUnknown
        codes.extend(code for code in meant if code not in codes)
    return tuple(codes)


@dataclass(frozen=True, order=True)
class Period:
    """A category and the days on which it holds, both ends included; no end means open."""

    code: str
    valid_from: date
    valid_to: date | None = None

    def covers(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def overlaps(self, other: Period) -> bool:
        return (self.valid_to is None or other.valid_from <= self.valid_to) and (
            other.valid_to is None or self.valid_from <= other.valid_to
        )


class EndsBeforeItStarts(ValueError):
    """A stated period would end before its first day."""


Statement = Mapping[str, tuple[date | None, date | None]]
"""Category code → (first day or none, last day or none) as a roster row states them."""


def restate(
    known: Sequence[Period], statement: Statement, *, effective_on: date
) -> tuple[Period, ...]:
    """What one source's periods of a person become when it states them anew.

    * A stated start day counts as said; periods of that category that it overlaps are replaced.
    * Without a start day a period that already covers the day goes on (a blank end says nothing
      about the end, so a known end stays); else a new one starts on ``effective_on``.
    * A category that is no longer stated ends on the day before ``effective_on``; one that would
      have started only on that day never held. What starts later is left alone, so that an older
      roster applied late does not undo a newer one.

    Raises:
        EndsBeforeItStarts: a stated end lies before the period's first day.
    """
    stated = [
        _stated(known, code, bounds, effective_on=effective_on)
        for code, bounds in statement.items()
    ]
    if not known:
        return tuple(stated) if len(stated) == 1 else tuple(sorted(stated, key=_order))
    kept: list[Period] = []
    for period in known:
        if any(period.code == new.code and period.overlaps(new) for new in stated):
            continue
        if not period.covers(effective_on):
            kept.append(period)
        elif period.valid_from < effective_on:
            kept.append(Period(period.code, period.valid_from, effective_on - timedelta(days=1)))
    return tuple(sorted({*stated, *kept}, key=_order))


def _stated(
    known: Sequence[Period],
    code: str,
    bounds: tuple[date | None, date | None],
    *,
    effective_on: date,
) -> Period:
    first, last = bounds
    if first is not None:
        stated = Period(code, first, last)
    else:
        anchor = effective_on if last is None else min(last, effective_on)
        going_on = next(
            (period for period in known if period.code == code and period.covers(anchor)), None
        )
        if going_on is None:
            stated = Period(code, effective_on, last)
        else:
            stated = Period(code, going_on.valid_from, last or going_on.valid_to)
    if stated.valid_to is not None and stated.valid_to < stated.valid_from:
        raise EndsBeforeItStarts
    return stated


def union(periods: Iterable[Period]) -> tuple[Period, ...]:
    """The periods of several sources as one history: overlapping or adjoining days are joined."""
    joined: list[Period] = []
    for period in sorted(periods, key=_order):
        last = joined[-1] if joined else None
        if last is not None and last.code == period.code and _touches(last, period):
            end = None
            if last.valid_to is not None and period.valid_to is not None:
                end = max(last.valid_to, period.valid_to)
            joined[-1] = Period(last.code, last.valid_from, end)
        else:
            joined.append(period)
    return tuple(joined)


def in_force(periods: Iterable[Period], day: date) -> tuple[Period, ...]:
    """The periods that hold on ``day``, in the contract's order of categories."""
    rank = {code: number for number, code in enumerate(CATEGORIES)}
    holding = [period for period in periods if period.covers(day)]
    return tuple(sorted(holding, key=lambda period: rank.get(period.code, len(rank))))


def registered_on_or_after(periods: Iterable[Period], day: date) -> bool:
    """Whether any category holds on ``day`` or a later one."""
    return any(period.valid_to is None or period.valid_to >= day for period in periods)


def _touches(earlier: Period, later: Period) -> bool:
    return earlier.valid_to is None or later.valid_from <= earlier.valid_to + timedelta(days=1)


def _order(period: Period) -> tuple[str, date, date]:
    return (period.code, period.valid_from, period.valid_to or date.max)
