"""A pack made ready for a replay: for every kind of visit, each rule's numbers of the day.

Visits that no rule can tell apart share a *profile*: the same facts, and days between which nothing
changes. Whether a tier applies, and its deductibles, shares and caps, are looked up once per
profile with the engine's own rules; only the arithmetic is left for the columns.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from services.claims.settlement.bill import Evidence, Standing
from services.claims.settlement.conditions import Case, When
from services.claims.settlement.domain import PackDoesNotCover
from services.claims.settlement.kinds import (
    EVERYTHING,
    PERSON_YEAR,
    BeyondPatientCap,
    DeductibleAndRatio,
    Notice,
    PooledRatio,
    RatioOfRemainder,
    RemainderUpTo,
    SegmentsOverYear,
    StatedAmount,
    YearlyCap,
)
from services.claims.settlement.lines import (
    CLASS_B_RATIO,
    EVERY_ITEM,
    IMPLANT_MAX,
    IMPLANT_MIN,
    Waiver,
)
from services.claims.settlement.tiers import SettlementPack, Tier
from services.claims.simulations.columns import KINDS, NONE, Facts, Ints, share_of
from shared.policy.errors import ParameterMissing, Refused

_ONE_DAY = timedelta(days=1)
FAR = 2**62
"""Room without a cap."""
REFUSED_PLAN = "unknown_insurance_plan"


class _OnlyByHand(Exception):
    """The numbers do not fit the columns' arithmetic: the engine itself settles such visits."""


@dataclass(frozen=True)
class TierNumbers:
    """One tier for every profile: where it applies, and its numbers there."""

    tier: Tier
    applies: npt.NDArray[np.bool_]
    numbers: Mapping[str, Ints]
    rows: Sequence[tuple[Ints, Ints, Ints]] = ()
    """Segments: start, end and share of each row."""

    @property
    def payer(self) -> str:
        return self.tier.head.payer

    @property
    def kinds(self) -> frozenset[str]:
        return self.tier.head.line_kinds


@dataclass(frozen=True)
class WaiverNumbers:
    """One waiver before insurance for every profile."""

    share: Ints
    """:data:`NONE` where it does not hold."""
    kinds: npt.NDArray[np.bool_]
    items: Ints
    """Which of :attr:`listed` names the items; :data:`NONE`: every item."""
    listed: tuple[frozenset[str], ...]


@dataclass(frozen=True)
class Resolved:
    """A pack for every profile."""

    refused: tuple[str, ...]
    """Per profile, why no visit of it can be calculated; empty where it can."""
    by_hand: npt.NDArray[np.bool_]
    class_b: Ints
    implant: tuple[Ints, Ints]
    """:data:`NONE` where the pack states no value."""
    waivers: tuple[WaiverNumbers, ...]
    tiers: tuple[TierNumbers, ...]


@dataclass
class _One:
    """What was looked up for one profile."""

    refused: str = ""
    by_hand: bool = False
    class_b: int = NONE
    implant: tuple[int, int] = (NONE, NONE)
    waivers: dict[int, tuple[int, frozenset[str]]] = field(default_factory=dict)
    tiers: dict[int, dict[str, Any]] = field(default_factory=dict)


def epochs_of(pack: SettlementPack) -> list[int]:
    """The days on which a rule or a value may change, as ordinals, in their order."""
    days = set(pack.parameters.changes)
    days.add(pack.valid_from)
    lasts = [] if pack.valid_to is None else [pack.valid_to]
    for when in _whens(pack):
        days.add(when.first_day)
        lasts.append(when.last_day)
    days |= {last + _ONE_DAY for last in lasts if last < date.max}
    return sorted({date.min.toordinal(), *(day.toordinal() for day in days)})


def epoch_of(epochs: Sequence[int], day: int) -> int:
    return bisect_right(epochs, day) - 1


def _whens(pack: SettlementPack) -> Iterator[When]:
    for waiver in pack.line_rules.waivers:
        yield waiver.when
    for tier in pack.tiers:
        yield tier.head.when
        for adjustment in tier.head.adjustments:
            yield adjustment.when


def resolve(
    pack: SettlementPack,
    profiles: Sequence[tuple[Facts, date]],
    parameters: Mapping[str, Any] | None,
) -> Resolved:
    """Look every rule up for every profile; ``parameters`` replace values, as for a quote.

    Raises:
        OverrideRefused: a replaced parameter is unknown or malformed.
    """
    pack.parameters.at(date.min, parameters)
    found = [_profile(pack, facts, day, parameters) for facts, day in profiles]
    return Resolved(
        refused=tuple(one.refused for one in found),
        by_hand=np.array([one.by_hand for one in found], dtype=bool),
        class_b=_ints(one.class_b for one in found),
        implant=(
            _ints(one.implant[0] for one in found),
            _ints(one.implant[1] for one in found),
        ),
        waivers=tuple(
            _waiver_numbers(waiver, [one.waivers.get(number) for one in found])
            for number, waiver in enumerate(pack.line_rules.waivers)
        ),
        tiers=tuple(
            _tier_numbers(tier, [one.tiers.get(number) for one in found])
            for number, tier in enumerate(pack.tiers)
            if not isinstance(tier, Notice)
        ),
    )


def _ints(values: Any) -> Ints:
    return np.array(list(values), dtype=np.int64)


def _waiver_numbers(
    waiver: Waiver, found: Sequence[tuple[int, frozenset[str]] | None]
) -> WaiverNumbers:
    listed: dict[frozenset[str], int] = {}
    items = []
    for one in found:
        if one is None or EVERY_ITEM in one[1]:
            items.append(NONE)
        else:
            items.append(listed.setdefault(one[1], len(listed)))
    return WaiverNumbers(
        _ints(NONE if one is None else one[0] for one in found),
        np.array([kind in waiver.kinds for kind in KINDS], dtype=bool),
        _ints(items),
        tuple(listed),
    )


def _tier_numbers(tier: Tier, found: Sequence[dict[str, Any] | None]) -> TierNumbers:
    applies = np.array([one is not None for one in found], dtype=bool)
    names = {name for one in found if one for name in one if name != "rows"}
    numbers = {name: _ints(one.get(name, 0) if one else 0 for one in found) for name in names}
    depth = max((len(one["rows"]) for one in found if one and "rows" in one), default=0)
    rows = []
    for at in range(depth):
        padded = [
            one["rows"][at] if one and at < len(one.get("rows", ())) else (0, 0, 0) for one in found
        ]
        rows.append(
            (
                _ints(row[0] for row in padded),
                _ints(row[1] for row in padded),
                _ints(row[2] for row in padded),
            )
        )
    return TierNumbers(tier, applies, numbers, tuple(rows))


def _profile(
    pack: SettlementPack, facts: Facts, day: date, parameters: Mapping[str, Any] | None
) -> _One:
    one = _One()
    plan = pack.plans.get(facts.insurance_plan)
    if plan is None:
        one.refused = REFUSED_PLAN
        return one
    if not pack.covers(day):
        one.refused = PackDoesNotCover.default_code
        return one
    person = (
        facts.person if plan == facts.insurance_plan else type(facts.person)(facts.categories, plan)
    )
    case = Case(
        facts.visit(day),
        person,
        Evidence(facts.card_presented, dict.fromkeys(facts.stated, 0)),
        Standing(),
        pack.parameters.at(day, parameters),
        day,
    )
    try:
        _look_up(pack, case, one)
    except _OnlyByHand:
        one.by_hand = True
    except Refused as refused:
        one.refused = refused.code
    return one


def _look_up(pack: SettlementPack, case: Case, one: _One) -> None:
    view = case.parameters
    holding = [
        (number, waiver)
        for number, waiver in enumerate(pack.line_rules.waivers)
        if waiver.when.holds(case)
    ]
    if any(waiver.is_after(view) for _, waiver in holding):
        raise _OnlyByHand
    for number, waiver in holding:
        listed = view.texts(waiver.items) if waiver.items else frozenset({EVERY_ITEM})
        one.waivers[number] = (_share(view.decimal(waiver.ratio)), listed)
    one.class_b = _maybe(case, CLASS_B_RATIO)
    one.implant = (_maybe(case, IMPLANT_MIN), _maybe(case, IMPLANT_MAX))
    groups: set[str] = set()
    applied: set[str] = set()
    for number, tier in enumerate(pack.tiers):
        head = tier.head
        if head.group and head.group in groups:
            continue
        if head.follows and head.follows.isdisjoint(applied):
            continue
        if not head.when.holds(case) or isinstance(tier, Notice):
            continue
        if isinstance(tier, StatedAmount) and head.payer not in case.evidence.stated_payments:
            continue
        one.tiers[number] = _numbers(tier, case)
        applied.add(head.id)
        groups.add(head.group)


def _share(ratio: Decimal) -> int:
    share = share_of(ratio)
    if share is None:
        raise _OnlyByHand
    return share


def _maybe(case: Case, name: str) -> int:
    """A share that only some lines need; a line that needs a missing one is refused then."""
    try:
        return _share(case.parameters.decimal(name))
    except ParameterMissing:
        return NONE


def _ratio(tier: Any, case: Case, name: str) -> int:
    view = case.parameters
    ratio, _ = tier.head.adjusted_ratio("ratio", view.decimal(name), view.citation(name), case)
    return _share(ratio)


def _deductible(tier: Any, case: Case) -> int:
    view, name = case.parameters, tier.deductible.of(case)
    amount, _ = tier.head.adjusted_amount(view.money_fen(name), tier.head.citation, case)
    return int(amount)


def _cap(cap: YearlyCap, case: Case) -> int:
    return case.parameters.money_fen(cap.parameter) if cap.parameter else FAR


def _numbers(tier: Tier, case: Case) -> dict[str, Any]:
    view = case.parameters
    if isinstance(tier, DeductibleAndRatio):
        return {
            "deductible": _deductible(tier, case),
            "share": _ratio(tier, case, tier.ratio.of(case)),
            "cap": _cap(tier.cap, case),
        }
    if isinstance(tier, PooledRatio):
        return {
            "cost": int(view.text(tier.basis) == "cost"),
            "share": _ratio(tier, case, tier.ratio.of(case)),
            "cap": view.money_fen(tier.pool),
        }
    if isinstance(tier, SegmentsOverYear):
        deductible = _deductible(tier, case)
        rows, _ = tier.segments_of(case)
        ends = [start for start, _ in rows[1:]] + [FAR]
        return {
            "deductible": deductible,
            "rows": [
                (start, end, _share(ratio)) for (start, ratio), end in zip(rows, ends, strict=True)
            ],
        }
    if isinstance(tier, RatioOfRemainder):
        return {
            "share": _ratio(tier, case, tier.ratio.of(case)),
            "cap": _cap(tier.cap, case),
        }
    if isinstance(tier, RemainderUpTo):
        cap, limit = _cap(tier.cap, case), FAR
        if tier.limit:
            amount = view.money_fen(tier.limit)
            if view.text(tier.limit_basis) == PERSON_YEAR:
                cap = min(cap, amount)
            else:
                limit = amount
        return {"cap": cap, "limit": limit, "all": int(tier.covers == EVERYTHING)}
    if isinstance(tier, BeyondPatientCap):
        sloped = tier.above is not None and tier.ratio is not None
        return {
            "own": view.money_fen(tier.own.of(case)),
            "above": view.money_fen(tier.above.of(case)) if sloped and tier.above else 0,
            "share": _share(view.decimal(tier.ratio.of(case))) if sloped and tier.ratio else 0,
            "all": int(tier.covers == EVERYTHING),
        }
    if isinstance(tier, StatedAmount):
        return {"all": int(tier.covers == EVERYTHING)}
    raise _OnlyByHand
