"""Double entry: what is posted sums to zero, and a reversal is the exact opposite."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.claims.ledger.domain import (
    CHART,
    ENTRY_NAMES,
    Account,
    Entry,
    EntryNotBalanced,
    Posting,
    settlement_entry,
)
from services.claims.models.ledger import ACCOUNT_KINDS, ENTRY_KINDS

ONE, TWO = UUID(int=1), UUID(int=2)
DAY = date(2016, 3, 8)


@given(st.lists(st.integers(0, 10**9), max_size=9), st.integers(1, 10**9))
def test_an_entry_balances_and_its_reversal_is_its_opposite(shares: list[int], own: int) -> None:
    """Goal: Σ = 0, and no zero postings. Method: any shares, then their negatives."""
    payers = [(f"fund_{number}", share) for number, share in enumerate(shares)]
    total = sum(shares) + own
    entry = settlement_entry(
        settlement_id=ONE,
        facility_code="H1",
        total_fen=total,
        payers=payers,
        patient_pays_fen=own,
        booked_on=DAY,
    )
    back = settlement_entry(
        settlement_id=TWO,
        facility_code="H1",
        total_fen=-total,
        payers=[(payer, -share) for payer, share in payers],
        patient_pays_fen=-own,
        booked_on=DAY,
        reverses_settlement_id=ONE,
    )
    assert (entry.kind, back.kind) == ("settlement", "reversal")
    assert sum(posting.amount_fen for posting in entry.postings) == 0
    assert all(posting.amount_fen for posting in entry.postings)
    assert [(p.account.code, -p.amount_fen) for p in entry.postings] == [
        (p.account.code, p.amount_fen) for p in back.postings
    ]


def test_two_funds_that_pay_the_same_amount_both_count() -> None:
    """Goal: equal amounts are not one. Method: two funds, 30 each, and the hospital 30."""
    entry = settlement_entry(
        settlement_id=ONE,
        facility_code="H1",
        total_fen=100,
        payers=[("medical_aid", 30), ("special_fund", 30), ("hospital", 30)],
        patient_pays_fen=10,
        booked_on=DAY,
    )
    assert {posting.account.code: posting.amount_fen for posting in entry.postings} == {
        "payer:medical_aid:H1": 30,
        "payer:special_fund:H1": 30,
        "hospital:H1": 30,
        "patient:H1": 10,
        "facility:H1": -100,
    }


def test_parts_that_do_not_add_up_are_never_posted() -> None:
    """Goal: the program stops before the database has to. Method: one fen too few."""
    with pytest.raises(EntryNotBalanced):
        settlement_entry(
            settlement_id=ONE,
            facility_code="H1",
            total_fen=100,
            payers=[("medical_aid", 60)],
            patient_pays_fen=39,
            booked_on=DAY,
        )


@pytest.mark.parametrize("amounts", [(), (0, 0), (5,), (3, -3, 0)])
def test_an_entry_has_two_sides(amounts: tuple[int, ...]) -> None:
    """Goal: no entry of nothing. Method: none, zeros, one."""
    postings = tuple(
        Posting(Account("patient", facility_code=f"H{n}"), amount)
        for n, amount in enumerate(amounts)
    )
    with pytest.raises(EntryNotBalanced):
        Entry(kind="settlement", booked_on=DAY, postings=postings, settlement_id=ONE)


def test_an_account_stands_once_in_an_entry() -> None:
    """Goal: what the database keeps by its key is refused before. Method: the same one twice."""
    patient = Account("patient", facility_code="H1")
    with pytest.raises(EntryNotBalanced):
        Entry(
            kind="settlement",
            booked_on=DAY,
            postings=(Posting(patient, 1), Posting(patient, -1)),
            settlement_id=ONE,
        )


def test_the_chart_and_the_database_know_the_same_kinds() -> None:
    """Goal: no kind without a name in both languages, none that the table refuses."""
    assert set(CHART) == set(ACCOUNT_KINDS)
    assert set(ENTRY_NAMES) == set(ENTRY_KINDS)
