"""Bad input: each refused with the field, the fault and the cure, all at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from services.claims.settlement.bill import MAX_LINE_FEN, MAX_LINES
from services.claims.settlement.domain import (
    Bill,
    BillRefused,
    OverrideRefused,
    PackDoesNotCover,
    ParameterMissing,
    Person,
    Standing,
    settle,
)
from services.claims.settlement.quotes import read_quote
from tests.unit.claims.bills import ORDINARY, POOR, bill, example_a, jinkouhe, line, visit


def refused(asked, person=POOR, year=Standing(), **more):
    """The refusals as {field: code}."""
    with pytest.raises(BillRefused) as caught:
        settle(asked, jinkouhe(), person, year, **more)
    for refusal in caught.value.refusals:
        assert refusal.message
        assert refusal.message_zh
    return {refusal.field: refusal.code for refusal in caught.value.refusals}


@pytest.mark.parametrize(
    ("facts", "field", "code"),
    [
        ({"kind": "gift"}, "kind", "unknown_value"),
        ({"catalogue_class": "D"}, "catalogue_class", "unknown_value"),
        ({"quantity": Decimal(0)}, "quantity", "malformed_quantity"),
        ({"quantity": Decimal("NaN")}, "quantity", "malformed_quantity"),
        ({"quantity": Decimal("0.1234567")}, "quantity", "malformed_quantity"),
        ({"unit_price_fen": -1}, "unit_price", "malformed_unit_price"),
        ({"price_limit_fen": -1}, "price_limit", "negative_amount"),
        ({"price_limit_fen": MAX_LINE_FEN + 1}, "price_limit", "amount_too_large"),
        (
            {"self_first_ratio": Decimal("1.01")},
            "self_first_ratio",
            "self_first_ratio_out_of_range",
        ),
        (
            {"self_first_ratio": Decimal("Infinity")},
            "self_first_ratio",
            "self_first_ratio_out_of_range",
        ),
        ({"kind": "implant"}, "self_first_ratio", "missing_self_first_ratio"),
        (
            {"kind": "implant", "self_first_ratio": Decimal("0.17")},
            "self_first_ratio",
            "self_first_ratio_out_of_range",
        ),
        (
            {"kind": "implant", "self_first_ratio": Decimal("0.61")},
            "self_first_ratio",
            "self_first_ratio_out_of_range",
        ),
        ({"quantity": Decimal(3), "unit_price_fen": 333}, "amount", "amount_mismatch"),
    ],
)
def test_a_wrong_line_is_refused_at_its_field(facts, field, code):
    """Goal: each fault of a line has its own code and path. Method: one fault at a time, second
    line of two."""
    assert refused(bill(line(1, "1.00"), line(2, "10.00", **facts))) == {f"lines[1].{field}": code}


@pytest.mark.parametrize(
    ("amount", "code"),
    [(-1, "negative_amount"), (MAX_LINE_FEN + 1, "amount_too_large")],
)
def test_an_amount_outside_its_range_is_refused(amount, code):
    """Goal: no negative and no absurd line. Method: a fen below, a fen above the range."""
    wrong = replace(line(1, "1.00"), amount_fen=amount)
    assert refused(bill(wrong)) == {"lines[0].amount": code}


def test_half_a_fen_of_quantity_times_price_rounds_up():
    """Goal: quantity × unit price is compared half-up. Method: 0.5 × 3.33 = 1.665 → 1.67, and a
    unit price with parts of a fen."""
    half = line(1, "1.67", quantity=Decimal("0.5"), unit_price_fen=333)
    parts = line(2, "1.24", quantity=Decimal(10), unit_price_fen=Decimal("12.35"))
    assert settle(bill(half, parts), jinkouhe(), POOR).total == 291
    assert refused(bill(replace(half, amount_fen=166))) == {"lines[0].amount": "amount_mismatch"}


def test_all_faults_are_told_at_once():
    """Goal: a clerk corrects a bill once, not field by field. Method: faults everywhere."""
    asked = Bill(
        visit("stay", "ward", disease_programme="flu", discharged_on=None),
        (line(1, "1.00", kind="x"), replace(line(1, "1.00"), amount_fen=-5)),
    )
    person = Person(frozenset({"rich"}), "gold")
    assert refused(asked, person, Standing(basic_paid=-1)) == {
        "visit.type": "unknown_value",
        "visit.facility_level": "unknown_value",
        "visit.disease_programme": "unknown_value",
        "visit.discharged_on": "missing_date",
        "person.categories": "unknown_value",
        "person.insurance_plan": "unknown_insurance_plan",
        "year_to_date.basic_paid": "negative_amount",
        "lines[0].kind": "unknown_value",
        "lines[1].line_no": "duplicate_line_no",
        "lines[1].amount": "negative_amount",
    }


def test_several_implants_are_told_together():
    """Goal: the implant check lists every line. Method: two faulty implants, one sound."""
    asked = bill(
        line(1, "5.00", kind="implant"),
        line(2, "5.00", kind="implant", self_first_ratio=Decimal("0.30")),
        line(3, "5.00", kind="implant", self_first_ratio=Decimal("0.90")),
    )
    assert refused(asked) == {
        "lines[0].self_first_ratio": "missing_self_first_ratio",
        "lines[2].self_first_ratio": "self_first_ratio_out_of_range",
    }


def test_an_excluded_implant_needs_no_share():
    """Goal: class C is out of catalogue before the self-first stage. Method: an implant of class C
    without a share."""
    result = settle(bill(line(1, "5.00", kind="implant", catalogue_class="C")), jinkouhe(), POOR)
    assert result.out_of_catalogue == result.patient_pays == 500


def test_a_bill_needs_lines_but_not_endless_ones():
    """Goal: limits on the bill's length and sum. Method: none, one too many."""
    assert refused(bill()) == {"lines": "no_lines"}
    many = tuple(line(number, "1.00") for number in range(MAX_LINES + 1))
    assert refused(bill(*many)) == {"lines": "too_many_lines"}
    huge = tuple(replace(line(n, "1.00"), amount_fen=MAX_LINE_FEN) for n in range(1001))
    assert refused(bill(*huge)) == {"lines": "amount_too_large"}


def test_dates_the_wrong_way_round_are_refused():
    """Goal: nobody leaves before he came. Method: admission a day after discharge."""
    asked = bill(line(1, "1.00"), admitted_on=date(2016, 3, 11))
    assert refused(asked) == {"visit.discharged_on": "dates_reversed"}


def test_a_day_before_the_pack_is_refused():
    """Goal: a pack is used inside its dates only. Method: the day before, and the first day."""
    with pytest.raises(PackDoesNotCover) as caught:
        settle(bill(line(1, "1.00"), discharged_on=date(2015, 12, 31)), jinkouhe(), POOR)
    assert caught.value.code == "pack_does_not_cover"
    assert caught.value.field == "visit.discharged_on"
    first = settle(bill(line(1, "1.00"), discharged_on=date(2016, 1, 1)), jinkouhe(), POOR)
    assert first.day == date(2016, 1, 1)


def test_a_plan_is_known_by_its_other_words():
    """Goal: the national code of the plan means the plan. Method: the code 390."""
    by_code = settle(example_a("0.18"), jinkouhe(), Person(POOR.categories, "390"))
    assert by_code == settle(example_a("0.18"), jinkouhe(), POOR)


def test_a_missing_parameter_refuses_and_is_named():
    """Goal: never a silent default. Method: the value of a used parameter is taken away."""
    with pytest.raises(ParameterMissing) as caught:
        settle(example_a("0.18"), jinkouhe(), POOR, parameters={"basic.deductible.secondary": None})
    assert caught.value.code == "missing_parameter"
    assert caught.value.field == "parameters.basic.deductible.secondary"
    assert "2016-03-10" in caught.value.message_zh


def test_a_missing_parameter_that_nobody_needs_does_not_matter():
    """Goal: only used parameters are asked for. Method: the floor taken away for an ordinary
    resident, then for a poor person."""
    without = {"medical_aid.floor": None}
    settle(example_a("0.18"), jinkouhe(), ORDINARY, parameters=without)
    with pytest.raises(ParameterMissing):
        settle(example_a("0.18"), jinkouhe(), POOR, parameters=without)


def test_wrong_overrides_are_refused_together():
    """Goal: unknown names and malformed values, all at once. Method: one of each kind."""
    with pytest.raises(OverrideRefused) as caught:
        settle(
            example_a("0.18"),
            jinkouhe(),
            POOR,
            parameters={
                "basic.ratio.moon": "0.5",
                "basic.ratio.secondary": "1.5",
                "basic.annual_cap": 5,
                "outpatient.cap_basis": "luck",
                "critical_illness.segments": [{"above": "1.00", "ratio": "0.5"}],
            },
        )
    assert {r.field.removeprefix("parameters."): r.code for r in caught.value.refusals} == {
        "basic.ratio.moon": "unknown_parameter",
        "basic.ratio.secondary": "malformed_parameter",
        "basic.annual_cap": "malformed_parameter",
        "outpatient.cap_basis": "malformed_parameter",
        "critical_illness.segments": "malformed_parameter",
    }
    assert caught.value.code == "parameters_refused"


def test_an_override_holds_for_one_calculation():
    """Goal: overrides leave no trace. Method: with, then without."""
    changed = settle(
        example_a("0.18"), jinkouhe(), POOR, parameters={"basic.ratio.secondary": "0.90"}
    )
    assert changed.paid_by("basic_insurance") == 362700
    assert settle(example_a("0.18"), jinkouhe(), POOR).paid_by("basic_insurance") == 334490


def test_a_malformed_quote_tells_every_field():
    """Goal: the mapping's reader collects all faults. Method: one of each kind."""
    with pytest.raises(BillRefused) as caught:
        read_quote(
            {
                "pack": "jinkouhe-2016",
                "visit": {"type": 5, "in_region": "yes", "admitted_on": "2016-13-01"},
                "person": {"categories": "poor", "age": 3},
                "evidence": [],
                "lines": [{"line_no": 1, "amount": 5.0, "quantity": "many"}],
                "year_to_date": {"basic_paid": "1.234"},
            }
        )
    assert {refusal.field: refusal.code for refusal in caught.value.refusals} == {
        "visit.type": "malformed",
        "visit.in_region": "malformed",
        "visit.admitted_on": "malformed_date",
        "person.categories": "malformed",
        "person.age": "unknown_field",
        "evidence": "malformed",
        "lines[0].amount": "malformed_amount",
        "lines[0].quantity": "malformed_number",
        "year_to_date.basic_paid": "malformed_amount",
    }
