"""How each kind of tier calculates its share of what is left (settlement.md, section 2).

Every product is rounded half-up to the fen; what no tier takes is the patient's.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from services.claims.settlement.conditions import Case
from services.claims.settlement.explanation import (
    burden_step,
    deductible_step,
    limit_step,
    patient_cap_step,
    ratio_step,
    remainder_step,
    stated_step,
    words_step,
)
from services.claims.settlement.tiers import Calculation, Cut, Named, TierHead
from shared.money import times
from shared.policy.reading import Citation, Words

_ONE = Decimal(1)
IN_SCOPE, EVERYTHING = "in_scope", "everything"
_SCOPE = "in_scope_remainder"
CASE_DISEASE, PERSON_YEAR = "case_disease", "person_year"


@dataclass(frozen=True, slots=True)
class YearlyCap:
    """The most that a benefit pays for a person in a year; ``parameter`` may be empty: no cap.

    With a cap or without, what is paid moves the year's ``accumulator``, if one is named.
    """

    parameter: str = ""
    accumulator: str = ""

    def room(self, calculation: Calculation) -> int | None:
        """What the cap still leaves, in fen; None without a cap."""
        if not self.parameter:
            return None
        cap = calculation.case.parameters.money_fen(self.parameter)
        return max(0, cap - calculation.so_far(self.accumulator))

    def cut(self, calculation: Calculation, wanted: int) -> None:
        """Note what the benefit would have taken of the year, had other bills not taken it."""
        room = self.room(calculation)
        if room is not None and wanted > room and self.accumulator:
            cap = calculation.case.parameters.money_fen(self.parameter)
            calculation.cuts.append(Cut(self.accumulator, wanted - room, cap))

    def consume(self, calculation: Calculation, amount: int) -> None:
        if self.accumulator:
            calculation.consume(self.accumulator, amount)


def _pay_share(
    head: TierHead, calculation: Calculation, base: int, ratio_name: str, cap: YearlyCap
) -> None:
    """Pay a ratio of a base, as far as the cap leaves room, and say so."""
    case = calculation.case
    view = case.parameters
    stated = view.decimal(ratio_name)
    ratio, source = head.adjusted_ratio("ratio", stated, view.citation(ratio_name), case)
    room = cap.room(calculation)
    share = times(base, ratio)
    capped = room is not None and share > room
    amount = room if room is not None and capped else share
    calculation.pay(head.payer, amount, head.line_kinds)
    cap.cut(calculation, share)
    cap.consume(calculation, amount)
    calculation.say(
        ratio_step,
        head.payer,
        source,
        base_fen=base,
        ratio=ratio,
        amount_fen=amount,
        room_fen=room,
        capped=capped,
        adjusted=ratio != stated,
    )


@dataclass(frozen=True, slots=True)
class DeductibleAndRatio:
    """A ratio of the in-scope amount above a deductible per stay (JK-01 … JK-03)."""

    head: TierHead
    deductible: Named
    ratio: Named
    cap: YearlyCap

    def settle(self, calculation: Calculation) -> bool:
        case, head = calculation.case, self.head
        view = case.parameters
        in_scope = calculation.left_of(head.line_kinds)[_SCOPE]
        name = self.deductible.of(case)
        stated, source = head.adjusted_amount(view.money_fen(name), view.citation(name), case)
        deductible = min(stated, in_scope)
        calculation.deductible += deductible
        calculation.say(deductible_step, source, in_scope, deductible)
        _pay_share(head, calculation, in_scope - deductible, self.ratio.of(case), self.cap)
        return True


@dataclass(frozen=True, slots=True)
class PooledRatio:
    """A ratio without deductible out of a small yearly pool (JK-07).

    The pool limits the cost looked at (``cost``) or the money paid (``fund``); the accumulator
    counts in the same unit.
    """

    head: TierHead
    ratio: Named
    pool: str
    basis: str
    accumulator: str

    def settle(self, calculation: Calculation) -> bool:
        case, head = calculation.case, self.head
        view = case.parameters
        pool = YearlyCap(self.pool, self.accumulator)
        base = calculation.left_of(head.line_kinds)[_SCOPE]
        if view.text(self.basis) != "cost":
            _pay_share(head, calculation, base, self.ratio.of(case), pool)
            return True
        name = self.ratio.of(case)
        stated = view.decimal(name)
        ratio, source = head.adjusted_ratio("ratio", stated, view.citation(name), case)
        room = pool.room(calculation) or 0
        pooled = min(base, room)
        amount = times(pooled, ratio)
        pool.cut(calculation, base)
        pool.consume(calculation, pooled)
        calculation.pay(head.payer, amount, head.line_kinds)
        calculation.say(
            ratio_step,
            head.payer,
            source,
            base_fen=pooled,
            ratio=ratio,
            amount_fen=amount,
            room_fen=room,
            capped=base > room,
            adjusted=ratio != stated,
        )
        return True


@dataclass(frozen=True, slots=True)
class SegmentsOverYear:
    """Segments of the year's burden above a deductible: the visit gets F(B + b) − F(B)."""

    head: TierHead
    deductible: Named
    segments: str
    burden: str
    accumulator: str

    def settle(self, calculation: Calculation) -> bool:
        case, head = calculation.case, self.head
        view = case.parameters
        name = self.deductible.of(case)
        deductible, source = head.adjusted_amount(view.money_fen(name), head.citation, case)
        rows, tilted = self.segments_of(case)
        source = tilted or source
        before = calculation.so_far(self.burden)
        burden = calculation.left_of(head.line_kinds)[_SCOPE]
        after = before + burden
        exact = over_segments(after - deductible, rows) - over_segments(before - deductible, rows)
        amount = int(exact.quantize(_ONE, rounding=ROUND_HALF_UP))
        calculation.pay(head.payer, amount, head.line_kinds)
        calculation.consume(self.burden, burden)
        calculation.consume(self.accumulator, amount)
        calculation.say(
            burden_step,
            head.payer,
            source,
            year_burden_fen=after,
            visit_burden_fen=burden,
            deductible_fen=deductible,
            amount_fen=amount,
        )
        return True

    def segments_of(self, case: Case) -> tuple[list[tuple[int, Decimal]], Citation | None]:
        """Where each segment begins, with its ratio; the source of a tilt that changed one."""
        tilted: Citation | None = None
        found: list[tuple[int, Decimal]] = []
        for row in case.parameters.table(self.segments):
            above, ratio = row["above"], row["ratio"]
            if not isinstance(above, int) or not isinstance(ratio, Decimal):
                raise TypeError("a segment has an amount above which its ratio holds")
            changed, source = self.head.adjusted_ratio(
                "segment_ratio", ratio, self.head.citation, case
            )
            if changed != ratio:
                tilted = source
            found.append((above, changed))
        return found, tilted


def over_segments(above_deductible_fen: int, rows: list[tuple[int, Decimal]]) -> Decimal:
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
    """A ratio of the in-scope burden that the payers before left (JK-09 … JK-11)."""

    head: TierHead
    ratio: Named
    cap: YearlyCap

    def settle(self, calculation: Calculation) -> bool:
        head = self.head
        base = calculation.left_of(head.line_kinds)[_SCOPE]
        if calculation.payments:
            calculation.say(remainder_step, head.payer, head.citation, base)
        _pay_share(head, calculation, base, self.ratio.of(calculation.case), self.cap)
        return True


@dataclass(frozen=True, slots=True)
class RemainderUpTo:
    """Whatever is left, up to a limit per case or per year, or all of it (XB-04, XB-05, XB-25).

    ``covers`` says whether the part out of the policy's scope is taken too. ``limit_basis`` names
    the parameter that says what the limit counts: the case, or the person's year.
    """

    head: TierHead
    covers: str
    cap: YearlyCap
    limit: str = ""
    limit_basis: str = ""

    def settle(self, calculation: Calculation) -> bool:
        head = self.head
        parts = calculation.left_of(head.line_kinds)
        in_scope = parts[_SCOPE]
        base = sum(parts.values()) if self.covers == EVERYTHING else in_scope
        room = self._room(calculation)
        amount = base if room is None else min(base, room)
        calculation.pay(head.payer, amount, head.line_kinds)
        self._note_cuts(calculation, base)
        self.cap.consume(calculation, amount)
        calculation.say(
            limit_step,
            head.payer,
            head.citation,
            base_fen=base,
            in_scope_fen=in_scope,
            amount_fen=amount,
            room_fen=room,
        )
        return True

    def _room(self, calculation: Calculation) -> int | None:
        rooms = [cap.room(calculation) for cap in self._yearly(calculation)]
        if self.limit and not self._by_year(calculation):
            rooms.append(calculation.case.parameters.money_fen(self.limit))
        return min((room for room in rooms if room is not None), default=None)

    def _by_year(self, calculation: Calculation) -> bool:
        return calculation.case.parameters.text(self.limit_basis) == PERSON_YEAR

    def _yearly(self, calculation: Calculation) -> tuple[YearlyCap, ...]:
        if self.limit and self._by_year(calculation):
            return (self.cap, YearlyCap(self.limit, self.cap.accumulator))
        return (self.cap,)

    def _note_cuts(self, calculation: Calculation, base: int) -> None:
        """What a case's own limit cuts never comes free; only the years' caps count."""
        if self.limit and not self._by_year(calculation):
            base = min(base, calculation.case.parameters.money_fen(self.limit))
        caps = [cap for cap in self._yearly(calculation) if cap.parameter]
        if caps:
            min(caps, key=lambda cap: cap.room(calculation) or 0).cut(calculation, base)


@dataclass(frozen=True, slots=True)
class BeyondPatientCap:
    """What the patient would pay beyond his own cap, as the monthly caps of other countries do.

    The cap is ``own`` plus, if stated, ``ratio`` of the visit's in-scope cost above ``above``.
    """

    head: TierHead
    covers: str
    own: Named
    above: Named | None
    ratio: Named | None
    accumulator: str

    def settle(self, calculation: Calculation) -> bool:
        case, head = calculation.case, self.head
        view = case.parameters
        parts = calculation.left_of(head.line_kinds)
        base = sum(parts.values()) if self.covers == EVERYTHING else parts[_SCOPE]
        cap = view.money_fen(self.own.of(case))
        if self.above is not None and self.ratio is not None:
            cost = calculation.totals.in_scope
            beyond = max(0, cost - view.money_fen(self.above.of(case)))
            cap += times(beyond, view.decimal(self.ratio.of(case)))
        amount = max(0, base - cap)
        calculation.pay(head.payer, amount, head.line_kinds)
        if self.accumulator:
            calculation.consume(self.accumulator, amount)
        calculation.say(
            patient_cap_step,
            head.payer,
            head.citation,
            base_fen=base,
            cap_fen=cap,
            amount_fen=amount,
        )
        return True


@dataclass(frozen=True, slots=True)
class StatedAmount:
    """The share that a payer on its own account has told for this visit (JK-82); none: no tier."""

    head: TierHead
    covers: str

    def settle(self, calculation: Calculation) -> bool:
        head = self.head
        stated = calculation.case.evidence.stated_payments.get(head.payer)
        if stated is None:
            return False
        parts = calculation.left_of(head.line_kinds)
        base = sum(parts.values()) if self.covers == EVERYTHING else parts[_SCOPE]
        amount = min(stated, base)
        calculation.pay(head.payer, amount, head.line_kinds)
        calculation.say(stated_step, head.payer, head.citation, base, amount)
        return True


@dataclass(frozen=True, slots=True)
class Notice:
    """Pays nothing now and says why, so that nobody wonders (XB-06 without the card)."""

    head: TierHead
    words: Words

    def settle(self, calculation: Calculation) -> bool:
        head = self.head
        left = calculation.left_of(head.line_kinds)[_SCOPE]
        calculation.say(words_step, head.payer, head.citation, left, self.words)
        return False
