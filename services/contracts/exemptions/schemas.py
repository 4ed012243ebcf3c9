"""HTTP shapes of exempt reasons."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from shared.http.faults import FieldWrong

Code = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
Evidence = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
ExemptionState = Literal["in_force", "expired", "ended"]

_EXAMPLE: dict[str, Any] = {
    "exemption_id": "01890a5d-ac96-774b-bcce-b302099a8059",
    "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
    "township": "金河镇",
    "village": "曙光村",
    "reason": "long_absence",
    "reason_zh": "长期外出",
    "valid_from": "2016-03-01",
    "valid_to": "2017-02-28",
    "leaves_denominator": True,
    "status": "in_force",
    "ended_on": None,
    "last_day": "2017-02-28",
    "end_reason": None,
    "contract_id": None,
}


class ExemptReasonAnswer(BaseModel):
    """A reason that the county's programme knows."""

    reason: str
    name_zh: str
    name_en: str
    days: int | None
    """For how long it stands unless a day is given; None: it does not expire."""
    leaves_denominator: bool
    """Out of "at home and willing" (LP-32)."""
    ends_contract: bool
    """A contract in force ends with it."""


class ExemptReasonList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "reason": "refused",
                        "name_zh": "拒签",
                        "name_en": "Refused to sign",
                        "days": 365,
                        "leaves_denominator": True,
                        "ends_contract": False,
                    }
                ],
                "next_cursor": None,
            }
        }
    )

    items: list[ExemptReasonAnswer]
    next_cursor: str | None = None


class ExemptionRequest(BaseModel):
    """Why a registered person is not under contract."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
                "reason": "long_absence",
                "valid_from": "2016-03-01",
                "evidence": "在外务工，家属说明，村干部签字",
            }
        },
    )

    person_id: Code
    reason: Code
    valid_from: date
    valid_to: date | None = None
    """The last day, included. Default: as the programme says for the reason."""
    evidence: Evidence
    """What it rests on; kept encrypted."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise FieldWrong(
                "valid_to",
                "before_valid_from",
                "valid_to must not be before valid_from; give the last day",
                "终止日期不能早于起始日期；请填写最后一天",
            )
        return self


class ExemptionEndRequest(BaseModel):
    """From which day the reason no longer stands."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"ended_on": "2016-05-01", "reason": "returned"}},
    )

    ended_on: date
    """The first day on which it no longer stands."""
    reason: Literal["returned", "found", "willing", "entered_in_error", "other"] = "other"


class ExemptionAnswer(BaseModel):
    """An exempt reason of a person, and its state today. The evidence is told only by its own call."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    exemption_id: str
    person_id: str
    township: str | None
    village: str | None
    reason: str
    reason_zh: str
    valid_from: date
    valid_to: date | None
    leaves_denominator: bool
    status: ExemptionState
    ended_on: date | None
    """The first day on which it no longer stands."""
    last_day: date | None
    """The last one on which it does, the day before ``ended_on`` or else ``valid_to``; None: open.
    Ended on its first day it stood on none, and this is that day."""
    end_reason: str | None
    contract_id: str | None


class ExemptionEvidence(ExemptionAnswer):
    """With what it rests on; the reading is logged."""

    model_config = ConfigDict(
        json_schema_extra={"example": {**_EXAMPLE, "evidence": "在外务工，村干部签字"}}
    )

    evidence: str


class ExemptionList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_EXAMPLE], "next_cursor": None}}
    )

    items: list[ExemptionAnswer]
    next_cursor: str | None
