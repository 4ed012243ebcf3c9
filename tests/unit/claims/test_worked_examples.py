"""The worked examples of the Jinkouhe document, to the fen, and the pack's own YAML cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from services.claims.screens.bill import shown_bill
from services.claims.settlement.cases import WorkedExample, load_cases, run_case
from services.claims.settlement.domain import Person, Standing, settle
from shared.policy.folders import BUNDLED_PACKS
from tests.unit.claims.bills import (
    JINKOUHE,
    ORDINARY,
    POOR,
    bill,
    example_a,
    jinkouhe,
    line,
)

CASES = load_cases(BUNDLED_PACKS / JINKOUHE)


def test_example_a_with_the_implant_at_its_lowest_share():
    """Goal: example A comes out to the fen with the gap by reason. Method: all amounts compared."""
    result = settle(example_a("0.18"), jinkouhe(), POOR)
    assert result.total == 500000
    assert (result.out_of_catalogue, result.self_first, result.in_scope) == (50000, 27000, 423000)
    assert result.deductible == 20000
    assert result.payers == (
        ("basic_insurance", 334490),
        ("critical_illness", 0),
        ("medical_aid", 66383),
    )
    assert result.patient_pays == 99127
    assert {reason: fen for reason, fen in result.gap.items() if fen} == {
        "out_of_catalogue": 50000,
        "self_first_class_b": 18000,
        "self_first_implant": 9000,
        "in_scope_remainder": 22127,
    }
    assert result.consumed == Standing(
        critical_illness_burden=88510, basic_paid=334490, medical_aid_paid=66383
    )
    assert result.year == 2016


def test_example_a_with_the_implant_at_its_highest_share():
    """Goal: the 60 % implant variant. Method: payers and patient compared."""
    result = settle(example_a("0.60"), jinkouhe(), POOR)
    assert result.in_scope == 402000
    assert result.paid_by("basic_insurance") == 317060
    assert result.paid_by("medical_aid") == 63705
    assert result.patient_pays == 119235


def test_example_b_at_a_township_hospital():
    """Goal: deductible 60 and aid 85 %. Method: payers and patient compared."""
    result = settle(bill(line(1, "2000.00"), level="township"), jinkouhe(), POOR)
    assert result.deductible == 6000
    assert result.paid_by("basic_insurance") == 161020
    assert result.paid_by("medical_aid") == 33133
    assert result.patient_pays == 5847


def test_example_c_lifts_the_tertiary_ratio_to_the_floor():
    """Goal: the floor of 0.70 holds for the registered poor alone (JK-10, JK-11).
    Method: the same bill for a poor person, a lifted one and one on subsistence allowance."""
    stay = bill(line(1, "10000.00"), level="tertiary", in_region=False)
    poor = settle(stay, jinkouhe(), POOR)
    lifted = settle(stay, jinkouhe(), Person(frozenset({"registered_poor_lifted"})))
    other = settle(stay, jinkouhe(), Person(frozenset({"subsistence"})))
    assert poor.paid_by("basic_insurance") == 813400
    assert poor.paid_by("medical_aid") == lifted.paid_by("medical_aid") == 130620
    assert poor.patient_pays == 55980
    assert other.paid_by("medical_aid") == 111960
    rule = {step.step: (step.rule, step.ratio) for step in poor.explanation}
    assert rule["medical_aid"] == ("JK-11", Decimal("0.70"))
    rule = {step.step: (step.rule, step.ratio) for step in other.explanation}
    assert rule["medical_aid"] == ("JK-10", Decimal("0.60"))


def test_an_ordinary_resident_ends_after_the_insurances():
    """Goal: no category, no medical aid, and the answer says why. Method: payers and last steps."""
    result = settle(example_a("0.18"), jinkouhe(), ORDINARY)
    assert [payer for payer, _ in result.payers] == ["basic_insurance", "critical_illness"]
    assert result.patient_pays == 500000 - 334490
    aid = next(step for step in result.explanation if step.step == "medical_aid")
    assert aid.amount_fen == 0
    assert "医疗救助不支付" in aid.text_zh


@pytest.mark.parametrize("kind", ["outpatient", "chronic_outpatient", "emergency"])
@pytest.mark.parametrize(
    ("level", "in_region", "paid"),
    [
        ("township", True, 9600),
        ("village", True, 9600),
        ("township", False, 0),
        ("primary", True, 0),
        ("unrated", True, 0),
        ("secondary", True, 0),
        ("tertiary", False, 0),
    ],
)
def test_the_outpatient_pool_pays_only_near_home(kind, level, in_region, paid):
    """Goal: JK-07 holds at village and township institutions of the area, nowhere else; no
    critical illness or aid for outpatients. Method: a visit of 300 at each kind of place."""
    result = settle(
        bill(line(1, "300.00"), kind=kind, level=level, in_region=in_region), jinkouhe(), POOR
    )
    assert result.paid_by("basic_insurance") == paid
    assert {payer for payer, _ in result.payers} <= {"basic_insurance"}
    assert result.consumed.outpatient_base_used == (16000 if paid else 0)
    assert result.consumed.basic_paid == result.consumed.critical_illness_burden == 0


def test_an_outpatient_is_settled_by_the_day_of_the_visit():
    """Goal: without a discharge the admission's day decides. Method: only that day is given."""
    visit = bill(
        line(1, "10.00"),
        kind="outpatient",
        level="village",
        admitted_on=date(2016, 5, 2),
        discharged_on=None,
    )
    assert settle(visit, jinkouhe(), POOR).day == date(2016, 5, 2)


def test_every_step_cites_its_article_and_speaks_two_languages():
    """Goal: JK-01 … JK-11 can be read off the explanation. Method: the steps' rules in order."""
    over = line(5, "340.00", kind="surgery", price_limit_fen=30000)
    stay = example_a("0.18")
    result = settle(replace(stay, lines=(*stay.lines, over)), jinkouhe(), POOR)
    assert [(step.step, step.rule) for step in result.explanation] == [
        ("out_of_catalogue", "JK-09"),
        ("over_limit", "JK-06"),
        ("self_first_class_b", "JK-04"),
        ("self_first_implant", "JK-05"),
        ("in_scope", "JK-09"),
        ("deductible", "JK-02"),
        ("basic_insurance", "JK-03"),
        ("critical_illness", "JK-81"),
        ("medical_aid_base", "JK-09"),
        ("medical_aid", "JK-10"),
        ("patient", "JK-83"),
    ]
    for step in result.explanation:
        assert step.text_zh.endswith("。")
        assert step.text_en.endswith(".")
        assert step.rule in step.citation
    basic = next(step for step in result.explanation if step.step == "basic_insurance").as_dict()
    assert basic["ratio"] == "0.83"
    assert basic["base"] == "4330.00"


def test_the_answer_names_the_assumptions_it_used_and_no_other():
    """Goal: `assumptions` tells what the result rests on. Method: compared for three bills; a value
    given for the calculation is no assumption of the pack."""
    stay = settle(example_a("0.18"), jinkouhe(), POOR)
    assert stay.assumptions == (
        "basic.annual_cap",
        "critical_illness.deductible",
        "critical_illness.segments",
        "medical_aid.annual_cap",
    )
    tertiary = settle(bill(line(1, "10.00"), level="tertiary"), jinkouhe(), ORDINARY)
    assert "basic.deductible.tertiary" in tertiary.assumptions
    assert "medical_aid.annual_cap" not in tertiary.assumptions
    given = settle(example_a("0.18"), jinkouhe(), POOR, parameters={"basic.annual_cap": "90000.00"})
    assert "basic.annual_cap" not in given.assumptions


def test_the_breakdown_has_the_contract_shape():
    """Goal: amounts leave as CNY strings under the contract's names. Method: fields compared."""
    shown = settle(example_a("0.18"), jinkouhe(), POOR).as_breakdown()
    assert shown["pack"] == JINKOUHE
    assert shown["pack_version"] == jinkouhe().version
    assert shown["payers"][0] == {"payer": "basic_insurance", "amount": "3344.90"}
    assert shown["patient_pays"] == "991.27"
    assert shown["gap"]["in_scope_remainder"] == "221.27"
    assert shown["waived"] == "0.00"


def test_a_wrong_expectation_is_told():
    """Goal: the runner can fail. Method: a case that expects a fen too much, and a refusal that
    does not come."""
    wrong = WorkedExample(
        "wrong", CASES[0].period, CASES[0].input, {"payers": {"medical_aid": "663.84"}}
    )
    assert [str(d) for d in run_case(jinkouhe(), wrong).differences] == [
        "payers.medical_aid: expected 663.84, got 663.83",
    ]
    refused = WorkedExample("refused", CASES[0].period, CASES[0].input, {"refused": "no_lines"})
    assert not run_case(jinkouhe(), refused).passed


def test_an_example_with_a_typing_error_is_refused():
    """Goal: a misspelt field of a case is never ignored. Method: one unknown field in a line."""
    body = {**CASES[0].input, "lines": [{**CASES[0].input["lines"][0], "prize": "1.00"}]}
    result = run_case(jinkouhe(), WorkedExample("typo", CASES[0].period, body, {"refused": "x"}))
    assert [str(d) for d in result.differences] == ["refused: expected x, got unknown_field"]


def test_an_assumption_is_shown_with_the_value_taken():
    """Goal: who reads a bill sees what was assumed, not only that something was. Method: example A
    as the screen and the statement draw it; an amount and a ratio in the pack's own words."""
    pack = jinkouhe()
    found = settle(example_a("0.18"), pack, POOR, Standing())
    drawn = {
        one["name"]: one["text_zh"]
        for one in shown_bill(found.as_breakdown(), pack, found.day)["assumptions"]
    }
    assert set(drawn) == set(found.assumptions)
    for name, text in drawn.items():
        parameter = pack.parameters.by_name[name]
        assert text.startswith(f"{parameter.description.zh}:")
        assert len(text) > len(parameter.description.zh) + 1, text
    assert drawn["critical_illness.deductible"].endswith(":¥ 8,000.00")
