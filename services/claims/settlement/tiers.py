"""The payers in their order: each tier looks at what is left and takes its share.

A pack lists its tiers; this file knows how each kind of tier calculates. Which levels, categories,
days and parameters it concerns is the pack's matter (settlement.md, section 2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol

from services.claims.settlement.conditions import Case, When
from services.claims.settlement.explanation import (
    Step,
    burden_step,
    deductible_step,
    otherwise_step,
    ratio_step,
    remainder_step,
)
from services.claims.settlement.lines import LineRules, LineTotals
from shared.money import times
from shared.policy.parameters import Parameters
from shared.policy.reading import Citation, Words
from shared.policy.values import Row

_ONE = Decimal(1)


class Calculation:
    """What is still unpaid while the tiers take their shares; all amounts in fen."""

    __slots__ = ("case", "consumed", "deductible", "left", "payers", "steps")

    def __init__(self, case: Case, totals: LineTotals) -> None:
        self.case = case
        # The order is that in which a later payer relieves the patient (settlement.md, section 4).
        self.left: dict[str, int] = {
            "in_scope_remainder": totals.in_scope,
            **totals.self_first,
            "over_limit": totals.over_limit,
            "out_of_catalogue": totals.out_of_catalogue,
        }
        self.payers: dict[str, int] = {}
        self.consumed: dict[str, int] = {}
        self.deductible = 0
        self.steps: list[Step] = []
        if totals.waived:
            self.payers["waiver_fund"] = totals.waived

    @property
    def in_scope_left(self) -> int:
        return self.left["in_scope_remainder"]

    def pay(self, payer: str, amount: int) -> None:
        """Let a payer take a part of what is left."""
        if amount < 0 or amount > sum(self.left.values()):
            raise AssertionError(f"{payer} must pay between nothing and what is left")
        self.payers[payer] = self.payers.get(payer, 0) + amount
        for reason, fen in self.left.items():
            taken = min(fen, amount)
            self.left[reason] = fen - taken
            amount -= taken

    def consume(self, accumulator: str, amount: int) -> None:
        """Note what this visit adds to the person's year."""
        self.consumed[accumulator] = self.consumed.get(accumulator, 0) + amount

    def so_far(self, accumulator: str) -> int:
        """The year before this visit, and what an earlier tier of this visit added."""
        before: int = getattr(self.case.standing, accumulator)
        return before + self.consumed.get(accumulator, 0)


ByLevel = Mapping[str, str]
"""A parameter's name for each level of institution."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A tilt: changes a tier's deductible or ratio for those whom ``when`` names.

    ``add`` adds points to a ratio (at most 1), ``multiply`` scales an amount or ratio, ``at_least``
    lifts a ratio to a floor.
    """

    target: str
    operation: str
    parameter: str
    when: When
    citation: Citation

    def ratio(self, before: Decimal, case: Case) -> Decimal:
        value = case.parameters.decimal(self.parameter)
        if self.operation == "add":
            return min(_ONE, before + value)
        return max(before, value) if self.operation == "at_least" else before * value

    def amount(self, before_fen: int, case: Case) -> int:
        return times(before_fen, case.parameters.decimal(self.parameter))


class Tier(Protocol):
    """One payer's place in the order."""

    @property
    def head(self) -> TierHead: ...

    def settle(self, calculation: Calculation) -> None:
        """Take this tier's share of what is left, and say so."""


@dataclass(frozen=True, slots=True)
class TierHead:
    """What every tier states. ``group``: of one group only the first that applies pays."""

    id: str
    order: int
    payer: str
    citation: Citation
    when: When
    adjustments: tuple[Adjustment, ...] = ()
    group: str = ""
    otherwise: Words | None = None

    def adjusted_ratio(
        self, target: str, ratio: Decimal, source: Citation, case: Case
    ) -> tuple[Decimal, Citation]:
        """The ratio after the pack's tilts, and the source of what decided it."""
        for adjustment in self.adjustments:
            if adjustment.target == target and adjustment.when.holds(case):
                changed = adjustment.ratio(ratio, case)
                if changed != ratio:
                    ratio, source = changed, adjustment.citation
        return ratio, source

    def adjusted_amount(
        self, amount_fen: int, source: Citation, case: Case
    ) -> tuple[int, Citation]:
        """The deductible after the pack's tilts, and the source of what decided it."""
        for adjustment in self.adjustments:
            if adjustment.target == "deductible" and adjustment.when.holds(case):
                changed = adjustment.amount(amount_fen, case)
                if changed != amount_fen:
                    amount_fen, source = changed, adjustment.citation
        return amount_fen, source


@dataclass(frozen=True, slots=True)
class DeductibleAndRatio:
    """A ratio of the in-scope amount above a deductible per stay (JK-01 … JK-03)."""

    head: TierHead
    deductible: ByLevel
    ratio: ByLevel
    cap: str
    accumulator: str

    def settle(self, calculation: Calculation) -> None:
        case, head = calculation.case, self.head
        view, level = case.parameters, case.visit.facility_level
        in_scope = calculation.in_scope_left
        name = self.deductible[level]
        stated, source = head.adjusted_amount(view.money_fen(name), view.citation(name), case)
        deductible = min(stated, in_scope)
        calculation.deductible += deductible
        calculation.steps.append(deductible_step(source, in_scope, deductible))
        name = self.ratio[level]
        base_ratio = view.decimal(name)
        ratio, source = head.adjusted_ratio("ratio", base_ratio, view.citation(name), case)
        base = in_scope - deductible
        room = max(0, view.money_fen(self.cap) - calculation.so_far(self.accumulator))
        share = times(base, ratio)
        amount = min(share, room)
        calculation.pay(head.payer, amount)
        calculation.consume(self.accumulator, amount)
        calculation.steps.append(
            ratio_step(
                head.payer,
                source,
                base_fen=base,
                ratio=ratio,
                amount_fen=amount,
                room_fen=room,
                capped=share > room,
                adjusted=ratio != base_ratio,
            )
        )


@dataclass(frozen=True, slots=True)
class PooledRatio:
    """A ratio without deductible out of a small yearly pool (JK-07).

    The pool limits the cost looked at (``cost``) or the money paid (``fund``); the accumulator
    counts in the same unit.
    """

    head: TierHead
    ratio: ByLevel
    pool: str
    basis: str
    accumulator: str

    def settle(self, calculation: Calculation) -> None:
        case, head = calculation.case, self.head
        view = case.parameters
        name = self.ratio[case.visit.facility_level]
        base_ratio = view.decimal(name)
        ratio, source = head.adjusted_ratio("ratio", base_ratio, view.citation(name), case)
        base = calculation.in_scope_left
        room = max(0, view.money_fen(self.pool) - calculation.so_far(self.accumulator))
        if view.text(self.basis) == "cost":
            capped = base > room
            base = min(base, room)
            amount = times(base, ratio)
            calculation.consume(self.accumulator, base)
        else:
            capped = times(base, ratio) > room
            amount = min(times(base, ratio), room)
            calculation.consume(self.accumulator, amount)
        calculation.pay(head.payer, amount)
        calculation.steps.append(
            ratio_step(
                head.payer,
                source,
                base_fen=base,
                ratio=ratio,
                amount_fen=amount,
                room_fen=room,
                capped=capped,
                adjusted=ratio != base_ratio,
            )
        )


@dataclass(frozen=True, slots=True)
class SegmentsOverYear:
    """Segments of the year's burden above a deductible: the visit gets F(B + b) − F(B)."""

    head: TierHead
    deductible: str
    segments: str
    burden: str
    accumulator: str

    def settle(self, calculation: Calculation) -> None:
        case, head = calculation.case, self.head
        view = case.parameters
        deductible, _ = head.adjusted_amount(view.money_fen(self.deductible), head.citation, case)
        rows = self._rows(view.table(self.segments), case)
        before, burden = calculation.so_far(self.burden), calculation.in_scope_left
        after = before + burden
        exact = _over_segments(after - deductible, rows) - _over_segments(before - deductible, rows)
        amount = int(exact.quantize(_ONE, rounding=ROUND_HALF_UP))
        calculation.pay(head.payer, amount)
        calculation.consume(self.burden, burden)
        calculation.consume(self.accumulator, amount)
        calculation.steps.append(
            burden_step(
                head.payer,
                head.citation,
                year_burden_fen=after,
                visit_burden_fen=burden,
                deductible_fen=deductible,
                amount_fen=amount,
            )
        )

    def _rows(self, rows: tuple[Row, ...], case: Case) -> list[tuple[int, Decimal]]:
        found: list[tuple[int, Decimal]] = []
        for row in rows:
            above, ratio = row["above"], row["ratio"]
            if not isinstance(above, int) or not isinstance(ratio, Decimal):
                raise TypeError("a segment has an amount above which its ratio holds")
            tilted, _ = self.head.adjusted_ratio("segment_ratio", ratio, self.head.citation, case)
            found.append((above, tilted))
        return found


def _over_segments(above_deductible_fen: int, rows: list[tuple[int, Decimal]]) -> Decimal:
    """F: the sum over segments of the part inside each, times its ratio; exact."""
    total = Decimal(0)
    for position, (start, ratio) in enumerate(rows):
        if above_deductible_fen <= start:
            break
        end = rows[position + 1][0] if position + 1 < len(rows) else above_deductible_fen
        total += (min(above_deductible_fen, end) - start) * ratio
    return total


@dataclass(frozen=True, slots=True)
class RatioOfRemainder:
    """A ratio of the in-scope burden that the insurances left (JK-09 … JK-11)."""

    head: TierHead
    ratio: ByLevel
    cap: str
    accumulator: str

    def settle(self, calculation: Calculation) -> None:
        case, head = calculation.case, self.head
        view = case.parameters
        base = calculation.in_scope_left
        calculation.steps.append(remainder_step(head.payer, head.citation, base))
        name = self.ratio[case.visit.facility_level]
        level_ratio = view.decimal(name)
        ratio, source = head.adjusted_ratio("ratio", level_ratio, view.citation(name), case)
        room = max(0, view.money_fen(self.cap) - calculation.so_far(self.accumulator))
        share = times(base, ratio)
        amount = min(share, room)
        calculation.pay(head.payer, amount)
        calculation.consume(self.accumulator, amount)
        calculation.steps.append(
            ratio_step(
                head.payer,
                source,
                base_fen=base,
                ratio=ratio,
                amount_fen=amount,
                room_fen=room,
                capped=share > room,
                adjusted=ratio != level_ratio,
            )
        )


@dataclass(frozen=True, slots=True)
class WaitingTier:
    """A scheme that the pack names but that pays nothing in this settlement (JK-17, JK-18)."""

    id: str
    payer: str
    mode: str
    citation: Citation
    note: Words


@dataclass(frozen=True)
class SettlementPack:
    """A region's rules, ready to calculate. In force from ``valid_from`` to ``valid_to``."""

    pack_id: str
    version: str
    title: Words
    valid_from: date
    valid_to: date | None
    parameters: Parameters
    line_rules: LineRules
    tiers: tuple[Tier, ...]
    patient_citation: Citation
    plans: Mapping[str, str]
    """Every accepted word for an insurance plan, to the plan's own code."""
    waiting: tuple[WaitingTier, ...] = field(default=())
    documents: tuple[str, ...] = ()
    """The documents that the pack puts into figures."""

    def covers(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


def run_tiers(pack: SettlementPack, calculation: Calculation) -> None:
    """Let every tier that applies take its share, in the pack's order."""
    case = calculation.case
    taken: set[str] = set()
    for tier in pack.tiers:
        head = tier.head
        if head.group and head.group in taken:
            continue
        if head.when.holds(case):
            tier.settle(calculation)
            if head.group:
                taken.add(head.group)
        elif head.otherwise is not None and head.when.kind_of_visit_fits(case):
            calculation.steps.append(
                otherwise_step(head.payer, head.citation, calculation.in_scope_left, head.otherwise)
            )
