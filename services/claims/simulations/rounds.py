"""One round of a replay: the n-th visits of many persons' years, tier by tier, as columns."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from services.claims.settlement.explanation import RELIEF_ORDER
from services.claims.settlement.kinds import (
    BeyondPatientCap,
    DeductibleAndRatio,
    PooledRatio,
    RatioOfRemainder,
    RemainderUpTo,
    SegmentsOverYear,
    StatedAmount,
)
from services.claims.simulations.columns import SCALE, Columns, Flags, Ints
from services.claims.simulations.resolving import FAR, Resolved, TierNumbers

SCOPE = RELIEF_ORDER.index("in_scope_remainder")
"""Where the in-scope part of a bill stands among its parts."""
_HALF = SCALE // 2


class Whole(Protocol):
    """The replay whose round it is."""

    columns: Columns
    resolved: Resolved
    person_year: Ints
    profile: Ints
    left: Ints
    pots: dict[frozenset[str], Ints]

    def paid(self, payer: str) -> Ints:
        """What a payer pays of each visit; begun with nothing."""
        ...


class Round:
    """The n-th visits of many persons' years."""

    def __init__(self, whole: Whole, visits: Ints, year: dict[str, Ints]) -> None:
        self.whole, self.visits, self.year = whole, visits, year
        self.places = whole.person_year[visits]
        self.profile = whole.profile[visits]
        self.left = whole.left[:, visits]
        self.scope = self.left[SCOPE].copy()
        """The bill's in-scope cost, before anybody paid."""
        self.pots = {kinds: pot[:, visits] for kinds, pot in whole.pots.items()}
        self.so_far = {name: used[self.places] for name, used in year.items()}

    def run(self) -> None:
        for tier in self.whole.resolved.tiers:
            here = tier.applies[self.profile]
            if here.any():
                self._tier(tier, here)
        self.whole.left[:, self.visits] = self.left
        for name, used in self.year.items():
            used[self.places] = self.so_far[name]

    def _tier(self, tier: TierNumbers, here: Flags) -> None:
        numbers = {name: values[self.profile] for name, values in tier.numbers.items()}
        parts = self.pots[tier.kinds] if tier.kinds else self.left
        rules = tier.tier
        scope = parts[SCOPE]
        if isinstance(rules, DeductibleAndRatio):
            base = scope - np.minimum(numbers["deductible"], scope)
            accumulator = rules.cap.accumulator
            amount = self._capped(
                share_of_amount(base, numbers["share"]), numbers["cap"], accumulator
            )
            self._consume(accumulator, np.where(here, amount, 0))
        elif isinstance(rules, PooledRatio):
            room = self._room(numbers["cap"], rules.accumulator)
            pooled = np.minimum(scope, room)
            by_cost = numbers["cost"] == 1
            share = share_of_amount(np.where(by_cost, pooled, scope), numbers["share"])
            amount = np.where(by_cost, share, np.minimum(share, room))
            used = np.where(by_cost, pooled, amount)
            self._consume(rules.accumulator, np.where(here, used, 0))
        elif isinstance(rules, SegmentsOverYear):
            before = self.so_far[rules.burden] - numbers["deductible"]
            burden = scope.copy()
            exact = self._segments(tier, before + burden) - self._segments(tier, before)
            amount = (exact + _HALF) // SCALE
            self._consume(rules.burden, np.where(here, burden, 0))
            self._consume(rules.accumulator, np.where(here, amount, 0))
        elif isinstance(rules, RatioOfRemainder):
            accumulator = rules.cap.accumulator
            amount = self._capped(
                share_of_amount(scope, numbers["share"]), numbers["cap"], accumulator
            )
            self._consume(accumulator, np.where(here, amount, 0))
        elif isinstance(rules, RemainderUpTo):
            base = np.where(numbers["all"] == 1, parts.sum(axis=0), scope)
            base = np.minimum(base, numbers["limit"])
            amount = self._capped(base, numbers["cap"], rules.cap.accumulator)
            self._consume(rules.cap.accumulator, np.where(here, amount, 0))
        elif isinstance(rules, BeyondPatientCap):
            base = np.where(numbers["all"] == 1, parts.sum(axis=0), scope)
            beyond = np.maximum(0, self.scope - numbers["above"])
            cap = numbers["own"] + share_of_amount(beyond, numbers["share"])
            amount = np.maximum(0, base - cap)
            self._consume(rules.accumulator, np.where(here, amount, 0))
        elif isinstance(rules, StatedAmount):
            base = np.where(numbers["all"] == 1, parts.sum(axis=0), scope)
            told = self.whole.columns.stated.get(tier.payer)
            amount = np.minimum(base, 0 if told is None else told[self.visits])
        else:
            raise TypeError(f"{type(rules).__name__} cannot be replayed in columns")
        self._pay(tier, np.where(here, amount, 0))

    def _room(self, cap: Ints, accumulator: str) -> Ints:
        """What a yearly cap leaves; a cap without an accumulator counts one bill alone."""
        used = self.so_far[accumulator] if accumulator else 0
        return np.where(cap == FAR, FAR, np.maximum(0, cap - used))

    def _capped(self, wanted: Ints, cap: Ints, accumulator: str) -> Ints:
        return np.minimum(wanted, self._room(cap, accumulator))

    def _consume(self, accumulator: str, amount: Ints) -> None:
        if accumulator:
            self.so_far[accumulator] = self.so_far[accumulator] + amount

    def _segments(self, tier: TierNumbers, burden: Ints) -> Ints:
        """F of the burden above the deductible, exact, in parts of a fen."""
        whole = np.zeros(len(burden), dtype=np.int64)
        for start, end, share in tier.rows:
            start_here, end_here = start[self.profile], end[self.profile]
            inside = np.maximum(0, np.minimum(burden, end_here) - start_here)
            whole += inside * share[self.profile]
        return whole

    def _pay(self, tier: TierNumbers, amount: Ints) -> None:
        """Let a payer take its part, in the order in which the patient is relieved."""
        self.whole.paid(tier.payer)[self.visits] += amount
        parts = self.pots[tier.kinds] if tier.kinds else self.left
        rest = amount.copy()
        others = [pot for kinds, pot in self.pots.items() if tier.kinds and tier.kinds < kinds]
        for at in range(len(RELIEF_ORDER)):
            taken = np.minimum(parts[at], rest)
            if taken.any():
                rest -= taken
                parts[at] -= taken
                for pot in others:
                    pot[at] -= taken
                if tier.kinds:
                    self.left[at] -= taken
            if not rest.any():
                return


def share_of_amount(amount: Ints, share: Ints) -> Ints:
    """Amount times share, half-up to the fen; amounts are not negative, products fit 64 bits."""
    return (amount * share + _HALF) // SCALE
