"""HTTP shapes of the global budgets."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.claims.budgets.domain import Terms
from services.claims.budgets.service import Budget
from services.claims.funds.schemas import Amount, Document, Year
from shared.clock import SHANGHAI
from shared.money import MAX_FEN, Fen, Money

Ratio = Annotated[Decimal, Field(ge=0, le=1, decimal_places=6)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=32)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


def _nothing() -> Fen:
    return Fen(0)


def _not_negative(amount: Fen) -> Fen:
    if not 0 <= amount <= MAX_FEN:
        raise ValueError("write an amount of 0.00 or more")
    return amount


Reserve = Annotated[Money, AfterValidator(_not_negative)]
_AGREEMENT: dict[str, Any] = {
    "year": 2016,
    "community": "金口河区医共体",
    "insurance_plan": "390",
    "lead_facility_code": "H51111300101",
    "approved": "120000000.00",
    "risk_reserve_ratio": "0.05",
    "critical_illness": "8000000.00",
    "deposit_ratio": "0.05",
}


class AgreementRequest(BaseModel):
    """What an insurer and a medical community agree on, for one plan and year."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _AGREEMENT})

    year: Year
    community: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=2, max_length=100)
    ]
    insurance_plan: Annotated[
        Name, Field(description="`390` (residents) or `310` (employees); each has its own budget")
    ] = "390"
    lead_facility_code: Code
    facilities: Annotated[
        list[Code], Field(max_length=500, description="Members; left out: all of the region")
    ] = []
    townships: Annotated[
        list[Name], Field(max_length=200, description="Whose people; left out: everybody's")
    ] = []
    approved: Amount
    risk_reserve_ratio: Ratio = Decimal(0)
    critical_illness: Reserve = Field(default_factory=_nothing)
    other_reserves: Reserve = Field(default_factory=_nothing)
    deposit_ratio: Ratio = Decimal(0)
    retained_ratio: Ratio = Decimal(1)
    overspend_ratio: Annotated[
        Ratio, Field(description="Of a reasonable overspend, what the community bears")
    ] = Decimal(0)
    overspend_cap_ratio: Ratio | None = None

    @property
    def terms(self) -> Terms:
        return Terms(
            approved_fen=int(self.approved),
            risk_reserve_ratio=self.risk_reserve_ratio,
            critical_illness_fen=int(self.critical_illness),
            other_reserves_fen=int(self.other_reserves),
            deposit_ratio=self.deposit_ratio,
            retained_ratio=self.retained_ratio,
            overspend_ratio=self.overspend_ratio,
            overspend_cap_ratio=self.overspend_cap_ratio,
        )


class SignRequest(BaseModel):
    """The agreement as signed."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"document": "医共体协议2016-1", "signed_on": "2016-01-05"}},
    )

    document: Document
    signed_on: date


class AdjustRequest(BaseModel):
    """Another approved total, for the advances from a month on (KZ-09)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"approved": "125000000.00", "from_month": 7, "document": "医保〔2016〕9号"}
        },
    )

    approved: Amount
    from_month: Annotated[int, Field(ge=2, le=12)]
    document: Document


class AdvanceRequest(BaseModel):
    """Which month is paid in advance."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"month": 1}})

    month: Annotated[int, Field(ge=1, le=12)]
    paid_on: date | None = None


class YearEndRequest(BaseModel):
    """How the year is settled."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"assessment_factor": "1"}}
    )

    assessment_factor: Ratio = Decimal(1)
    unreasonable: Reserve = Field(default_factory=_nothing)
    """Of an overspend, what was found unreasonable: the community bears it whole (KZ-10)."""
    paid_on: date | None = None


class MonthAnswer(BaseModel):
    month: int
    amount: Money
    """As planned; what was paid once it is."""
    paid_on: date | None


class CostAnswer(BaseModel):
    facility_code: str
    member: bool
    amount: Money
    cleared: Money


class YearEndAnswer(BaseModel):
    """A year's end; see the names in the agreement's documentation."""

    settlement_id: str
    assessment_factor: Decimal
    budget: Money
    actual: Money
    elsewhere: Money
    direct: Money
    surplus: Money
    kept: Money
    overspend: Money
    unreasonable: Money
    borne: Money
    advances: Money
    due: Money
    final: Money
    paid_on: date
    made_at: datetime
    made_by: str


_AGREEMENT_ANSWER: dict[str, Any] = {
    **_AGREEMENT,
    "agreement_id": "01890a5d-ac96-774b-bcce-b302099a8057",
    "status": "signed",
    "insurance_plans": ["390", "resident", "城乡居民医保"],
    "facilities": ["H51111300101", "H51111300201"],
    "townships": [],
    "other_reserves": "0.00",
    "retained_ratio": "1",
    "overspend_ratio": "0",
    "overspend_cap_ratio": None,
    "bundled": "106000000.00",
    "months": [{"month": 1, "amount": "8391666.67", "paid_on": "2016-01-10"}],
    "advanced": "8391666.67",
    "costs": [
        {
            "facility_code": "H51111300101",
            "member": True,
            "amount": "3344.90",
            "cleared": "0.00",
        }
    ],
    "actual": "3344.90",
    "elsewhere": "0.00",
    "document": "医共体协议2016-1",
    "signed_on": "2016-01-05",
    "signed_by": "insurer",
    "created_by": "operator",
    "created_at": "2016-01-04T09:00:00+08:00",
    "year_end": None,
}


class AgreementAnswer(BaseModel):
    """An agreement, its advances and its cost so far."""

    model_config = ConfigDict(json_schema_extra={"example": _AGREEMENT_ANSWER})

    agreement_id: str
    status: str
    """`draft`, `signed` or `settled`."""
    year: int
    community: str
    insurance_plan: str
    insurance_plans: list[str]
    lead_facility_code: str
    facilities: list[str]
    townships: list[str]
    approved: Money
    risk_reserve_ratio: Decimal
    critical_illness: Money
    other_reserves: Money
    deposit_ratio: Decimal
    retained_ratio: Decimal
    overspend_ratio: Decimal
    overspend_cap_ratio: Decimal | None
    bundled: Money
    months: list[MonthAnswer]
    advanced: Money
    costs: list[CostAnswer]
    actual: Money
    elsewhere: Money
    document: str | None
    signed_on: date | None
    signed_by: str | None
    created_by: str
    created_at: datetime
    year_end: YearEndAnswer | None

    @classmethod
    def of(cls, budget: Budget) -> Self:
        agreement, terms, settled = budget.agreement, budget.agreement.terms, budget.settled
        paid = {each.month: each for each in budget.advances}
        status = "draft" if agreement.signed_on is None else "signed"
        last = agreement.adjustments[-1].approved_fen if agreement.adjustments else None
        return cls(
            agreement_id=str(agreement.id),
            status=status if settled is None else "settled",
            year=agreement.year,
            community=agreement.community,
            insurance_plan=agreement.plan,
            insurance_plans=list(agreement.plan_words),
            lead_facility_code=agreement.lead_facility_code,
            facilities=list(agreement.facilities),
            townships=list(agreement.townships),
            approved=Fen(terms.approved_fen if last is None else last),
            risk_reserve_ratio=terms.risk_reserve_ratio,
            critical_illness=Fen(terms.critical_illness_fen),
            other_reserves=Fen(terms.other_reserves_fen),
            deposit_ratio=terms.deposit_ratio,
            retained_ratio=terms.retained_ratio,
            overspend_ratio=terms.overspend_ratio,
            overspend_cap_ratio=terms.overspend_cap_ratio,
            bundled=Fen(agreement.bundled_fen),
            months=[
                MonthAnswer(
                    month=month,
                    amount=Fen(paid[month].amount_fen if month in paid else planned),
                    paid_on=paid[month].paid_on if month in paid else None,
                )
                for month, planned in enumerate(agreement.schedule(), start=1)
            ],
            advanced=Fen(sum(each.amount_fen for each in budget.advances)),
            costs=[
                CostAnswer(
                    facility_code=cost.facility_code,
                    member=cost.member,
                    amount=Fen(cost.amount_fen),
                    cleared=Fen(cost.cleared_fen),
                )
                for cost in budget.costs
            ],
            actual=Fen(sum(cost.amount_fen for cost in budget.costs)),
            elsewhere=Fen(sum(cost.amount_fen for cost in budget.costs if not cost.member)),
            document=agreement.document,
            signed_on=agreement.signed_on,
            signed_by=agreement.signed_by,
            created_by=agreement.created_by,
            created_at=agreement.created_at.astimezone(SHANGHAI),
            year_end=None
            if settled is None
            else YearEndAnswer(
                settlement_id=str(settled.id),
                assessment_factor=settled.factor,
                paid_on=settled.paid_on,
                made_at=settled.made_at.astimezone(SHANGHAI),
                made_by=settled.made_by,
                **{name: Fen(amount) for name, amount in settled.figures.items()},
            ),
        )


class AgreementList(BaseModel):
    """Budget agreements, oldest first."""

    model_config = ConfigDict(json_schema_extra={"example": {"items": [_AGREEMENT_ANSWER]}})

    items: list[AgreementAnswer]
