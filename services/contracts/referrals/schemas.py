"""HTTP shapes of referrals."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.contracts.referrals.domain import REASONS, Direction, Priority, StateOnDay, StepName

_Id = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
_Facility = Annotated[str, StringConstraints(min_length=1, max_length=32, strip_whitespace=True)]
_Note = Annotated[str, StringConstraints(max_length=2000)]
_Diagnosis = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        to_upper=True,
        pattern=r"^[A-Za-z][0-9]{2}(\.[0-9A-Za-z]{1,6})?([x+*][0-9A-Za-z]{0,6})?$",
    ),
]
Reason = Literal[
    "treatment",
    "diagnosis",
    "uncontrolled",
    "severe_found",
    "emergency",
    "acute_recovery",
    "post_operative_recovery",
    "critical_stable",
]
ReferralState = StateOnDay

_EXAMPLE: dict[str, Any] = {
    "referral_id": "01890a5d-ac96-774b-bcce-b302099a8070",
    "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
    "direction": "up",
    "reason": "treatment",
    "reason_zh": REASONS["treatment"][1],
    "from_facility": "H51111300202",
    "to_facility": "H51111300101",
    "team": "H51111300202",
    "township": "金河镇",
    "village": "曙光村",
    "diagnoses": ["I10"],
    "priority": "priority",
    "issued_on": "2016-03-10",
    "valid_to": "2016-04-09",
    "status": "made",
    "refusal": None,
    "outcome": None,
    "note": None,
    "steps": [
        {
            "step": "make",
            "done_at": "2016-03-10T02:00:00Z",
            "done_by": "township",
            "organisation": "township:金河镇",
            "note": None,
        }
    ],
    "results": [
        {
            "name": "sbp",
            "name_zh": "收缩压",
            "name_en": "systolic pressure",
            "value": "186",
            "unit": "mmHg",
            "measured_on": "2016-03-09",
            "team": "H51111300202",
        }
    ],
}


class ReferralRequest(BaseModel):
    """A patient is referred to another institution."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
                "direction": "up",
                "reason": "treatment",
                "to_facility": "H51111300101",
                "diagnoses": ["I10"],
                "note": "血压 186/112,服药两周未控制",
            }
        },
    )

    person_id: _Id
    direction: Direction
    reason: Reason
    """Up: ``treatment``, ``diagnosis``, ``uncontrolled``, ``severe_found``, ``emergency``. Down, the
    patient's class: ``acute_recovery``, ``post_operative_recovery``, ``critical_stable``."""
    from_facility: _Facility | None = None
    """Default: the caller's own facility or team; for a county client the person's team."""
    to_facility: _Facility | None = None
    """Default for ``down``: the person's team."""
    diagnoses: list[_Diagnosis] = Field(default_factory=list, max_length=20)
    issued_on: date | None = None
    """Default: today."""
    valid_to: date | None = None
    """The last day on which it may be answered or used."""
    note: _Note | None = None
    """Free text, stored encrypted and never passed on."""


class AcceptRequest(BaseModel):
    """The target takes the patient."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"note": "请持医保卡到内科二病区"}}
    )

    note: _Note | None = None


class RefuseRequest(BaseModel):
    """The target does not take the patient, and says why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"reason": "本院无此专科，请转市级医院"}},
    )

    reason: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class ReturnRequest(BaseModel):
    """The target hands the patient back, with what is to be done for him."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"note": "血压已控制，继续氨氯地平，两周后复查"}},
    )

    note: _Note | None = None


class CloseRequest(BaseModel):
    """The referral is over, or, before anybody answered, withdrawn."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"note": None}})

    note: _Note | None = None


class StepAnswer(BaseModel):
    """A step that was taken."""

    step: StepName
    done_at: AwareDatetime
    done_by: str
    organisation: str
    note: str | None


class ResultAnswer(BaseModel):
    """What was measured at home before the referral (SJ-36)."""

    name: str
    name_zh: str
    name_en: str
    value: str
    unit: str
    measured_on: date
    team: str
    """Whose visit or check-up it was."""


class ReferralAnswer(BaseModel):
    """A referral, and its state today."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    referral_id: str
    person_id: str
    direction: Direction
    reason: str
    reason_zh: str
    from_facility: str
    to_facility: str
    team: str
    """The team that answered for the patient on the day of issue."""
    township: str | None
    village: str | None
    diagnoses: list[str]
    priority: Priority
    issued_on: date
    valid_to: date
    status: ReferralState
    """``expired``: nobody answered within its validity."""
    refusal: str | None
    outcome: str | None
    note: str | None = None
    """Only of a single referral."""
    steps: list[StepAnswer] | None = None
    """Only of a single referral."""
    results: list[ResultAnswer] | None = None
    """What was measured in the 90 days before the day of issue, the newest of each, for the other
    end to recognise (SJ-36). Only of a single referral."""


class ReferralList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [{**_EXAMPLE, "note": None, "steps": None, "results": None}],
                "next_cursor": None,
            }
        }
    )

    items: list[ReferralAnswer]
    next_cursor: str | None
