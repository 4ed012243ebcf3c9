"""A roster's rows: as read, and as accepted in the register's own terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from services.identity.categories import leaving
from services.identity.categories.domain import Period, restate
from services.identity.idnumber.domain import Sex
from services.identity.roster.values import Cell


@dataclass(frozen=True)
class RawRow:
    """A row as read from the file: cells by column code, and the file's further columns."""

    row: int
    cells: Mapping[str, Cell]
    extras: Mapping[str, str] = field(default_factory=dict)


class Stated(NamedTuple):
    """What a row says of its person's categories."""

    categories: tuple[str, ...]
    valid_from: date | None
    valid_to: date | None
    reason: leaving.Reason | None
    """Why the person leaves the source's roster, if he does."""

    def restated(self, known: Sequence[Period], *, effective_on: date) -> tuple[Period, ...]:
        """What the source's periods of the person become.

        A row with a reason ends them on its last day, or on the day before the roster's. Whoever
        leaves poverty keeps the row's other categories; then a start day is that of being lifted,
        and without a last day the category of the poor ends before it.

        Raises:
            EndsBeforeItStarts: a stated end lies before the period's first day.
        """
        if self.reason is None:
            bounds = (self.valid_from, self.valid_to)
            return restate(known, dict.fromkeys(self.categories, bounds), effective_on=effective_on)
        last_day = self.valid_to or effective_on - timedelta(days=1)
        going_on = leaving.remaining(self.reason, self.categories)
        if going_on:
            if self.valid_to is None and self.valid_from is not None:
                last_day = self.valid_from - timedelta(days=1)
            poor = [period for period in known if period.code == "registered_poor"]
            others = [period for period in known if period.code != "registered_poor"]
            stated = {
                code: (self.valid_from if code == "registered_poor_lifted" else None, None)
                for code in going_on
            }
            return (
                *leaving.end(poor, last_day=last_day),
                *restate(others, stated, effective_on=effective_on),
            )
        if self.valid_from is not None:
            stated_until = dict.fromkeys(self.categories, (self.valid_from, last_day))
            known = restate(known, stated_until, effective_on=effective_on)
        return leaving.end(known, last_day=last_day)


@dataclass(frozen=True, slots=True)
class RosterRow:
    """An accepted row."""

    row: int
    name: str
    id_number: str | None
    sex: Sex | None
    birth_date: date | None
    household_no: str | None
    relation: str | None
    ethnicity: str | None
    categories: tuple[str, ...]
    township: str | None
    village: str | None
    phone: str | None
    valid_from: date | None
    valid_to: date | None
    extras: Mapping[str, str]
    reason: leaving.Reason | None = None
    """Why the person leaves the source's roster, if he does."""
    kept: Mapping[str, str] = field(default_factory=dict)
    """Texts of the columns that decide nothing, by code."""

    @property
    def stated(self) -> Stated:
        return Stated(self.categories, self.valid_from, self.valid_to, self.reason)

    def __reduce__(self) -> tuple[type[RosterRow], tuple[object, ...]]:
        # What a dataclass with slots brings along takes six times as long.
        return RosterRow, (
            self.row,
            self.name,
            self.id_number,
            self.sex,
            self.birth_date,
            self.household_no,
            self.relation,
            self.ethnicity,
            self.categories,
            self.township,
            self.village,
            self.phone,
            self.valid_from,
            self.valid_to,
            self.extras,
            self.reason,
            self.kept,
        )

    def __repr__(self) -> str:
        return f"RosterRow(row={self.row})"


@dataclass(frozen=True, slots=True)
class Readable:
    """What can be made out of a row, right or wrong: by it a rejected row protects its person."""

    row: int
    id_number: str | None
    id_text: str
    name: str
    birth_date: date | None
    household_no: str
    village: str

    def __repr__(self) -> str:
        return f"Readable(row={self.row})"
