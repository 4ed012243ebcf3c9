"""The arithmetic of a global budget (SJ-20 … SJ-26, KZ-09, KZ-10); amounts in fen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from services.claims.ledger.domain import Account, Entry, Posting
from shared.money import times

FUND = "basic_insurance"
"""Whose money is bundled."""
USE = "benefits"
MONTHS = 12
_ONE = Decimal(1)


@dataclass(frozen=True)
class Terms:
    """What an agreement says of money."""

    approved_fen: int
    risk_reserve_ratio: Decimal
    critical_illness_fen: int
    other_reserves_fen: int
    deposit_ratio: Decimal
    """Of the bundled amount, kept back until the year's end as a deposit for quality."""
    retained_ratio: Decimal
    """Of a surplus, what the community keeps (SJ-25: all of it)."""
    overspend_ratio: Decimal
    """Of a reasonable overspend, what the community bears; the default is nothing (SJ-25 is
    silent; KZ-10 says shared, without a number)."""
    overspend_cap_ratio: Decimal | None
    """The most that it bears so, as a ratio of the bundled amount."""

    def bundled_fen(self, approved_fen: int | None = None) -> int:
        """What is left to bundle once the reserves are set aside (SJ-23)."""
        approved = self.approved_fen if approved_fen is None else approved_fen
        reserve = times(approved, self.risk_reserve_ratio)
        return approved - reserve - self.critical_illness_fen - self.other_reserves_fen

    def advanced_fen(self, bundled_fen: int) -> int:
        """What the twelve advances come to: the bundled amount without the deposit."""
        return times(bundled_fen, _ONE - self.deposit_ratio)


@dataclass(frozen=True)
class Adjustment:
    """The approved total changed by a document (KZ-09), for the advances from a month on."""

    from_month: int
    approved_fen: int
    document: str


@dataclass(frozen=True)
class Agreement:
    """A service agreement between the insurer and a community, for one plan and year."""

    id: UUID
    region: str
    year: int
    community: str
    plan: str
    plan_words: tuple[str, ...]
    lead_facility_code: str
    facilities: tuple[str, ...]
    townships: tuple[str, ...]
    """Whose insured persons it answers for; none: every township's."""
    terms: Terms
    created_by: str
    created_at: datetime
    document: str | None
    signed_on: date | None
    signed_by: str | None
    adjustments: tuple[Adjustment, ...] = ()

    @property
    def bundled_fen(self) -> int:
        """The bundled amount as adjusted last."""
        approved = self.adjustments[-1].approved_fen if self.adjustments else None
        return self.terms.bundled_fen(approved)

    def schedule(self) -> list[int]:
        """The advance of each month: equal twelfths, the last takes what rounding left.

        An adjustment spreads what is then left over the months from its own on.
        """
        wholes = [(1, self.terms.bundled_fen())]
        wholes += [(a.from_month, self.terms.bundled_fen(a.approved_fen)) for a in self.adjustments]
        months: list[int] = []
        for first, bundled in wholes:
            months = months[: first - 1]
            months += _spread(self.terms.advanced_fen(bundled) - sum(months), MONTHS + 1 - first)
        return months


def _spread(whole_fen: int, parts: int) -> list[int]:
    each = int((Decimal(whole_fen) / parts).quantize(_ONE, rounding=ROUND_HALF_UP))
    return [each] * (parts - 1) + [whole_fen - each * (parts - 1)]


@dataclass(frozen=True)
class Cost:
    """What an agreement's insured persons have cost the fund in its year."""

    facility_code: str
    member: bool
    amount_fen: int
    cleared_fen: int
    """Of it, what stands in a clearing run: the fund pays it to the facility itself."""


@dataclass(frozen=True)
class YearEnd:
    """How a year ends."""

    budget_fen: int
    """The bundled amount times the assessment's factor."""
    actual_fen: int
    elsewhere_fen: int
    """Of it, outside the community: charged to it, paid by the fund (SJ-24)."""
    direct_fen: int
    """What the fund pays to the facilities itself: elsewhere, and what was cleared inside."""
    surplus_fen: int
    kept_fen: int
    """Of the surplus, the community's own income (SJ-25)."""
    overspend_fen: int
    unreasonable_fen: int
    borne_fen: int
    """Of the overspend, what the community bears; the fund bears the rest."""
    advances_fen: int

    @property
    def due_fen(self) -> int:
        """What the year's care is worth to the community, everything paid elsewhere included."""
        if self.overspend_fen:
            return self.budget_fen + self.overspend_fen - self.borne_fen
        return self.actual_fen + self.kept_fen

    @property
    def final_fen(self) -> int:
        """What is still to be paid; negative: to be given back."""
        return self.due_fen - self.advances_fen - self.direct_fen


def year_end(
    agreement: Agreement,
    costs: Sequence[Cost],
    *,
    factor: Decimal,
    unreasonable_fen: int,
    advances_fen: int,
) -> YearEnd:
    """Settle a year (SJ-20): surplus kept, reasonable overspend shared, the rest borne.

    Raises:
        ValueError: more is called unreasonable than was overspent.
    """
    terms = agreement.terms
    budget = times(agreement.bundled_fen, factor)
    actual = sum(cost.amount_fen for cost in costs)
    elsewhere = sum(cost.amount_fen for cost in costs if not cost.member)
    direct = elsewhere + sum(cost.cleared_fen for cost in costs if cost.member)
    surplus, over = max(0, budget - actual), max(0, actual - budget)
    if unreasonable_fen > over:
        raise ValueError("no more than the overspend can be unreasonable")
    shared = times(over - unreasonable_fen, terms.overspend_ratio)
    if terms.overspend_cap_ratio is not None:
        shared = min(shared, times(budget, terms.overspend_cap_ratio))
    return YearEnd(
        budget_fen=budget,
        actual_fen=actual,
        elsewhere_fen=elsewhere,
        direct_fen=direct,
        surplus_fen=surplus,
        kept_fen=times(surplus, terms.retained_ratio),
        overspend_fen=over,
        unreasonable_fen=unreasonable_fen,
        borne_fen=shared + unreasonable_fen,
        advances_fen=advances_fen,
    )


def advance_entry(agreement: Agreement, advance_id: UUID, amount_fen: int, paid_on: date) -> Entry:
    """A month's advance: the fund's money goes to the lead hospital's account (SJ-21)."""
    return Entry(
        kind="budget_advance",
        booked_on=paid_on,
        postings=(
            Posting(_advanced(agreement), amount_fen),
            Posting(Account("fund", fund=FUND), -amount_fen),
        ),
        source_id=advance_id,
    )


def year_end_entry(
    agreement: Agreement, settlement_id: UUID, end: YearEnd, costs: Sequence[Cost], paid_on: date
) -> Entry | None:
    """The year's end: advances become what was spent, members' bills are paid by the bundle.

    None when nothing moves at all.
    """
    parts: list[tuple[Account, int]] = [
        (_advanced(agreement), -end.advances_fen),
        (Account("fund", fund=FUND), -end.final_fen),
        (Account("spent", fund=FUND, purpose=USE), end.advances_fen + end.final_fen),
    ]
    for cost in costs:
        open_fen = cost.amount_fen - cost.cleared_fen
        if cost.member:
            code = cost.facility_code
            parts.append((Account("payer", fund=FUND, facility_code=code), -open_fen))
            parts.append((Account("facility", facility_code=code), open_fen))
    postings = tuple(Posting(account, amount) for account, amount in parts if amount)
    if not postings:
        return None
    return Entry(
        kind="budget_settlement", booked_on=paid_on, postings=postings, source_id=settlement_id
    )


def _advanced(agreement: Agreement) -> Account:
    return Account("advance", fund=FUND, facility_code=agreement.lead_facility_code)
