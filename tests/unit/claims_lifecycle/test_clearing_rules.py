"""The steps of a clearing run, by whoever tries them in whatever order."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.claims.clearing.domain import (
    Part,
    Payment,
    ReviewSkipped,
    Run,
    SamePersonTwice,
    Status,
    Step,
    StepName,
    StepNotAllowed,
    end_of,
    payment_entry,
)
from services.claims.funds.domain import FUNDS
from services.claims.models.clearing import RUN_STATES

AT = datetime(2018, 4, 1, tzinfo=UTC)
STEPS: tuple[StepName, ...] = ("submit", "review", "approve", "pay", "cancel")


def run_of(fund: str = "medical_aid", status: Status = "draft") -> Run:
    return Run(
        id=UUID(int=1),
        region="210422",
        period="2018-03",
        fund=None,
        facility_code=None,
        status=status,
        version=1,
        deposit_ratio=Decimal(0),
        steps=(Step("create", AT, "a", None),),
        parts=(Part("H1", fund, "benefits", 100, 0, 0, 0),),
    )


@given(
    st.sampled_from(["medical_aid", "waiver_fund"]),
    st.lists(st.tuples(st.sampled_from(STEPS), st.sampled_from("abcd")), max_size=12),
)
def test_no_order_of_steps_pays_what_one_person_prepared(
    fund: str, tried: Sequence[tuple[StepName, str]]
) -> None:
    """Goal: what is paid was submitted, then approved by another, and waivers reviewed by a third.

    Method: any steps by any of four clients; what is refused changes nothing; after each step that
    was taken, the whole history is judged again, written apart from the rules.
    """
    run = run_of(fund)
    for step, actor in tried:
        try:
            status = run.after(step, actor)
        except (StepNotAllowed, SamePersonTwice):
            continue
        run = replace(run, status=status, steps=(*run.steps, Step(step, AT, actor, None)))
        names = [done.step for done in run.steps]
        by = {done.step: done.done_by for done in run.steps}
        assert len(set(names)) == len(names)
        assert names[0] == "create"
        if "approve" in by:
            assert names.index("submit") < names.index("approve")
            assert by["approve"] not in {by["create"], by["submit"], by.get("review")}
            assert fund != "waiver_fund" or "review" in names[: names.index("approve")]
        if "review" in by:
            assert by["review"] not in {by["create"], by["submit"]}
        if "pay" in by:
            assert names.index("approve") < names.index("pay")
            assert by["pay"] not in {by["create"], by["submit"]}
            assert "cancel" not in by
        assert (run.status == "paid") == ("pay" in by)
        assert (run.status == "cancelled") == ("cancel" in by)


def test_a_skipped_review_is_named() -> None:
    """Goal: XB-28 is said, not only enforced. Method: approve submitted waivers."""
    with pytest.raises(ReviewSkipped, match="XB-28"):
        run_of("waiver_fund", "submitted").after("approve", "b")
    assert run_of("medical_aid", "submitted").after("approve", "b") == "approved"


def test_what_is_partly_paid_is_not_given_up() -> None:
    """Goal: no money without a run. Method: cancel with one fen paid, and with none."""
    run = run_of(status="approved")
    partly = replace(run, parts=(replace(run.parts[0], paid_fen=1),))
    with pytest.raises(StepNotAllowed):
        partly.after("cancel", "a")
    assert run.after("cancel", "a") == "cancelled"
    assert partly.after("pay", "b") == "paid"


def test_each_fund_has_its_approver() -> None:
    """Goal: a run is approved by whoever may for all of its funds. Method: two funds of two
    offices, each scope alone, both, neither."""
    run = run_of("medical_aid")
    run = replace(run, parts=(*run.parts, replace(run.parts[0], fund="waiver_fund")))
    ordinary, waivers = FUNDS["medical_aid"].approver, FUNDS["waiver_fund"].approver
    assert run.not_approved_by([ordinary]) == ["waiver_fund"]
    assert run.not_approved_by([waivers]) == ["medical_aid"]
    assert run.not_approved_by([ordinary, waivers]) == []
    assert run.not_approved_by([]) == ["medical_aid", "waiver_fund"]


def test_who_took_a_step_is_told() -> None:
    """Goal: a run's page names who did what. Method: a step that was taken, and one that was not."""
    run = replace(run_of(), steps=(*run_of().steps, Step("submit", AT, "b", "by the list")))
    assert run.taken("submit") == Step("submit", AT, "b", "by the list")
    assert run.taken("approve") is None


@given(st.integers(1, 10**9), st.data())
def test_payments_and_release_settle_every_account(amount: int, data: st.DataObject) -> None:
    """Goal: whatever the instalments and the deposit, nothing stays owed.

    Method: pay in up to five random pieces, then release; sum the postings by account.
    """
    held = data.draw(st.integers(0, amount * 3 // 10))
    part = Part("H1", "special_fund", "severe_illness", amount, held, 0, 0)
    sums: dict[str, int] = {"payer:special_fund:H1": amount, "facility:H1": -amount}

    def book(kind: str, fen: int, part: Part) -> None:
        payment = Payment(
            UUID(int=2), UUID(int=1), "H1", "special_fund", "severe_illness", kind,  # type: ignore[arg-type]
            "r", fen, date(2018, 4, 10), AT, "b",
        )  # fmt: skip
        for posting in payment_entry(payment, part).postings:
            code = posting.account.code
            sums[code] = sums.get(code, 0) + posting.amount_fen

    for _ in range(4):
        if part.open_fen > 1:
            piece = data.draw(st.integers(1, part.open_fen - 1))
            book("payment", piece, part)
            part = replace(part, paid_fen=part.paid_fen + piece)
    book("payment", part.open_fen, part)
    if held:
        assert sums["held:special_fund:H1"] == held
        book("release", held, part)
    assert {code: fen for code, fen in sums.items() if fen} == {
        "fund:special_fund": -amount,
        "spent:special_fund:severe_illness": amount,
    }


def test_months_end() -> None:
    """Goal: leap years and December. Method: by hand."""
    assert [end_of(period).day for period in ("2016-02", "2018-02", "2018-12")] == [29, 28, 31]


def test_the_states_are_the_tables() -> None:
    """Goal: the database knows every state. Method: compare the two lists."""
    assert get_args(Status) == RUN_STATES
