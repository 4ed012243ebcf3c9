"""HTTP shapes of revisions and their vouchers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.claims.revisions.domain import to_patient
from services.claims.revisions.repository import Voucher
from services.claims.revisions.service import LATE_RECOGNITION
from services.claims.settlement.schemas import SETTLEMENT_EXAMPLE, SettlementAnswer
from shared.clock import SHANGHAI
from shared.money import Fen, Money
from shared.security.free_text import PLAIN

Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), PLAIN
]
"""Why; without names or numbers of persons: it is kept and published."""

_ID = "01890a5d-ac96-774b-bcce-b302099a8064"
VOUCHER_EXAMPLE: dict[str, Any] = {
    "voucher_id": "01890a5d-ac96-774b-bcce-b302099a8070",
    "settlement_id": _ID,
    "supersedes": "01890a5d-ac96-774b-bcce-b302099a8062",
    "reversal": "01890a5d-ac96-774b-bcce-b302099a8063",
    "encounter_id": "01890a5d-ac96-774b-bcce-b302099a8057",
    "facility_code": "H51111300101",
    "reason": "recognised a week later",
    "parts": [
        {"party": "basic_insurance", "before": "3344.90", "after": "3344.90", "difference": "0.00"},
        {"party": "medical_aid", "before": "0.00", "after": "663.83", "difference": "663.83"},
        {"party": "patient", "before": "1655.10", "after": "991.27", "difference": "-663.83"},
    ],
    "to_patient": "663.83",
    "made_at": "2016-03-15T10:05:00+08:00",
}


class ReviseRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"reason": "recognised a week later"}}
    )

    reason: Reason = LATE_RECOGNITION


class PartAnswer(BaseModel):
    party: str
    """A payer, or `patient`."""
    before: Money
    after: Money
    difference: Money
    """Positive: bears more than before."""


class VoucherAnswer(BaseModel):
    """What each payer and the patient owes more or less since the bill was settled anew (CNY)."""

    model_config = ConfigDict(json_schema_extra={"example": VOUCHER_EXAMPLE})

    voucher_id: str | None
    """Null in a preview."""
    settlement_id: str | None
    supersedes: str
    reversal: str | None
    encounter_id: str
    facility_code: str
    reason: str
    parts: list[PartAnswer]
    to_patient: Money
    """What is returned to the patient; negative when he has to pay more."""
    made_at: datetime | None


class RevisionAnswer(SettlementAnswer):
    """The new settlement with its voucher."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": SETTLEMENT_EXAMPLE
            | {
                "settlement_id": _ID,
                "supersedes": SETTLEMENT_EXAMPLE["settlement_id"],
                "voucher": VOUCHER_EXAMPLE,
            }
        }
    )

    voucher: VoucherAnswer


class RevisionsRequest(BaseModel):
    """Which waiting bills to settle anew; all of the caller's, oldest first, when none is named."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"reason": "the roster of March reaches back", "limit": 50}},
    )

    encounter_ids: Annotated[list[UUID], Field(min_length=1, max_length=100)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 100
    reason: Reason = LATE_RECOGNITION


class RevisedAnswer(BaseModel):
    encounter_id: str
    settlement_id: str
    supersedes: str
    to_patient: Money


class RefusedAnswer(BaseModel):
    encounter_id: str
    settlement_id: str
    code: str
    title: str
    title_zh: str


class RevisionsAnswer(BaseModel):
    """What was settled anew, and what could not be."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "revised": [
                    {
                        "encounter_id": "01890a5d-ac96-774b-bcce-b302099a8057",
                        "settlement_id": _ID,
                        "supersedes": "01890a5d-ac96-774b-bcce-b302099a8062",
                        "to_patient": "663.83",
                    }
                ],
                "refused": [],
                "more": False,
            }
        }
    )

    revised: list[RevisedAnswer]
    refused: list[RefusedAnswer]
    more: bool
    """More bills wait than the limit let through: call again."""


def voucher_answer(voucher: Voucher, *, preview: bool = False) -> VoucherAnswer:
    return VoucherAnswer.model_validate(
        {
            "voucher_id": None if preview else str(voucher.id),
            "settlement_id": None if preview else str(voucher.settlement_id),
            "supersedes": str(voucher.supersedes_id),
            "reversal": None if preview else str(voucher.reversal_id),
            "encounter_id": str(voucher.encounter_id),
            "facility_code": voucher.facility_code,
            "reason": voucher.reason,
            "parts": [
                {
                    "party": part.party,
                    "before": Fen(part.before_fen),
                    "after": Fen(part.after_fen),
                    "difference": Fen(part.difference_fen),
                }
                for part in voucher.parts
            ],
            "to_patient": Fen(to_patient(voucher.parts)),
            "made_at": None if preview else voucher.made_at.astimezone(SHANGHAI),
        }
    )
