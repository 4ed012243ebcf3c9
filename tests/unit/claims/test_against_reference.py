"""The engine with its packs against the same arithmetic written a second time, to the fen."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.claims.packs.service import parameters_on
from services.claims.settlement.bill import (
    CATEGORIES,
    DISEASE_PROGRAMMES,
    LEVELS,
    LINE_KINDS,
    VISIT_TYPES,
)
from services.claims.settlement.domain import Bill, Evidence, Line, Person, Standing, Visit, settle
from tests.unit.claims.bills import JINKOUHE, LIANGPING, XINBIN, shipped
from tests.unit.claims.reference import work_out

DAYS = {JINKOUHE: "2016-09-01", LIANGPING: "2020-06-30", XINBIN: "2019-03-03"}

fen = st.one_of(st.integers(0, 999), st.integers(0, 9_999_999))
cents = st.integers(0, 100).map(lambda n: Decimal(n) / 100)


@st.composite
def lines(draw):
    found = []
    for number in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["drug", "drug", *sorted(LINE_KINDS)]))
        share = draw(st.none() | st.none() | cents)
        if kind == "implant":
            share = draw(st.integers(18, 60)) / Decimal(100)
        found.append(
            Line(
                number,
                "item",
                kind,
                draw(st.sampled_from("AAABBC")),
                draw(fen),
                quantity=draw(st.none() | st.sampled_from([Decimal(3), Decimal("0.5")])),
                price_limit_fen=draw(st.none() | st.none() | fen),
                self_first_ratio=share,
            )
        )
    return tuple(found)


chronic = st.just(
    {
        "type": "chronic_outpatient",
        "facility_level": "township",
        "disease_programme": "chronic_4",
    }
)
visits = chronic | st.builds(
    lambda kind, level, near, designated, referral, programmes: {
        "type": kind,
        "facility_level": level,
        "in_region": near,
        "designated": designated,
        "referral": referral,
        "disease_programme": programmes[0] if programmes else None,
        "further_programmes": tuple(programmes[1:]),
    },
    st.sampled_from(["inpatient", "inpatient", "inpatient", *sorted(VISIT_TYPES)]),
    st.sampled_from(LEVELS),
    st.booleans(),
    st.sampled_from([True, True, False]),
    st.booleans(),
    st.lists(st.sampled_from(sorted(DISEASE_PROGRAMMES)), max_size=2, unique=True),
)
people = st.builds(Person, st.frozensets(st.sampled_from(sorted(CATEGORIES)), max_size=2))
years = st.builds(Standing, fen, fen, fen, fen, st.integers(0, 20_000), st.integers(0, 120_000))
changed = st.fixed_dictionaries(
    {},
    optional={
        "basic.annual_cap": st.just("30000.00"),
        "medical_aid.annual_cap": st.just("5000.00"),
        "class_b.self_first_ratio": cents.map(str),
        "critical_illness.deductible": st.just("3000.05"),
        "critical_illness.segments": st.just(
            [{"above": "0.00", "ratio": "0.555"}, {"above": "12345.67", "ratio": "0.97"}]
        ),
        **{f"basic.ratio.{level}": cents.map(str) for level in LEVELS},
        **{f"basic.deductible.{level}": st.just("123.45") for level in LEVELS},
    },
)
OWN = {
    JINKOUHE: {"medical_aid.floor": cents.map(str), "medical_aid.ratio.secondary": cents.map(str)},
    LIANGPING: {"medical_aid.ratio": cents.map(str), "tilt.deductible_factor": cents.map(str)},
    XINBIN: {"special_fund.limit": st.just("777.77"), "waiver.rate": cents.map(str)},
}


@pytest.mark.parametrize("pack_id", [JINKOUHE, LIANGPING, XINBIN])
@settings(max_examples=60, derandomize=True)
@given(st.data(), visits, lines(), people, years, changed, st.booleans())
def test_two_implementations_agree_to_the_fen(
    pack_id, data, where, items, person, year, given_values, card
):
    """Goal: payers, patient, deductible and in-scope amount are those of the rules, for any bill,
    person, year and parameters. Method: random ones, both computations, compared."""
    pack = shipped(pack_id)
    visit = Visit(**where, discharged_on=date.fromisoformat(DAYS[pack_id]))
    bill = Bill(visit, items, Evidence(card))
    values = given_values | data.draw(st.fixed_dictionaries({}, optional=OWN[pack_id]))
    result = settle(bill, pack, person, year, parameters=values)
    expected = work_out(pack_id, bill, person, year, parameters_on(pack, result.day) | values)
    assert {payer: amount for payer, amount in result.payers if amount} == expected["paid"]
    assert result.patient_pays == expected["patient"]
    assert result.deductible == expected["deductible"]
    assert result.in_scope == expected["in_scope"]
