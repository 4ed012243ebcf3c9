"""What each fund may take and give, and how long its money lasts."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.claims.funds.domain import FUNDS, PACE_DAYS, SPECIAL_FUND_USES, Position, use_of
from services.claims.ledger.domain import FUND_NAMES, PURPOSE_NAMES
from services.claims.models.ledger import CLOSED_FUNDS

DAY = date(2018, 6, 30)


@given(st.integers(-(10**9), 10**9), st.integers(0, 10**9), st.integers(-(10**9), 10**9))
def test_money_lasts_to_the_day_named(balance: int, owed: int, cost: int) -> None:
    """Goal: on the day named the pace has not used up more than is free, a day later it has.

    Method: any balance, debt and cost; the days counted by hand.
    """
    position = Position("medical_aid", DAY, balance, owed, cost)
    runs_out_on = position.runs_out_on
    if position.free_fen <= 0:
        assert runs_out_on == DAY
    elif runs_out_on is not None:
        days = (runs_out_on - DAY).days
        assert days * position.pace_fen <= position.free_fen < (days + 1) * position.pace_fen
        assert position.pace_fen * PACE_DAYS >= cost
    else:
        assert position.pace_fen == 0 or position.free_fen // position.pace_fen >= 10_000
    assert position.to_warn(30) == (runs_out_on is not None and (runs_out_on - DAY).days <= 30)


def test_an_example_by_hand() -> None:
    """Goal: figures a treasurer can follow. Method: 1000.00 free, 90.00 in ninety days: 1.00 a
    day, so a thousand days."""
    position = Position("medical_aid", DAY, 120_000, 20_000, 9_000)
    assert (position.free_fen, position.pace_fen) == (100_000, 100)
    assert position.runs_out_on == date(2021, 3, 26)


@pytest.mark.parametrize(
    ("fund", "visit_type", "use"),
    [
        ("special_fund", "inpatient", "severe_illness"),
        ("special_fund", "chronic_outpatient", "chronic_drugs"),
        ("waiver_fund", "outpatient", "fee_waiver"),
        ("medical_aid", "inpatient", "benefits"),
    ],
)
def test_the_use_of_a_bills_part(fund: str, visit_type: str, use: str) -> None:
    """Goal: the special fund's parts are among its four uses (XB-54), the waiver fund's are its
    one (XB-55). Method: visits of both kinds."""
    assert use_of(fund, visit_type) == use
    assert use in FUNDS[fund].uses


def test_rules_names_and_the_database_agree() -> None:
    """Goal: every fund, source and use has its name, and the closed funds' uses are the table's."""
    assert set(FUNDS) == set(FUND_NAMES)
    for rules in FUNDS.values():
        assert {*rules.sources, *rules.uses, *rules.transfers.values()} <= set(PURPOSE_NAMES)
        assert set(rules.transfers) <= set(FUNDS)
    assert {fund for fund, rules in FUNDS.items() if rules.closed} == {
        "special_fund",
        "waiver_fund",
    }
    assert all(f"'{use}'" in CLOSED_FUNDS for use in SPECIAL_FUND_USES)
