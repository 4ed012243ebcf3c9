"""The line stage: what leaves each line before any fund looks at it (settlement.md, section 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from services.claims.settlement.bill import BillRefused, Line
from services.claims.settlement.conditions import Case, When
from services.claims.settlement.explanation import (
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
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Waiver:
    """A share of some kinds of line that is waived before insurance (XB-26, XB-27)."""

    kinds: frozenset[str]
    ratio: str
    when: When
    citation: Citation


@dataclass(frozen=True, slots=True)
class LineRules:
    """The pack's waivers and the sources of the line stage's steps."""

    waivers: tuple[Waiver, ...]
    out_of_catalogue: Citation
    over_limit: Citation
    self_first_other: Citation
    in_scope: Citation


@dataclass(frozen=True, slots=True)
class LineSplit:
    """Where one line's amount goes, in fen; the parts add up to the amount."""

    line_no: int | str
    amount: int
    waived: int
    out_of_catalogue: int
    over_limit: int
    self_first: int
    self_first_reason: str
    self_first_ratio: Decimal
    in_scope: int


@dataclass(slots=True)
class LineTotals:
    """The lines' parts added up, in fen."""

    splits: tuple[LineSplit, ...] = ()
    total: int = 0
    waived: int = 0
    out_of_catalogue: int = 0
    over_limit: int = 0
    in_scope: int = 0
    self_first: dict[str, int] = field(
        default_factory=lambda: {
            "self_first_class_b": 0,
            "self_first_implant": 0,
            "self_first_other": 0,
        }
    )

    @property
    def self_first_total(self) -> int:
        return sum(self.self_first.values())


def split_lines(lines: Sequence[Line], case: Case, rules: LineRules) -> LineTotals:
    """Split every line.

    Raises:
        BillRefused: an implant's self-first share is missing or outside the pack's bounds (JK-05),
            with every such line.
        ParameterMissing: a share that a line needs has no value.
    """
    waivers = [waiver for waiver in rules.waivers if waiver.when.holds(case)]
    refusals = _implant_refusals(lines, case.parameters)
    if refusals:
        raise BillRefused(refusals)
    totals = LineTotals()
    splits = []
    for line in lines:
        split = _split(line, waivers, case.parameters)
        splits.append(split)
        totals.total += split.amount
        totals.waived += split.waived
        totals.out_of_catalogue += split.out_of_catalogue
        totals.over_limit += split.over_limit
        totals.self_first[split.self_first_reason] += split.self_first
        totals.in_scope += split.in_scope
    totals.splits = tuple(splits)
    parts = totals.waived + totals.out_of_catalogue + totals.over_limit + totals.self_first_total
    if parts + totals.in_scope != totals.total:
        raise AssertionError("the parts of the lines must add up to the bill")
    return totals


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
                    "植入材料须注明先行自付比例;请按目录填写",
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
                    f"({view.citation(IMPLANT_MIN).article});请改正",
                )
            )
    return refusals


def _split(line: Line, waivers: Sequence[Waiver], view: ParameterView) -> LineSplit:
    amount = line.amount_fen
    waived = 0
    for waiver in waivers:
        if line.kind in waiver.kinds:
            waived = times(amount, view.decimal(waiver.ratio))
            break
    charge = amount - waived
    reason, ratio = _self_first(line, view)
    if line.catalogue_class == "C":
        return LineSplit(line.line_no, amount, waived, charge, 0, 0, reason, _NOTHING, 0)
    over = 0
    if line.price_limit_fen is not None:
        quantity = line.quantity if line.quantity is not None else Decimal(1)
        over = max(0, charge - times(line.price_limit_fen, quantity))
    first = times(charge - over, ratio) if ratio else 0
    return LineSplit(
        line.line_no, amount, waived, 0, over, first, reason, ratio, charge - over - first
    )


def _self_first(line: Line, view: ParameterView) -> tuple[str, Decimal]:
    """The reason and the share; the line's own share stands before the class's."""
    own = line.self_first_ratio
    if line.kind == "implant":
        return "self_first_implant", own if own is not None else _NOTHING
    if line.catalogue_class == "B":
        return "self_first_class_b", own if own is not None else view.decimal(CLASS_B_RATIO)
    return "self_first_other", own if own is not None else _NOTHING


def line_steps(
    lines: Sequence[Line], totals: LineTotals, case: Case, rules: LineRules
) -> list[Step]:
    """The line stage in words; parts that are zero are not told."""
    steps: list[Step] = []
    if totals.waived:
        waived = [split for split in totals.splits if split.waived]
        kinds = {line.kind for line, s in zip(lines, totals.splits, strict=True) if s.waived}
        source = next(w.citation for w in rules.waivers if w.when.holds(case) and w.kinds & kinds)
        steps.append(waiver_step(source, sum(s.amount for s in waived), totals.waived))
    if totals.out_of_catalogue:
        amount = totals.out_of_catalogue
        steps.append(line_step("out_of_catalogue", rules.out_of_catalogue, amount, amount, None))
    if totals.over_limit:
        base = sum(s.amount - s.waived for s in totals.splits if s.over_limit)
        steps.append(line_step("over_limit", rules.over_limit, base, totals.over_limit, None))
    for reason, amount in totals.self_first.items():
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
