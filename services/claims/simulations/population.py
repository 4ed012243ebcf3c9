"""Who is looked at: visits with what they are counted by, and what was paid for them before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from services.claims.settlement.explanation import RELIEF_ORDER
from services.claims.simulations.columns import Columns, ColumnsBuilder, Facts, Flags, Ints
from services.claims.simulations.replay import Replayed

LABELS = ("category", "facility_level", "township", "visit_type")
"""By what the visits are grouped."""
ORDINARY = "resident"
"""The category of a person who is in none."""
NO_TOWNSHIP = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """What was paid for a visit, in fen."""

    total: int
    waived: int
    in_scope: int
    gap: Mapping[str, int]
    payers: Mapping[str, int]


@dataclass(frozen=True)
class Population:
    """The visits of the persons' years; only those ``inside`` are counted."""

    columns: Columns
    labels: Mapping[str, tuple[Ints, tuple[str, ...]]]
    household: Ints
    """A number per household; a person without one is one of his own."""
    names: Sequence[str]
    """How each visit is told apart: its settlement's id, or as the request names it."""
    inside: Flags
    dispensed_inside: Flags
    """Which dispensings are counted."""
    dispensed_total: Ints
    """What the drugs of each dispensing cost, in fen."""
    before: Replayed | None
    """As settled; None where nothing was."""


@dataclass
class PopulationBuilder:
    """Gathers visits in the order in which they were settled."""

    columns: ColumnsBuilder = field(default_factory=ColumnsBuilder)
    _labels: dict[str, dict[str, int]] = field(
        default_factory=lambda: {label: {} for label in LABELS}
    )
    _label_of: dict[str, list[int]] = field(default_factory=lambda: {label: [] for label in LABELS})
    _households: dict[str, int] = field(default_factory=dict)
    _household_of: list[int] = field(default_factory=list)
    _names: list[str] = field(default_factory=list)
    _inside: list[bool] = field(default_factory=list)
    _settled: list[Settled] = field(default_factory=list)
    _dispensed_inside: list[bool] = field(default_factory=list)
    _dispensed_total: list[int] = field(default_factory=list)

    def visit(
        self,
        name: str,
        facts: Facts,
        day: date,
        *,
        person: str | None,
        household: str | None,
        category: str | None,
        township: str | None,
        inside: bool,
        stated: Mapping[str, int],
        settled: Settled | None = None,
    ) -> int:
        """Add a visit; gives its place, to which its lines are added."""
        place = self.columns.visit(facts, day, person, dict(stated))
        words = (
            category or ORDINARY,
            facts.facility_level,
            township or NO_TOWNSHIP,
            facts.visit_type,
        )
        for label, word in zip(LABELS, words, strict=True):
            known = self._labels[label]
            self._label_of[label].append(known.setdefault(word, len(known)))
        home = household or (f"person {person}" if person else f"visit {place}")
        self._household_of.append(self._households.setdefault(home, len(self._households)))
        self._names.append(name)
        self._inside.append(inside)
        if settled is not None:
            self._settled.append(settled)
        return place

    def dispensing(
        self,
        day: date,
        person: str,
        *,
        inside: bool,
        total: int,
        insured: int,
        told: int,
        cap: int,
        paid: int,
    ) -> None:
        """Add a dispensing that was decided after the visits added so far; amounts in fen."""
        self.columns.dispensing(day, person, rest=total - insured, told=told, cap=cap, paid=paid)
        self._dispensed_inside.append(inside)
        self._dispensed_total.append(total)

    @property
    def visits(self) -> int:
        return len(self._names)

    def built(self) -> Population:
        columns = self.columns.built()
        settled = self._settled or len(columns.dispensings)
        return Population(
            columns,
            {
                label: (np.array(self._label_of[label], dtype=np.int64), tuple(self._labels[label]))
                for label in LABELS
            },
            np.array(self._household_of, dtype=np.int64),
            self._names,
            np.array(self._inside, dtype=bool),
            np.array(self._dispensed_inside, dtype=bool),
            np.array(self._dispensed_total, dtype=np.int64),
            _replayed(self._settled, columns.dispensings.paid) if settled else None,
        )


def _replayed(settled: Sequence[Settled], dispensed: Ints) -> Replayed:
    """What was settled, in the shape of what a replay gives."""
    payers = {payer for each in settled for payer in each.payers}
    return Replayed(
        total=_column(each.total for each in settled),
        waived=_column(each.waived for each in settled),
        in_scope=_column(each.in_scope for each in settled),
        gap={
            reason: _column(each.gap.get(reason, 0) for each in settled) for reason in RELIEF_ORDER
        },
        payers={
            payer: _column(each.payers.get(payer, 0) for each in settled)
            for payer in sorted(payers)
        },
        refused=np.zeros(len(settled), dtype=np.int64),
        codes=[],
        by_hand=0,
        dispensed=dispensed,
        as_paid=np.zeros(len(dispensed), dtype=bool),
    )


def _column(values: object) -> Ints:
    return np.fromiter(values, dtype=np.int64)  # type: ignore[call-overload, no-any-return]
