"""A clearing run as the HTTP contract shows it."""

from __future__ import annotations

from services.claims.clearing.domain import Run
from services.claims.clearing.schemas import PartAnswer, RunAnswer, StepAnswer
from services.claims.ledger.domain import FUND_NAMES, PURPOSE_NAMES
from shared.clock import SHANGHAI
from shared.money import Fen


def run_answer(run: Run) -> RunAnswer:
    """A run with its parts and steps."""
    return RunAnswer(
        run_id=str(run.id),
        period=run.period,
        fund=run.fund,
        facility_code=run.facility_code,
        status=run.status,
        must_be_reviewed=run.must_be_reviewed,
        deposit_ratio=run.deposit_ratio,
        amount=Fen(sum(part.amount_fen for part in run.parts)),
        held=Fen(sum(part.held_fen for part in run.parts)),
        paid=Fen(sum(part.paid_fen for part in run.parts)),
        open=Fen(sum(part.open_fen for part in run.parts)),
        parts=[
            PartAnswer(
                facility_code=part.facility_code,
                fund=part.fund,
                fund_zh=FUND_NAMES[part.fund][1],
                use=part.use,
                use_zh=PURPOSE_NAMES[part.use][1],
                amount=Fen(part.amount_fen),
                held=Fen(part.held_fen),
                paid=Fen(part.paid_fen),
                released=Fen(part.released_fen),
                open=Fen(part.open_fen),
            )
            for part in run.parts
        ],
        steps=[
            StepAnswer(
                step=step.step,
                done_at=step.done_at.astimezone(SHANGHAI),
                done_by=step.done_by,
                note=step.note,
            )
            for step in run.steps
        ],
    )
