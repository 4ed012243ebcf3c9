"""How far the weights move from one table to the next. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from services.identity.matching.scoring import Weights

MOST_SHIFT_BITS = 1.0
"""A field whose evidence for the right person moves further doubles or halves the odds between two
rosters: the roster, or how its people are asked about, has become another."""


@dataclass(frozen=True)
class Shift:
    """The field that moved most, and how far.

    Attributes:
        bits: the mean change of the field's weight over the right person's questions.
    """

    field: str
    bits: float

    @property
    def warning(self) -> bool:
        return self.bits > MOST_SHIFT_BITS


def shift(older: Weights, newer: Weights) -> Shift | None:
    """What became of the weights; None when the two tables are of different models."""
    if older.model != newer.model or older.m.keys() != newer.m.keys():
        return None
    moved = [
        Shift(
            name,
            round(
                sum(
                    share * abs(newer.bits[name][level] - older.bits[name][level])
                    for level, share in levels.items()
                    if level in older.bits[name]
                ),
                4,
            ),
        )
        for name, levels in sorted(newer.m.items())
    ]
    return max(moved, key=lambda one: one.bits, default=None)
