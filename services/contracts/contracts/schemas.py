"""HTTP shapes of contracts."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

Code = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
EndReason = Literal[
    "lost_contact",
    "moved_away",
    "died",
    "own_request",
    "other_team",
    "entered_in_error",
    "other",
]
ContractState = Literal["signed", "ended", "expired"]

_CONTRACT_EXAMPLE: dict[str, Any] = {
    "contract_id": "01890a5d-ac96-774b-bcce-b302099a8057",
    "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
    "team": "H51111300202",
    "township": "金河镇",
    "village": "曙光村",
    "signed_on": "2016-01-05",
    "valid_from": "2016-01-05",
    "valid_to": "2017-01-04",
    "short_term": False,
    "status": "signed",
    "ended_on": None,
    "end_reason": None,
}


class ContractRequest(BaseModel):
    """A signature between a registered person and a team."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
                "signed_on": "2016-01-05",
                "valid_from": "2016-01-05",
                "valid_to": "2017-01-04",
            }
        },
    )

    person_id: Code
    team: Code | None = None
    """Default: the team of the township where the person lives."""
    signed_on: date
    valid_from: date | None = None
    """Default: the day of signing."""
    valid_to: date | None = None
    """The last day, included. Default: one year."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_to is not None and self.valid_to < (self.valid_from or self.signed_on):
            raise ValueError(
                "valid_to must not be before valid_from; give the last day of the term "
                "/ 终止日期不能早于起始日期"
            )
        return self


class ContractAnswer(BaseModel):
    """A contract, and its state today."""

    model_config = ConfigDict(json_schema_extra={"example": _CONTRACT_EXAMPLE})

    contract_id: str
    person_id: str
    team: str
    township: str | None
    village: str | None
    signed_on: date
    valid_from: date
    valid_to: date
    short_term: bool
    """The term is shorter than the year that 国卫基层发〔2018〕35号 asks for in principle."""
    status: ContractState
    ended_on: date | None
    """The first day on which it no longer holds."""
    end_reason: str | None


class ContractList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_CONTRACT_EXAMPLE], "next_cursor": None}}
    )

    items: list[ContractAnswer]
    next_cursor: str | None


class TerminationRequest(BaseModel):
    """Why and from which day a contract no longer holds."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"reason": "moved_away", "ended_on": "2016-05-01"}},
    )

    reason: EndReason
    ended_on: date
    """The first day on which it no longer holds."""
