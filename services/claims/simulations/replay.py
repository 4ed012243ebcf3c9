"""Every visit of a period settled anew, a person's year in order, many persons at once.

The n-th visits of all persons' years are calculated together, each against what its year has used
so far; then the next ones. The arithmetic is the engine's own, to the fen. What does not fit whole
numbers of 64 bits, and waivers after insurance, the engine itself settles, in its turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from services.claims.drugs.domain import BENEFIT, CAP
from services.claims.settlement.bill import ACCUMULATORS, Standing
from services.claims.settlement.domain import Settlement, settle
from services.claims.settlement.explanation import RELIEF_ORDER
from services.claims.settlement.tiers import SettlementPack
from services.claims.simulations.columns import (
    KIND_NUMBERS,
    KINDS,
    NONE,
    Columns,
    Flags,
    Ints,
)
from services.claims.simulations.moving import shifted
from services.claims.simulations.resolving import (
    epoch_of,
    epochs_of,
    resolve,
)
from services.claims.simulations.rounds import SCOPE, Round, share_of_amount
from shared.policy.errors import ParameterMissing, Refused

MOST_FEN = 9 * 10**9
"""Of one person's year, so that an amount times a share stays within 64 bits."""
_A, _B, _C = 0, 1, 2
_WAIVER = "waiver_fund"

Progress = Callable[[int, int], None]
"""Told how many of how many visits are done; raises to stop."""


@dataclass
class Replayed:
    """What every payer and the patient pay of each visit; amounts in fen, per visit.

    A visit that the pack cannot calculate is ``refused`` (the number of its reason) and pays
    nothing to anybody.
    """

    total: Ints
    waived: Ints
    in_scope: Ints
    gap: dict[str, Ints]
    payers: dict[str, Ints]
    refused: Ints
    """0, or one more than the place of the reason's code in :attr:`codes`."""
    codes: list[str]
    by_hand: int
    """How many visits the engine itself settled."""
    dispensed: Ints
    """What the special fund pays of each dispensing."""
    as_paid: Flags
    """The dispensings for which the pack has no limit: they are taken as they were paid."""

    @property
    def patient_pays(self) -> Ints:
        return sum(self.gap.values(), start=np.zeros(len(self.total), dtype=np.int64))


def replay(
    columns: Columns,
    pack: SettlementPack,
    *,
    parameters: Mapping[str, Any] | None = None,
    years: int = 0,
    progress: Progress | None = None,
) -> Replayed:
    """Settle every visit of the columns by a pack.

    Args:
        columns: the visits; of each person the whole year up to the last one.
        pack: the rules.
        parameters: values that replace the pack's, as in a quote.
        years: by how many years every visit is moved, so that it falls into the pack's time.
        progress: called between the steps.

    Raises:
        OverrideRefused: a replaced parameter is unknown or malformed.
    """
    return _Replay(columns, pack, parameters, years, progress or _silent).run()


def _caps(pack: SettlementPack, days: Sequence[date], parameters: Mapping[str, Any] | None) -> Ints:
    """The fund's yearly limit on each day; :data:`NONE` where the pack has none."""
    known = {day: _cap(pack, day, parameters) for day in set(days)}
    return np.array([known[day] for day in days], dtype=np.int64)


def _cap(pack: SettlementPack, day: date, parameters: Mapping[str, Any] | None) -> int:
    if not pack.covers(day):
        return NONE
    try:
        return pack.parameters.at(day, parameters).money_fen(CAP)
    except ParameterMissing:
        return NONE


def _silent(done: int, total: int) -> None:
    del done, total


class _Replay:
    def __init__(
        self,
        columns: Columns,
        pack: SettlementPack,
        parameters: Mapping[str, Any] | None,
        years: int,
        progress: Progress,
    ) -> None:
        self.columns, self.pack, self.parameters = columns, pack, parameters
        self.progress = progress
        count = columns.visits
        self.count = count
        days, which = np.unique(columns.day, return_inverse=True)
        moved = [shifted(date.fromordinal(int(day)), years) for day in days]
        self.day = np.array([day.toordinal() for day in moved], dtype=np.int64)[which]
        year = np.array([day.year for day in moved], dtype=np.int64)[which]
        epochs = epochs_of(pack)
        epoch = np.array([epoch_of(epochs, day.toordinal()) for day in moved], dtype=np.int64)[
            which
        ]
        keys, first, self.profile = np.unique(
            columns.facts_of.astype(np.int64) * len(epochs) + epoch,
            return_index=True,
            return_inverse=True,
        )
        profiles = [
            (columns.facts[int(key) // len(epochs)], date.fromordinal(int(self.day[at])))
            for key, at in zip(keys, first, strict=True)
        ]
        self.resolved = resolve(pack, profiles, parameters)
        drugs = columns.dispensings
        handed = [shifted(date.fromordinal(int(day)), years) for day in drugs.day]
        everybody = np.r_[columns.person, drugs.person].astype(np.int64) * 10_000
        everybody += np.r_[year, np.array([day.year for day in handed], dtype=np.int64)]
        _, self.event_year = np.unique(everybody, return_inverse=True)
        """The person's year of each visit, then of each dispensing."""
        self.person_year = self.event_year[:count]
        self.cap = _caps(pack, handed, parameters)
        self.as_paid = self.cap == NONE
        self.dispensed = drugs.paid.copy()
        self.starts = columns.starts
        self.pots: dict[frozenset[str], Ints] = {}
        zeros = np.zeros(count, dtype=np.int64)
        self.refused = zeros.copy()
        self.codes: list[str] = []
        self.payers: dict[str, Ints] = {}
        self.left = np.zeros((len(RELIEF_ORDER), count), dtype=np.int64)
        self.total, self.waived, self.in_scope = zeros.copy(), zeros.copy(), zeros.copy()

    def run(self) -> Replayed:
        self._refuse_profiles()
        self._split()
        self.in_scope = self.left[SCOPE].copy()
        by_hand = self.resolved.by_hand[self.profile]
        years = int(self.event_year.max(initial=-1)) + 1
        # bincount's floats are exact up to 2**53, and far beyond it good enough to compare.
        spent = np.bincount(self.person_year, weights=self.total, minlength=years)
        by_hand |= (spent > MOST_FEN)[self.person_year]
        by_hand &= self.refused == 0
        self.left[:, self.refused > 0] = 0
        for payer in self.payers.values():
            payer[self.refused > 0] = 0
        self._rounds(by_hand, years)
        gap = dict(zip(RELIEF_ORDER, self.left, strict=True))
        return Replayed(
            self.total,
            self.waived,
            self.in_scope,
            gap,
            self.payers,
            self.refused,
            self.codes,
            int(by_hand.sum()),
            self.dispensed,
            self.as_paid,
        )

    # --- the lines ------------------------------------------------------------------------------

    def _split(self) -> None:
        """Split every line: waiver, class, price limit, self-first; then add up per visit."""
        lines = self.columns
        profile = self.profile[lines.line_visit]
        amount = lines.line_amount
        waived = self._waived(profile)
        charge = amount - waived
        outside = lines.line_class == _C
        limit = lines.line_limit
        over = np.where((limit == NONE) | outside, 0, np.maximum(0, charge - limit))
        own = lines.line_share
        implant = lines.line_kind == KIND_NUMBERS["implant"]
        class_b = (lines.line_class == _B) & ~implant
        share = np.where(own != NONE, own, 0)
        of_class = class_b & (own == NONE)
        share = np.where(of_class, self.resolved.class_b[profile], share)
        self._refuse_lines(profile, implant & ~outside, of_class, own)
        first = share_of_amount(np.where(outside, 0, charge - over), np.maximum(share, 0))
        within = np.where(outside, 0, charge - over - first)
        parts = np.stack(
            [
                within,
                np.where(class_b, first, 0),
                np.where(implant, first, 0),
                np.where(class_b | implant, 0, first),
                over,
                np.where(outside, charge, 0),
            ]
        )
        begins = self.starts[:-1]
        if not self.count:
            return
        self.total = np.add.reduceat(amount, begins)
        self.waived = np.add.reduceat(waived, begins)
        self.left = np.add.reduceat(parts, begins, axis=1)
        if self.waived.any():
            self.payers[_WAIVER] = self.waived.copy()
        for kinds in {tier.kinds for tier in self.resolved.tiers if tier.kinds}:
            named = np.array([kind in kinds for kind in KINDS], dtype=bool)[lines.line_kind]
            self.pots[kinds] = np.add.reduceat(np.where(named, parts, 0), begins, axis=1)

    def _waived(self, profile: Ints) -> Ints:
        """What the first waiver that covers a line takes of it."""
        lines = self.columns
        waived = np.zeros(len(profile), dtype=np.int64)
        free = np.ones(len(profile), dtype=bool)
        for waiver in self.resolved.waivers:
            if (waiver.share == NONE).all():
                continue
            covers = free & (waiver.share[profile] != NONE) & waiver.kinds[lines.line_kind]
            if waiver.listed:
                member = np.array(
                    [[item in names for item in lines.items] for names in waiver.listed], dtype=bool
                )
                which = waiver.items[profile]
                covers &= (which == NONE) | member[which, lines.line_item]
            waived[covers] = share_of_amount(
                lines.line_amount[covers], waiver.share[profile[covers]]
            )
            free &= ~covers
        return waived

    # --- what cannot be calculated --------------------------------------------------------------

    def _refuse(self, visits: Flags, code: str) -> None:
        new = visits & (self.refused == 0)
        if new.any():
            if code not in self.codes:
                self.codes.append(code)
            self.refused[new] = self.codes.index(code) + 1

    def _refuse_profiles(self) -> None:
        for code in sorted(set(self.resolved.refused) - {""}):
            mine = np.array([each == code for each in self.resolved.refused], dtype=bool)
            self._refuse(mine[self.profile], code)

    def _refuse_lines(self, profile: Ints, implant: Flags, of_class: Flags, own: Ints) -> None:
        """A share that a line needs is missing, or lies outside the pack's bounds (JK-05)."""
        lowest, highest = (each[profile] for each in self.resolved.implant)
        stated = implant & (own != NONE)
        # Where the engine settles by itself it also refuses by itself.
        faults = (
            ("missing_self_first_ratio", implant & (own == NONE)),
            ("missing_parameter", stated & ((lowest == NONE) | (highest == NONE))),
            ("self_first_ratio_out_of_range", stated & ((own < lowest) | (own > highest))),
            ("missing_parameter", of_class & (self.resolved.class_b[profile] == NONE)),
        )
        refusing = ~self.resolved.by_hand[profile]
        for code, lines in faults:
            visits = np.zeros(self.count, dtype=bool)
            visits[self.columns.line_visit[lines & refusing]] = True
            self._refuse(visits, code)

    # --- the year, visit by visit ---------------------------------------------------------------

    def _rounds(self, by_hand: Flags, years: int) -> None:
        year = {name: np.zeros(years, dtype=np.int64) for name in ACCUMULATORS}
        alive = self._in_order(np.flatnonzero(self.refused == 0))
        order = alive[np.argsort(self.event_year[alive], kind="stable")]
        places = self.event_year[order]
        begins = np.flatnonzero(np.r_[True, places[1:] != places[:-1]]) if len(order) else order
        lengths = np.diff(np.r_[begins, len(order)])
        nth = np.arange(len(order)) - np.repeat(begins, lengths)
        rounds = order[np.argsort(nth, kind="stable")]
        sizes = np.bincount(nth)
        done = 0
        for size in sizes:
            events = rounds[done : done + size]
            visits = events[events < self.count]
            if len(visits) < size:
                self._dispense(events[events >= self.count] - self.count, year)
            hand = by_hand[visits]
            for visit in visits[hand]:
                self._settle(int(visit), year)
            together = visits[~hand]
            if len(together):
                Round(self, together, year).run()
            done += int(size)
            self.progress(done, len(order))

    def _in_order(self, visits: Ints) -> Ints:
        """Visits and dispensings in their turns; a dispensing is numbered after all visits."""
        before = self.columns.dispensings.before
        if not len(before):
            return visits
        return np.insert(
            visits, np.searchsorted(visits, before), self.count + np.arange(len(before))
        )

    def _dispense(self, which: Ints, year: dict[str, Ints]) -> None:
        """The fund's part of some dispensings, each of another person's year (XB-25).

        With the limit that the window reckoned with, the fund never pays more than was answered
        there; with another one the window would have answered by that.
        """
        drugs, used = self.columns.dispensings, year[BENEFIT]
        places, cap = self.event_year[self.count + which], self.cap[which]
        wanted = np.where(cap == drugs.cap[which], drugs.told[which], drugs.rest[which])
        pays = np.minimum(wanted, np.maximum(0, cap - used[places]))
        pays = np.where(self.as_paid[which], drugs.paid[which], pays)
        self.dispensed[which] = pays
        used[places] += pays

    def _settle(self, visit: int, year: dict[str, Ints]) -> None:
        """The engine itself, for one visit."""
        first, last = int(self.starts[visit]), int(self.starts[visit + 1])
        bill = self.columns.bill(visit, first, last, date.fromordinal(int(self.day[visit])))
        facts = self.columns.facts[self.columns.facts_of[visit]]
        place = self.person_year[visit]
        standing = Standing(**{name: int(used[place]) for name, used in year.items()})
        self.left[:, visit] = 0
        for payer in self.payers.values():
            payer[visit] = 0
        try:
            result = settle(bill, self.pack, facts.person, standing, parameters=self.parameters)
        except Refused as refused:
            self._refuse(np.arange(self.count) == visit, refused.code)
            return
        self._keep(visit, result)
        for name, used in year.items():
            used[place] += getattr(result.consumed, name)

    def _keep(self, visit: int, result: Settlement) -> None:
        self.waived[visit] = result.waived
        self.in_scope[visit] = result.in_scope
        for at, reason in enumerate(RELIEF_ORDER):
            self.left[at, visit] = result.gap[reason]
        for payer, amount in result.payers:
            self.paid(payer)[visit] += amount

    def paid(self, payer: str) -> Ints:
        found = self.payers.get(payer)
        if found is None:
            found = self.payers[payer] = np.zeros(self.count, dtype=np.int64)
        return found
