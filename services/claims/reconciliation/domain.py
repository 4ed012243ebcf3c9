"""Compare a hospital's records of a day with our settlements, and name every difference.

Amounts are maps of parts to fen: ``total``, ``patient`` and the payers by their codes. Every
difference says what the hospital has more than we (``there - here``), part by part, so that the
differences of a day add up to the difference of its sums.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal
from uuid import UUID

Kind = Literal[
    "missing_here",
    "missing_there",
    "duplicate",
    "amount_differs",
    "reversed_here",
    "reversed_there",
    "other_day",
    "totals_against_records",
    "totals_do_not_add_up",
    "totals_differ",
]
Basis = Literal["booked_on", "settled_on"]

TOTAL: Final = "total"
PATIENT: Final = "patient"
TOLERANCE_OF_TEN_THOUSANDS: Final = 100
"""JK-36: figures given in 10,000 CNY with four decimals may differ by 1 CNY; no others may."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One of our settlements or reversals; a reversal's amounts are negative."""

    settlement_id: UUID
    encounter_id: UUID
    visit_no: str
    reverses_id: UUID | None
    reversed_by_id: UUID | None
    booked_on: date
    """The visit's last day; a reversal that was not made on the settlement's own day, its own."""
    settled_on: date
    hour: int
    """Of the day on which it was made, 0 to 23, in China."""
    amounts: Mapping[str, int]

    @property
    def is_reversal(self) -> bool:
        return self.reverses_id is not None

    def day(self, basis: Basis) -> date:
        return self.booked_on if basis == "booked_on" else self.settled_on


@dataclass(frozen=True, slots=True)
class Record:
    """One of the hospital's; ``amounts`` only what it told, a reversal's negative."""

    number: int
    """Its place in what was sent, from 0."""
    settlement_id: UUID | None
    encounter_id: UUID | None
    visit_no: str | None
    reversal: bool
    reversed: bool
    """A settlement that the hospital calls reversed."""
    tells_payers: bool
    amounts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Part:
    """A payer, the patient or the total: what each side has."""

    part: str
    here_fen: int
    there_fen: int

    @property
    def difference_fen(self) -> int:
        return self.there_fen - self.here_fen


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing on which the two books do not agree."""

    kind: Kind
    visit_no: str | None
    settlement_id: UUID | None
    record_number: int | None
    parts: tuple[Part, ...]
    our_day: date | None = None
    """Of ``other_day``: when it stands in our book."""

    @property
    def difference_fen(self) -> int:
        """What the hospital's total has more than ours."""
        return next((p.difference_fen for p in self.parts if p.part == TOTAL), 0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comparing a day gave."""

    matched: int
    differences: tuple[Difference, ...]


def sums(entries: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The parts of several bills added up; parts that come to nothing stay."""
    found: dict[str, int] = defaultdict(int)
    for amounts in entries:
        for part, fen in amounts.items():
            found[part] += fen
    return dict(found)


def differing(
    here: Mapping[str, int], there: Mapping[str, int], *, tells_payers: bool, tolerance: int = 0
) -> tuple[Part, ...]:
    """The parts that both tell and that differ; a payer that only one names counts as nothing."""
    named = [part for part in (TOTAL, PATIENT) if part in there]
    if tells_payers:
        named += sorted((here.keys() | there.keys()) - {TOTAL, PATIENT})
    parts = (Part(part, here.get(part, 0), there.get(part, 0)) for part in named)
    return tuple(part for part in parts if abs(part.difference_fen) > tolerance)


def sum_gap(amounts: Mapping[str, int]) -> int | None:
    """What a total has more than its payers and the patient; None when it does not tell all."""
    payers = amounts.keys() - {TOTAL, PATIENT}
    if TOTAL not in amounts or not payers:
        return None
    return amounts[TOTAL] - sum(fen for part, fen in amounts.items() if part != TOTAL)


def record_sums(records: Sequence[Record]) -> tuple[dict[str, int], dict[str, int]]:
    """What the hospital's records come to: with what it calls reversed left out, and counted.

    One whose reversal is a record of its own counts in either case.
    """
    undone = {record.visit_no for record in records if record.reversal}
    lean = sums(
        record.amounts
        for record in records
        if not record.reversed or (record.visit_no in undone and record.visit_no is not None)
    )
    return lean, sums(record.amounts for record in records)


class _Matching:
    """One run over a day; see :func:`compare`."""

    def __init__(self, day: Sequence[Entry], elsewhere: Sequence[Entry]) -> None:
        self.by_id = {entry.settlement_id: entry for entry in day}
        self.left = dict(self.by_id)
        self.elsewhere = {entry.settlement_id: entry for entry in elsewhere}
        self.visit_of = {e.encounter_id: e.visit_no for e in (*elsewhere, *day)}
        self.of_visit: dict[str, list[Entry]] = defaultdict(list)
        for entry in day:
            self.of_visit[entry.visit_no].append(entry)
        self.others_of_visit: dict[str, list[Entry]] = defaultdict(list)
        for entry in elsewhere:
            self.others_of_visit[entry.visit_no].append(entry)
        self.pairs: list[tuple[Entry, Record]] = []
        self.seen: set[tuple[str, bool]] = set()
        self.found: list[Difference] = []

    def visit(self, record: Record) -> str | None:
        if record.encounter_id is not None and record.encounter_id in self.visit_of:
            return self.visit_of[record.encounter_id]
        return record.visit_no

    def pair(self, entry: Entry, record: Record) -> None:
        del self.left[entry.settlement_id]
        self.pairs.append((entry, record))
        self.seen.add((entry.visit_no, entry.is_reversal))

    def by_number(self, records: Sequence[Record]) -> list[Record]:
        """Pair by the settlement's id; gives the records that are left."""
        rest = []
        for record in records:
            entry = self.by_id.get(record.settlement_id) if record.settlement_id else None
            if entry is not None and record.reversal and not entry.is_reversal:
                # A reversal may be told by the id of what it reverses.
                entry = self.by_id.get(entry.reversed_by_id) if entry.reversed_by_id else None
            if entry is None or record.reversal != entry.is_reversal:
                rest.append(record)
            elif entry.settlement_id in self.left:
                self.pair(entry, record)
            else:
                self.duplicate(record, entry)
        return rest

    def by_visit(self, records: Sequence[Record], *, exactly: bool) -> list[Record]:
        """Pair by the visit's number: first what is equal, then what is not."""
        rest = []
        for record in records:
            candidates = [
                entry
                for entry in self.of_visit.get(self.visit(record) or "", ())
                if entry.settlement_id in self.left
                and entry.is_reversal == record.reversal
                and not (exactly and _parts(entry, record))
            ]
            if not candidates:
                rest.append(record)
                continue
            # What stands before what was undone, unless the hospital says that it was.
            self.pair(
                min(
                    candidates,
                    key=lambda entry: (entry.reversed_by_id is not None) != record.reversed,
                ),
                record,
            )
        return rest

    def duplicate(self, record: Record, entry: Entry | None) -> None:
        self.found.append(_of_record("duplicate", record, entry, self.visit(record)))

    def unknown(self, record: Record) -> None:
        """A record that nothing of the day answers to."""
        visit_no = self.visit(record)
        place = (visit_no or str(record.settlement_id), record.reversal)
        others = self.others_of_visit.get(visit_no or "", [])
        other = self.elsewhere.get(record.settlement_id) if record.settlement_id else None
        if other is None and place in self.seen:
            self.duplicate(record, None)
            return
        if other is None or other.is_reversal != record.reversal:
            other = next((e for e in others if e.is_reversal == record.reversal), None)
        standing = None
        if record.reversal and other is None:
            known = [*self.of_visit.get(visit_no or "", ()), *others]
            known += [
                found
                for book in (self.by_id, self.elsewhere)
                if record.settlement_id and (found := book.get(record.settlement_id))
            ]
            standing = next(
                (e for e in known if not e.is_reversal and e.reversed_by_id is None), None
            )
        self.seen.add(place)
        if standing is not None:
            self.found.append(_of_record("reversed_there", record, standing, standing.visit_no))
        elif other is not None:
            self.found.append(_of_record("other_day", record, other, other.visit_no))
        else:
            self.found.append(_of_record("missing_here", record, None, visit_no))

    def judge_pairs(self) -> None:
        """Amounts of what was paired, and whether both sides know of a reversal."""
        told_reversed = {(r.visit_no, r.number) for _, r in self.pairs if r.reversal}
        undone_there = {d.settlement_id for d in self.found if d.kind == "reversed_there"}
        for entry, record in self.pairs:
            parts = _parts(entry, record)
            if parts:
                self.found.append(
                    Difference(
                        "amount_differs",
                        entry.visit_no,
                        entry.settlement_id,
                        record.number,
                        parts,
                    )
                )
            if entry.is_reversal:
                continue
            reversal = self.left.get(entry.reversed_by_id) if entry.reversed_by_id else None
            if reversal is not None:
                del self.left[reversal.settlement_id]
                if not record.reversed:
                    self.found.append(_of_entry("reversed_here", reversal))
            elif (
                record.reversed
                and entry.reversed_by_id is None
                and entry.settlement_id not in undone_there
                and not any(visit == record.visit_no for visit, _ in told_reversed)
            ):
                undone = {part: -fen for part, fen in record.amounts.items()}
                self.found.append(
                    Difference(
                        "reversed_there",
                        entry.visit_no,
                        entry.settlement_id,
                        record.number,
                        tuple(Part(part, 0, fen) for part, fen in undone.items()),
                    )
                )

    def judge_left(self, expected: frozenset[UUID] | None) -> None:
        """What stands in our book alone. Settled and reversed within the day comes to nothing."""
        for entry in list(self.left.values()):
            if expected is not None and entry.settlement_id not in expected:
                continue
            if entry.reversed_by_id in self.left or entry.reverses_id in self.left:
                continue
            self.found.append(
                _of_entry("reversed_here" if entry.is_reversal else "missing_there", entry)
            )


def compare(
    day: Sequence[Entry],
    elsewhere: Sequence[Entry],
    records: Sequence[Record],
    *,
    expected: frozenset[UUID] | None = None,
) -> Comparison:
    """Name every difference between our day and the hospital's records, and no other.

    Args:
        day: our settlements and reversals of the day.
        elsewhere: those of other days that the records name, by number or visit.
        records: what the hospital has.
        expected: where the records are of a part of the day, ours of that part.
    """
    matching = _Matching(day, elsewhere)
    rest = matching.by_number(records)
    rest = matching.by_visit(rest, exactly=True)
    rest = matching.by_visit(rest, exactly=False)
    for record in rest:
        matching.unknown(record)
    matching.judge_pairs()
    matching.judge_left(expected)
    return Comparison(len(matching.pairs), tuple(matching.found))


def _parts(entry: Entry, record: Record) -> tuple[Part, ...]:
    return differing(entry.amounts, record.amounts, tells_payers=record.tells_payers)


def _of_record(kind: Kind, record: Record, entry: Entry | None, visit_no: str | None) -> Difference:
    return Difference(
        kind,
        visit_no,
        entry.settlement_id if entry is not None else record.settlement_id,
        record.number,
        tuple(Part(part, 0, fen) for part, fen in record.amounts.items()),
        our_day=entry.booked_on if entry is not None and kind == "other_day" else None,
    )


def _of_entry(kind: Kind, entry: Entry) -> Difference:
    return Difference(
        kind,
        entry.visit_no,
        entry.settlement_id if kind == "missing_there" else entry.reverses_id,
        None,
        tuple(Part(part, fen, 0) for part, fen in entry.amounts.items()),
    )
