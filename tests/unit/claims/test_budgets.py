"""A global budget's figures, by hand."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.claims.budgets.domain import Adjustment, Agreement, Cost, Terms, YearEnd, year_end

MILLION = 100_000_000
ZERO, ONE = Decimal(0), Decimal(1)


def agreement(approved: int, **terms: object) -> Agreement:
    usual = Terms(approved, ZERO, 0, 0, ZERO, ONE, ZERO, None)
    return Agreement(
        uuid4(), "511113", 2016, "医共体", "390", ("390",), "A", ("A", "B"), (),
        replace(usual, **terms), "x", datetime.now(UTC), "d", None, None,
    )  # fmt: skip


def ended(budget: int, actual: int, **terms: object) -> YearEnd:
    return year_end(
        agreement(budget, **terms),
        [Cost("A", True, actual, 0)],
        factor=ONE,
        unreasonable_fen=0,
        advances_fen=0,
    )


def test_the_bundle_and_its_twelfths() -> None:
    """Goal: the worked examples. Method: 120 million with and without reserves (SJ-20, SJ-23)."""
    full = agreement(
        120 * MILLION,
        risk_reserve_ratio=Decimal("0.05"),
        critical_illness_fen=8 * MILLION,
        deposit_ratio=Decimal("0.05"),
    )
    assert full.bundled_fen == 106 * MILLION
    assert full.schedule() == [839_166_667] * 11 + [839_166_663]
    simple = agreement(120 * MILLION, risk_reserve_ratio=Decimal("0.05"))
    assert simple.schedule() == [950_000_000] * 12
    small = agreement(100, risk_reserve_ratio=Decimal("0.05"), critical_illness_fen=8)
    assert small.bundled_fen == 87


def test_surplus_and_overspend() -> None:
    """Goal: KZ-10 and SJ-25 by hand. Method: 100 against 96 and 104; 87 against 83."""
    assert (ended(100, 96).kept_fen, ended(100, 96).due_fen) == (4, 100)
    over = ended(100, 104, overspend_ratio=Decimal("0.5"))
    assert (over.overspend_fen, over.borne_fen, over.due_fen) == (4, 2, 102)
    assert ended(87, 83).kept_fen == 4
    assert ended(100, 104).borne_fen == 0, "silent agreements leave an overspend to the fund"
    half = ended(100, 90, retained_ratio=Decimal("0.6"))
    assert (half.kept_fen, half.due_fen) == (6, 96)
    capped = ended(1000, 1400, overspend_ratio=Decimal("0.5"), overspend_cap_ratio=Decimal("0.1"))
    assert (capped.borne_fen, capped.due_fen) == (100, 1300)


def test_a_member_treated_elsewhere_and_what_is_unreasonable() -> None:
    """Goal: the year's end by hand. Method: 900 inside (100 cleared), 250 outside, factor 0.98."""
    costs = [Cost("A", True, 900, 100), Cost("Z", False, 250, 250)]
    terms = agreement(1000, overspend_ratio=Decimal("0.5"))
    end = year_end(terms, costs, factor=Decimal("0.98"), unreasonable_fen=30, advances_fen=700)
    # Budget 980, actual 1150: 170 over, 30 of it unreasonable, of 140 half is the community's.
    assert (end.budget_fen, end.overspend_fen, end.borne_fen) == (980, 170, 100)
    # Due 1050; paid already: 700 in advance, 250 elsewhere, 100 by clearing.
    assert (end.due_fen, end.direct_fen, end.final_fen) == (1050, 350, 0)
    with pytest.raises(ValueError, match="overspend"):
        year_end(terms, costs, factor=ONE, unreasonable_fen=151, advances_fen=0)


def test_an_adjustment_spreads_what_is_left() -> None:
    """Goal: KZ-09. Method: 1,200 a year becomes 1,500 from July: 600 paid, 900 over six months."""
    adjusted = replace(agreement(1200), adjustments=(Adjustment(7, 1500, "x"),))
    assert adjusted.schedule() == [100] * 6 + [150] * 6


@given(
    approved=st.integers(1, 10**12),
    deposit=st.integers(0, 1000),
    adjustments=st.lists(
        st.tuples(st.integers(2, 12), st.integers(1, 10**12)), max_size=3, unique_by=lambda x: x[0]
    ),
)
def test_the_advances_are_the_bundle(approved, deposit, adjustments) -> None:
    """Goal: the twelve advances come to the bundle less the deposit. Method: any adjustments."""
    made = tuple(Adjustment(month, fen, "x") for month, fen in sorted(adjustments))
    one = replace(agreement(approved, deposit_ratio=Decimal(deposit) / 1000), adjustments=made)
    assert len(one.schedule()) == 12
    assert sum(one.schedule()) == one.terms.advanced_fen(one.bundled_fen)
