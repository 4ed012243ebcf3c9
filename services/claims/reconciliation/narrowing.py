"""Where a difference lies when only sums are known: halves of the day, payer by payer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.claims.reconciliation.domain import PATIENT, TOTAL, Entry, Part, differing

HOURS: Final = 24
_MOST_CANDIDATES = 5


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the bills settled from one full hour to another."""

    part: str
    from_hour: int
    to_hour: int

    def holds(self, other: Window) -> bool:
        """Whether the other lies within this one and is smaller."""
        return (
            self.part == other.part
            and self != other
            and self.from_hour <= other.from_hour
            and other.to_hour <= self.to_hour
        )

    def halves(self) -> tuple[Window, ...]:
        middle = (self.from_hour + self.to_hour) // 2
        return (
            Window(self.part, self.from_hour, middle),
            Window(self.part, middle, self.to_hour),
        )


@dataclass(frozen=True, slots=True)
class Stated:
    """What the hospital's sum of a window is."""

    window: Window
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Suspect:
    """A window that differs and is not divided further yet."""

    window: Window
    here_fen: int
    there_fen: int
    candidates: tuple[UUID, ...]
    """Ours of the window whose amount is the difference: left out there, or counted twice."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Where the difference lies, and what to send next."""

    suspects: tuple[Suspect, ...]
    sums_wanted: tuple[Window, ...]
    records_wanted: tuple[Window, ...]
    """Single hours: their records say it."""


def narrow(
    day: Sequence[Entry],
    totals: Mapping[str, int],
    stated: Sequence[Stated],
    *,
    tells_payers: bool,
    tolerance: int,
) -> Narrowed:
    """Divide what differs into halves by the hour; payers before the total, where they are told."""
    whole = differing(
        {TOTAL: 0, PATIENT: 0} | _sums(day), totals, tells_payers=tells_payers, tolerance=tolerance
    )
    parts = [part for part in whole if part.part != TOTAL] or list(whole)
    wanted: list[Window] = []
    if not tells_payers and any(part.part == TOTAL for part in parts):
        # Which payer differs narrows more than any hour.
        payers = sorted(_sums(day).keys() - {TOTAL, PATIENT})
        wanted = [Window(part, 0, HOURS) for part in (*payers, PATIENT)]
        known = {one.window for one in stated}
        wanted = [window for window in wanted if window not in known and window.part not in totals]
    given = {one.window: one.amount_fen for one in stated}
    given |= {Window(part.part, 0, HOURS): part.there_fen for part in parts}
    differs = {
        window: Part(window.part, _ours(day, window), there)
        for window, there in given.items()
        if abs(_ours(day, window) - there) > tolerance
    }
    leaves = [w for w in differs if not any(w.holds(other) for other in differs)]
    records: list[Window] = []
    for window in leaves:
        divided = all(half in given for half in window.halves())
        if window.to_hour - window.from_hour == 1 or divided:
            # Divided, and neither half differs: the hospital's sums contradict each other.
            records.append(window)
        else:
            wanted += [half for half in window.halves() if half not in given]
    return Narrowed(
        suspects=tuple(
            Suspect(w, differs[w].here_fen, differs[w].there_fen, _candidates(day, differs[w], w))
            for w in leaves
        ),
        sums_wanted=tuple(wanted),
        records_wanted=tuple(records),
    )


def _sums(day: Sequence[Entry]) -> dict[str, int]:
    found: dict[str, int] = {}
    for entry in day:
        for part, fen in entry.amounts.items():
            found[part] = found.get(part, 0) + fen
    return found


def _ours(day: Sequence[Entry], window: Window) -> int:
    return sum(entry.amounts.get(window.part, 0) for entry in _within(day, window))


def _within(day: Sequence[Entry], window: Window) -> list[Entry]:
    return [entry for entry in day if window.from_hour <= entry.hour < window.to_hour]


def _candidates(day: Sequence[Entry], part: Part, window: Window) -> tuple[UUID, ...]:
    found = [
        entry.settlement_id
        for entry in _within(day, window)
        if entry.amounts.get(part.part, 0) == abs(part.difference_fen)
    ]
    return tuple(found) if len(found) <= _MOST_CANDIDATES else ()
