"""What must hold for every bill of the Jinkouhe pack; ``test_random_packs`` asks it of any pack."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from services.claims.settlement.bill import CATEGORIES, LEVELS, LINE_KINDS, Line
from services.claims.settlement.domain import Bill, Person, Standing, settle
from tests.unit.claims.bills import bill, jinkouhe, line, visit

quick = settings(max_examples=60, derandomize=True)

fen = st.integers(0, 5_000_000)
cents = st.integers(0, 100).map(lambda n: Decimal(n) / 100)


@st.composite
def lines(draw):
    found = []
    for number in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(sorted(LINE_KINDS)))
        share = draw(st.none() | cents)
        if kind == "implant":
            share = draw(st.integers(18, 60)) / Decimal(100)
        found.append(
            Line(
                number,
                "item",
                kind,
                draw(st.sampled_from("ABC")),
                draw(fen),
                quantity=draw(st.none() | st.integers(1, 9).map(Decimal)),
                price_limit_fen=draw(st.none() | fen),
                self_first_ratio=share,
            )
        )
    return tuple(found)


visits = st.builds(
    lambda kind, level, near: visit(kind, level, in_region=near),
    st.sampled_from(["inpatient", "inpatient", "outpatient", "emergency"]),
    st.sampled_from(LEVELS),
    st.booleans(),
)
bills = st.builds(Bill, visits, lines())
people = st.builds(Person, st.frozensets(st.sampled_from(sorted(CATEGORIES)), max_size=2))
years = st.builds(Standing, fen, fen, fen, fen, st.integers(0, 20000))
SMALL_CAPS = {
    "basic.annual_cap": "20000.00",
    "medical_aid.annual_cap": "3000.00",
    "critical_illness.deductible": "1000.00",
}


@quick
@given(st.lists(bills, min_size=1, max_size=6), people, st.sampled_from(["cost", "fund"]))
def test_no_cap_is_exceeded_over_a_year(visits_of_the_year, person, basis):
    """Goal: yearly caps hold over any sequence of visits. Method: the year is carried forward."""
    given_values = {**SMALL_CAPS, "outpatient.cap_basis": basis}
    year = Standing()
    outpatient_paid = 0
    for asked in visits_of_the_year:
        result = settle(asked, jinkouhe(), person, year, parameters=given_values)
        year = year.plus(result.consumed)
        if asked.visit.type != "inpatient":
            outpatient_paid += result.paid_by("basic_insurance")
    assert year.basic_paid <= 2_000_000
    assert year.medical_aid_paid <= 300_000
    assert year.outpatient_base_used <= 16_000
    # Six visits may each be rounded up by half a fen.
    assert outpatient_paid <= (9_603 if basis == "cost" else 16_000)


@quick
@given(
    bills,
    people,
    years,
    st.sampled_from(["basic.ratio", "medical_aid.ratio", "outpatient.ratio", "medical_aid.floor"]),
    cents,
    cents,
)
def test_raising_a_ratio_never_raises_the_patients_share(asked, person, year, name, one, other):
    """Goal: what a policy maker expects of a higher ratio. Method: the lower and the higher of two
    random ratios, everything else the same, small caps in force."""
    if name in {"basic.ratio", "medical_aid.ratio"}:
        name = f"{name}.{asked.visit.facility_level}"
    low, high = sorted((one, other))
    pays = [
        settle(
            asked, jinkouhe(), person, year, parameters={**SMALL_CAPS, name: str(ratio)}
        ).patient_pays
        for ratio in (low, high)
    ]
    assert pays[1] <= pays[0]


@quick
@given(st.lists(st.integers(1, 3_000_000), min_size=1, max_size=6))
def test_critical_illness_does_not_restart_with_each_visit(amounts):
    """Goal: the year's payments are those of one bill with the year's burden, within the rounding
    of each visit. Method: township stays without basic insurance, against the segments worked out
    in whole numbers here."""
    given_values = {
        "basic.ratio.township": "0",
        "critical_illness.deductible": "1000.00",
        "critical_illness.segments": [
            {"above": "0.00", "ratio": "0.50"},
            {"above": "5000.00", "ratio": "0.65"},
        ],
    }
    year = Standing()
    for amount in amounts:
        stay = bill(line(1, str(Decimal(amount) / 100)), level="township")
        result = settle(stay, jinkouhe(), Person(), year, parameters=given_values)
        year = year.plus(result.consumed)
    above = max(0, sum(amounts) - 100_000)
    hundredths = min(above, 500_000) * 50 + max(0, above - 500_000) * 65
    assert year.critical_illness_burden == sum(amounts)
    assert abs(year.critical_illness_paid * 100 - hundredths) <= 50 * len(amounts)


@quick
@given(st.integers(0, 20_000), people)
def test_below_the_deductible_basic_insurance_pays_nothing(amount, person):
    """Goal: the deductible is at most the in-scope amount and nobody pays it twice. Method: bills
    up to the deductible."""
    result = settle(bill(line(1, str(Decimal(amount) / 100))), jinkouhe(), person)
    assert result.deductible == amount
    assert result.paid_by("basic_insurance") == 0
    assert result.patient_pays <= amount
