"""HTTP shapes of the encounters."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from services.claims.reservations.schemas import RESERVATION_EXAMPLE, ReservationAnswer
from shared.money import Fen, Money
from shared.security.free_text import PLAIN

VisitType = Literal["outpatient", "inpatient", "chronic_outpatient", "emergency"]
VisitNo = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z._/-]{0,63}$")]
"""The hospital's own number of the visit. Never an ID number: it stands in URLs."""
Code = Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=r"^[0-9A-Za-z_-]+$")]
DoctorCode = Annotated[
    str, StringConstraints(min_length=1, max_length=16, pattern=r"^[0-9A-Za-z_-]+$")
]
"""The hospital's own staff code; too short for an ID number."""
Status = Literal["open", "charging", "discharged", "settled", "cancelled"]


def _none_is_none(value: Any) -> Any:
    """``"none"`` is how some systems write that no programme applies."""
    return None if value == "none" else value


Programme = Literal["major_14", "serious_34", "national_94", "chronic_4"]
Programmes = Annotated[
    Programme | Annotated[list[Programme], Field(max_length=4)] | None,
    BeforeValidator(_none_is_none),
]
"""The treatment programme that the disease belongs to, or several; the pack's order decides."""
PROGRAMMES_APART = ","


def as_kept(programmes: str | list[Programme] | None) -> str | None:
    """One text for one programme or several, the order of which means nothing."""
    if programmes is None or isinstance(programmes, str):
        return programmes
    return PROGRAMMES_APART.join(sorted(set(programmes))) or None


def as_told(kept: str | None) -> str | list[str] | None:
    """The same as the client tells it."""
    parts = [] if kept is None else kept.split(PROGRAMMES_APART)
    return parts if len(parts) > 1 else kept


_EXAMPLE_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
ENCOUNTER_EXAMPLE: dict[str, Any] = {
    "encounter_id": _EXAMPLE_ID,
    "status": "discharged",
    "facility_code": "H51111300101",
    "visit_no": "ZY2016030001",
    "type": "inpatient",
    "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
    "admitted_at": "2016-03-01T09:00:00+08:00",
    "discharged_at": "2016-03-08T10:00:00+08:00",
    "diagnoses": ["J18.900"],
    "doctor_code": "D0012",
    "referral": False,
    "referral_issuer": None,
    "disease_programme": None,
    "insurance_plan": "resident",
    "evidence": {"card_presented": False, "stated_payments": {}},
    "treat_first_pay_later": True,
    "deposit": "0.00",
    "deposit_to_return": "0.00",
    "categories": [{"code": "registered_poor", "valid_from": "2014-01-01", "valid_to": None}],
    "recognition_id": "01890a5d-ac96-774b-bcce-b302099a8060",
    "recognition_grade": "certain",
    "recognition_conflict": False,
    "recognition_pending": False,
    "totals": {"batches": 1, "lines": 4, "amount": "5000.00"},
    "estimated_cost": "8000.00",
    "reservation": RESERVATION_EXAMPLE,
    "settlement_id": None,
    "township": "永和镇",
    "village": "坪上村",
}


class EvidenceRequest(BaseModel):
    """What the patient showed."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"card_presented": True}}
    )

    card_presented: bool = False
    """The card for registered poor households (明白卡, XB-06)."""
    stated_payments: Annotated[
        dict[Literal["commercial_insurance", "emergency_aid", "charity_fund"], Money],
        Field(max_length=3),
    ] = {}
    """What schemes that settle on their own account have told to pay of this visit (JK-82)."""


def stated_in_fen(evidence: EvidenceRequest) -> dict[str, int]:
    """For the record: payers by name, fen."""
    return {payer: int(amount) for payer, amount in sorted(evidence.stated_payments.items())}


class EncounterRequest(BaseModel):
    """A visit that the hospital registers itself."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "facility_code": "H51111300101",
                "visit_no": "ZY2016030001",
                "type": "inpatient",
                "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
                "admitted_at": "2016-03-01T09:00:00+08:00",
                "deposit": "0.00",
            }
        },
    )

    facility_code: Code
    visit_no: VisitNo
    type: VisitType
    person_id: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    admitted_at: AwareDatetime
    deposit: Money = Field(default_factory=lambda: Fen(0))
    referral: bool = False
    referral_issuer: Code | None = None
    """The facility that issued the referral; some regions say which may (XB-08)."""
    disease_programme: Programmes = None
    insurance_plan: Annotated[str, StringConstraints(min_length=1, max_length=32)] = "resident"
    evidence: EvidenceRequest = Field(default_factory=EvidenceRequest)
    estimated_cost: Money | None = None
    """What the whole visit will probably cost. Of a patient without deposit the capped funds' part
    of it is reserved; without an estimate the reservation begins with the first charges."""


class DischargeRequest(BaseModel):
    """The end of a visit."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"discharged_at": "2016-03-08T10:00:00+08:00", "diagnoses": ["J18.900"]}
        },
    )

    discharged_at: AwareDatetime
    diagnoses: Annotated[
        list[Annotated[str, StringConstraints(max_length=20)]], Field(max_length=20)
    ] = []
    referral: bool | None = None
    """Whether the patient came by a referral; left out: as registered."""
    referral_issuer: Code | None = None
    """Left out: as registered."""
    disease_programme: Programmes = None
    """Left out: as registered."""
    doctor_code: DoctorCode | None = None
    """The attending doctor by the hospital's own staff code, for monitoring; never a name."""


class CancelRequest(BaseModel):
    """Why the visit did not take place."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"reason": "registered twice"}}
    )

    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), PLAIN
    ]
    """Without names or numbers of persons: it is kept."""


class CategoryAnswer(BaseModel):
    """A category in force on the visit's date."""

    code: str
    valid_from: date
    valid_to: date | None


class ChargeTotals(BaseModel):
    """What has been charged so far."""

    batches: int
    lines: int
    amount: Money


class EncounterAnswer(BaseModel):
    """A visit's case; the person by pseudonym only."""

    model_config = ConfigDict(json_schema_extra={"example": ENCOUNTER_EXAMPLE})

    encounter_id: str
    status: Status
    facility_code: str
    visit_no: str
    type: VisitType
    person_id: str | None
    """For whom it is settled, or would be: of two merged persons, the kept one."""
    admitted_at: datetime
    discharged_at: datetime | None
    diagnoses: list[str]
    doctor_code: str | None
    """The attending doctor, by the hospital's own staff code."""
    referral: bool
    referral_issuer: str | None
    disease_programme: str | list[str] | None
    insurance_plan: str
    evidence: EvidenceRequest
    treat_first_pay_later: bool
    deposit: Money
    deposit_to_return: Money
    """A deposit taken before the patient was recognised; he is not to pay one (LP-23)."""
    categories: list[CategoryAnswer]
    recognition_id: str | None
    recognition_grade: str | None
    recognition_conflict: bool
    """Different persons were named for this visit: somebody must look before it is settled."""
    recognition_pending: bool
    """What was learned after the settlement changes the person or the categories: reverse and
    settle again to use it."""
    totals: ChargeTotals
    estimated_cost: Money | None
    reservation: ReservationAnswer | None
    """Room under the yearly caps that is kept for this visit; null when it never held any."""
    settlement_id: str | None
    township: str | None
    village: str | None


class EncounterList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [ENCOUNTER_EXAMPLE], "next_cursor": None}}
    )

    items: list[EncounterAnswer]
    next_cursor: str | None
