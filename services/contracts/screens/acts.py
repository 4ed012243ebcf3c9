"""What can be done on a person's page: each form as the request of its service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from services.contracts.check_ups import service as check_ups
from services.contracts.check_ups.schemas import CheckUpRequest
from services.contracts.contracts import changing, signing
from services.contracts.contracts.schemas import (
    ContractRequest,
    RefusalRequest,
    RenewalRequest,
    SignatureRequest,
    StepRequest,
    TerminationRequest,
    TransferRequest,
)
from services.contracts.diseases import changing as diseases
from services.contracts.diseases.schemas import (
    CaseRequest,
    CloseRequest,
    PlanRequest,
    WithdrawRequest,
)
from services.contracts.dispensings import service as dispensings
from services.contracts.dispensings.schemas import DispensingRequest, WithdrawalRequest
from services.contracts.exemptions import service as exemptions
from services.contracts.exemptions.schemas import ExemptionEndRequest, ExemptionRequest
from services.contracts.follow_up.forms import forms
from services.contracts.health_record import verifying
from services.contracts.health_record.schemas import VerificationRequest
from services.contracts.plans import enrolling
from services.contracts.plans.schemas import EnrolmentRequest
from services.contracts.referrals import service as referrals
from services.contracts.referrals.domain import REASONS
from services.contracts.referrals.schemas import (
    AcceptRequest,
    ReferralRequest,
    RefuseRequest,
    ReturnRequest,
)
from services.contracts.referrals.schemas import CloseRequest as ReferralCloseRequest
from services.contracts.upward import service as upward
from services.contracts.upward.schemas import UpwardReportRequest
from shared.db.session import WriteSession
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal
from shared.web.forms import local_moment, plain_number, plain_text
from shared.web.kit import Typed

HOME_CARE = "home_care"
"""The programme of those who cannot come (KZ-16); who they are, only the team knows."""


@dataclass(frozen=True)
class Asked:
    """A form that was sent for a person, or for something of his."""

    session: WriteSession
    context: ServiceContext
    caller: Principal
    of: UUID | None
    """The contract, case, referral, dispensing or exempt reason; None: the person himself."""

    @property
    def whole(self) -> tuple[WriteSession, ServiceContext, Principal]:
        return self.session, self.context, self.caller

    @property
    def thing(self) -> UUID:
        if self.of is None:
            message = "this form belongs to a thing"
            raise ValueError(message)
        return self.of


@dataclass(frozen=True)
class Act:
    """A form: how it is read, and who does what it asks."""

    request: type[BaseModel]
    fields: tuple[str, ...]
    do: Callable[[Asked, Any], Awaitable[Any]]
    fixed: Mapping[str, str] | None = None
    person: bool = False
    """The request names the person."""
    more: Callable[[Typed], dict[str, Any]] | None = None
    """What the form says in another way than by a field."""

    def body(self, typed: Typed, person_id: str) -> dict[str, Any]:
        """What was typed, empty fields left out."""
        found: dict[str, Any] = dict(self.fixed or {})
        if self.person:
            found["person_id"] = person_id
        for name in self.fields:
            text = typed[name]
            if text:
                found[name] = _READ[name](text) if name in _READ else text
        return found | (self.more(typed) if self.more is not None else {})


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _codes(text: str) -> list[str]:
    plain = plain_text(text).replace("、", ",").replace(";", ",").replace(" ", ",")
    return [code for code in plain.split(",") if code]


_READ: Mapping[str, Callable[[str], Any]] = {
    "measures": _lines,
    "diagnoses": _codes,
    "grade": plain_number,
    "total": plain_number,
    "insurance_paid": plain_number,
    "days": plain_number,
    "reported_at": local_moment,
}


def _direction(typed: Typed) -> dict[str, Any]:
    """A reason has one direction."""
    known = REASONS.get(typed["reason"])
    return {"direction": known[0]} if known is not None else {}


def _check_up(typed: Typed) -> dict[str, Any]:
    """The parts of a check-up that were ticked, and what was measured."""
    measured = {
        name: plain_number(typed[f"m-{name}"])
        for name in forms()["check_up"].fields
        if typed[f"m-{name}"]
    }
    return {
        "items": [code for code in check_ups.content() if typed[f"item-{code}"] == "yes"],
        "measurements": measured or None,
        "confirmed": list(measured) if typed["confirm"] == "yes" else [],
    }


class VerificationOf(VerificationRequest):
    """A home verification with whom it concerns, as the page's other forms have it."""

    person_id: str

    @property
    def found(self) -> VerificationRequest:
        return VerificationRequest.model_validate(self.model_dump(exclude={"person_id"}))


def _referral(step: Any) -> Callable[[Asked, Any], Awaitable[Any]]:
    return lambda asked, body: referrals.step(*asked.whole, asked.thing, step, note=body.note)


ACTS: Mapping[str, Act] = {
    "sign": Act(
        ContractRequest,
        ("signed_on", "valid_from", "valid_to", "package"),
        lambda asked, body: signing.begin(*asked.whole, body),
        fixed={"status": "signed"}, person=True,
    ),
    "invite": Act(
        ContractRequest, ("on",), lambda asked, body: signing.begin(*asked.whole, body),
        fixed={"status": "invited"}, person=True,
    ),
    "refuse": Act(
        ContractRequest, ("on", "evidence"), lambda asked, body: signing.begin(*asked.whole, body),
        fixed={"status": "refused"}, person=True,
    ),
    "accept-offer": Act(
        SignatureRequest, ("signed_on", "valid_to"),
        lambda asked, body: signing.sign(*asked.whole, asked.thing, body),
    ),
    "refuse-offer": Act(
        RefusalRequest, ("on", "evidence"),
        lambda asked, body: signing.decline(*asked.whole, asked.thing, body, "refuse"),
    ),
    "withdraw-offer": Act(
        StepRequest, ("on",),
        lambda asked, body: signing.decline(*asked.whole, asked.thing, body, "withdraw"),
    ),
    "renew": Act(
        RenewalRequest, ("renewed_on", "valid_to"),
        lambda asked, body: changing.renew(*asked.whole, asked.thing, body),
    ),
    "transfer": Act(
        TransferRequest, ("team", "on"),
        lambda asked, body: changing.transfer(*asked.whole, asked.thing, body),
    ),
    "terminate": Act(
        TerminationRequest, ("reason", "ended_on", "evidence"),
        lambda asked, body: changing.terminate(*asked.whole, asked.thing, body),
    ),
    "exempt": Act(
        ExemptionRequest, ("reason", "valid_from", "valid_to", "evidence"),
        lambda asked, body: exemptions.record(*asked.whole, body), person=True,
    ),
    "exempt-end": Act(
        ExemptionEndRequest, ("ended_on", "reason"),
        lambda asked, body: exemptions.end(*asked.whole, asked.thing, body),
    ),
    "found": Act(
        CaseRequest, ("disease", "found_on", "grade", "care_class"),
        lambda asked, body: diseases.find(*asked.whole, body), person=True,
    ),
    "manage": Act(
        PlanRequest, ("goal", "measures", "on"),
        lambda asked, body: diseases.manage(*asked.whole, asked.thing, body),
    ),
    "close": Act(
        CloseRequest, ("evidence", "closed_on"),
        lambda asked, body: diseases.close(*asked.whole, asked.thing, body),
        fixed={"outcome": "cured"},
    ),
    "case-withdraw": Act(
        WithdrawRequest, ("on",),
        lambda asked, body: diseases.withdraw(*asked.whole, asked.thing, body),
    ),
    "refer": Act(
        ReferralRequest, ("reason", "to_facility", "diagnoses", "note"),
        lambda asked, body: referrals.make(*asked.whole, body), person=True, more=_direction,
    ),
    "referral-accept": Act(AcceptRequest, ("note",), _referral("accept")),
    "referral-refuse": Act(
        RefuseRequest, ("reason",),
        lambda asked, body: referrals.step(
            *asked.whole, asked.thing, "refuse", refusal=body.reason
        ),
    ),
    "referral-return": Act(ReturnRequest, ("note",), _referral("return")),
    "referral-close": Act(ReferralCloseRequest, ("note",), _referral("close")),
    "report": Act(
        UpwardReportRequest, ("reported_to", "reported_at", "note"),
        lambda asked, body: upward.report(*asked.whole, asked.thing, body),
    ),
    "home-care": Act(
        EnrolmentRequest, ("started_on",),
        lambda asked, body: enrolling.enrol(*asked.whole, body),
        fixed={"programme": HOME_CARE}, person=True,
    ),
    "verify": Act(
        VerificationOf, ("verified_on", "result", "cause", "note"),
        lambda asked, body: verifying.verify(*asked.whole, body.person_id, body.found),
        person=True,
    ),
    "check-up": Act(
        CheckUpRequest, ("performed_on",),
        lambda asked, body: check_ups.record(*asked.whole, body), person=True, more=_check_up,
    ),
    "dispense": Act(
        DispensingRequest, ("disease", "dispensed_on", "total", "insurance_paid", "days"),
        lambda asked, body: dispensings.record(*asked.whole, body), person=True,
    ),
    "dispense-withdraw": Act(
        WithdrawalRequest, ("reason",),
        lambda asked, body: dispensings.withdraw(*asked.whole, str(asked.thing), body.reason),
    ),
}  # fmt: skip
"""By the name that stands in the form's address."""
