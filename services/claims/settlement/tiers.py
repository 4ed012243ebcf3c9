"""The payers in their order: each tier looks at what is left and takes its share.

A pack lists its tiers; ``kinds`` knows how each kind of tier calculates. Which levels, categories,
days and parameters it concerns is the pack's matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, Protocol

from services.claims.settlement.conditions import Case, When
from services.claims.settlement.explanation import Step, words_step
from services.claims.settlement.lines import LineRules, LineTotals
from services.claims.subsidies.domain import SubsidyRules
from shared.money import times
from shared.policy.parameters import Parameters
from shared.policy.reading import Citation, Words

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Payment:
    """What one payer took, by reason, in fen; of the lines of ``kinds``, or of the whole bill."""

    kinds: frozenset[str]
    taken: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Cut:
    """What a yearly cap kept a benefit from, in fen, in the unit of its accumulator."""

    benefit: str
    amount: int
    cap: int


class Calculation:
    """What is still unpaid while the tiers take their shares; all amounts in fen."""

    __slots__ = (
        "case",
        "consumed",
        "cuts",
        "deductible",
        "left",
        "payers",
        "payments",
        "story",
        "totals",
    )

    def __init__(self, case: Case, totals: LineTotals) -> None:
        self.case = case
        self.totals = totals
        self.left = dict(totals.left)
        self.payers: dict[str, int] = {}
        self.payments: list[Payment] = []
        self.consumed: dict[str, int] = {}
        self.cuts: list[Cut] = []
        self.deductible = 0
        self.story: list[Callable[[], Step]] = []
        if totals.waived:
            self.payers["waiver_fund"] = totals.waived

    def left_of(self, kinds: frozenset[str]) -> dict[str, int]:
        """What is left of the lines of some kinds, by reason; of the whole bill without kinds.

        A pack lets a tier of some kinds of line follow only tiers of kinds within them or apart
        from them, so whose line an earlier payment relieved is never in doubt.
        """
        if not kinds:
            return self.left
        parts = self.totals.left_of(kinds)
        for payment in self.payments:
            if payment.kinds and payment.kinds <= kinds:
                for reason, amount in payment.taken.items():
                    parts[reason] -= amount
        return parts

    def pay(self, payer: str, amount: int, kinds: frozenset[str] = frozenset()) -> None:
        """Let a payer take a part of what is left."""
        parts = self.left_of(kinds)
        if amount < 0 or amount > sum(parts.values()):
            raise AssertionError(f"{payer} must pay between nothing and what is left")
        self.payers[payer] = self.payers.get(payer, 0) + amount
        taken: dict[str, int] = {}
        for reason, fen in parts.items():
            if not amount:
                break
            taken[reason] = min(fen, amount)
            amount -= taken[reason]
        for reason, fen in taken.items():
            self.left[reason] -= fen
        self.payments.append(Payment(kinds, taken))

    def say(self, step: Callable[..., Step], *args: Any, **named: Any) -> None:
        """Note a step of the explanation; it is put into words only when somebody reads it."""
        self.story.append(partial(step, *args, **named))

    def consume(self, accumulator: str, amount: int) -> None:
        """Note what this visit adds to the person's year."""
        self.consumed[accumulator] = self.consumed.get(accumulator, 0) + amount

    def so_far(self, accumulator: str) -> int:
        """The year before this visit, and what an earlier tier of this visit added."""
        before: int = getattr(self.case.standing, accumulator)
        return before + self.consumed.get(accumulator, 0)


@dataclass(frozen=True, slots=True)
class Named:
    """A parameter's name, perhaps one for each level of institution and insurance plan."""

    names: Mapping[tuple[str, str], str]

    def of(self, case: Case) -> str:
        return self.names[case.visit.facility_level, case.person.insurance_plan]


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A tilt: changes a tier's deductible or ratio for those whom ``when`` names.

    ``add`` adds points to a ratio (at most 1), ``multiply`` scales an amount or ratio, ``at_least``
    lifts a ratio to a floor. Those of one target are applied by ``order``.
    """

    target: str
    operation: str
    parameter: Named
    when: When
    citation: Citation
    order: int = 0

    def ratio(self, before: Decimal, case: Case) -> Decimal:
        value = case.parameters.decimal(self.parameter.of(case))
        if self.operation == "add":
            return min(_ONE, before + value)
        return max(before, value) if self.operation == "at_least" else before * value

    def amount(self, before_fen: int, case: Case) -> int:
        return times(before_fen, case.parameters.decimal(self.parameter.of(case)))


class Tier(Protocol):
    """One payer's place in the order."""

    @property
    def head(self) -> TierHead: ...

    def settle(self, calculation: Calculation) -> bool:
        """Take this tier's share of what is left, and say so; whether it took part at all."""


@dataclass(frozen=True, slots=True)
class TierHead:
    """What every tier states.

    ``group``: of one group only the first that applies pays. ``follows``: the tier applies only
    when one of these did. ``line_kinds``: the tier looks at lines of these kinds alone.
    """

    id: str
    order: int
    payer: str
    citation: Citation
    when: When
    adjustments: tuple[Adjustment, ...] = ()
    group: str = ""
    otherwise: Words | None = None
    follows: frozenset[str] = frozenset()
    line_kinds: frozenset[str] = frozenset()

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
    subsidies: SubsidyRules | None = None

    def covers(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


def run_tiers(pack: SettlementPack, calculation: Calculation) -> None:
    """Let every tier that applies take its share, in the pack's order."""
    case = calculation.case
    groups: set[str] = set()
    applied: set[str] = set()
    for tier in pack.tiers:
        head = tier.head
        if head.group and head.group in groups:
            continue
        if head.follows and head.follows.isdisjoint(applied):
            continue
        if head.when.holds(case):
            if tier.settle(calculation):
                applied.add(head.id)
                groups.add(head.group)
        elif head.otherwise is not None and head.when.is_about(case):
            left = calculation.left["in_scope_remainder"]
            calculation.say(words_step, head.payer, head.citation, left, head.otherwise)
