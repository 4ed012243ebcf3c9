"""The rules of each fund, and how long its money lasts at the present pace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from services.claims.ledger.domain import Account, Entry, Posting

MovementKind = Literal["opening", "appropriation", "transfer"]

PACE_DAYS = 90
"""The present pace is what bills cost the fund per day over so many days before."""


@dataclass(frozen=True)
class FundRules:
    """Where a fund's money may come from and what it may be used for."""

    holder_en: str
    holder_zh: str
    citation: str
    sources: tuple[str, ...]
    """Of appropriations."""
    uses: tuple[str, ...]
    transfers: Mapping[str, str] = field(default_factory=dict)
    """Other funds that money may come from, each with the name of the source that it then is."""
    approver: str = "claims:clearing-approve"
    """The scope of whoever approves what the fund pays, and pays it."""
    closed: bool = False
    """Never negative, and nothing but its own sources and uses; kept by the database too."""


SPECIAL_FUND_USES = ("severe_illness", "contract_fee", "check_up", "chronic_drugs")

FUNDS: Final[Mapping[str, FundRules]] = {
    "special_fund": FundRules(
        "Treasury account of the county", "县财政专户", "XB-53, XB-54",
        sources=(), uses=SPECIAL_FUND_USES,
        transfers={"basic_insurance": "surplus_transfer"}, closed=True,
    ),
    "waiver_fund": FundRules(
        "Poverty office", "县扶贫办", "XB-28, XB-55",
        sources=("poverty_office",), uses=("fee_waiver",),
        # XB-28: the poverty office approves and pays, after the health bureau has looked.
        approver="claims:clearing-approve-waivers", closed=True,
    ),
    "medical_aid": FundRules(
        "Civil affairs", "民政局", "XB-57",
        sources=("civil_affairs", "fiscal", "donation"), uses=("benefits",),
    ),
    "basic_insurance": FundRules(
        "Insurance agency", "医保经办机构", "KZ-07, XB-57",
        sources=("contributions", "fiscal"), uses=("benefits",),
        transfers={"fiscal_subsidy": "subsidy"},
    ),
    "critical_illness": FundRules(
        "Critical-illness insurer", "大病保险承办机构", "XB-57",
        sources=("premium",), uses=("benefits",), transfers={"basic_insurance": "premium"},
    ),
    "second_compensation": FundRules(
        "Insurance agency", "医保经办机构", "XB-57",
        sources=("fiscal", "contributions"), uses=("benefits",),
    ),
    "commercial_insurance": FundRules(
        "Commercial insurer", "商业保险公司", "JK-82", sources=("premium",), uses=("benefits",),
    ),
    "emergency_aid": FundRules(
        "Health bureau", "卫生健康部门", "JK-17", sources=("fiscal", "donation"), uses=("benefits",),
    ),
    "charity_fund": FundRules(
        "Charity", "慈善组织", "JK-18", sources=("donation",), uses=("benefits",),
    ),
    "fiscal_subsidy": FundRules(
        "Treasury", "财政局", "KZ-07", sources=("fiscal",), uses=("subsidy",),
    ),
}  # fmt: skip


def use_of(fund: str, visit_type: str) -> str:
    """What a fund's part of a visit's bill counts as (XB-54; every other fund has one use)."""
    if fund != "special_fund":
        return FUNDS[fund].uses[0]
    return "chronic_drugs" if visit_type == "chronic_outpatient" else "severe_illness"


@dataclass(frozen=True)
class Movement:
    """Money that came into a fund, from outside or from another fund."""

    id: UUID
    region: str
    fund: str
    kind: MovementKind
    source: str
    from_fund: str | None
    year: int
    amount_fen: int
    document: str
    booked_on: date
    made_at: datetime
    made_by: str


def income_entry(movement: Movement) -> Entry:
    """The entry of an opening balance, an appropriation or a transfer."""
    origin = (
        Account("source", fund=movement.fund, purpose=movement.source)
        if movement.from_fund is None
        else Account("fund", fund=movement.from_fund)
    )
    return Entry(
        kind=movement.kind,
        booked_on=movement.booked_on,
        postings=(
            Posting(Account("fund", fund=movement.fund), movement.amount_fen),
            Posting(origin, -movement.amount_fen),
        ),
        source_id=movement.id,
    )


@dataclass(frozen=True)
class Position:
    """A fund on a day; amounts in fen."""

    fund: str
    day: date
    balance_fen: int
    """The money that it holds."""
    owed_fen: int
    """Its parts of settled bills, not paid yet; what is held back included."""
    cost_fen: int
    """What bills cost it over the :data:`PACE_DAYS` before, reversals taken off."""
    received_fen: int = 0
    """What came in since the year of the day began, an opening balance included."""
    given_fen: int = 0
    """What was paid, or transferred to another fund, since the year of the day began."""

    @property
    def free_fen(self) -> int:
        """What is left once everything owed is paid."""
        return self.balance_fen - self.owed_fen

    @property
    def pace_fen(self) -> int:
        """Cost per day, rounded up."""
        return -(-max(self.cost_fen, 0) // PACE_DAYS)

    @property
    def runs_out_on(self) -> date | None:
        """The day on which bills will have used up what is free; None at no pace at all."""
        if self.free_fen <= 0:
            return self.day
        if self.pace_fen == 0:
            return None
        days = self.free_fen // self.pace_fen
        # Ten thousand days ahead is as good as never, and keeps within the calendar.
        return self.day + timedelta(days=days) if days < _FAR_DAYS else None

    def to_warn(self, within_days: int) -> bool:
        """Whether it runs out within so many days."""
        day = self.runs_out_on
        return day is not None and day <= self.day + timedelta(days=within_days)


_FAR_DAYS = 10_000
