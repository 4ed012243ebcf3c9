"""The steps of a clearing run, who may take them, and what paying books."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

from services.claims.funds.domain import FUNDS
from services.claims.ledger.domain import Account, Entry, Posting

Status = Literal["draft", "submitted", "reviewed", "approved", "paid", "cancelled"]
StepName = Literal["create", "submit", "review", "approve", "pay", "cancel"]
PaymentKind = Literal["payment", "release"]

OPEN: Final[tuple[Status, ...]] = ("draft", "submitted", "reviewed", "approved")
"""States from which a run still goes on."""

MUST_BE_REVIEWED = frozenset({"waiver_fund"})
"""XB-28: the hospital claims, the health bureau reviews, the poverty office approves and pays."""

_NEXT: Final[Mapping[tuple[str, str], Status]] = {
    ("draft", "submit"): "submitted",
    ("submitted", "review"): "reviewed",
    ("submitted", "approve"): "approved",
    ("reviewed", "approve"): "approved",
    ("approved", "pay"): "paid",
    ("draft", "cancel"): "cancelled",
    ("submitted", "cancel"): "cancelled",
    ("reviewed", "cancel"): "cancelled",
    ("approved", "cancel"): "cancelled",
}

# Who did one of these may not do the step. Approving and paying may be one office's (XB-28).
_OTHER_THAN: Final[Mapping[str, frozenset[str]]] = {
    "review": frozenset({"create", "submit"}),
    "approve": frozenset({"create", "submit", "review"}),
    "pay": frozenset({"create", "submit"}),
}


class StepNotAllowed(ValueError):
    """The run's state does not allow the step."""


class ReviewSkipped(StepNotAllowed):
    """A run with waivers must be reviewed before it is approved."""


class SamePersonTwice(ValueError):
    """Who did an earlier step may not do this one."""


@dataclass(frozen=True)
class Step:
    """A step that was taken."""

    step: StepName
    done_at: datetime
    done_by: str
    note: str | None


@dataclass(frozen=True)
class Part:
    """What a run owes one facility from one fund for one use; amounts in fen."""

    facility_code: str
    fund: str
    use: str
    amount_fen: int
    held_fen: int
    """Kept back as an assurance deposit."""
    paid_fen: int
    released_fen: int

    @property
    def key(self) -> tuple[str, str, str]:
        return self.facility_code, self.fund, self.use

    @property
    def open_fen(self) -> int:
        """Still to pay, what is held back not counted."""
        return self.amount_fen - self.held_fen - self.paid_fen


@dataclass(frozen=True)
class Run:
    """A clearing run."""

    id: UUID
    region: str
    period: str
    fund: str | None
    facility_code: str | None
    status: Status
    version: int
    deposit_ratio: Decimal
    steps: tuple[Step, ...]
    parts: tuple[Part, ...]

    @property
    def must_be_reviewed(self) -> bool:
        return any(part.fund in MUST_BE_REVIEWED for part in self.parts)

    def not_approved_by(self, scopes: Collection[str]) -> list[str]:
        """Those of its funds that somebody with these scopes may neither approve nor pay."""
        funds = dict.fromkeys(part.fund for part in self.parts)
        return [fund for fund in funds if FUNDS[fund].approver not in scopes]

    def taken(self, name: str) -> Step | None:
        return next((step for step in self.steps if step.step == name), None)

    def after(self, step: StepName, actor: str) -> Status:
        """The state after a step by this actor.

        Raises:
            StepNotAllowed: not in this state; ReviewSkipped: not before the review.
            SamePersonTwice: the actor did an earlier step.
        """
        status = _NEXT.get((self.status, step))
        if status is None or (step == "cancel" and any(part.paid_fen for part in self.parts)):
            raise StepNotAllowed(f"a run that is {self.status} cannot take the step {step}")
        if step == "approve" and self.status == "submitted" and self.must_be_reviewed:
            raise ReviewSkipped("a run with waivers is reviewed before it is approved (XB-28)")
        others = _OTHER_THAN.get(step, frozenset())
        if any(done.done_by == actor for done in self.steps if done.step in others):
            raise SamePersonTwice(f"somebody else must {step} what this client has prepared")
        return status


def end_of(period: str) -> date:
    """The last day of a month such as ``2018-03``."""
    year, month = map(int, period.split("-"))
    return date(year, month, monthrange(year, month)[1])


@dataclass(frozen=True)
class Payment:
    """Money that a fund paid to a facility, or a deposit that was released."""

    id: UUID
    run_id: UUID
    facility_code: str
    fund: str
    use: str
    kind: PaymentKind
    reference: str
    amount_fen: int
    paid_on: date
    made_at: datetime
    made_by: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.facility_code, self.fund, self.use


def payment_entry(payment: Payment, part: Part) -> Entry:
    """What a payment books: the fund's money goes out for its use, its debt and ours are less.

    The part's first payment also moves what is held back from the fund's debts to its deposits.
    """
    amount = payment.amount_fen
    held = part.held_fen if payment.kind == "payment" and part.paid_fen == 0 else 0
    facility = payment.facility_code
    deposit = Account("held", fund=payment.fund, facility_code=facility)
    debt = Account("payer", fund=payment.fund, facility_code=facility)
    postings: Sequence[tuple[Account, int]] = (
        (Account("facility", facility_code=facility), amount),
        (Account("spent", fund=payment.fund, purpose=payment.use), amount),
        (Account("fund", fund=payment.fund), -amount),
        (debt, -(amount + held) if payment.kind == "payment" else 0),
        (deposit, held if payment.kind == "payment" else -amount),
    )
    return Entry(
        kind="clearing_payment" if payment.kind == "payment" else "deposit_release",
        booked_on=payment.paid_on,
        postings=tuple(Posting(account, fen) for account, fen in postings if fen),
        source_id=payment.id,
    )
