"""A waiver after insurance: it relieves the patient of his share of single lines.

The parameter that states a waiver's stage chooses between this and the line stage (XB-26, XB-27,
"waiver before or after insurance?").
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from services.claims.settlement.bill import Line
from services.claims.settlement.explanation import waiver_step
from services.claims.settlement.lines import LineRules, LineSplit, Waiver
from services.claims.settlement.tiers import Calculation
from shared.money import times

WAIVER_FUND = "waiver_fund"


def waive_after_insurance(
    lines: Sequence[Line], calculation: Calculation, rules: LineRules
) -> None:
    """Let each such waiver take its ratio of a line, at most the patient's share of that line.

    The share of a line is its exact part of what the payers left; the waivers' sum is rounded down
    to the fen once, so that neither the order of the lines nor a payer who pays more raises what
    the patient pays.
    """
    case = calculation.case
    view = case.parameters
    waivers = [w for w in rules.waivers if w.when.holds(case) and w.is_after(view)]
    if not waivers:
        return
    shares = _shares(calculation)
    exact = Fraction(0)
    for waiver in waivers:
        ratio = view.decimal(waiver.ratio)
        base, before = 0, int(exact)
        for line, split, share in zip(lines, calculation.totals.splits, shares, strict=True):
            if _first_of(waivers, line, calculation) is waiver:
                base += split.amount
                exact += min(Fraction(times(split.amount, ratio)), share)
        if base:
            amount = int(exact) - before
            calculation.pay(WAIVER_FUND, amount)
            calculation.say(waiver_step, waiver.citation, base, ratio, amount, after=True)


def _first_of(waivers: Sequence[Waiver], line: Line, calculation: Calculation) -> Waiver | None:
    return next((w for w in waivers if w.covers(line, calculation.case.parameters)), None)


def _shares(calculation: Calculation) -> list[Fraction]:
    """Each line's part of what is left: every payment relieved its lines in proportion."""
    splits = calculation.totals.splits
    parts = [{reason: Fraction(fen) for reason, fen in split.parts()} for split in splits]
    for payment in calculation.payments:
        for reason, taken in payment.taken.items():
            relieved = [
                part
                for part, split in zip(parts, splits, strict=True)
                if reason in part and _is_of(split, payment.kinds)
            ]
            pot = sum((part[reason] for part in relieved), Fraction(0))
            for part in relieved if pot else ():
                part[reason] -= part[reason] * taken / pot
    return [sum(part.values(), Fraction(0)) for part in parts]


def _is_of(split: LineSplit, kinds: frozenset[str]) -> bool:
    return not kinds or split.kind in kinds
