"""The line stage: what leaves each line before any fund looks at it.

First the waiver, then out of catalogue, over the price limit and self-first; what is left is in
scope. A waiver of the stage ``after_insurance`` comes last instead and is ``relief``'s matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from services.claims.settlement.bill import BillRefused, Line
from services.claims.settlement.conditions import Case, When
from services.claims.settlement.explanation import (
    RELIEF_ORDER,
    SELF_FIRST,
    Step,
    in_scope_step,
    line_step,
    waiver_step,
)
from shared.money import times
from shared.policy.errors import Refusal
from shared.policy.parameters import ParameterView
from shared.policy.reading import Citation

CLASS_B_RATIO = "class_b.self_first_ratio"
IMPLANT_MIN = "implant.self_first_min"
IMPLANT_MAX = "implant.self_first_max"
BEFORE, AFTER = "before_insurance", "after_insurance"
EVERY_ITEM = "*"
_NOTHING = Decimal(0)
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Waiver:
    """A share of some kinds of line that the patient is not charged (XB-26, XB-27).

    ``ratio``, ``items`` and ``stage`` are names of parameters; without ``items`` every item of the
    kinds is meant, without ``stage`` the waiver comes before insurance.
    """

    kinds: frozenset[str]
    ratio: str
    when: When
    citation: Citation
    items: str = ""
    stage: str = ""

    def covers(self, line: Line, view: ParameterView) -> bool:
        if line.kind not in self.kinds:
            return False
        if not self.items:
            return True
        listed = view.texts(self.items)
        return EVERY_ITEM in listed or line.item_code in listed

    def is_after(self, view: ParameterView) -> bool:
        return bool(self.stage) and view.text(self.stage) == AFTER


@dataclass(frozen=True, slots=True)
class LineRules:
    """The pack's waivers and the sources of the line stage's steps."""

    waivers: tuple[Waiver, ...]
    out_of_catalogue: Citation
    over_limit: Citation
    self_first_other: Citation
    in_scope: Citation


class LineSplit(NamedTuple):
    """Where one line's amount goes, in fen; the parts add up to the amount."""

    line_no: int | str
    kind: str
    amount: int
    waived: int
    out_of_catalogue: int
    over_limit: int
    self_first: int
    self_first_reason: str
    self_first_ratio: Decimal
    in_scope: int

    def parts(self) -> tuple[tuple[str, int], ...]:
        """What of the line somebody must pay, by reason."""
        return (
            ("in_scope_remainder", self.in_scope),
            (self.self_first_reason, self.self_first),
            ("over_limit", self.over_limit),
            ("out_of_catalogue", self.out_of_catalogue),
        )


@dataclass(slots=True)
class WaivedPart:
    """What one waiver took of the bill, and of what; in fen."""

    waiver: Waiver
    ratio: Decimal
    base: int = 0
    amount: int = 0


@dataclass(slots=True)
class LineTotals:
    """The lines' parts added up, in fen.

    ``left`` holds the parts that somebody must still pay, in the order in which a payer relieves
    the patient (settlement.md, section 4).
    """

    splits: tuple[LineSplit, ...] = ()
    total: int = 0
    waived: int = 0
    left: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RELIEF_ORDER, 0))
    waivers: list[WaivedPart] = field(default_factory=list)

    @property
    def in_scope(self) -> int:
        return self.left["in_scope_remainder"]

    @property
    def self_first_total(self) -> int:
        return sum(self.left[reason] for reason in SELF_FIRST)

    def left_of(self, kinds: frozenset[str]) -> dict[str, int]:
        """The parts of the lines of some kinds alone."""
        parts = dict.fromkeys(RELIEF_ORDER, 0)
        for split in self.splits:
            if split.kind in kinds:
                for reason, amount in split.parts():
                    parts[reason] += amount
        return parts


def split_lines(lines: Sequence[Line], case: Case, rules: LineRules) -> LineTotals:
    """Split every line.

    Raises:
        BillRefused: an implant's self-first share is missing or outside the pack's bounds (JK-05),
            with every such line.
        ParameterMissing: a share that a line needs has no value.
    """
    view = case.parameters
    waivers = [
        waiver for waiver in rules.waivers if waiver.when.holds(case) and not waiver.is_after(view)
    ]
    refusals = _implant_refusals(lines, view)
    if refusals:
        raise BillRefused(refusals)
    totals = LineTotals()
    left = totals.left
    splits = []
    for line in lines:
        amount = line.amount_fen
        waived = _waive(line, waivers, totals, view) if waivers else 0
        split = _split(line, waived, view)
        splits.append(split)
        totals.total += amount
        totals.waived += waived
        left["out_of_catalogue"] += split.out_of_catalogue
        left["over_limit"] += split.over_limit
        left[split.self_first_reason] += split.self_first
        left["in_scope_remainder"] += split.in_scope
    totals.splits = tuple(splits)
    if totals.waived + sum(left.values()) != totals.total:
        raise AssertionError("the parts of the lines must add up to the bill")
    return totals


def _waive(line: Line, waivers: Sequence[Waiver], totals: LineTotals, view: ParameterView) -> int:
    """What the first waiver that covers the line takes."""
    for waiver in waivers:
        if waiver.covers(line, view):
            ratio = view.decimal(waiver.ratio)
            waived = times(line.amount_fen, ratio)
            told = next((part for part in totals.waivers if part.waiver is waiver), None)
            if told is None:
                told = WaivedPart(waiver, ratio)
                totals.waivers.append(told)
            told.base += line.amount_fen
            told.amount += waived
            return waived
    return 0


def _implant_refusals(lines: Sequence[Line], view: ParameterView) -> list[Refusal]:
    refusals: list[Refusal] = []
    for position, line in enumerate(lines):
        if line.kind != "implant" or line.catalogue_class == "C":
            continue
        field_path = f"lines[{position}].self_first_ratio"
        if line.self_first_ratio is None:
            refusals.append(
                Refusal(
                    "missing_self_first_ratio",
                    field_path,
                    "an implant needs its own self-first share; state it as in the catalogue",
                    "植入材料须注明先行自付比例；请按目录填写",
                )
            )
            continue
        lowest, highest = view.decimal(IMPLANT_MIN), view.decimal(IMPLANT_MAX)
        if not lowest <= line.self_first_ratio <= highest:
            refusals.append(
                Refusal(
                    "self_first_ratio_out_of_range",
                    field_path,
                    f"an implant's self-first share must lie from {lowest} to {highest}"
                    f" ({view.citation(IMPLANT_MIN).article}); correct it",
                    f"植入材料先行自付比例应在 {lowest} 至 {highest} 之间"
                    f"({view.citation(IMPLANT_MIN).article})；请改正",
                )
            )
    return refusals


def _split(line: Line, waived: int, view: ParameterView) -> LineSplit:
    amount, kind = line.amount_fen, line.kind
    charge = amount - waived
    if line.catalogue_class == "C":
        return LineSplit(
            line.line_no, kind, amount, waived, charge, 0, 0, "self_first_other", _NOTHING, 0
        )
    reason, ratio = _self_first(line, view)
    over = 0
    if line.price_limit_fen is not None:
        quantity = line.quantity if line.quantity is not None else _ONE
        over = max(0, charge - times(line.price_limit_fen, quantity))
    first = times(charge - over, ratio) if ratio else 0
    return LineSplit(
        line.line_no, kind, amount, waived, 0, over, first, reason, ratio, charge - over - first
    )


def _self_first(line: Line, view: ParameterView) -> tuple[str, Decimal]:
    """The reason and the share; the line's own share stands before the class's."""
    own = line.self_first_ratio
    if line.kind == "implant":
        return "self_first_implant", own if own is not None else _NOTHING
    if line.catalogue_class == "B":
        return "self_first_class_b", own if own is not None else view.decimal(CLASS_B_RATIO)
    return "self_first_other", own if own is not None else _NOTHING


def line_steps(totals: LineTotals, case: Case, rules: LineRules) -> list[Step]:
    """The line stage in words; parts that are zero are not told."""
    steps = [
        waiver_step(part.waiver.citation, part.base, part.ratio, part.amount)
        for part in totals.waivers
    ]
    left = totals.left
    if left["out_of_catalogue"]:
        amount = left["out_of_catalogue"]
        steps.append(line_step("out_of_catalogue", rules.out_of_catalogue, amount, amount, None))
    if left["over_limit"]:
        base = sum(s.amount - s.waived for s in totals.splits if s.over_limit)
        steps.append(line_step("over_limit", rules.over_limit, base, left["over_limit"], None))
    for reason in SELF_FIRST:
        amount = left[reason]
        if not amount:
            continue
        taken = [s for s in totals.splits if s.self_first and s.self_first_reason == reason]
        ratios = {s.self_first_ratio for s in taken}
        steps.append(
            line_step(
                reason,
                _self_first_source(reason, case.parameters, rules),
                sum(s.self_first + s.in_scope for s in taken),
                amount,
                ratios.pop() if len(ratios) == 1 else None,
            )
        )
    steps.append(in_scope_step(rules.in_scope, totals.total - totals.waived, totals.in_scope))
    return steps


def _self_first_source(reason: str, view: ParameterView, rules: LineRules) -> Citation:
    if reason == "self_first_class_b":
        return view.citation(CLASS_B_RATIO)
    if reason == "self_first_implant":
        return view.citation(IMPLANT_MIN)
    return rules.self_first_other
