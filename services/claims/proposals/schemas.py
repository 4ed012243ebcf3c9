"""HTTP shapes of the proposals."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from services.claims.proposals.repository import Decided
from services.claims.proposals.service import Proposal
from services.claims.proposals.shifting import ShiftedProposal
from shared.clock import SHANGHAI
from shared.money import Fen, Money
from shared.security.free_text import PLAIN

_ID = "01890a5d-ac96-774b-bcce-b302099a8062"
PROPOSAL_EXAMPLE: dict[str, Any] = {
    "proposal_id": _ID,
    "status": "open",
    "settlement_id": _ID,
    "encounter_id": "01890a5d-ac96-774b-bcce-b302099a8057",
    "facility_code": "H51111300101",
    "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
    "year": 2016,
    "settled_at": "2016-03-08T10:05:00+08:00",
    "reason": "room",
    "burden_then": None,
    "burden_now": None,
    "patient_difference": None,
    "offers": [{"benefit": "medical_aid_paid", "cut": "663.83", "offered": "400.00"}],
    "older_first": False,
    "replaced_by": None,
    "note": None,
    "decided_at": None,
}


class DecideRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"note": "room freed by a reversal"}}
    )

    note: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), PLAIN
    ] = "room that came free under the yearly cap"
    """Without names or numbers of persons: it is kept and, when confirmed, published."""


class OfferAnswer(BaseModel):
    """In the unit of the accumulator; what a confirmation changes, its preview says exactly."""

    benefit: str
    cut: Money
    offered: Money


class ProposalAnswer(BaseModel):
    """Room that came free for a bill which a cap had cut, or a bill whose year has shifted."""

    model_config = ConfigDict(json_schema_extra={"example": PROPOSAL_EXAMPLE})

    proposal_id: str
    """The id of the settlement: `POST /settlements/{id}/revise/preview` shows the voucher."""
    status: Literal["open", "confirmed", "dismissed"]
    settlement_id: str
    encounter_id: str
    facility_code: str
    person_id: str | None
    year: int
    settled_at: datetime
    reason: Literal["room", "year_shifted"] | None
    """`year_shifted`: critical illness finds another burden before it, because an earlier bill was
    reversed or settled anew. Null once it is decided."""
    burden_then: Money | None
    """Of a shifted one: the year's burden before it when it was settled, and now."""
    burden_now: Money | None
    patient_difference: Money | None
    """Of a shifted one: what the patient would pay more, or, negative, less."""
    offers: list[OfferAnswer]
    older_first: bool
    """An older bill of this person is offered the same room: decide that one first."""
    replaced_by: str | None
    note: str | None
    decided_at: datetime | None


class ProposalList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [PROPOSAL_EXAMPLE], "next_cursor": None}}
    )

    items: list[ProposalAnswer]
    next_cursor: str | None


def open_answer(proposal: Proposal) -> ProposalAnswer:
    return ProposalAnswer(
        proposal_id=str(proposal.settlement_id),
        status="open",
        settlement_id=str(proposal.settlement_id),
        encounter_id=str(proposal.encounter_id),
        facility_code=proposal.facility_code,
        person_id=proposal.person_id,
        year=proposal.year,
        settled_at=proposal.made_at.astimezone(SHANGHAI),
        reason="room",
        burden_then=None,
        burden_now=None,
        patient_difference=None,
        offers=[
            OfferAnswer(benefit=benefit, cut=Fen(proposal.cuts[benefit]), offered=Fen(offered))
            for benefit, offered in proposal.offer.amounts.items()
        ],
        older_first=bool(proposal.offer.blocked_by),
        replaced_by=None,
        note=None,
        decided_at=None,
    )


def shifted_answer(proposal: ShiftedProposal) -> ProposalAnswer:
    bill = proposal.bill
    return ProposalAnswer(
        proposal_id=str(bill.settlement_id),
        status="open",
        settlement_id=str(bill.settlement_id),
        encounter_id=str(bill.encounter_id),
        facility_code=bill.facility_code,
        person_id=bill.person_id,
        year=bill.year,
        settled_at=bill.made_at.astimezone(SHANGHAI),
        reason="year_shifted",
        burden_then=Fen(bill.burden_then_fen),
        burden_now=Fen(bill.burden_now_fen),
        patient_difference=None if proposal.patient_fen is None else Fen(proposal.patient_fen),
        offers=[],
        older_first=False,
        replaced_by=None,
        note=None,
        decided_at=None,
    )


def decided_answer(decided: Decided) -> ProposalAnswer:
    return ProposalAnswer.model_validate(
        {
            "proposal_id": str(decided.settlement_id),
            "status": decided.decision,
            "settlement_id": str(decided.settlement_id),
            "encounter_id": str(decided.encounter_id),
            "facility_code": decided.facility_code,
            "person_id": decided.person_id,
            "year": decided.year,
            "settled_at": decided.made_at.astimezone(SHANGHAI),
            "reason": None,
            "burden_then": None,
            "burden_now": None,
            "patient_difference": None,
            "offers": [],
            "older_first": False,
            "replaced_by": str(decided.replaced_by_id) if decided.replaced_by_id else None,
            "note": decided.note,
            "decided_at": decided.decided_at.astimezone(SHANGHAI),
        }
    )
