"""What a yearly cap kept a bill from is told by the engine, so that freed room can be offered."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.claims.settlement.domain import Bill, Settlement, Standing, Visit, settle
from services.claims.settlement.tiers import Cut
from tests.unit.claims.bills import POOR, XINBIN, bill, jinkouhe, line, shipped

IN_XINBIN = date(2018, 9, 3)


@pytest.mark.parametrize(
    ("basis", "used", "cuts"),
    [
        # 160.00 a year: the accumulator counts cost, or the fund's money.
        ("cost", 0, (Cut("outpatient_base_used", 24_000, 16_000),)),
        ("cost", 16_000, (Cut("outpatient_base_used", 40_000, 16_000),)),
        ("fund", 0, (Cut("outpatient_base_used", 8_000, 16_000),)),
    ],
)
def test_the_pool_cuts_in_its_own_unit(basis: str, used: int, cuts: tuple[Cut, ...]) -> None:
    """Goal: the cut is counted like the accumulator. Method: 400.00 against 160.00 a year."""
    made = settle(
        bill(line(1, "400.00"), kind="outpatient", level="township", discharged_on=None,
             admitted_on=date(2016, 3, 1)),
        jinkouhe(),
        POOR,
        Standing(outpatient_base_used=used),
        parameters={"outpatient.cap_basis": basis},
    )  # fmt: skip
    assert made.cuts == cuts


def chronic(used: int) -> Settlement:
    where = Visit(
        "chronic_outpatient",
        "township",
        admitted_on=IN_XINBIN,
        disease_programme="chronic_4",
    )
    return settle(
        Bill(where, (line(1, "1500.00", kind="drug"),)),
        shipped(XINBIN),
        POOR,
        Standing(chronic_drug_fund_paid=used),
    )


def test_a_funds_yearly_amount_cuts_what_is_beyond_it() -> None:
    """Goal: XB-25's 1000 a year. Method: nothing used, part used, all used."""
    free = chronic(0)
    wanted = free.paid_by("special_fund") + sum(cut.amount for cut in free.cuts)
    for used in (0, 40_000, 100_000):
        made = chronic(used)
        paid = made.paid_by("special_fund")
        assert paid == min(wanted, 100_000 - used)
        assert sum(cut.amount for cut in made.cuts) == wanted - paid


@pytest.mark.parametrize(
    ("basis", "told"), [("case_disease", []), ("person_year", ["special_fund_paid"])]
)
def test_a_cases_own_limit_is_no_cut(basis: str, told: list[str]) -> None:
    """Goal: only what other bills took can come free. Method: the limit read per case, per year."""
    stay = Visit("inpatient", "secondary", discharged_on=IN_XINBIN, disease_programme="major_14")
    made = settle(
        Bill(stay, (line(1, "200000.00"),)),
        shipped(XINBIN),
        POOR,
        Standing(),
        parameters={
            "special_fund.limit_basis": basis,
            "basic.annual_cap": "900000.00",
            "medical_aid.annual_cap": "900000.00",
            "special_fund.limit": "1.00",
        },
    )
    assert [cut.benefit for cut in made.cuts] == told


@settings(max_examples=50)
@given(st.integers(1, 3_000_000), st.integers(0, 1_000_000), st.integers(0, 400_000))
def test_with_its_cut_a_benefit_would_have_what_an_empty_year_gives(
    amount: int, basic_used: int, aid_used: int
) -> None:
    """Goal: the cut is exact. Method: the same bill in an empty year without caps."""
    caps: dict[str, Any] = {"basic.annual_cap": "10000.00", "medical_aid.annual_cap": "4000.00"}
    one = bill(line(1, f"{amount / 100:.2f}"))
    taken = Standing(basic_paid=basic_used, medical_aid_paid=aid_used)
    made = settle(one, jinkouhe(), POOR, taken, parameters=caps)
    wide = settle(
        one,
        jinkouhe(),
        POOR,
        Standing(),
        parameters=dict.fromkeys(caps, "90000000.00"),
    )
    cut = {each.benefit: each.amount for each in made.cuts}
    assert made.consumed.basic_paid + cut.get("basic_paid", 0) == wide.consumed.basic_paid
    assert wide.cuts == ()
    assert made.consumed.basic_paid + basic_used <= max(1_000_000, basic_used)
    assert made.consumed.medical_aid_paid + aid_used <= max(400_000, aid_used)
    assert set(cut) <= {"basic_paid", "medical_aid_paid"}
