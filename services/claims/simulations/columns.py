"""A period's visits as columns: what a replay reads, for every visit at once.

Visits stand in the order in which their bills were settled; that order, within a person's year,
decides whose bill a yearly cap cuts. Amounts are fen, shares are parts of :data:`SCALE`.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from services.claims.settlement.bill import LINE_KINDS, Bill, Evidence, Line, Person, Visit
from shared.money import times

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SCALE = 10**9
"""Shares are whole numbers of billionths: a pack's shares have no more decimals."""
KINDS = tuple(sorted(LINE_KINDS))
KIND_NUMBERS = {kind: number for number, kind in enumerate(KINDS)}
CLASSES = "ABC"
NONE = -1
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule may look at besides the day and the amounts; the same for many visits."""

    visit_type: str
    facility_level: str
    in_region: bool
    designated: bool
    referral: bool
    programmes: tuple[str, ...]
    categories: frozenset[str]
    insurance_plan: str
    card_presented: bool
    stated: frozenset[str]
    """The payers on their own account that told a share."""

    def visit(self, day: date) -> Visit:
        """A visit of these facts on a day."""
        return Visit(
            self.visit_type,
            self.facility_level,
            self.in_region,
            self.designated,
            self.referral,
            day,
            day,
            (),
            self.programmes[0] if self.programmes else None,
            self.programmes[1:],
        )

    @property
    def person(self) -> Person:
        return Person(self.categories, self.insurance_plan)


def facts_of(visit: Visit, person: Person, evidence: Evidence) -> Facts:
    """The facts of a visit as the engine is told them."""
    return Facts(
        visit.type,
        visit.facility_level,
        visit.in_region,
        visit.designated,
        visit.referral,
        visit.programmes,
        person.categories,
        person.insurance_plan,
        evidence.card_presented,
        frozenset(evidence.stated_payments),
    )


@dataclass(frozen=True)
class Dispensings:
    """Drugs that family-doctor teams handed out, in the order in which they were decided; in fen."""

    day: npt.NDArray[np.int32]
    """Ordinals of dates."""
    person: npt.NDArray[np.int32]
    """Numbered as the visits' persons."""
    before: npt.NDArray[np.int64]
    """The place of the first visit that was settled later; the number of visits where none was."""
    rest: Ints
    """What the insurance left."""
    told: Ints
    """What the window was told that the fund pays."""
    cap: Ints
    """The year's limit with which the window reckoned."""
    paid: Ints
    """What the fund has paid."""

    def __len__(self) -> int:
        return len(self.day)


@dataclass(frozen=True)
class Columns:
    """Visits, each with at least one line; lines stand together in the order of the visits."""

    facts: tuple[Facts, ...]
    facts_of: npt.NDArray[np.int32]
    day: npt.NDArray[np.int32]
    """Ordinals of dates."""
    person: npt.NDArray[np.int32]
    """A number per person; visits of nobody known have each their own."""
    stated: dict[str, Ints]
    items: tuple[str, ...]
    line_visit: npt.NDArray[np.int32]
    line_kind: npt.NDArray[np.int8]
    line_class: npt.NDArray[np.int8]
    line_item: npt.NDArray[np.int32]
    line_amount: Ints
    line_limit: Ints
    """The price limit of the whole line; :data:`NONE` without one."""
    line_share: Ints
    """The line's own self-first share; :data:`NONE` without one."""
    dispensings: Dispensings

    @property
    def visits(self) -> int:
        return len(self.day)

    @property
    def starts(self) -> Ints:
        """Where each visit's lines begin, and where the last one's end."""
        return np.searchsorted(self.line_visit, np.arange(self.visits + 1))

    @property
    def nbytes(self) -> int:
        """The memory that the columns take."""
        both = (*vars(self).values(), *vars(self.dispensings).values())
        arrays = [value for value in both if isinstance(value, np.ndarray)]
        return sum(each.nbytes for each in [*arrays, *self.stated.values()])

    def bill(self, visit: int, first: int, last: int, day: date) -> Bill:
        """A visit's bill as the engine takes it, with the lines from ``first`` to before ``last``."""
        return Bill(
            self.facts[self.facts_of[visit]].visit(day),
            tuple(self._line(at, at - first) for at in range(first, last)),
            Evidence(
                self.facts[self.facts_of[visit]].card_presented,
                {
                    payer: int(amounts[visit])
                    for payer, amounts in self.stated.items()
                    if payer in self.facts[self.facts_of[visit]].stated
                },
            ),
        )

    def _line(self, at: int, number: int) -> Line:
        limit, share = int(self.line_limit[at]), int(self.line_share[at])
        return Line(
            number,
            "",
            KINDS[self.line_kind[at]],
            CLASSES[self.line_class[at]],
            int(self.line_amount[at]),
            item_code=self.items[self.line_item[at]],
            price_limit_fen=None if limit == NONE else limit,
            self_first_ratio=None if share == NONE else Decimal(share) / SCALE,
        )


def share_of(ratio: Decimal) -> int | None:
    """A share in parts of :data:`SCALE`; None when it is no whole number of them or above one."""
    scaled = ratio * SCALE
    whole = int(scaled)
    return whole if whole == scaled and 0 <= ratio <= 1 else None


@dataclass
class ColumnsBuilder:
    """Gathers visits in their order."""

    _facts: dict[Facts, int] = field(default_factory=dict)
    _persons: dict[str, int] = field(default_factory=dict)
    _items: dict[str, int] = field(default_factory=lambda: {"": 0})
    _visits: dict[str, array[int]] = field(
        default_factory=lambda: {name: array("i") for name in ("facts", "day", "person")}
    )
    _stated: dict[str, dict[int, int]] = field(default_factory=dict)
    _lines: dict[str, array[int]] = field(
        default_factory=lambda: {
            "visit": array("i"),
            "kind": array("b"),
            "class": array("b"),
            "item": array("i"),
            "amount": array("q"),
            "limit": array("q"),
            "share": array("q"),
        }
    )
    _dispensed: dict[str, array[int]] = field(
        default_factory=lambda: {
            name: array("q") for name in ("day", "person", "before", "rest", "told", "cap", "paid")
        }
    )
    _people: int = 0

    def visit(self, facts: Facts, day: date, person: str | None, stated: dict[str, int]) -> int:
        """Add a visit; its lines follow. Gives its place."""
        place = len(self._visits["day"])
        number = self._person(person)
        self._visits["facts"].append(self._facts.setdefault(facts, len(self._facts)))
        self._visits["day"].append(day.toordinal())
        self._visits["person"].append(number)
        for payer, amount in stated.items():
            self._stated.setdefault(payer, {})[place] = amount
        return place

    def _person(self, person: str | None) -> int:
        number = self._people
        if person is not None:
            number = self._persons.setdefault(person, number)
        self._people += number == self._people
        return number

    def dispensing(
        self, day: date, person: str, *, rest: int, told: int, cap: int, paid: int
    ) -> None:
        """Add a dispensing that was decided after the visits added so far."""
        values = {
            "day": day.toordinal(),
            "person": self._person(person),
            "before": len(self._visits["day"]),
            "rest": rest,
            "told": told,
            "cap": cap,
            "paid": paid,
        }
        for name, column in self._dispensed.items():
            column.append(values[name])

    def lines(self, place: int, found: Iterable[Line]) -> None:
        """Add lines of a visit, as the engine takes them."""
        for line in found:
            limit = line.price_limit_fen
            self.line(
                place,
                line.kind,
                line.catalogue_class,
                line.item_code,
                line.amount_fen,
                NONE if limit is None else times(limit, line.quantity or _ONE),
                NONE if line.self_first_ratio is None else int(line.self_first_ratio * SCALE),
            )

    def line(
        self, place: int, kind: str, letter: str, item: str, amount: int, limit: int, share: int
    ) -> None:
        """Add one line; ``limit`` and ``share`` are :data:`NONE` where it has none."""
        lines = self._lines
        lines["visit"].append(place)
        lines["kind"].append(KIND_NUMBERS[kind])
        lines["class"].append(CLASSES.index(letter))
        lines["item"].append(self._items.setdefault(item, len(self._items)))
        lines["amount"].append(amount)
        lines["limit"].append(limit)
        lines["share"].append(share)

    def page(self, place: int, found: Sequence[Sequence[Any]]) -> None:
        """Add the lines of many visits that begin at ``place``.

        ``found`` are columns as the database tells them: the visit's number from 0, kind, class,
        item, amount, limit and share.
        """
        number, kind, letter, item, amount, limit, share = found
        lines, items = self._lines, self._items
        lines["visit"].extend(place + each for each in number)
        lines["kind"].extend(KIND_NUMBERS[each] for each in kind)
        lines["class"].extend(CLASSES.index(each) for each in letter)
        lines["item"].extend(items.setdefault(each, len(items)) for each in item)
        lines["amount"].extend(amount)
        lines["limit"].extend(limit)
        lines["share"].extend(share)

    def built(self) -> Columns:
        visits, lines, dispensed = self._visits, self._lines, self._dispensed
        count = len(visits["day"])
        return Columns(
            tuple(self._facts),
            _array(visits["facts"], np.int32),
            _array(visits["day"], np.int32),
            _array(visits["person"], np.int32),
            {payer: _spread(told, count) for payer, told in self._stated.items()},
            tuple(self._items),
            _array(lines["visit"], np.int32),
            _array(lines["kind"], np.int8),
            _array(lines["class"], np.int8),
            _array(lines["item"], np.int32),
            _array(lines["amount"], np.int64),
            _array(lines["limit"], np.int64),
            _array(lines["share"], np.int64),
            Dispensings(
                _array(dispensed["day"], np.int32),
                _array(dispensed["person"], np.int32),
                *(_array(dispensed[name], np.int64) for name in list(dispensed)[2:]),
            ),
        )


def _array(values: Sequence[int], kind: type[np.generic]) -> Any:
    return np.array(values, dtype=kind)


def _spread(told: dict[int, int], count: int) -> Ints:
    spread = np.zeros(count, dtype=np.int64)
    spread[list(told)] = list(told.values())
    return spread
