"""HTTP shapes of contracts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from services.contracts.contracts.domain import State
from shared.http.faults import FieldWrong

Code = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
Evidence = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
EndReason = Literal[
    "lost_contact",
    "moved_away",
    "died",
    "own_request",
    "other_team",
    "entered_in_error",
    "other",
]
ContractState = State
ContractFilter = Literal[
    "invited", "pending", "signed", "renewed", "transferred", "ended", "refused", "withdrawn",
    "expired", "in_force",
]  # fmt: skip

_CONTRACT_EXAMPLE: dict[str, Any] = {
    "contract_id": "01890a5d-ac96-774b-bcce-b302099a8057",
    "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
    "team": "H51111300202",
    "township": "金河镇",
    "village": "曙光村",
    "package": "basic",
    "signed_on": "2016-01-05",
    "valid_from": "2016-01-05",
    "valid_to": "2017-01-04",
    "short_term": False,
    "status": "signed",
    "renewals": 0,
    "ended_on": None,
    "last_day": "2017-01-04",
    "end_reason": None,
    "transferred_from": None,
    "next_steps": ["renew", "terminate", "transfer"],
}


class ContractRequest(BaseModel):
    """A signature between a registered person and a team, or an offer, or its refusal."""

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
    status: Literal["invited", "pending", "signed", "refused"] = "signed"
    """With what the contract begins."""
    team: Code | None = None
    """Default: the team of the township where the person lives."""
    package: Code | None = None
    """What is promised; default ``basic``."""
    signed_on: date | None = None
    """Needed for a signature."""
    valid_from: date | None = None
    """Default: the day of signing."""
    valid_to: date | None = None
    """The last day, included. Default: one year."""
    on: date | None = None
    """The day of an invitation, application or refusal. Default: today."""
    evidence: Evidence | None = None
    """What a refusal rests on, such as the signed notice; kept encrypted."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.status == "signed" and self.signed_on is None:
            raise FieldWrong(
                "signed_on",
                "missing",
                "signed_on is missing; give the day on which it was signed",
                "缺少签约日期；请填写",
            )
        if self.status != "signed" and (self.signed_on or self.valid_from or self.valid_to):
            raise FieldWrong(
                "status",
                "not_signed",
                "only a signature has signed_on, valid_from and valid_to; leave them out, or use "
                "status signed",
                "未签约的记录不填签约和起止日期",
            )
        if self.status == "refused" and self.evidence is None:
            raise FieldWrong(
                "evidence",
                "missing",
                "a refusal needs its evidence; say what it rests on",
                "拒签须填写佐证",
            )
        first = self.valid_from or self.signed_on
        if self.valid_to is not None and first is not None and self.valid_to < first:
            raise FieldWrong(
                "valid_to",
                "before_valid_from",
                "valid_to must not be before valid_from; give the last day of the term",
                "终止日期不能早于起始日期；请填写最后一天",
            )
        return self


class SignatureRequest(BaseModel):
    """An offer is signed."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"signed_on": "2016-01-05"}}
    )

    signed_on: date
    valid_from: date | None = None
    """Default: the day of signing."""
    valid_to: date | None = None
    """The last day, included. Default: one year."""
    package: Code | None = None


class StepRequest(BaseModel):
    """The day on which an offer was taken up or withdrawn."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"on": "2016-01-05"}})

    on: date | None = None
    """Default: today."""


class RefusalRequest(StepRequest):
    """A person declines."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"on": "2016-01-05", "evidence": "拒签告知书，本人签字"}},
    )

    evidence: Evidence
    """What it rests on; kept encrypted."""


class RenewalRequest(BaseModel):
    """A contract goes on after its term."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"renewed_on": "2016-12-20"}}
    )

    renewed_on: date | None = None
    """The day on which it was agreed, in the running term. Default: today."""
    valid_to: date | None = None
    """The last day of the new term. Default: one year after the running one."""


class TransferRequest(BaseModel):
    """A contract goes on with another team."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"team": "H51111300201", "on": "2016-05-01"}},
    )

    team: Code
    on: date | None = None
    """The other team's first day. Default: today."""
    valid_to: date | None = None
    """The last day with the other team. Default: as agreed before."""


class TerminationRequest(BaseModel):
    """Why and from which day a contract no longer holds."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"reason": "moved_away", "ended_on": "2016-05-01"}},
    )

    reason: EndReason
    ended_on: date
    """The first day on which it no longer holds."""
    evidence: Evidence | None = None
    """With it the same reason stands as exempt reason from that day on, where there is one."""


class ContractAnswer(BaseModel):
    """A contract, and its state today."""

    model_config = ConfigDict(json_schema_extra={"example": _CONTRACT_EXAMPLE})

    contract_id: str
    person_id: str
    team: str
    township: str | None
    village: str | None
    package: str
    signed_on: date | None
    """None: offered only."""
    valid_from: date | None
    valid_to: date | None
    short_term: bool
    """The term is shorter than the year that 国卫基层发〔2018〕35号 asks for in principle."""
    status: ContractState
    renewals: int
    ended_on: date | None
    """The first day on which it no longer holds."""
    last_day: date | None
    """The last one on which it does, the day before ``ended_on`` or else ``valid_to``; None: offered
    only. Ended on its first day it held on none, and this is that day."""
    end_reason: str | None
    transferred_from: str | None
    """The contract with another team that it goes on."""
    next_steps: list[str]
    """What can be done with it now."""


class ContractList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_CONTRACT_EXAMPLE], "next_cursor": None}}
    )

    items: list[ContractAnswer]
    next_cursor: str | None


class ContractStepAnswer(BaseModel):
    """One step: what, from which day, by whom, recorded when."""

    step: str
    status: str
    """The state it led to."""
    on: date
    reason: str | None
    valid_to: date | None
    recorded_by: str
    recorded_at: datetime


class ContractHistory(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "step": "sign",
                        "status": "signed",
                        "on": "2016-01-05",
                        "reason": None,
                        "valid_to": "2017-01-04",
                        "recorded_by": "township",
                        "recorded_at": "2016-01-05T09:00:00+08:00",
                    }
                ]
            }
        }
    )

    items: list[ContractStepAnswer]


class DoubleContracts(BaseModel):
    """A person of whom more than one contract holds: his ids were found to be one person's."""

    person_id: str
    contracts: list[ContractAnswer]
    """By their first day. One of them is to be ended with ``/contracts/{id}/terminate``."""


class DoubleContractList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
                        "contracts": [_CONTRACT_EXAMPLE, _CONTRACT_EXAMPLE],
                    }
                ],
                "next_cursor": None,
            }
        }
    )

    items: list[DoubleContracts]
    next_cursor: str | None
