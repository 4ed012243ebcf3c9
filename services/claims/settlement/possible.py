"""Which visits there can be: an example of one that meets some conditions and not others.

Conditions are asked through their own ``holds``, so whatever a condition means, an example is a
visit for which the engine would do the same. Of each fact only as many values are tried as the
conditions at hand can tell apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations, islice, product

from services.claims.settlement.bill import (
    CATEGORIES,
    DISEASE_PROGRAMMES,
    VISIT_TYPES,
    Evidence,
    Person,
    Standing,
    Visit,
)
from services.claims.settlement.conditions import Case, When
from shared.policy.parameters import ParameterView

MAX_TRIED = 100_000
"""Conditions so entangled that this many visits do not decide are taken as possible."""

_ONE_DAY = timedelta(days=1)
# The plainest first: the example that an author reads should be an ordinary one.
_TYPES = ("inpatient", *sorted(VISIT_TYPES - {"inpatient"}))
_LEVELS = ("secondary", "township", "tertiary", "primary", "village", "unrated")
_CATEGORIES = ("registered_poor", *sorted(CATEGORIES - {"registered_poor"}))
_PROGRAMMES = tuple(sorted(DISEASE_PROGRAMMES))


@dataclass(frozen=True, slots=True)
class Bounds:
    """The days and plans of a pack."""

    first: date
    last: date
    plans: tuple[str, ...]
    view: ParameterView


def example(bounds: Bounds, all_of: Sequence[When], none_of: Sequence[When] = ()) -> Case | None:
    """A visit that meets each of ``all_of`` and none of ``none_of``; None when there can be none."""
    tried = 0
    case = None
    for case in islice(_visits(bounds, all_of, (*all_of, *none_of)), MAX_TRIED):
        tried += 1
        meets = all(when.holds(case) for when in all_of)
        if meets and not any(when.holds(case) for when in none_of):
            return case
    return case if tried == MAX_TRIED else None


def _visits(bounds: Bounds, all_of: Sequence[When], conditions: Sequence[When]) -> Iterator[Case]:
    """Every visit that the conditions can tell apart, less those that ``all_of`` plainly refuse."""
    categories = _told_apart(
        _CATEGORIES,
        [members for when in conditions for members in (when.categories, when.except_categories)],
    )
    programmes = _told_apart(_PROGRAMMES, [when.disease_programmes for when in conditions])
    facts = product(
        _one_of(_TYPES, [w.visit_types for w in all_of], [w.visit_types for w in conditions]),
        _one_of(
            _LEVELS, [w.facility_levels for w in all_of], [w.facility_levels for w in conditions]
        ),
        _one_of(
            bounds.plans or ("",),
            [w.insurance_plans for w in all_of],
            [w.insurance_plans for w in conditions],
        ),
        _several(programmes, [w.disease_programmes for w in all_of]),
        _several(categories, [w.categories for w in all_of]),
        _flag(True, [w.in_region for w in all_of], _asks(conditions, "in_region")),
        _flag(True, [w.designated for w in all_of], _asks(conditions, "designated")),
        _flag(False, [w.referral for w in all_of], _asks(conditions, "referral")),
        _flag(False, [w.card_presented for w in all_of], _asks(conditions, "card_presented")),
        _days(bounds, all_of, conditions),
    )
    for kind, level, plan, illnesses, person, near, named, referred, card, day in facts:
        yield Case(
            Visit(
                kind,
                level,
                in_region=near,
                designated=named,
                referral=referred,
                discharged_on=day,
                further_programmes=illnesses,
            ),
            Person(frozenset(person), plan),
            Evidence(card),
            Standing(),
            bounds.view,
            day,
        )


def _told_apart(values: Sequence[str], sets: Sequence[frozenset[str]]) -> list[str]:
    """One value of each kind that the sets can tell apart."""
    found: dict[tuple[bool, ...], str] = {}
    for value in values:
        found.setdefault(tuple(value in members for members in sets if members), value)
    return list(found.values())


def _one_of(
    values: Sequence[str], needed: Sequence[frozenset[str]], sets: Sequence[frozenset[str]]
) -> list[str]:
    return [
        value
        for value in _told_apart(values, sets)
        if all(value in members for members in needed if members)
    ]


def _several(values: Sequence[str], needed: Sequence[frozenset[str]]) -> list[tuple[str, ...]]:
    """Every choice of the values that has one of each set needed, the smallest first."""
    return [
        chosen
        for size in range(len(values) + 1)
        for chosen in combinations(values, size)
        if all(not members.isdisjoint(chosen) for members in needed if members)
    ]


def _asks(conditions: Sequence[When], name: str) -> bool:
    joint = name in {"in_region", "referral"}
    return any(
        getattr(when, name) is not None or (joint and when.in_region_or_referred is not None)
        for when in conditions
    )


def _flag(usual: bool, needed: Sequence[bool | None], asked: bool) -> list[bool]:
    return [
        value
        for value in ([usual, not usual] if asked else [usual])
        if all(flag is None or flag == value for flag in needed)
    ]


def _days(bounds: Bounds, all_of: Sequence[When], conditions: Sequence[When]) -> list[date]:
    """The days on which something begins or has ended, inside the pack's own."""
    first = max([bounds.first, *(when.first_day for when in all_of)])
    last = min([bounds.last, *(when.last_day for when in all_of)])
    days = {first}
    for when in conditions:
        days.add(when.first_day)
        if when.last_day < date.max:
            days.add(when.last_day + _ONE_DAY)
    return sorted(day for day in days if first <= day <= last)
