"""Read a day by the one or the other of its dates, from records or from sums alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.claims.reconciliation.domain import (
    PATIENT,
    TOTAL,
    Basis,
    Comparison,
    Difference,
    Entry,
    Kind,
    Part,
    Record,
    compare,
    differing,
    record_sums,
    sum_gap,
    sums,
)
from services.claims.reconciliation.narrowing import Narrowed, Stated, narrow

_BASES: tuple[Basis, Basis] = ("booked_on", "settled_on")


@dataclass(frozen=True)
class Told:
    """A hospital's day as it told it."""

    facility_code: str
    day: date
    basis: Basis | None
    totals: Mapping[str, int] | None
    tells_payers: bool
    """Of the totals."""
    tolerance_fen: int
    records: Sequence[Record] | None
    """None: sums alone."""
    hours: tuple[int, int] | None
    """When the records are of these hours only."""
    subtotals: Sequence[Stated]


@dataclass(frozen=True)
class Found:
    """What one reading of the day gave."""

    basis: Basis
    day: Sequence[Entry]
    comparison: Comparison
    differences: Sequence[Difference]
    narrowed: Narrowed | None


def read(told: Told, pool: Sequence[Entry], named: Mapping[UUID, Entry]) -> Found:
    """Read the day by the basis that was told, or by the one that finds more of the records."""
    if told.basis is not None:
        return _by(told, told.basis, pool, named)
    booked, settled = (_by(told, basis, pool, named) for basis in _BASES)
    if not booked.day and settled.day:
        return settled
    if not settled.day or settled.comparison.matched < booked.comparison.matched:
        return booked
    if settled.comparison.matched > booked.comparison.matched:
        return settled
    compared = told.records is None or booked.comparison.matched
    return settled if compared and len(settled.differences) < len(booked.differences) else booked


def _by(told: Told, basis: Basis, pool: Sequence[Entry], named: Mapping[UUID, Entry]) -> Found:
    day = [entry for entry in pool if entry.day(basis) == told.day]
    if told.records is None:
        return _by_totals(told, basis, day)
    ids = {entry.settlement_id for entry in day}
    elsewhere = [entry for key, entry in named.items() if key not in ids]
    expected = None
    if told.hours is not None:
        first, last = told.hours
        expected = frozenset(e.settlement_id for e in day if first <= e.hour < last)
    comparison = compare(day, elsewhere, told.records, expected=expected)
    differences = list(comparison.differences)
    if told.totals is not None and told.hours is None:
        differences += _totals_against(told, told.totals, told.records, day, comparison)
    return Found(basis, day, comparison, differences, None)


def _by_totals(told: Told, basis: Basis, day: Sequence[Entry]) -> Found:
    totals = told.totals or {}
    parts = differing(
        sums(entry.amounts for entry in day),
        totals,
        tells_payers=told.tells_payers,
        tolerance=told.tolerance_fen,
    )
    gap = sum_gap(totals) or 0
    nothing = Comparison(0, ())
    if not parts and abs(gap) <= told.tolerance_fen:
        return Found(basis, day, nothing, (), None)
    of_itself = abs(gap) > told.tolerance_fen and {part.part for part in parts} <= {TOTAL}
    kind: Kind = "totals_do_not_add_up" if of_itself else "totals_differ"
    if not parts:
        parts = (Part(TOTAL, totals[TOTAL] - gap, totals[TOTAL]),)
    narrowed = narrow(
        day,
        totals,
        told.subtotals,
        tells_payers=told.tells_payers,
        tolerance=told.tolerance_fen,
    )
    return Found(basis, day, nothing, (Difference(kind, None, None, None, parts),), narrowed)


def _totals_against(
    told: Told,
    totals: Mapping[str, int],
    records: Sequence[Record],
    day: Sequence[Entry],
    comparison: Comparison,
) -> list[Difference]:
    """Whether the hospital's totals are the sums of its own records, as far as those tell."""
    told_by_all = {
        part for part in (TOTAL, PATIENT) if all(part in record.amounts for record in records)
    }
    payers_told = all(record.tells_payers for record in records)
    ours = sums(entry.amounts for entry in day)

    def parts(reference: Mapping[str, int]) -> tuple[Part, ...]:
        names = [part for part in (TOTAL, PATIENT) if part in totals]
        if told.tells_payers:
            names += sorted((totals.keys() | reference.keys()) - {TOTAL, PATIENT})
        found = []
        for name in names:
            known = name in told_by_all or (name not in {TOTAL, PATIENT} and payers_told)
            if not known and comparison.differences:
                continue
            here = reference.get(name, 0) if known else ours.get(name, 0)
            if abs(totals.get(name, 0) - here) > told.tolerance_fen:
                found.append(Part(name, here, totals.get(name, 0)))
        return tuple(found)

    readings = [parts(reference) for reference in record_sums(records)]
    if not all(readings):
        return []
    return [Difference("totals_against_records", None, None, None, readings[0])]
